/** From the words of `ltl bench append` to a load: every mistake is told before anything is opened. */
import { readFileSync, statSync } from 'node:fs';
import type { Form } from '../../bench/drive.js';
import type { Arrivals, Load } from '../../bench/job.js';
import { type RecordPlan, RecordPool } from '../../bench/records.js';
import { STORES } from '../../bench/stores/registry.js';
import type { MessageShape } from '../../bench/stores/store.js';
import { listSegments, storePaths } from '../../log/folder.js';
import { readTraceFile } from '../../policy/traceFile.js';
import { type FieldType, readShape } from '../../record/shape.js';
import { LtlError } from '../../words/errors.js';
import { LIMITS } from '../../words/limits.js';
import { nearest } from '../../words/nearest.js';
import type { Arguments } from '../command.js';
import { grouped } from '../numbers.js';
import { writable } from '../writable.js';

export interface AppendBench {
  readonly load: Load;
  /** Ours first. */
  readonly stores: readonly string[];
  readonly rounds: number;
  /** What the records are, and when they come, in words. */
  readonly about: string;
  readonly path: string | null;
  readonly json: boolean;
  readonly html: string | null;
  readonly svg: string | null;
}

const SIZE = 98;
const IN_FLIGHT = 64;
const IN_FLIGHT_OPEN = 65_536;
const BATCH = 1000;
const FOR_MS = 10_000;
/** A rate beyond any store: the generator itself could not make so many. */
const RATE_MAX = 10_000_000;
const FOR_MS_MAX = 7 * 24 * 3_600_000;
const WINDOWS_MAX = 150;

/** Reads the options and the files that they name. Throws E_USAGE, E_NO_INPUT, E_SHAPE, E_TRACE, E_TOO_LARGE. */
export async function readAppendBench({ values, operands }: Arguments): Promise<AppendBench> {
  const given = (name: string): string | null => (typeof values[name] === 'string' ? values[name] : null);
  if (operands.length > 0) throw usage(`unexpected argument ${operands[0]}`);
  const trace = given('trace');
  const { plan, shape } = recordsOf(given('shape'), given('size'), trace);
  const bytes = new RecordPool(plan).bytesMean;
  const arrivals = arrivalsOf(given, trace);
  const recorded = trace === null ? null : await readTraceFacts(trace, arrivals.kind === 'trace' ? arrivals.speed : 1);
  const askedMs = optional(given('for'), (text) => durationOf('--for', text));
  const forMs =
    recorded === null ? (askedMs ?? FOR_MS) : Math.min(recorded.spanMs, askedMs ?? Number.POSITIVE_INFINITY);
  const parses = values['parse'] === true;
  const form = oneOf<Form>('--form', given('form') ?? 'promise', ['promise', 'batch', 'ticket']);
  const isOpen = arrivals.kind !== 'closed';
  const peers = peersOf(given('peers'));
  const producers = whole('--producers', given('producers'), 0, 1, LIMITS.producersMax - 1);
  const load: Load = {
    records: plan,
    parses,
    shape,
    arrivals,
    form,
    batch: whole('--batch', given('batch'), BATCH, 1, 1_000_000),
    inFlight: whole(
      '--in-flight',
      given('in-flight'),
      isOpen ? IN_FLIGHT_OPEN : form === 'promise' ? IN_FLIGHT : 16,
      1,
      1_000_000,
    ),
    producers,
    warmUpMs: warmUpOf(given('warm-up'), forMs, arrivals),
    forMs,
    wholeTrace: recorded !== null && recorded.spanMs <= forMs,
    windowMs: windowOf(forMs),
    spins: oneOf('--pace', given('pace') ?? 'spin', ['spin', 'timer']) === 'spin',
  };
  if (given('batch') !== null && form === 'promise') throw usage('--batch goes with --form batch or --form ticket');
  if (peers.length > 0) assertPlain(plan, `--peers ${peers.join(',')}`, 'the peers keep JSON');
  if (parses) assertPlain(plan, '--parse', 'it parses JSON');
  const html = writable('--html', given('html'));
  const svg = writable('--svg', given('svg'));
  return {
    load,
    stores: ['ltl', ...peers],
    rounds: whole('--rounds', given('rounds'), peers.length > 0 ? 3 : 1, 1, 1000),
    about: aboutLoad(load, bytes, recorded?.records ?? 0),
    path: folderOf(given('path'), values['anyway'] === true),
    json: values['json'] === true,
    html,
    svg,
  };
}

const usage = (message: string): LtlError => new LtlError('E_USAGE', message);
const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

function optional<T>(text: string | null, read: (text: string) => T): T | null {
  return text === null ? null : read(text);
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** 500ms, 10s, 2m, 1.5h */
export function durationOf(option: string, text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS_MS[unit] ?? Number.NaN);
  if (!(ms >= 1)) throw usage(`${option} wants a duration from 1ms, such as 500ms, 10s, 2m or 1h, not ${quoted(text)}`);
  if (ms > FOR_MS_MAX) throw usage(`${option} ${text}: at most ${FOR_MS_MAX / 3_600_000}h`);
  return ms;
}

function whole(option: string, text: string | null, fallback: number, least: number, most: number): number {
  if (text === null) return fallback;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw usage(`${option} wants a whole number from ${least} to ${most}, not ${quoted(text)}`);
  return value;
}

function positive(option: string, text: string, most: number, what: string): number {
  const value = /^\d+(\.\d+)?(e\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0)) throw usage(`${option} wants ${what} above 0, not ${quoted(text)}`);
  if (value > most) throw usage(`${option} ${text}: at most ${most}`);
  return value;
}

function oneOf<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw usage(`${option} is one of ${choices.join(', ')}, not ${quoted(text)}`);
  return found;
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new LtlError('E_NO_INPUT', `--shape ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new LtlError('E_SHAPE', `--shape ${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
}

function recordsOf(
  file: string | null,
  sizeText: string | null,
  trace: string | null,
): { plan: RecordPlan; shape: MessageShape | null } {
  if (trace !== null) {
    if (file !== null || sizeText !== null) throw usage('--trace brings its own sizes: leave --size and --shape out');
    return { plan: { kind: 'trace' }, shape: null };
  }
  const bytes = sizeText === null ? null : whole('--size', sizeText, SIZE, 1, LIMITS.recordBytesMax);
  if (file === null) return { plan: { kind: 'line', bytes: bytes ?? SIZE }, shape: null };
  const value = readJson(file);
  const shape = shapeOf(value, file);
  if (shape !== null) return { plan: { kind: 'message', shape, bytes }, shape };
  if (bytes !== null) throw usage('--size goes with a message shape; a sample has the size it has');
  const values = Array.isArray(value) ? (value as unknown[]) : [value];
  if (values.length === 0) throw new LtlError('E_SHAPE', `--shape ${file} is an empty list of samples`);
  return { plan: { kind: 'samples', values }, shape: null };
}

/** `{ "name": …, "fields": { field: type } }` is a message shape; anything else is a sample. */
function shapeOf(value: unknown, file: string): MessageShape | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { name, fields, ...more } = value as { name?: unknown; fields?: unknown };
  if (fields === undefined || Object.keys(more).length > 0) return null;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw new LtlError('E_SHAPE', `--shape ${file}: fields is an object of field names and types`);
  if (typeof name !== 'string' || name === '') throw new LtlError('E_SHAPE', `--shape ${file}: name is a text`);
  // Throws E_SHAPE for what no message can be.
  readShape(name, fields as Record<string, FieldType>);
  return { name, fields: fields as Record<string, FieldType> };
}

function arrivalsOf(given: (name: string) => string | null, trace: string | null): Arrivals {
  const rate = given('rate');
  const law = given('arrivals');
  const seed = given('seed');
  const speed = given('speed');
  if (trace !== null) {
    if (rate !== null || law !== null) throw usage('--trace says when records come: leave --rate and --arrivals out');
    return { kind: 'trace', file: trace, speed: speed === null ? 1 : positive('--speed', speed, 1e6, 'a number') };
  }
  if (speed !== null) throw usage('--speed goes with --trace');
  if (rate === null) {
    if (law !== null || seed !== null) throw usage('--arrivals and --seed go with --rate');
    return { kind: 'closed' };
  }
  const perSecond = positive('--rate', rate, RATE_MAX, 'records a second,');
  if (oneOf('--arrivals', law ?? 'constant', ['constant', 'poisson']) === 'constant') {
    if (seed !== null) throw usage('--seed goes with --arrivals poisson: even arrivals have no dice');
    return { kind: 'constant', perSecond };
  }
  return { kind: 'poisson', perSecond, seed: whole('--seed', seed, 1, 0, 2 ** 32 - 1) };
}

/** Reads the whole trace once: a malformed line is told now, not in the middle of the run. */
async function readTraceFacts(file: string, speed: number): Promise<{ records: number; spanMs: number }> {
  let records = 0;
  let firstMs = 0;
  let lastMs = 0;
  for await (const { atMs, bytes, count } of readTraceFile(file)) {
    if (records === 0) firstMs = atMs[0] ?? 0;
    for (let index = 0; index < count; index += 1)
      if ((bytes[index] ?? 0) > LIMITS.recordBytesMax)
        throw new LtlError(
          'E_TOO_LARGE',
          `${file}: arrival ${records + index + 1} has ${bytes[index]} bytes; a record may hold ${LIMITS.recordBytesMax}`,
        );
    records += count;
    lastMs = atMs[count - 1] ?? lastMs;
  }
  // The last arrival lies within the time, not at its very end.
  return { records, spanMs: (lastMs - firstMs) / speed + 1 };
}

function warmUpOf(text: string | null, forMs: number, arrivals: Arrivals): number {
  if (arrivals.kind === 'trace') {
    if (text !== null) throw usage('--warm-up does not go with --trace: the first arrival counts like any other');
    return 0;
  }
  if (text === '0') return 0;
  return text === null ? Math.min(2000, forMs / 10) : durationOf('--warm-up', text);
}

const WINDOW_STEPS_MS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000];

function windowOf(forMs: number): number {
  return WINDOW_STEPS_MS.find((step) => forMs / step <= WINDOWS_MAX) ?? forMs / WINDOWS_MAX;
}

function peersOf(text: string | null): string[] {
  const known = Object.keys(STORES).filter((store) => STORES[store]?.role === 'peer');
  const wanted = (text ?? 'none').split(',').filter((peer) => peer !== '' && peer !== 'none');
  for (const peer of wanted)
    if (!known.includes(peer)) {
      const meant = nearest(peer, known);
      throw usage(`--peers ${peer}: ${meant === null ? `there are ${known.join(', ')}` : `did you mean ${meant}?`}`);
    }
  return [...new Set(wanted)];
}

/** What JSON cannot carry is no load for what keeps or parses it. */
function assertPlain(plan: RecordPlan, option: string, why: string): void {
  if (plan.kind === 'trace' && option === '--parse')
    throw usage('--parse does not go with --trace: its records are made to their size as they come');
  if (plan.kind !== 'message') return;
  for (const [field, type] of Object.entries(plan.shape.fields))
    if (/^(bigint|bytes|date)/.test(type))
      throw usage(`${option}: field ${field} is a ${type}, which JSON does not have; ${why}`);
}

function folderOf(path: string | null, anyway: boolean): string | null {
  if (path === null) return null;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new LtlError('E_NO_INPUT', `--path ${path}: there is no such folder`);
  if (!stat.isDirectory()) throw new LtlError('E_NO_INPUT', `--path ${path} is not a folder`);
  if (!anyway && listSegments(storePaths(path)).length > 0)
    throw usage(
      `--path ${path} holds a store: give another folder of that disk, or --anyway (the store is not touched)`,
    );
  return path;
}

function aboutLoad(load: Load, bytes: number | null, recorded: number): string {
  const { records, parses, arrivals, form, batch, inFlight, producers, forMs, warmUpMs, spins } = load;
  const size = bytes === null ? '' : `${Number(bytes.toFixed(1))} bytes as MessagePack`;
  const what = {
    line: `log lines of ${size}`,
    message: records.kind === 'message' ? `messages ${quoted(records.shape.name)} of ${size}` : '',
    samples: `samples of ${size}`,
    trace: `${grouped(recorded)} recorded arrivals`,
  }[records.kind];
  const waits = spins ? 'waited for exactly, at the cost of a core' : 'waited for by timers, up to 2 ms late';
  const when = {
    closed: `closed loop, ${inFlight} ${form === 'promise' ? 'promises' : `batches of ${batch}`} in flight`,
    constant: `open loop, ${'perSecond' in arrivals ? grouped(arrivals.perSecond) : 0} a second, evenly, ${waits}`,
    poisson: `open loop, ${'perSecond' in arrivals ? grouped(arrivals.perSecond) : 0} a second at random (Poisson, seed ${'seed' in arrivals ? arrivals.seed : 0}), ${waits}`,
    trace: `replayed at ${'speed' in arrivals ? arrivals.speed : 1} times their speed, ${waits}`,
  }[arrivals.kind];
  const how = {
    promise: 'a promise each',
    batch: 'appendBatch',
    ticket: 'queued without a promise, one wait for many',
  }[form];
  const who =
    producers === 0
      ? 'from one thread, the store’s own'
      : `from ${producers} producer thread${producers > 1 ? 's' : ''}`;
  const work = parses ? ', each parsed from JSON first' : '';
  const warm = warmUpMs === 0 ? '' : ` after ${seconds(warmUpMs)} of warm-up`;
  return `${what}${work}, ${when}, ${how}, ${who}, for ${seconds(forMs)}${warm}`;
}

const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(3))} s`;
