/**
 * Reads one record of a segment that is not in memory: the batch that is said to hold it, checked, and nothing else. What
 * says where the batch is may be wrong; then the answer is no, never another record.
 */
import fs from 'node:fs';
import { LIMITS } from '../words/limits.js';
import { type StorePaths, segmentPath } from './folder.js';
import { BATCH_HEADER_BYTES, batchHolds, FRAME, frameBytes, frameKind, readBatchHeader } from './format.js';
import { type FramePlace, placeFrame } from './view.js';

/** Where a record's batch begins in its segment, as far as somebody knows. */
export interface OffsetSource {
  /** Null when it does not know. Need not be right. */
  batchOffset(segmentId: number, seq: number): number | null;
  close(): void;
}

/** Read at once: what is larger is a single record, and takes a second read. */
const FIRST_READ_BYTES: number = LIMITS.batchBytesMax;
/** Files kept open: to open one costs more than to read from it. */
const FILES_MAX = 128;

export class PointReader {
  readonly #paths: StorePaths;
  /** File descriptors by segment id, least recently used first. */
  readonly #files: Map<number, number> = new Map();
  #bytes: Buffer = Buffer.allocUnsafeSlow(4 * FIRST_READ_BYTES);

  constructor(paths: StorePaths) {
    this.#paths = paths;
  }

  /**
   * Finds the frame of `seq` in the batch at `offset`; false when no whole batch with that record stands there. The place is
   * good until the next call.
   */
  read(segmentId: number, seq: number, offset: number, place: FramePlace): boolean {
    const fd = this.#open(segmentId);
    if (fd === null) return false;
    let filled = fs.readSync(fd, this.#bytes, 0, FIRST_READ_BYTES, offset);
    const header = readBatchHeader(this.#bytes.subarray(0, filled), 0, segmentId, offset);
    if (header === null || seq < header.baseSeq || seq >= header.baseSeq + header.count) return false;
    const length = BATCH_HEADER_BYTES + header.bodyBytes;
    if (length > this.#bytes.length) this.#bytes = grown(this.#bytes, length);
    if (length > filled) filled += fs.readSync(fd, this.#bytes, filled, length - filled, offset + filled);
    if (filled < length || !batchHolds(this.#bytes, 0, header)) return false;
    let at = BATCH_HEADER_BYTES;
    for (let left = seq - header.baseSeq; at < length; ) {
      const word = this.#bytes.readUInt32LE(at);
      if (frameKind(word) !== FRAME.definition) {
        if (left === 0) break;
        left -= 1;
      }
      at += frameBytes(word);
    }
    if (at >= length) return false;
    placeFrame(this.#bytes, at, header.timeMs, place);
    return true;
  }

  close(): void {
    for (const fd of this.#files.values()) fs.closeSync(fd);
    this.#files.clear();
  }

  #open(segmentId: number): number | null {
    let fd = this.#files.get(segmentId);
    if (fd !== undefined) {
      this.#files.delete(segmentId);
      this.#files.set(segmentId, fd);
      return fd;
    }
    try {
      fd = fs.openSync(segmentPath(this.#paths, segmentId), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return null;
    }
    for (const [oldest, file] of this.#files) {
      if (this.#files.size < FILES_MAX) break;
      fs.closeSync(file);
      this.#files.delete(oldest);
    }
    this.#files.set(segmentId, fd);
    return fd;
  }
}

function grown(bytes: Buffer, length: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(length, bytes.length * 2));
  bytes.copy(larger);
  return larger;
}
