/**
 * The files of one store and how they are named. Everything lies below one folder:
 *
 *     writer.lock.N   who writes (N: the writer's life, also the upper part of its epoch)
 *     log/            NNNNNNNNNN.seg, the truth; spare-*.new, segments written ahead
 *     index/          forgettable: offsets, times, secondary indices
 *     checkpoint      how far the log was verified
 *     kept            where the log begins since retention
 */
import fs from 'node:fs';
import path from 'node:path';
import { type Disk, realDisk } from '../ports/disk.js';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { decodeSegmentHeader, type SegmentHeader, segmentFileName, segmentIdOf } from './format.js';

export interface StorePaths {
  readonly root: string;
  readonly log: string;
  readonly index: string;
  readonly checkpoint: string;
  readonly kept: string;
}

export function storePaths(root: string): StorePaths {
  return {
    root,
    log: path.join(root, 'log'),
    index: path.join(root, 'index'),
    checkpoint: path.join(root, 'checkpoint'),
    kept: path.join(root, 'kept'),
  };
}

export const segmentPath = (paths: StorePaths, segmentId: number): string =>
  path.join(paths.log, segmentFileName(segmentId));

/** Ids of the segments there are, ascending; empty when there is no store yet. */
export function listSegments(paths: StorePaths, disk: Disk = realDisk): number[] {
  let names: readonly string[];
  try {
    names = disk.list(paths.log);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .map(segmentIdOf)
    .filter((id) => id !== null)
    .sort((a, b) => a - b);
}

/** A segment's header, or null where the file holds none that this log could have written whole. Throws E_FORMAT for a newer version. */
export function readSegmentHeader(paths: StorePaths, segmentId: number, disk: Disk = realDisk): SegmentHeader | null {
  const file = segmentPath(paths, segmentId);
  const fd = disk.open(file, fs.constants.O_RDONLY);
  try {
    const bytes = Buffer.alloc(LIMITS.segmentDataOffset);
    const header = decodeSegmentHeader(bytes.subarray(0, disk.read(fd, bytes, 0, bytes.length, 0)));
    if (header === 'version')
      throw new LtlError('E_FORMAT', `${file} has a newer format version than this program reads`);
    return typeof header === 'string' || header.segmentId !== segmentId ? null : header;
  } finally {
    disk.close(fd);
  }
}

/** The first seq of a segment; null when it is not there or its header cannot be read. Throws E_FORMAT. */
export function baseSeqOf(paths: StorePaths, segmentId: number): number | null {
  try {
    return readSegmentHeader(paths, segmentId)?.baseSeq ?? null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}

/** Which log the folder holds, as its newest readable header says; null when there is none. */
export function logIdOf(paths: StorePaths, disk: Disk = realDisk): string | null {
  for (const segmentId of listSegments(paths, disk).reverse()) {
    const header = readSegmentHeader(paths, segmentId, disk);
    if (header !== null) return header.logId;
  }
  return null;
}
