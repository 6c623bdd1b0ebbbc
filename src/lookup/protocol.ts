/** What the caller's thread and the indexer actor say to each other. Requests carry an id and are answered by one `reply`. */
import type { Failure } from '../wire/protocol.js';
import type { WireError } from '../words/errors.js';
import type { Condition } from './filter.js';

/** One secondary index: by presence of a field, by its value, or by its number. */
export interface IndexSpec {
  readonly kind: Condition['kind'];
  readonly field: string;
}

/** An index and how far it is built. */
export interface IndexState extends IndexSpec {
  /** Every record below this seq is in the index. */
  readonly watermark: number;
}

export interface IndexerInput {
  readonly root: string;
  readonly board: SharedArrayBuffer;
  readonly logId: string;
  /** Declared by the caller; those the catalog remembers are there as well. */
  readonly indices: readonly IndexSpec[];
  /** False while napping: nothing is indexed. */
  readonly gateOpen: boolean;
}

/** Which records to look at for the conditions, among seqs `[from, to)`. */
export interface CandidatesQuery {
  readonly conditions: readonly Condition[];
  readonly from: number;
  readonly to: number;
  /** About how many; a page may hold somewhat more. */
  readonly limit: number;
  readonly reverse: boolean;
}

/**
 * The records of `[from, to)`, a stretch that begins where the query does (ends there, for a reverse one), that may match: all that
 * do are among them. In the query's order.
 */
export interface CandidatesPage {
  readonly from: number;
  readonly to: number;
  /** Null: the index knows nothing about this stretch; read all of it. */
  readonly seqs: Float64Array | null;
}

export type IndexerMessage =
  | { readonly kind: 'declare'; readonly id: number; readonly indices: readonly IndexSpec[] }
  | { readonly kind: 'drop'; readonly id: number; readonly indices: readonly IndexSpec[] }
  | { readonly kind: 'candidates'; readonly id: number; readonly query: CandidatesQuery }
  /** Answered when all below `toSeq` is indexed; while napping, after that. */
  | { readonly kind: 'catchUp'; readonly id: number; readonly toSeq: number }
  /** The same, but it hurries nobody. */
  | { readonly kind: 'settle'; readonly id: number; readonly toSeq: number }
  | { readonly kind: 'gate'; readonly id: number; readonly open: boolean }
  | { readonly kind: 'fail'; readonly how: Failure };

export interface IndexerReply {
  readonly kind: 'reply';
  readonly id: number;
  /** For `candidates`; null: no index covers any of the conditions there. */
  readonly page?: CandidatesPage | null;
  readonly error?: WireError;
}

export type IndexerReport =
  | IndexerReply
  /** After each step: how far each index is, of how many records. */
  | { readonly kind: 'progress'; readonly indices: readonly IndexState[]; readonly nextSeq: number }
  /** The index cannot grow for want of disk space; it is tried again. */
  | { readonly kind: 'failure'; readonly error: WireError }
  /** The catalog could not be trusted and is built anew. */
  | { readonly kind: 'rebuilt'; readonly why: string };
