/**
 * The settings that a run of tune compares: the default, the default with one key changed, and, once those are measured, the
 * keys together whose change alone was worth it.
 */
import { defaultConfig } from '../config/config.js';
import type { Config } from '../config/keys.js';

/** Keys that tune may change. */
export const TUNED = [
  'cores',
  'log.write',
  'append.poll.us',
  'queue.spin.us',
  'queue.group.bytes',
  'ring.hot.bytes',
  'log.segment.bytes',
] as const;
type TunedKey = (typeof TUNED)[number];

/** What differs from the default. */
export type Changes = { readonly [Key in TunedKey]?: Config[Key] };

/** One setting, named by what differs from the default. */
export interface Setting {
  readonly name: string;
  readonly changes: Changes;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const DEFAULT: Setting = { name: 'default', changes: {} };

/** The default a second time: what it differs by from the first is noise. */
export const TWIN: Setting = { name: 'default again', changes: {} };

/** One key changed at a time, in the order in which a run short of time measures them. Levels that are the default are not among them. */
export function singles(): Setting[] {
  const levels: Changes[] = [
    { 'log.write': 'direct' },
    { 'queue.spin.us': 0 },
    { cores: 1 },
    { 'queue.spin.us': 40 },
    { 'queue.group.bytes': 256 * KIB },
    { 'ring.hot.bytes': MIB },
    { 'append.poll.us': 0 },
    { 'queue.group.bytes': MIB },
    { 'log.segment.bytes': 32 * MIB },
    { 'ring.hot.bytes': 16 * MIB },
    { cores: 2 },
    { 'append.poll.us': 300 },
  ];
  const defaults = defaultConfig();
  return levels
    .filter((changes) => Object.entries(changes).some(([key, value]) => !isSame(key as TunedKey, value, defaults)))
    .map(settingOf);
}

/** Several changes as one setting; of two that change the same key the later one holds. */
export function together(settings: readonly Setting[]): Setting {
  return settingOf(Object.assign({}, ...settings.map(({ changes }) => changes)) as Changes);
}

export function settingOf(changes: Changes): Setting {
  const parts = Object.entries(changes).map(([key, value]) => `${key}=${text(value)}`);
  return parts.length === 0 ? DEFAULT : { name: parts.join(' '), changes };
}

/** The whole of what a setting says of the keys that tune may change. */
export function keysOf({ changes }: Setting): Partial<Config> {
  const config = defaultConfig(changes);
  return Object.fromEntries(TUNED.map((key) => [key, config[key]]));
}

/** From two cores on the actors have a thread each: more is the same to them. */
function isSame(key: TunedKey, value: string | number, defaults: Config): boolean {
  return key === 'cores' ? (value === 1) === (defaults.cores === 1) : value === defaults[key];
}

function text(value: string | number): string {
  if (typeof value === 'string' || value < KIB || value % KIB !== 0) return String(value);
  return value % MIB === 0 ? `${value / MIB}MiB` : `${value / KIB}KiB`;
}
