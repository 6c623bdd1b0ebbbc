/**
 * Full verification: every checksum of every segment, and that the segments join: none missing, seqs without a gap, time
 * and epoch never going back, all of one log. A segment is verified alone, so that many threads can do it at once; `merge`
 * then looks at what only all of them together can tell.
 */
import fs from 'node:fs';
import { type Disk, realDisk } from '../ports/disk.js';
import { readSegmentHeader, type StorePaths, segmentPath } from './folder.js';
import { BATCH_HEADER_BYTES, type BatchHeader, frameBytes } from './format.js';
import type { Kept } from './kept.js';
import { readBytes } from './read-bytes.js';
import { type Damage, lastWritten, walkStart, walkStep } from './walk.js';

/** What one segment is asked to be. */
export interface SegmentTask {
  readonly paths: StorePaths;
  readonly segmentId: number;
  /** Where to stop: the durable tail for a segment that is being written, else null for its end. */
  readonly endOffset: number | null;
  /** The offset below which everything was acknowledged; null: everything was, the log goes on in another segment. */
  readonly durable: number | null;
  /** The seq that the next segment begins with, or that the live log goes to; null where nobody knows. */
  readonly endSeq: number | null;
}

/** What one segment was found to be. */
export interface SegmentVerdict {
  readonly segmentId: number;
  readonly logId: string | null;
  /** The first seq, when the header or any batch tells. */
  readonly baseSeq: number | null;
  readonly nextSeq: number | null;
  readonly endOffset: number;
  readonly records: number;
  readonly batches: number;
  readonly bytes: number;
  readonly times: readonly [first: number, last: number] | null;
  readonly epochs: readonly [first: number, last: number] | null;
  readonly damages: readonly Damage[];
  /** Bytes behind the end of the log that no batch explains; in the last segment a torn tail. */
  readonly strayBytes: number;
}

/** What the whole log was found to be. */
export interface VerifyReport {
  readonly clean: boolean;
  readonly segments: number;
  readonly records: number;
  readonly batches: number;
  readonly bytes: number;
  /** Of the records there are; equal when there are none. */
  readonly firstSeq: number;
  readonly nextSeq: number;
  /** By segment, then offset. */
  readonly damages: readonly Damage[];
  /** Bytes of a torn tail: nobody was told that they are durable, the next writer cuts them. */
  readonly tornBytes: number;
  readonly tookMs: number;
}

/** Verifies one segment; null when its file is gone. Throws E_FORMAT for a newer version. */
export function verifySegment(task: SegmentTask, disk: Disk = realDisk): SegmentVerdict | null {
  try {
    return verifyFile(task, disk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}

function verifyFile({ paths, segmentId, endOffset, durable, endSeq }: SegmentTask, disk: Disk): SegmentVerdict {
  const bytes = readFile(disk, segmentPath(paths, segmentId), endOffset);
  const header = readSegmentHeader(paths, segmentId, disk);
  const state = walkStart(segmentId, header?.baseSeq ?? null, durable ?? bytes.length);
  state.endSeq = endSeq ?? Infinity;
  const damages: Damage[] = [];
  const found: BatchHeader[] = [];
  for (;;) {
    const step = walkStep(bytes, bytes.length, state, true);
    if (step.kind === 'end') break;
    if (step.kind === 'damage') damages.push(step.damage);
    else {
      damages.push(...inconsistencies(bytes, step.offset, step.header, found.at(-1)));
      found.push(step.header);
    }
  }
  const first = found[0];
  const last = found.at(-1);
  const baseSeq = header?.baseSeq ?? first?.baseSeq ?? null;
  const isBlank = bytes.subarray(0, BATCH_HEADER_BYTES).every((byte) => byte === 0);
  if (header === null && !(isBlank && found.length === 0))
    damages.unshift(damageAt(segmentId, 0, BATCH_HEADER_BYTES, baseSeq ?? 0, baseSeq ?? 0, 'header'));
  return {
    segmentId,
    logId: header?.logId ?? null,
    baseSeq,
    nextSeq: state.nextSeq < 0 ? null : state.nextSeq,
    endOffset: state.offset,
    records: found.reduce((sum, one) => sum + one.count, 0),
    batches: found.length,
    bytes: bytes.length,
    times: first === undefined || last === undefined ? null : [first.timeMs, last.timeMs],
    epochs: first === undefined || last === undefined ? null : [first.epoch, last.epoch],
    damages,
    strayBytes: state.offset < bytes.length ? lastWritten(bytes, state.offset) - state.offset : 0,
  };
}

/** What a whole batch may still have wrong: time before that of the batch before it, frames that do not fill it. */
function inconsistencies(
  bytes: Buffer,
  offset: number,
  header: BatchHeader,
  before: BatchHeader | undefined,
): Damage[] {
  const { segmentId, spanBytes, baseSeq, count } = header;
  const damages: Damage[] = [];
  if (before !== undefined && header.timeMs < before.timeMs)
    damages.push(damageAt(segmentId, offset, spanBytes, baseSeq, baseSeq + count, 'time'));
  const end = offset + BATCH_HEADER_BYTES + header.bodyBytes;
  let at = offset + BATCH_HEADER_BYTES;
  while (at + 4 <= end) at += frameBytes(bytes.readUInt32LE(at));
  if (at !== end) damages.push(damageAt(segmentId, offset, spanBytes, baseSeq, baseSeq + count, 'body'));
  return damages;
}

/** Joins the verdicts of all segments, given in the order of their ids. `kept` says where the log begins since retention. */
export function mergeVerdicts(
  verdicts: readonly SegmentVerdict[],
  knownEnd: { readonly segmentId: number; readonly offset: number; readonly nextSeq: number } | null,
  kept: Kept = { segmentId: 1, seq: 0 },
): Omit<VerifyReport, 'tookMs'> {
  const logId = verdicts.findLast((one) => one.logId !== null)?.logId ?? null;
  const own = verdicts.filter((one) => one.logId === null || one.logId === logId);
  const damages: Damage[] = missingBefore(own[0], kept);
  let before: SegmentVerdict | null = null;
  let nextSeq: number | null = null;
  for (const one of verdicts) {
    if (!own.includes(one)) {
      // A file of another log: nothing in it counts.
      damages.push(damageAt(one.segmentId, 0, one.bytes, nextSeq ?? 0, null, 'segment'));
      continue;
    }
    damages.push(...joints(before, one, nextSeq), ...one.damages);
    nextSeq = Math.max(nextSeq ?? 0, one.nextSeq ?? 0);
    before = one;
  }
  const end = { segmentId: before?.segmentId ?? 0, offset: before?.endOffset ?? 0 };
  if (knownEnd !== null && isBeyond(knownEnd, end)) {
    const { segmentId, offset } = knownEnd;
    const from = segmentId === end.segmentId ? end.offset : 0;
    damages.push(
      damageAt(segmentId, from, offset - from, nextSeq ?? 0, knownEnd.nextSeq, from === 0 ? 'segment' : 'batch'),
    );
    nextSeq = Math.max(nextSeq ?? 0, knownEnd.nextSeq);
  }
  const sum = (pick: (one: SegmentVerdict) => number): number => own.reduce((total, one) => total + pick(one), 0);
  return {
    clean: damages.length === 0,
    segments: verdicts.length,
    records: sum((one) => one.records),
    batches: sum((one) => one.batches),
    bytes: sum((one) => one.bytes),
    firstSeq: own.find((one) => one.baseSeq !== null)?.baseSeq ?? nextSeq ?? 0,
    nextSeq: nextSeq ?? 0,
    damages: damages.sort((a, b) => a.segmentId - b.segmentId || a.offset - b.offset),
    tornBytes: before?.strayBytes ?? 0,
  };
}

/** First segments that are gone without retention's word. */
export function missingBefore(first: Pick<SegmentVerdict, 'segmentId' | 'baseSeq'> | undefined, kept: Kept): Damage[] {
  const damages: Damage[] = [];
  for (let missing = kept.segmentId; missing < (first?.segmentId ?? 0); missing += 1)
    damages.push(damageAt(missing, 0, 0, kept.seq, first?.baseSeq ?? null, 'segment'));
  return damages;
}

/** What is wrong between two segments. */
function joints(before: SegmentVerdict | null, one: SegmentVerdict, nextSeq: number | null): Damage[] {
  if (before === null || nextSeq === null) return [];
  const { segmentId, baseSeq } = one;
  const damages: Damage[] = [];
  for (let missing = before.segmentId + 1; missing < segmentId; missing += 1)
    damages.push(damageAt(missing, 0, 0, nextSeq, baseSeq, 'segment'));
  if (damages.length === 0 && baseSeq !== null && baseSeq !== nextSeq) {
    // Records are missing at the end of the one before; when its seqs go further than this one's begin, they are doubled.
    const [from, to] = baseSeq > nextSeq ? [nextSeq, baseSeq] : [baseSeq, nextSeq];
    damages.push(damageAt(before.segmentId, before.endOffset, 0, from, to, 'batch'));
  }
  if (before.times !== null && one.times !== null && one.times[0] < before.times[1])
    damages.push(damageAt(segmentId, 0, one.bytes, baseSeq ?? nextSeq, one.nextSeq, 'time'));
  if (before.epochs !== null && one.epochs !== null && one.epochs[0] < before.epochs[1])
    damages.push(damageAt(segmentId, 0, one.bytes, baseSeq ?? nextSeq, one.nextSeq, 'epoch'));
  return damages;
}

function isBeyond(
  a: { readonly segmentId: number; readonly offset: number },
  b: { readonly segmentId: number; readonly offset: number },
): boolean {
  return a.segmentId > b.segmentId || (a.segmentId === b.segmentId && a.offset > b.offset);
}

function damageAt(
  segmentId: number,
  offset: number,
  bytes: number,
  seqFrom: number,
  seqTo: number | null,
  what: Damage['what'],
): Damage {
  return { segmentId, offset, bytes, seqFrom, seqTo, what };
}

function readFile(disk: Disk, file: string, endOffset: number | null): Buffer {
  const fd = disk.open(file, fs.constants.O_RDONLY);
  try {
    const size = Math.min(disk.size(fd), endOffset ?? Number.MAX_SAFE_INTEGER);
    const bytes = Buffer.allocUnsafe(size);
    return bytes.subarray(0, readBytes(disk, fd, bytes, 0, size));
  } finally {
    disk.close(fd);
  }
}
