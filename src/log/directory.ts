/**
 * Which segments there are, and where each begins in seq and in time, from their headers alone: enough to know the segment of
 * any record without opening one. Segment ids have no gaps; retention removes the first ones.
 */
import fs from 'node:fs';
import type { Disk } from '../ports/disk.js';
import { LtlError } from '../words/errors.js';
import { listSegments, readSegmentHeader, type StorePaths, segmentPath } from './folder.js';

/** Where a segment begins. All records before it are not later than `timeMs`, all in it not earlier. */
export interface SegmentStart {
  readonly baseSeq: number;
  readonly timeMs: number;
}

export interface DirectoryOptions {
  readonly paths: StorePaths;
  readonly disk: Disk;
  /** Which log the segments must belong to; null when nobody knows. */
  readonly logId: () => string | null;
  /** For a segment that is missing or has no readable header of this log. */
  readonly look: (segmentId: number) => SegmentStart;
}

export class SegmentDirectory {
  readonly #options: DirectoryOptions;
  #first: number;
  /** By segment id − first. */
  #starts: (SegmentStart | undefined)[] = [];

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#first = listSegments(options.paths, options.disk)[0] ?? 1;
  }

  /** Id of the first segment, as far as known. */
  get first(): number {
    return this.#first;
  }

  /** Looks whether retention removed segments; true when it did. `none`: the id after the last. */
  refresh(none: number): boolean {
    if (this.isThere(this.#first)) return false;
    const first = listSegments(this.#options.paths, this.#options.disk)[0] ?? none;
    if (first === this.#first) return false;
    this.#starts = first > this.#first ? this.#starts.slice(first - this.#first) : [];
    this.#first = first;
    return true;
  }

  isThere(segmentId: number): boolean {
    const { paths, disk } = this.#options;
    const fd = ifThere(() => disk.open(segmentPath(paths, segmentId), fs.constants.O_RDONLY));
    if (fd !== null) disk.close(fd);
    return fd !== null;
  }

  baseSeq(segmentId: number): number {
    return this.#start(segmentId).baseSeq;
  }

  /** The segment, at most `last`, that holds `seq`. Throws E_GONE. */
  find(seq: number, last: number): number {
    let low = this.#first;
    let high = last;
    if (low > high || seq < this.baseSeq(low))
      throw new LtlError('E_GONE', `record ${seq} was dropped by retain()`, { details: { seq } });
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.baseSeq(middle) <= seq) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The first segment, at most `last`, that begins at that time or later; `last + 1` when none does. */
  findTime(timeMs: number, last: number): number {
    let low = this.#first;
    let high = last + 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#start(middle).timeMs < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #start(segmentId: number): SegmentStart {
    const known = this.#starts[segmentId - this.#first];
    if (known !== undefined) return known;
    const { paths, disk, logId, look } = this.#options;
    const header = ifThere(() => readSegmentHeader(paths, segmentId, disk));
    const start =
      header !== null && header.logId === (logId() ?? header.logId)
        ? { baseSeq: header.baseSeq, timeMs: header.createdMs }
        : look(segmentId);
    this.#starts[segmentId - this.#first] = start;
    return start;
  }
}

/** What `read` gives, or null when the file is not there. */
function ifThere<Result>(read: () => Result): Result | null {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}
