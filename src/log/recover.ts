/**
 * Opening after whatever happened: finds the last whole batch, cuts a torn tail and reports it, tells it from damage
 * before the tail. Looks only at the last segment (and the one before, if the last was never begun), so it takes the same
 * time for every size of store.
 *
 * What a dead process left in the page cache only, perhaps after a sync that failed, is brought to the device before anybody
 * relies on it: the last group is written once more and the file synced. So are the names, always: a segment that a failed
 * writer or an interrupted recovery removed would come back after a power cut, and be taken for the last one. (The folder
 * itself, and its name, were synced by whoever took the writer's lock.)
 */
import fs from 'node:fs';
import type { Disk } from '../ports/disk.js';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { definitionsAt } from './definitions.js';
import { listSegments, logIdOf, type StorePaths, segmentPath } from './folder.js';
import { BATCH_HEADER_BYTES, encodeSegmentHeader, FORMAT_VERSION } from './format.js';
import { scanTail, type TailScan } from './tail-scan.js';
import { type Damage, lastWritten } from './walk.js';

/** What opening found; plain data for status(). */
export interface RecoveryReport {
  /** Bytes of a torn tail that were cut, 0 for none. */
  readonly tornBytes: number;
  /** The last seq before the cut; -1 when the log was empty. */
  readonly lastSeq: number;
  readonly damages: readonly Damage[];
  readonly segmentId: number;
  /** Bytes that were read. */
  readonly scannedBytes: number;
  /** All of it, in ms: the scan of the tail, the cut (writing zeros over a torn tail, and the last group anew), the syncs. */
  readonly tookMs: number;
  readonly scanMs: number;
  readonly cutMs: number;
  readonly syncMs: number;
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
  /** Nothing may be added to that segment: its end is damaged, or it is lost. */
  readonly full: boolean;
  readonly nextSeq: number;
  readonly timeMs: number;
  /** The greatest epoch found; a writer's must be greater. */
  readonly epoch: number;
  /** Definition frames of the shapes known at the end of the log, in order. */
  readonly definitions: readonly Buffer[];
  readonly batches: readonly TailBatch[];
  readonly report: RecoveryReport;
}

/** How far an earlier life knows the log to be durable: what is broken or missing before it is damage, not a torn tail. */
export interface KnownDurable {
  readonly logId: string;
  readonly segmentId: number;
  readonly offset: number;
  readonly nextSeq: number;
  readonly timeMs: number;
}

/** `newLogId` is for a first segment whose header never reached the disk. Throws what the disk throws, and E_FORMAT. */
export function recover(
  paths: StorePaths,
  disk: Disk,
  known: KnownDurable | null,
  newLogId: string | null = null,
): Recovered {
  const startedMs = performance.now();
  const cut = new Stopwatch();
  const sync = new Stopwatch();
  const ownLogId = logIdOf(paths, disk);
  const trusted = known !== null && (ownLogId === null || ownLogId === known.logId) ? known : null;
  const logId = ownLogId ?? trusted?.logId ?? newLogId;
  const lost: TailScan[] = [];
  let tornBytes = 0;
  let scannedBytes = 0;
  let tail: TailScan | null = null;
  for (const segmentId of listSegments(paths, disk).reverse()) {
    const file = segmentPath(paths, segmentId);
    const fd = disk.open(file, fs.constants.O_RDWR);
    try {
      const durable = trusted?.segmentId === segmentId ? trusted.offset : 0;
      const scan = scanTail(paths, disk, fd, segmentId, durable);
      scannedBytes += scan.scannedBytes;
      if (scan.verdict === 'lost') lost.unshift(scan);
      else if (scan.verdict === 'unbegun') {
        tornBytes += writtenAfter(scan.bytes, LIMITS.segmentDataOffset);
        cut.time(() => disk.remove(file));
      } else {
        if (scan.verdict === 'headless' && logId !== null) restoreHeader(scan, logId);
        const torn = cut.time(() => settle(disk, fd, scan, durable));
        sync.time(() => disk.sync(fd));
        tornBytes += torn;
        tail = scan;
        break;
      }
    } finally {
      disk.close(fd);
    }
  }
  sync.time(() => disk.syncFolder(paths.log));
  const place = placeAfter(tail, lost, trusted);
  const damages = [...(tail?.damages ?? []), ...place.damages];
  const { segmentId, offset, full, nextSeq } = place;
  const headers = tail?.batches.map((batch) => batch.header) ?? [];
  const latest = (a: number, b: number): number => Math.max(a, b);
  const definitions = tail === null ? [] : definitionsAt(paths, disk, tail);
  const tookMs = performance.now() - startedMs;
  return {
    logId: ownLogId ?? trusted?.logId ?? null,
    segmentId,
    offset,
    full,
    nextSeq,
    timeMs: headers
      .map((one) => one.timeMs)
      .reduce(latest, Math.max(trusted?.timeMs ?? 0, tail?.header?.createdMs ?? 0)),
    epoch: headers.map((one) => one.epoch).reduce(latest, tail?.header?.epoch ?? 0),
    definitions,
    batches: headers,
    report: {
      tornBytes,
      lastSeq: nextSeq - 1,
      damages,
      segmentId,
      scannedBytes,
      tookMs,
      scanMs: tookMs - cut.ms - sync.ms,
      cutMs: cut.ms,
      syncMs: sync.ms,
    },
  };
}

/** The first group of a segment reached the disk and its header did not: all that it said is known. */
function restoreHeader(scan: TailScan, logId: string): void {
  const first = scan.batches[0]?.header;
  if (first === undefined) return;
  const { epoch, baseSeq, segmentId, timeMs: createdMs } = first;
  encodeSegmentHeader({ version: FORMAT_VERSION, logId, epoch, baseSeq, segmentId, createdMs }).copy(scan.bytes);
}

/**
 * Cuts a torn tail and writes the last group once more, to be synced; returns how much was cut. What is known to be durable
 * is left alone. Zeros are written behind the end even where zeros are seen: when the sync of a failed write's undoing
 * failed, they are in the page cache only, and what was undone is still on the device.
 */
function settle(disk: Disk, fd: number, scan: TailScan, durable: number): number {
  const { bytes, end } = scan;
  const group = scan.batches.at(-1)?.header.groupOffset ?? end;
  // A segment's header is synced with its first group.
  const start = group === LIMITS.segmentDataOffset ? 0 : group;
  if (end > durable) writeAll(disk, fd, bytes.subarray(start, end), start);
  const from = Math.max(end, durable);
  const torn = writtenAfter(bytes, from);
  const room = Math.max(0, disk.size(fd) - from);
  writeAll(disk, fd, Buffer.alloc(Math.max(torn, Math.min(BATCH_HEADER_BYTES, room))), from);
  return torn;
}

class Stopwatch {
  ms = 0;

  time<Result>(call: () => Result): Result {
    const startedMs = performance.now();
    try {
      return call();
    } finally {
      this.ms += performance.now() - startedMs;
    }
  }
}

const writtenAfter = (bytes: Buffer, from: number): number =>
  from < bytes.length ? lastWritten(bytes, from) - from : 0;

interface Place {
  readonly segmentId: number;
  readonly offset: number;
  readonly full: boolean;
  readonly nextSeq: number;
  readonly damages: readonly Damage[];
}

/** Where the log goes on: behind the last batch, or, when more is known to have been there, in a new segment behind that. */
function placeAfter(tail: TailScan | null, lost: readonly TailScan[], known: KnownDurable | null): Place {
  const last = tail?.batches.at(-1)?.header;
  const segmentId = tail?.segmentId ?? 0;
  const offset = tail?.end ?? 0;
  let nextSeq = last === undefined ? 0 : last.baseSeq + last.count;
  const damages: Damage[] = [];
  const report = (at: number, from: number, bytes: number, seqTo: number | null, what: Damage['what']): void => {
    damages.push({ segmentId: at, offset: from, bytes, seqFrom: nextSeq, seqTo, what });
    nextSeq = Math.max(nextSeq, seqTo ?? 0);
  };
  if (known?.segmentId === segmentId && known.offset > offset)
    report(segmentId, offset, known.offset - offset, known.nextSeq, 'batch');
  for (const [index, scan] of lost.entries()) {
    nextSeq = Math.max(nextSeq, scan.header?.baseSeq ?? 0);
    const seqTo = known?.segmentId === scan.segmentId ? known.nextSeq : (lost[index + 1]?.header?.baseSeq ?? null);
    report(scan.segmentId, 0, scan.bytes.length, seqTo, 'segment');
  }
  const highest = lost.at(-1)?.segmentId ?? segmentId;
  if (known !== null && known.segmentId > highest) report(known.segmentId, 0, known.offset, known.nextSeq, 'segment');
  const full = damages.length > 0;
  const end = full && known?.segmentId === segmentId ? Math.max(offset, known.offset) : offset;
  return { segmentId: Math.max(highest, known?.segmentId ?? 0), offset: end, full, nextSeq, damages };
}

/** Writes all of it at `position`, however many calls that takes. */
function writeAll(disk: Disk, fd: number, bytes: Buffer, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    const wrote = disk.write(fd, bytes, done, bytes.length - done, position + done);
    if (wrote === 0) throw new LtlError('E_IO', 'the tail of the log could not be settled: the disk wrote nothing');
    done += wrote;
  }
}
