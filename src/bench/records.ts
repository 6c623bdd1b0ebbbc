/**
 * The records that a bench appends. A pool of them is made before the clock starts and used round and round, so that
 * making them costs the measured loop nothing; only the arrivals of a trace, each of its own size, are made as they come.
 */
import type { FieldType } from '../record/shape.js';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { encodedBytes } from './sizes.js';
import type { MessageShape } from './stores/store.js';

/** What the records are, as plain data. */
export type RecordPlan =
  /** Log lines `{ t, level, user, op, msg }` of so many bytes as MessagePack. */
  | { readonly kind: 'line'; readonly bytes: number }
  /** Records of a message shape, made field by field; strings are made longer to reach `bytes` when it is given. */
  | { readonly kind: 'message'; readonly shape: MessageShape; readonly bytes: number | null }
  /** These values, in turn. */
  | { readonly kind: 'samples'; readonly values: readonly unknown[] }
  /** A log line of the size that each arrival of a trace has. */
  | { readonly kind: 'trace' };

const POOL_SIZE = 4096;
/** A pool of large records is smaller, so that it stays within some tens of MB. */
const POOL_BYTES_MAX = 32 * 1024 * 1024;
const START_MS = 1_763_800_000_000;
const LEVELS = ['warn', 'info', 'fail', 'note'] as const;
const OPS = ['read', 'move', 'make', 'drop', 'list'] as const;
/** What a log line takes beside its msg: smaller records are bare strings. */
const LINE_BYTES = 52;
const SMALLEST_LINE = 64;

export class RecordPool {
  readonly #plan: RecordPlan;
  readonly #records: readonly unknown[];
  /** Lines of JSON that records are parsed from as they are asked for; null where they are made before. */
  readonly #lines: readonly string[] | null;
  readonly #bytes: readonly number[];
  readonly #text: string;
  #next = 0;
  /** Bytes, as MessagePack, of the record that `next` gave last. */
  bytes = 0;

  /**
   * `parses`: each record is parsed from its line of JSON when it is asked for, which is work of its own for whoever appends it; a
   * trace's records are not. Throws E_TOO_LARGE, E_USAGE when a record of that plan cannot be.
   */
  constructor(plan: RecordPlan, parses = false) {
    this.#plan = plan;
    this.#records = plan.kind === 'trace' ? [] : makePool(plan);
    this.#lines = parses ? this.#records.map((record) => JSON.stringify(record)) : null;
    this.#bytes = this.#records.map(encodedBytes);
    this.#text = plan.kind === 'trace' ? LONG : '';
    const largest = this.#bytes.reduce((most, bytes) => Math.max(most, bytes), 0);
    if (largest > LIMITS.recordBytesMax)
      throw new LtlError('E_TOO_LARGE', `a record of ${largest} bytes; one may hold ${LIMITS.recordBytesMax}`);
  }

  /** The next record; `bytes` is its size when the plan is a trace's. */
  next(bytes = 0): unknown {
    const index = this.#next;
    this.#next = index + 1 === this.#records.length ? 0 : index + 1;
    if (this.#plan.kind === 'trace') {
      this.#next = (index + 1) & 0xffff;
      this.bytes = bytes;
      return this.#ofSize(index, bytes);
    }
    this.bytes = this.#bytes[index] ?? 0;
    return this.#lines === null ? this.#records[index] : (JSON.parse(this.#lines[index] ?? '') as unknown);
  }

  /** The mean size of a record; null when each has its own. */
  get bytesMean(): number | null {
    if (this.#bytes.length === 0) return null;
    return this.#bytes.reduce((sum, bytes) => sum + bytes, 0) / this.#bytes.length;
  }

  /** Whether a record read back is one of the pool's; a trace's are only counted. */
  matcher(): (record: unknown) => boolean {
    if (this.#plan.kind === 'trace') return () => true;
    const known = new Set(this.#records.map(asText));
    return (record) => known.has(asText(record));
  }

  #ofSize(index: number, bytes: number): unknown {
    const wanted =
      bytes < SMALLEST_LINE ? Math.max(0, bytes - (bytes < 33 ? 1 : 2)) : bytes - LINE_BYTES - (bytes > 308 ? 1 : 0);
    const msg =
      wanted <= this.#text.length
        ? this.#text.slice(0, wanted)
        : this.#text.repeat(Math.ceil(wanted / this.#text.length)).slice(0, wanted);
    return bytes < SMALLEST_LINE ? msg : { ...logLine(index, 0), msg };
  }
}

/** A value as text that two equal values share, whatever the store that gave it back. */
function asText(value: unknown): string {
  // The item itself is asked: a Buffer has become an object of another form by the time it is handed over.
  return JSON.stringify(value, function (this: Record<string, unknown>, key, item: unknown) {
    const own = this[key];
    if (own instanceof Uint8Array) return [...own];
    return typeof own === 'bigint' ? `${own}n` : item;
  });
}

function makePool(plan: Exclude<RecordPlan, { kind: 'trace' }>): unknown[] {
  if (plan.kind === 'samples') return [...plan.values];
  if (plan.kind === 'line' && plan.bytes < SMALLEST_LINE) {
    const length = Math.max(0, plan.bytes - (plan.bytes < 33 ? 1 : 2));
    return poolOf(plan.bytes, (index) => textOf(index, length));
  }
  const make = plan.kind === 'line' ? logLine : (index: number, spare: number) => shaped(plan.shape, index, spare);
  if (plan.bytes === null) return poolOf(encodedBytes(make(0, 12)), (index) => make(index, 12));
  const { bytes } = plan;
  const least = encodedBytes(make(0, 0));
  if (bytes < least)
    throw new LtlError('E_USAGE', `--size ${bytes}: a record of that shape takes at least ${least} bytes`);
  return poolOf(bytes, (index) => ofSize(make, index, bytes));
}

function poolOf(bytes: number, make: (index: number) => unknown): unknown[] {
  const length = Math.max(1, Math.min(POOL_SIZE, Math.floor(POOL_BYTES_MAX / Math.max(1, bytes))));
  return Array.from({ length }, (_, index) => make(index));
}

/** A record whose text makes it exactly so large, where its fields allow that. */
function ofSize(make: (index: number, spare: number) => unknown, index: number, bytes: number): unknown {
  let spare = 0;
  let record = make(index, 0);
  for (let step = 0; step < 4; step += 1) {
    const missing = bytes - encodedBytes(record);
    if (missing === 0) break;
    spare = Math.max(0, spare + missing);
    record = make(index, spare);
  }
  return record;
}

/** A log line whose message has so many bytes. */
export function logLine(index: number, msgBytes: number): object {
  return {
    t: START_MS + index,
    level: LEVELS[index % LEVELS.length] ?? 'info',
    user: `user-${String((index * 7919) % 10_000).padStart(4, '0')}`,
    op: OPS[index % OPS.length] ?? 'read',
    msg: textOf(index, msgBytes),
  };
}

/** A record of a message shape; `spare` bytes go into its last text or bytes. */
function shaped({ fields }: MessageShape, index: number, spare: number): object {
  const names = Object.keys(fields);
  const growing = names.findLast((name) => /^(string|bytes)/.test(fields[name] ?? ''));
  return Object.fromEntries(
    names.map((name) => [name, fieldValue(fields[name] ?? 'any', index, name === growing ? spare : 8)]),
  );
}

function fieldValue(type: FieldType, index: number, spare: number): unknown {
  switch (type.replace('?', '')) {
    case 'number':
      return START_MS + index;
    case 'boolean':
      return index % 2 === 0;
    case 'bigint':
      return BigInt(START_MS) + BigInt(index);
    case 'date':
      return new Date(START_MS + index);
    case 'bytes':
      return Uint8Array.from({ length: spare }, (_, at) => (index + at) & 255);
    case 'array':
      return [index, index + 1];
    case 'object':
      return { index };
    case 'null':
      return null;
    default:
      return textOf(index, spare);
  }
}

const WORDS =
  'request answer from cache node disk queue late early retry page found moved copied user file lease token index segment batch group sync open close reader writer took after before between'.split(
    ' ',
  );

/** Text of that many bytes: out of a long one, each from another place, so that a pool is made in no time. */
function textOf(index: number, bytes: number): string {
  const from = (index * 7919) % (LONG.length / 2);
  return bytes <= LONG.length / 2 ? LONG.slice(from, from + bytes) : words(index, bytes);
}

/** Text of that many bytes that a compressor finds about as regular as a log: words, numbers, no long repeats. */
export function words(seed: number, bytes: number): string {
  let state = seed + 1;
  let text = '';
  while (text.length < bytes) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += (state >>> 16) % 4 === 0 ? `${state} ` : `${WORDS[(state >>> 20) % WORDS.length]} `;
  }
  return text.slice(0, bytes);
}

const LONG = words(1, 64 * 1024);
