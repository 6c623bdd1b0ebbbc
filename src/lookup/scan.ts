/**
 * Reads records in order of their seqs, forwards or backwards, block by block, with nothing between the log and the values:
 * what queries fall back on, and the measure for every index. Synchronous; the caller decides how long it goes on.
 */

import type { LogReader } from '../log/reader.js';
import type { FramePlace } from '../log/view.js';
import { framePlace } from '../log/view.js';
import { isLtlError } from '../words/errors.js';
import type { Predicate } from './filter.js';

/** A record as queries give it out. */
export interface StoredRecord {
  readonly seq: bigint;
  /** When its group was written, in ms since 1970; never less than that of the record before. */
  readonly timeMs: number;
  readonly data: unknown;
}

/** Turns a frame's payload into its value; `RecordDecoder` does. */
export interface Decoder {
  decode(bytes: Uint8Array, start: number, end: number, kind: number, shapeId: number): unknown;
}

/** What a damaged record does to a query that meets it. */
export type OnDamage = 'throw' | 'skip';

/** The seqs still to be read are `[from, to)`. */
export interface Span {
  from: number;
  to: number;
}

export class Scanner {
  readonly #reader: LogReader;
  readonly #decoder: Decoder;
  readonly #place: FramePlace = framePlace();

  constructor(reader: LogReader, decoder: Decoder) {
    this.#reader = reader;
    this.#decoder = decoder;
  }

  /** The record `seq`. Throws E_NOT_FOUND, E_GONE, E_DAMAGED. */
  record(seq: number): StoredRecord {
    const place = this.#place;
    this.#reader.locate(seq, place);
    const data = this.#decoder.decode(place.bytes, place.start, place.end, place.kind, place.shapeId);
    return { seq: BigInt(seq), timeMs: place.timeMs, data };
  }

  /**
   * Reads on from one end of the span, adding what matches to `out` until it holds `max` or the examined records are used up.
   * Shortens the span by what it read. On a damaged record it throws E_DAMAGED with the span shortened up to it.
   */
  read(span: Span, reverse: boolean, matches: Predicate, onDamage: OnDamage, max: number, out: StoredRecord[]): void {
    for (let examined = 0; span.from < span.to && out.length < max && examined < EXAMINED_MAX; examined += 1) {
      const seq = reverse ? span.to - 1 : span.from;
      let record: StoredRecord | null;
      try {
        record = this.record(seq);
      } catch (error) {
        if (onDamage === 'throw' || !isLtlError(error, 'E_DAMAGED')) throw error;
        record = null;
      }
      if (reverse) span.to = seq;
      else span.from = seq + 1;
      if (record !== null && matches(record.data)) out.push(record);
    }
  }
}

/** Records looked at in one call: a few milliseconds. */
const EXAMINED_MAX = 8192;
