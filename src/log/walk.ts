/**
 * The reader's algorithm: from a segment's bytes to its batches, its damage and its end. Recovery, reads and verification
 * all walk this way, so they cannot disagree about what a segment holds.
 *
 * At each offset there is a batch that continues the log (right segment, right place, next seq, epoch not going back, sums
 * hold), or there is not. If not, the walk looks further on for a batch that does and that was written in a later group: a
 * later group is written only after the earlier one was synced, so what lies between was acknowledged once and is damaged.
 * When there is none, the log ends here, and bytes that stand here are a torn tail. Below an offset that is known to be
 * durable there is no torn tail: every batch found there counts, of whatever group. Where the next segment begins, this one
 * ended: a batch of later seqs that stands behind that was refused once, and its place never written again.
 */
import { LIMITS } from '../words/limits.js';
import { BATCH_HEADER_BYTES, type BatchHeader, batchHolds, readBatchHeader } from './format.js';

const MAGIC_BYTES = Buffer.from('BLTL', 'latin1');
const UNKNOWN_SEQ = -1;

/** A stretch of a segment that does not hold what was written. `seqTo` is exclusive; null where nobody can tell. */
export interface Damage {
  readonly segmentId: number;
  readonly offset: number;
  readonly bytes: number;
  readonly seqFrom: number;
  readonly seqTo: number | null;
  readonly what: 'header' | 'batch' | 'body' | 'segment' | 'time' | 'epoch';
}

export type Step =
  | { readonly kind: 'batch'; readonly offset: number; readonly header: BatchHeader }
  | { readonly kind: 'damage'; readonly damage: Damage }
  | { readonly kind: 'end'; readonly offset: number };

export interface WalkState {
  readonly segmentId: number;
  /** Where to go on. */
  offset: number;
  /** The seq that the next batch must have; negative while nobody knows. */
  nextSeq: number;
  /** The least epoch that the next batch may have. */
  epoch: number;
  /** Everything below this offset was acknowledged. */
  durable: number;
  /** The seq that the next segment begins with; Infinity while nobody knows of one. */
  endSeq: number;
}

/** Where a walk of a whole segment begins; `baseSeq` is null when the segment's header is damaged. */
export function walkStart(segmentId: number, baseSeq: number | null, durable: number = 0): WalkState {
  return {
    segmentId,
    offset: LIMITS.segmentDataOffset,
    nextSeq: baseSeq ?? UNKNOWN_SEQ,
    epoch: 0,
    durable,
    endSeq: Infinity,
  };
}

/**
 * The next step of the walk in `bytes` (the segment from its first byte on), below `end`. With `checkBodies` false only
 * headers are looked at: quick, for what was synced long ago and is checked when read.
 */
export function walkStep(bytes: Buffer, end: number, state: WalkState, checkBodies: boolean): Step {
  const { segmentId, offset, nextSeq } = state;
  const header = continuing(bytes, offset, end, state);
  if (header !== null && (nextSeq < 0 || header.baseSeq === nextSeq)) {
    const holds = !checkBodies || batchHolds(bytes, offset, header);
    // A broken body with nothing written after it: the caller decides whether it was ever acknowledged.
    if (!holds && offset >= state.durable && later(bytes, offset + header.spanBytes, end, state, offset) === null)
      return { kind: 'end', offset };
    const seqTo = header.baseSeq + header.count;
    state.offset = offset + header.spanBytes;
    state.nextSeq = seqTo;
    state.epoch = header.epoch;
    if (holds) return { kind: 'batch', offset, header };
    const { spanBytes, baseSeq: seqFrom } = header;
    return { kind: 'damage', damage: { segmentId, offset, bytes: spanBytes, seqFrom, seqTo, what: 'body' } };
  }
  const found = later(bytes, offset + 8, end, state, offset);
  if (found === null) return { kind: 'end', offset };
  const seqTo = found.header.baseSeq;
  state.offset = found.offset;
  state.nextSeq = seqTo;
  const seqFrom = nextSeq < 0 ? seqTo : nextSeq;
  return {
    kind: 'damage',
    damage: { segmentId, offset, bytes: found.offset - offset, seqFrom, seqTo, what: 'batch' },
  };
}

function continuing(bytes: Buffer, offset: number, end: number, state: WalkState): BatchHeader | null {
  if (offset + BATCH_HEADER_BYTES > end) return null;
  const header = readBatchHeader(bytes, offset, state.segmentId);
  if (header === null || offset + header.spanBytes > end || header.groupOffset > offset) return null;
  if (header.baseSeq < state.nextSeq || header.baseSeq + header.count > state.endSeq) return null;
  return header.epoch >= state.epoch ? header : null;
}

/** The first whole batch from `from` on that continues the log, and of which it is certain that what stands before it was acknowledged. */
function later(
  bytes: Buffer,
  from: number,
  end: number,
  state: WalkState,
  badOffset: number,
): { offset: number; header: BatchHeader } | null {
  const part = bytes.subarray(0, Math.min(end, bytes.length));
  for (let at = part.indexOf(MAGIC_BYTES, from); at !== -1; at = part.indexOf(MAGIC_BYTES, at + 1)) {
    const header = continuing(bytes, at, end, state);
    if (header === null || !(header.groupOffset > badOffset || at < state.durable)) continue;
    if (batchHolds(bytes, at, header)) return { offset: at, header };
  }
  return null;
}

/** The offset after the last byte that is not zero, at or after `from`; `from` when all are zero. */
export function lastWritten(bytes: Buffer, from: number): number {
  let at = bytes.length;
  const zeros = Buffer.alloc(4096);
  while (at - 4096 >= from && bytes.compare(zeros, 0, 4096, at - 4096, at) === 0) at -= 4096;
  while (at > from && bytes[at - 1] === 0) at -= 1;
  return at;
}
