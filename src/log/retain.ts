/**
 * Drops whole old segments, from the front, never the one that is written to. What goes is noted first, and the folder is
 * synced after each file, so that a crash leaves no hole: what is left always begins with one segment and goes on without gap. Readers beside it keep
 * what they hold in memory and get E_GONE for the rest. Files of the index that speak of dropped segments go by themselves.
 */
import { open, readdir, rm, stat } from 'node:fs/promises';
import { assertOptions, shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';
import { logIdOf, readSegmentHeader, type StorePaths, segmentPath } from './folder.js';
import { segmentIdOf } from './format.js';
import { type Kept, writeKept } from './kept.js';

/** What is to be kept. Without either limit nothing is dropped. */
export interface Retention {
  /** The segments kept take at most so many bytes on disk; the one that is written to counts, and is kept whatever it takes. */
  readonly maxBytes?: number;
  /** Segments of which every record is older are dropped. */
  readonly maxAgeMs?: number;
}

/** What was dropped: records `[seqFrom, seqTo)`. */
export interface Dropped {
  readonly segments: number;
  readonly bytes: number;
  readonly seqFrom: number;
  readonly seqTo: number;
}

interface SegmentFile {
  readonly segmentId: number;
  readonly bytes: number;
}

/** Drops what the retention does not keep of the segments before `tailSegmentId`. Throws E_ARGUMENT. */
export async function retain(
  paths: StorePaths,
  retention: Retention,
  tailSegmentId: number,
  nowMs: number,
): Promise<Dropped> {
  assertOptions('retain', retention, ['maxBytes', 'maxAgeMs']);
  const { maxBytes = Infinity, maxAgeMs = Infinity } = retention;
  for (const [name, value] of Object.entries({ maxBytes, maxAgeMs }))
    if (typeof value !== 'number' || !(value >= 0))
      throw new LtlError('E_ARGUMENT', `${name} must be a number that is not negative, not ${shown(value)}`);
  const files = await segmentFiles(paths, tailSegmentId);
  let total = files.reduce((sum, file) => sum + file.bytes, 0);
  const seqFrom = baseSeqOf(paths, files[0]?.segmentId) ?? 0;
  const doomed: SegmentFile[] = [];
  let begin = null as Kept | null;
  for (const [index, { segmentId, bytes: size }] of files.entries()) {
    const next = files[index + 1];
    if (segmentId >= tailSegmentId || next === undefined) break;
    // The next segment was begun after this one's last record was written.
    const isOld = maxAgeMs < Infinity && nowMs - (createdMsOf(paths, next.segmentId) ?? nowMs) > maxAgeMs;
    if (!isOld && total <= maxBytes) break;
    begin = { segmentId: next.segmentId, seq: baseSeqOf(paths, next.segmentId) ?? begin?.seq ?? seqFrom };
    total -= size;
    doomed.push({ segmentId, bytes: size });
  }
  if (begin !== null) await drop(paths, doomed, begin);
  const bytes = doomed.reduce((sum, file) => sum + file.bytes, 0);
  return { segments: doomed.length, bytes, seqFrom, seqTo: begin?.seq ?? seqFrom };
}

/** First it is written down that they go. */
async function drop(paths: StorePaths, doomed: readonly SegmentFile[], begin: Kept): Promise<void> {
  const logId = logIdOf(paths);
  if (logId !== null) writeKept(paths, begin, logId);
  for (const { segmentId } of doomed) {
    await rm(segmentPath(paths, segmentId), { force: true });
    await syncFolder(paths.log);
  }
}

async function segmentFiles(paths: StorePaths, tailSegmentId: number): Promise<SegmentFile[]> {
  const ids = (await readdir(paths.log)).map(segmentIdOf).filter((id) => id !== null && id <= tailSegmentId);
  const sorted = (ids as number[]).sort((a, b) => a - b);
  return Promise.all(
    sorted.map(async (segmentId) => ({ segmentId, bytes: (await stat(segmentPath(paths, segmentId))).size })),
  );
}

const baseSeqOf = (paths: StorePaths, segmentId: number | undefined): number | undefined =>
  segmentId === undefined ? undefined : readSegmentHeader(paths, segmentId)?.baseSeq;

const createdMsOf = (paths: StorePaths, segmentId: number): number | undefined =>
  readSegmentHeader(paths, segmentId)?.createdMs;

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
