/**
 * Opening after whatever happened: finds the last whole batch, cuts a torn tail and reports it, tells it from damage
 * before the tail. Reads only the last segment (and the one before, if the last was never begun), so it takes the same
 * time for every size of store. The file is synced before it is read: what a dead process left in the page cache only is
 * made durable before anybody relies on it.
 */
import fs from 'node:fs';
import type { Disk } from '../ports/disk.js';
import { LtlError } from '../words/errors.js';
import { listSegments, readSegmentHeader, type StorePaths, segmentPath } from './folder.js';
import { BATCH_HEADER_BYTES, type BatchHeader, batchHolds, FRAME, frameBytes, frameKind } from './format.js';
import { type Damage, lastWritten, walkStart, walkStep } from './walk.js';

/** What opening found; plain data for status(). */
export interface RecoveryReport {
  /** Bytes of a torn tail that were cut, 0 for none. */
  readonly tornBytes: number;
  /** The last seq before the cut; -1 when the log was empty. */
  readonly lastSeq: number;
  readonly damages: readonly Damage[];
  readonly segmentId: number;
  /** Bytes of the last segment that were read. */
  readonly scannedBytes: number;
  /** Tail scan and cut, in ms. */
  readonly tookMs: number;
}

/** A batch of the tail segment: enough to tell which records of a ring are on disk already. */
export interface TailBatch {
  readonly epoch: number;
  readonly ringId: number;
  readonly ticket: number;
  readonly count: number;
  readonly baseSeq: number;
}

export interface Recovered {
  readonly logId: string | null;
  readonly segmentId: number;
  readonly offset: number;
  readonly nextSeq: number;
  readonly timeMs: number;
  /** Definition frames of the last segment, in order. */
  readonly definitions: readonly Buffer[];
  readonly batches: readonly TailBatch[];
  readonly report: RecoveryReport;
}

/** How far an earlier life knows the log to be durable: a broken batch before it is damage, not a torn tail. */
export interface KnownDurable {
  readonly segmentId: number;
  readonly offset: number;
}

export function recover(paths: StorePaths, disk: Disk, known: KnownDurable | null): Recovered {
  const startedMs = performance.now();
  const damages: Damage[] = [];
  for (const segmentId of listSegments(paths).reverse()) {
    const found = recoverSegment(paths, disk, segmentId, known, damages, startedMs);
    if (found !== null) return found;
    // A segment that was being created when its writer died: no header, no batch, nothing acknowledged.
    disk.remove(segmentPath(paths, segmentId));
    disk.syncFolder(paths.log);
  }
  const report: RecoveryReport = {
    tornBytes: 0,
    lastSeq: -1,
    damages,
    segmentId: 0,
    scannedBytes: 0,
    tookMs: performance.now() - startedMs,
  };
  return { logId: null, segmentId: 0, offset: 0, nextSeq: 0, timeMs: 0, definitions: [], batches: [], report };
}

function recoverSegment(
  paths: StorePaths,
  disk: Disk,
  segmentId: number,
  known: KnownDurable | null,
  damages: Damage[],
  startedMs: number,
): Recovered | null {
  const header = readSegmentHeader(paths, segmentId);
  const fd = disk.open(segmentPath(paths, segmentId), fs.constants.O_RDWR);
  try {
    disk.sync(fd);
    const bytes = readWhole(disk, fd);
    const state = walkStart(segmentId, header?.baseSeq ?? 0);
    const batches: { offset: number; header: BatchHeader }[] = [];
    for (;;) {
      const step = walkStep(bytes, bytes.length, state, false);
      if (step.kind === 'end') break;
      if (step.kind === 'damage') damages.push(step.damage);
      else batches.push(step);
    }
    if (header === null && batches.length === 0) return null;
    if (header === null) {
      const first = batches[0]?.header.baseSeq ?? 0;
      // The walk could not know the first seq and took its absence for a hole: only the header is damaged.
      damages.splice(0, damages.length, {
        segmentId,
        offset: 0,
        bytes: BATCH_HEADER_BYTES,
        seqFrom: first,
        seqTo: first,
        what: 'header',
      });
    }
    const cut = checkLastGroup(bytes, batches, known, segmentId, damages);
    const offset = cut ?? state.offset;
    const written = lastWritten(bytes, offset);
    if (written > offset) cutTail(disk, fd, bytes.length, offset, written);
    const last = batches.at(-1)?.header;
    const nextSeq = last === undefined ? (header?.baseSeq ?? 0) : last.baseSeq + last.count;
    return {
      logId: header?.logId ?? null,
      segmentId,
      offset,
      nextSeq,
      timeMs: batches.reduce((latest, batch) => Math.max(latest, batch.header.timeMs), 0),
      definitions: batches.flatMap((batch) => definitionsOf(bytes, batch.offset, batch.header)),
      batches: batches.map((batch) => batch.header),
      report: {
        tornBytes: written - offset,
        lastSeq: nextSeq - 1,
        damages,
        segmentId,
        scannedBytes: bytes.length,
        tookMs: performance.now() - startedMs,
      },
    };
  } finally {
    disk.close(fd);
  }
}

/** Bodies of the last group may be torn: drops its batches from the first broken one on, and says where the log ends then. */
function checkLastGroup(
  bytes: Buffer,
  batches: { offset: number; header: BatchHeader }[],
  known: KnownDurable | null,
  segmentId: number,
  damages: Damage[],
): number | null {
  const group = batches.at(-1)?.header.groupOffset ?? 0;
  const first = batches.findIndex((batch) => batch.offset >= group);
  for (let index = first; index >= 0 && index < batches.length; index += 1) {
    const batch = batches[index];
    if (batch === undefined || batchHolds(bytes, batch.offset, batch.header)) continue;
    const { offset, header } = batch;
    if (known !== null && known.segmentId === segmentId && known.offset >= offset + header.spanBytes) {
      damages.push({
        segmentId,
        offset,
        bytes: header.spanBytes,
        seqFrom: header.baseSeq,
        seqTo: header.baseSeq + header.count,
        what: 'body',
      });
      continue;
    }
    batches.splice(index);
    return offset;
  }
  return null;
}

function cutTail(disk: Disk, fd: number, size: number, offset: number, written: number): void {
  const zeros = Buffer.alloc(Math.min(written, size) - offset);
  let done = 0;
  while (done < zeros.length) {
    const wrote = disk.write(fd, zeros, done, zeros.length - done, offset + done);
    if (wrote === 0) throw new LtlError('E_IO', 'a torn tail could not be cut: the disk wrote nothing');
    done += wrote;
  }
  disk.sync(fd);
}

function definitionsOf(bytes: Buffer, offset: number, header: BatchHeader): Buffer[] {
  if (!header.hasDefinitions || !batchHolds(bytes, offset, header)) return [];
  const found: Buffer[] = [];
  const end = offset + BATCH_HEADER_BYTES + header.bodyBytes;
  for (let at = offset + BATCH_HEADER_BYTES; at + 4 <= end; ) {
    const word = bytes.readUInt32LE(at);
    const length = frameBytes(word);
    if (frameKind(word) === FRAME.definition) found.push(Buffer.from(bytes.subarray(at, at + length)));
    at += length;
  }
  return found;
}

/** A whole file, through the disk port. */
function readWhole(disk: Disk, fd: number): Buffer {
  const bytes = Buffer.allocUnsafe(disk.size(fd));
  let done = 0;
  while (done < bytes.length) {
    const read = disk.read(fd, bytes, done, bytes.length - done, done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}
