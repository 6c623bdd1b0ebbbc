/**
 * Configuration: flat keys with dots, as the idea document names them. An unknown key or a bad value is an error that
 * names the nearest key. Values come from the caller's object, else from the defaults.
 */
import os from 'node:os';
import path from 'node:path';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { nearest } from '../words/nearest.js';

/** The keys of `open(config)`. */
export interface Config {
  /** Everything lies below this one folder. Default: the platform's data folder, `ltl` in it. */
  readonly 'force-all.path': string;
  /** 0: no index actor; queries scan. Default 1. */
  readonly 'can.index': 0 | 1;
  /** Size of a segment in bytes, 64 KiB to 1 GiB. Recovery reads one segment whole. Default 8 MiB. */
  readonly 'log.segment.bytes': number;
  /**
   * How segments that were written ahead are written: `buffered` (write, then fdatasync) or `direct` (past the page cache,
   * in whole pages: for groups of many records). Default buffered.
   */
  readonly 'log.write': 'buffered' | 'direct';
  /** How long the idle queue spins before it parks, in microseconds, 0 to 10 000. Default 40. */
  readonly 'queue.spin.us': number;
  /** A blocked append takes the queue for dead after so many ms without a sign of life. Default 10 000. */
  readonly 'queue.stall.ms': number;
}

interface Key {
  readonly fallback: () => string | number;
  readonly check: (value: unknown) => boolean;
  readonly wants: string;
}

const whole = (min: number, max: number): Pick<Key, 'check' | 'wants'> => ({
  check: (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  wants: `a whole number from ${min} to ${max}`,
});

const KEYS: Readonly<Record<keyof Config, Key>> = {
  'force-all.path': {
    fallback: defaultPath,
    check: (value) => typeof value === 'string' && value !== '' && !value.includes('\0'),
    wants: 'a path',
  },
  'can.index': { fallback: () => 1, ...whole(0, 1) },
  'log.segment.bytes': { fallback: () => LIMITS.segmentBytes, ...whole(64 * 1024, 2 ** 30) },
  'log.write': {
    fallback: () => 'buffered',
    check: (value) => value === 'buffered' || value === 'direct',
    wants: 'buffered or direct',
  },
  'queue.spin.us': { fallback: () => 40, ...whole(0, 10_000) },
  'queue.stall.ms': { fallback: () => LIMITS.writerStallMsMax, ...whole(10, 3_600_000) },
};

/** The whole configuration: the given keys over the defaults. Throws E_CONFIG. */
export function resolveConfig(given: Partial<Config> = {}): Config {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new LtlError('E_CONFIG', 'the configuration must be an object of keys');
  for (const [key, value] of Object.entries(given)) {
    const known = Object.hasOwn(KEYS, key) ? KEYS[key as keyof Config] : undefined;
    if (known === undefined) throw unknownKey(key);
    if (!known.check(value)) throw new LtlError('E_CONFIG', `${key} must be ${known.wants}, not ${String(value)}`);
  }
  const entries = Object.entries(KEYS).map(([key, { fallback }]) => [key, given[key as keyof Config] ?? fallback()]);
  const config = Object.fromEntries(entries) as Config;
  return { ...config, 'force-all.path': path.resolve(config['force-all.path']) };
}

function unknownKey(key: string): LtlError {
  const near = nearest(key, Object.keys(KEYS));
  return new LtlError(
    'E_CONFIG',
    `there is no key ${key}${near === null ? `; the keys are ${Object.keys(KEYS).join(', ')}` : `; did you mean ${near}?`}`,
  );
}

/** Where data goes when nobody says: the platform's habit. */
function defaultPath(): string {
  if (process.platform === 'win32')
    return path.join(process.env['LOCALAPPDATA'] ?? path.join(os.homedir(), 'AppData', 'Local'), 'ltl');
  if (process.platform === 'darwin') return path.join(os.homedir(), 'Library', 'Application Support', 'ltl');
  if (process.env['XDG_DATA_HOME'] !== undefined && process.env['XDG_DATA_HOME'] !== '')
    return path.join(process.env['XDG_DATA_HOME'], 'ltl');
  return process.getuid?.() === 0 ? '/var/lib/ltl' : path.join(os.homedir(), '.local', 'share', 'ltl');
}
