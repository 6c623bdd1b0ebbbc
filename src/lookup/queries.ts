/**
 * The caller's side of finding records: one, some, range, stream, raw. Everything is read from the log and checked on the way
 * out; an index only says where it is worth looking, so results are complete and the same with and without one.
 *
 * Belongs to one thread. Results come in the order of seqs (or backwards); a range sees what was durable when it began.
 */
import type { LogReader } from '../log/reader.js';
import { framePlace } from '../log/view.js';
import { assertFlag, assertOptions, assertSignal, shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';
import { symDATA } from '../words/symbols.js';
import { type CompiledFilter, compileFilter, FILTER_KEYS, type Filter } from './filter.js';
import type { Growth } from './growth.js';
import type { IndexClient } from './index-client.js';
import { IndexedSource } from './indexed-source.js';
import { type RecordSource, Records } from './records.js';
import { type Decoder, type OnDamage, Scanner, type Span, type StoredRecord } from './scan.js';
import { FollowSource, ScanSource } from './sources.js';

/** A seq as callers may write it; a number must be a safe integer. */
export type SeqLike = bigint | number;
/** A time as callers may write it: ms since 1970, or a Date. */
export type TimeLike = number | Date;

export interface RangeOptions extends Filter {
  /** First seq; without it, the first record there is. E_GONE when retention has dropped it. */
  readonly from?: SeqLike | undefined;
  /** Exclusive; without it, what was durable when the range began. */
  readonly to?: SeqLike | undefined;
  /** Records written at this time or later. */
  readonly since?: TimeLike | undefined;
  /** Records written before this time: exclusive. */
  readonly until?: TimeLike | undefined;
  /** From the last to the first. */
  readonly reverse?: boolean | undefined;
  /** `throw` (default): reaching a damaged record ends the range with E_DAMAGED. `skip` leaves damaged records out. */
  readonly onDamage?: OnDamage | undefined;
}

export interface StreamOptions extends Filter {
  /** First seq; without it, the first record there is. */
  readonly from?: SeqLike | undefined;
  /** Goes on as records become durable, until return() or the signal ends it. Without it, ends at the tail. */
  readonly follow?: boolean | undefined;
  /** Ends the iteration; a pending next() rejects with E_ABORTED. */
  readonly signal?: AbortSignal | undefined;
  readonly onDamage?: OnDamage | undefined;
}

export interface QueriesOptions {
  readonly reader: LogReader;
  readonly decoder: Decoder;
  readonly growth: Growth;
  /** Called before each operation, and again as an iteration goes on: throws when reads are refused. */
  readonly gate: () => void;
  /** What an iteration waits for before it reads on; undefined when nothing. */
  readonly turn?: () => Promise<void> | undefined;
  /** Null: there is no indexer, everything is found by reading the log. */
  readonly index: IndexClient | null;
}

const RANGE_KEYS = [...FILTER_KEYS, 'from', 'to', 'since', 'until', 'reverse', 'onDamage'];
const STREAM_KEYS = [...FILTER_KEYS, 'from', 'follow', 'signal', 'onDamage'];

export class Queries {
  readonly #reader: LogReader;
  readonly #scanner: Scanner;
  readonly #growth: Growth;
  readonly #gate: () => void;
  readonly #turn: () => Promise<void> | undefined;
  readonly #index: IndexClient | null;

  constructor({ reader, decoder, growth, gate, turn = () => undefined, index }: QueriesOptions) {
    this.#reader = reader;
    this.#scanner = new Scanner(reader, decoder);
    this.#growth = growth;
    this.#gate = gate;
    this.#turn = turn;
    this.#index = index;
  }

  /**
   * The record with that seq; rejects with E_NOT_FOUND when there is none yet, E_GONE when retention dropped it, E_DAMAGED.
   * With a filter: the first record that matches, or undefined.
   */
  one(symbol: typeof symDATA, seq: SeqLike): Promise<StoredRecord>;
  one(symbol: typeof symDATA, filter: Filter): Promise<StoredRecord | undefined>;
  one(symbol: typeof symDATA, which: SeqLike | Filter): Promise<StoredRecord | undefined> {
    try {
      if (typeof which === 'object') return this.some(symbol, which, 1).then((found) => found[0]);
      assertData(symbol);
      this.#gate();
      const seq = seqFrom(which, 'seq');
      if (!this.#reader.reaches(seq)) this.#growth.refresh();
      return Promise.resolve(this.#scanner.record(seq));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** The first `n` records that match, in order of their seqs. */
  async some(symbol: typeof symDATA, filter: Filter, n: number): Promise<StoredRecord[]> {
    assertData(symbol);
    if (!Number.isSafeInteger(n) || n < 0) throw argument('n', 'a whole number of records', n);
    const found: StoredRecord[] = [];
    if (n === 0) return found;
    for await (const record of this.#range(compileFilter(filter), {})) if (found.push(record) >= n) break;
    return found;
  }

  /**
   * Records in order: `for await (const { seq, timeMs, data } of range(symDATA, { from: 5n, val_match: { level: 'warn' } }))`.
   * `blocks()` gives arrays of them, which is the fastest way through many. Throws E_ARGUMENT, E_FILTER; while reading
   * E_DAMAGED, and E_GONE when retention overtakes it.
   */
  range(symbol: typeof symDATA, options: RangeOptions = {}): Records {
    assertData(symbol);
    assertOptions('range', options, RANGE_KEYS);
    assertFlag('reverse', options.reverse);
    return this.#range(compileFilter(filterOf(options)), options);
  }

  /** Records from `from` on, and with `follow` those to come, as soon as they are durable. */
  stream(options: StreamOptions = {}): Records {
    assertOptions('stream', options, STREAM_KEYS);
    assertFlag('follow', options.follow);
    assertSignal(options.signal);
    const { matches } = compileFilter(filterOf(options));
    const onDamage = onDamageFrom(options.onDamage);
    this.#gate();
    this.#growth.refresh();
    const from = options.from === undefined ? this.#reader.firstSeq() : seqFrom(options.from, 'from');
    const span = this.#span(from, Infinity);
    const source =
      options.follow === true
        ? new FollowSource(this.#reader, this.#scanner, this.#growth, from, matches, onDamage)
        : new ScanSource(this.#scanner, span, false, matches, onDamage);
    return this.#records(source, options.signal);
  }

  /** The frame of a record as it is on disk: its word, shape id and payload, copied. */
  raw(seq: SeqLike): Promise<Buffer> {
    try {
      this.#gate();
      const number = seqFrom(seq, 'seq');
      if (!this.#reader.reaches(number)) this.#growth.refresh();
      const place = framePlace();
      this.#reader.locate(number, place);
      return Promise.resolve(Buffer.from(place.bytes.subarray(place.frameStart, place.end)));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** Ends those who follow. */
  close(): void {
    this.#growth.close();
  }

  #range(filter: CompiledFilter, options: RangeOptions): Records {
    const reverse = options.reverse === true;
    const onDamage = onDamageFrom(options.onDamage);
    const given = {
      from: options.from === undefined ? null : seqFrom(options.from, 'from'),
      to: options.to === undefined ? Infinity : seqFrom(options.to, 'to'),
      since: options.since === undefined ? null : timeFrom(options.since, 'since'),
      until: options.until === undefined ? null : timeFrom(options.until, 'until'),
    };
    this.#gate();
    this.#growth.refresh();
    const reader = this.#reader;
    const from = Math.max(given.from ?? reader.firstSeq(), given.since === null ? 0 : reader.seqAtTime(given.since));
    const to = Math.min(given.to, given.until === null ? Infinity : reader.seqAtTime(given.until));
    const span = this.#span(from, to);
    if (this.#index !== null && filter.conditions.length > 0)
      return this.#records(new IndexedSource(this.#scanner, this.#index, filter, span, reverse, onDamage));
    return this.#records(new ScanSource(this.#scanner, span, reverse, filter.matches, onDamage));
  }

  /** Clipped to what there is. Throws E_GONE for a start that retention dropped, E_DAMAGED where the first segments are missing. */
  #span(from: number, to: number): Span {
    const end = Math.min(to, this.#reader.tail().nextSeq);
    // Says why it is not there.
    if (from < end && from < this.#reader.firstSeq()) this.#reader.segmentOf(from);
    return { from, to: end };
  }

  #records(source: RecordSource, signal?: AbortSignal): Records {
    return new Records(source, this.#gate, signal, this.#turn);
  }
}

function filterOf(options: RangeOptions | StreamOptions): Filter {
  const filter: Record<string, unknown> = {};
  for (const key of FILTER_KEYS) {
    const value = options[key as keyof Filter];
    if (value !== undefined) filter[key] = value;
  }
  return filter;
}

/** A seq as a number. Throws E_ARGUMENT. */
function seqFrom(seq: SeqLike, name: string): number {
  if (
    typeof seq === 'number'
      ? Number.isSafeInteger(seq) && seq >= 0
      : typeof seq === 'bigint' && seq >= 0n && seq <= SEQ_MAX
  )
    return Number(seq);
  throw argument(name, 'a seq: a bigint or a safe integer, not negative', seq);
}

const SEQ_MAX = BigInt(Number.MAX_SAFE_INTEGER);

function timeFrom(time: TimeLike, name: string): number {
  const ms = time instanceof Date ? time.getTime() : time;
  if (typeof ms !== 'number' || Number.isNaN(ms)) throw argument(name, 'a time: ms since 1970, or a Date', time);
  return ms;
}

function onDamageFrom(given: OnDamage | undefined): OnDamage {
  if (given !== undefined && given !== 'throw' && given !== 'skip')
    throw argument('onDamage', "'throw' or 'skip'", given);
  return given ?? 'throw';
}

function assertData(symbol: symbol): void {
  if (symbol !== symDATA) throw argument('the first argument', 'symDATA', symbol);
}

function argument(name: string, wanted: string, given: unknown): LtlError {
  return new LtlError('E_ARGUMENT', `${name} must be ${wanted}, not ${shown(given)}`);
}
