/**
 * What the last segment of a log holds after whatever happened to its writer: its batches, its damage, where it ends, and
 * whether it was ever begun. Looks only; `recover` acts on it.
 *
 * Only the last groups are looked at closely, since only the last one may be torn: what stands before them was synced, and is
 * hopped over, and mostly not even read, as long as its headers join. Readers and the auditor check all of it.
 */
import type { Disk } from '../ports/disk.js';
import { LIMITS } from '../words/limits.js';
import { readSegmentHeader, type StorePaths } from './folder.js';
import {
  BATCH_HEADER_BYTES,
  type BatchHeader,
  batchHolds,
  type Hop,
  readBatchHeader,
  readHop,
  type SegmentHeader,
  segmentIdAt,
} from './format.js';
import { readBytes } from './read-bytes.js';
import { SegmentBytes, WINDOW_BYTES_MAX } from './segment-bytes.js';
import { type Damage, lastWritten, type WalkState, walkStart, walkStep } from './walk.js';

const PAGE_BYTES = 4096;
const ZEROS = Buffer.alloc(WINDOW_BYTES_MAX);

export interface ScannedBatch {
  readonly offset: number;
  readonly header: BatchHeader;
}

export interface TailScan {
  readonly segmentId: number;
  /** The segment from its first byte on. Its first page, batches that hold definitions and all from `readFrom` on are read. */
  readonly bytes: Buffer;
  /** Bytes that were looked at. */
  readonly scannedBytes: number;
  /** Null when it is damaged or never reached the disk. */
  readonly header: SegmentHeader | null;
  readonly batches: readonly ScannedBatch[];
  readonly damages: readonly Damage[];
  /** Where the last batch ends. */
  readonly end: number;
  /**
   * `begun`: has batches. `headless`: its first group came to the disk, its header did not. `unbegun`: nothing in it was
   * ever acknowledged. `lost`: something was, and nothing can be read.
   */
  readonly verdict: 'begun' | 'headless' | 'unbegun' | 'lost';
}

/**
 * `durable`: the offset below which everything in this segment is known to have been acknowledged, 0 when nothing is.
 * Room written ahead is looked at, but kept in memory only when something stands in it.
 */
export function scanTail(paths: StorePaths, disk: Disk, fd: number, segmentId: number, durable: number): TailScan {
  const header = readSegmentHeader(paths, segmentId, disk);
  const size = disk.size(fd);
  const used = usedBytes(disk, fd, size);
  const quick = scanBytes(new SegmentBytes(disk, fd, used), header, segmentId, durable);
  const isQuiet = used === size || lastWritten(quick.bytes, Math.min(quick.end, used)) <= quick.end;
  const scan = isQuiet ? quick : scanBytes(new SegmentBytes(disk, fd, size), header, segmentId, durable);
  return { ...scan, scannedBytes: scan.scannedBytes + size - used };
}

function scanBytes(source: SegmentBytes, header: SegmentHeader | null, segmentId: number, durable: number): TailScan {
  const { bytes } = source;
  source.read(0, LIMITS.segmentDataOffset);
  const state = walkStart(segmentId, header?.baseSeq ?? null, durable);
  const walked: ScannedBatch[] = header === null ? [] : hop(source, state);
  source.read(state.offset, bytes.length);
  const damages: Damage[] = [];
  for (;;) {
    const step = walkStep(bytes, bytes.length, state, false);
    if (step.kind === 'end') break;
    if (step.kind === 'damage') damages.push(step.damage);
    else walked.push(step);
  }
  const batches = wholeBatches(bytes, walked, durable, damages);
  const end = batches.length < walked.length ? (walked[batches.length]?.offset ?? state.offset) : state.offset;
  const blank = bytes.subarray(0, BATCH_HEADER_BYTES).every((byte) => byte === 0);
  const durableHere = durable > LIMITS.segmentDataOffset;
  // Half a header with nothing of its own behind it is a segment that was being made: header and first group are synced together.
  const isEmpty = header === null && !holdsOwn(bytes, segmentId);
  let verdict: TailScan['verdict'] = 'begun';
  if (batches.length === 0) verdict = durableHere || (header === null && !blank && !isEmpty) ? 'lost' : 'unbegun';
  else if (header === null && blank && !durableHere && inFirstGroup(batches)) verdict = 'headless';
  else if (header === null) damages.unshift(headerDamage(segmentId, batches[0]?.header.baseSeq ?? 0));
  return { segmentId, bytes, scannedBytes: source.bytesRead, header, batches, damages, end, verdict };
}

/**
 * Moves the walk over batches that join without a gap, up to the last group but one; returns those among them that hold
 * definitions. At anything that does not join it stops, before the group in doubt: the walk judges that.
 */
function hop(source: SegmentBytes, state: WalkState): ScannedBatch[] {
  const { bytes } = source;
  const window = source.window(BATCH_HEADER_BYTES);
  const batch: Hop = { spanBytes: 0, count: 0, groupOffset: -1, hasDefinitions: false };
  const definitions: ScannedBatch[] = [];
  let { offset, nextSeq } = state;
  // Where the present group began, and the one before it.
  let group = { offset: -1, start: offset, nextSeq };
  let back = group;
  for (;;) {
    const at = window.find(offset);
    if (at < 0 || !readHop(window.view, at, state.segmentId, nextSeq, batch)) break;
    if (offset + batch.spanBytes > bytes.length || batch.groupOffset > offset) break;
    if (batch.groupOffset !== group.offset) {
      back = group;
      group = { offset: batch.groupOffset, start: offset, nextSeq };
    }
    if (batch.hasDefinitions) {
      source.read(offset, offset + batch.spanBytes);
      const header = readBatchHeader(bytes, offset, state.segmentId);
      if (header === null) break;
      definitions.push({ offset, header });
    }
    offset += batch.spanBytes;
    nextSeq += batch.count;
  }
  state.offset = back.start;
  state.nextSeq = back.nextSeq;
  return definitions.filter((one) => one.offset < back.start);
}

/** How much of the file to read: all but the zeros at its end, in steps; a page more, for the padding of a last batch. */
function usedBytes(disk: Disk, fd: number, size: number): number {
  const step = Buffer.allocUnsafe(WINDOW_BYTES_MAX);
  const last = Math.floor(Math.max(0, size - 1) / WINDOW_BYTES_MAX) * WINDOW_BYTES_MAX;
  for (let from = last; from > 0; from -= WINDOW_BYTES_MAX) {
    const to = Math.min(size, from + WINDOW_BYTES_MAX);
    const read = readBytes(disk, fd, step, from, to, from) - from;
    if (!step.subarray(0, read).equals(ZEROS.subarray(0, read))) return Math.min(size, to + PAGE_BYTES);
  }
  return Math.min(size, WINDOW_BYTES_MAX + PAGE_BYTES);
}

/** Bodies of the last group may be torn: leaves out its batches from the first broken one on, unless they were durable. */
function wholeBatches(
  bytes: Buffer,
  walked: readonly ScannedBatch[],
  durable: number,
  damages: Damage[],
): ScannedBatch[] {
  const group = walked.at(-1)?.header.groupOffset ?? 0;
  const whole: ScannedBatch[] = [];
  for (const batch of walked) {
    const { offset, header } = batch;
    if (offset >= group && !batchHolds(bytes, offset, header)) {
      if (offset >= durable) break;
      damages.push({
        segmentId: header.segmentId,
        offset,
        bytes: header.spanBytes,
        seqFrom: header.baseSeq,
        seqTo: header.baseSeq + header.count,
        what: 'body',
      });
    }
    whole.push(batch);
  }
  return whole;
}

/** Something stands where the first batch belongs, and it is not a batch that was written there for another segment. */
function holdsOwn(bytes: Buffer, segmentId: number): boolean {
  const from = LIMITS.segmentDataOffset;
  if (lastWritten(bytes, from) <= from) return false;
  const id = from + BATCH_HEADER_BYTES > bytes.length ? segmentId : segmentIdAt(bytes, from);
  return id === segmentId || readBatchHeader(bytes, from, id) === null;
}

const inFirstGroup = (batches: readonly ScannedBatch[]): boolean =>
  batches.every(({ header }) => header.groupOffset === LIMITS.segmentDataOffset);

function headerDamage(segmentId: number, firstSeq: number): Damage {
  return { segmentId, offset: 0, bytes: BATCH_HEADER_BYTES, seqFrom: firstSeq, seqTo: firstSeq, what: 'header' };
}
