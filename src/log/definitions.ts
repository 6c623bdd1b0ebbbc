/**
 * Shape definitions as a writer needs them: all frames known at the end of the log, to be written again at the head of
 * each new segment. A whole segment holds all of them; where one is damaged, those before it are asked as well.
 */
import fs from 'node:fs';
import type { Disk } from '../ports/disk.js';
import { listSegments, type StorePaths, segmentPath } from './folder.js';
import { BATCH_HEADER_BYTES, batchHolds, FRAME, frameBytes, frameKind } from './format.js';
import { type ScannedBatch, scanTail, type TailScan } from './tail-scan.js';

/** Definition frames, in order, of a scanned segment and, when something in it is damaged, of those before it. */
export function definitionsAt(paths: StorePaths, disk: Disk, scan: TailScan): Buffer[] {
  const frames = new Map<string, Buffer>();
  const collect = (one: TailScan): void => {
    if (isDamaged(one)) {
      const before = listSegments(paths, disk).findLast((id) => id < one.segmentId);
      if (before !== undefined) collect(scanSegment(paths, disk, before));
    }
    for (const batch of one.batches)
      for (const frame of framesOf(one.bytes, batch)) frames.set(frame.toString('latin1'), frame);
  };
  collect(scan);
  return [...frames.values()];
}

function isDamaged(scan: TailScan): boolean {
  if (scan.damages.length > 0 || scan.verdict === 'lost') return true;
  return scan.batches.some(({ offset, header }) => header.hasDefinitions && !batchHolds(scan.bytes, offset, header));
}

function scanSegment(paths: StorePaths, disk: Disk, segmentId: number): TailScan {
  const fd = disk.open(segmentPath(paths, segmentId), fs.constants.O_RDONLY);
  try {
    return scanTail(paths, disk, fd, segmentId, Number.POSITIVE_INFINITY);
  } finally {
    disk.close(fd);
  }
}

function framesOf(bytes: Buffer, batch: ScannedBatch): Buffer[] {
  const { offset, header } = batch;
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
