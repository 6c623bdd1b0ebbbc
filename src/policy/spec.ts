/** From text to policy: `NAME[:ARGUMENTS][+MODIFIER:ARGUMENTS]…`, as `ladder:1000,60000+dwell:500`. */
import { LtlError } from '../words/errors.js';
import { nearest } from '../words/nearest.js';
import { NEVER, type Policy } from './contract.js';
import { readArguments, readNumber } from './grammar.js';
import { KINDS, type Kind } from './kinds.js';
import { type DwellLimits, limitedPolicy } from './policies/limits.js';
import { readNamedStates } from './states.js';

export interface ParseOptions {
  /** For policies that throw dice (default 1). */
  readonly seed?: number;
  /** Reads the file that a calendar names; without it calendars are refused. */
  readonly readText?: (path: string) => string;
}

/** What may follow a policy, for help. */
export const MODIFIERS: readonly { readonly grammar: string; readonly doc: string }[] = [
  {
    grammar: '+states:NAME=P/C[/WAKE_MS][/refuse],…',
    doc: 'own sleep states, shallowest first: cost per idle ms, cost of a wake-up, its time in ms; refuse = arrivals are lost',
  },
  {
    grammar: '+dwell:AWAKE_MS[,ASLEEP_MS]',
    doc: 'least time awake and asleep before the next change, against flapping',
  },
  { grammar: '+longest:MS', doc: 'longest time asleep: then it wakes to look' },
];

const MODIFIER = /\+(?=(?:states|dwell|longest):)/;

/** A policy from its text. Throws E_POLICY that names the text, the fault and the grammar. */
export function parsePolicy(text: string, options: ParseOptions = {}): Policy {
  const [base = '', ...modifiers] = text.split(MODIFIER);
  const colon = base.indexOf(':');
  const kind = kindNamed(colon < 0 ? base : base.slice(0, colon));
  const states = modifiers.find((one) => one.startsWith('states:'));
  const parts = readArguments(colon < 0 ? null : base.slice(colon + 1), text, kind.grammar, kind.least, kind.most);
  const policy = kind.make({
    spec: text,
    parts,
    states: states === undefined ? null : readNamedStates(text, states.slice('states:'.length)),
    seed: options.seed ?? 1,
    readText: options.readText ?? refuseFile,
  });
  const limits = readLimits(text, modifiers);
  return limits === null ? policy : limitedPolicy(policy, text, limits);
}

function kindNamed(name: string): Kind {
  const kind = KINDS.find((one) => one.name === name);
  if (kind !== undefined) return kind;
  const names = KINDS.map((one) => one.name);
  const near = nearest(name, names);
  const hint = near === null ? `one of ${names.join(', ')}` : `did you mean ${near}?`;
  throw new LtlError('E_POLICY', `no policy is named '${name}'; ${hint}`);
}

function readLimits(text: string, modifiers: readonly string[]): DwellLimits | null {
  const of = (name: string): string | null =>
    modifiers.find((one) => one.startsWith(`${name}:`))?.slice(name.length + 1) ?? null;
  if (of('dwell') === null && of('longest') === null) return null;
  const [awake = '0', asleep = '0'] = readArguments(of('dwell'), text, '+dwell:AWAKE_MS[,ASLEEP_MS]', 0, 2);
  const most = of('longest');
  const limits = {
    awakeLeastMs: readNumber(awake, 'the least time awake', text),
    asleepLeastMs: readNumber(asleep, 'the least time asleep', text),
    asleepMostMs: most === null ? NEVER : readNumber(most, 'the longest time asleep', text, { above: true }),
  };
  if (limits.asleepMostMs >= limits.asleepLeastMs) return limits;
  throw new LtlError('E_POLICY', `${text}: the longest time asleep is below the least`);
}

function refuseFile(path: string): never {
  throw new LtlError('E_POLICY', `calendar:${path} needs a reader of files; pass readText`);
}
