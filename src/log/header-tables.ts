/**
 * Where the batches of a finished segment begin, for segments of which nobody has written it down (the indexer is off, or not there
 * yet): found by hopping from header to header, once, and kept in memory. It takes a millisecond where the batches are of
 * the usual size, and a small part of what reading and checking the segment takes.
 */
import { constants } from 'node:fs';
import { type Disk, realDisk } from '../ports/disk.js';
import { LIMITS } from '../words/limits.js';
import { type StorePaths, segmentPath } from './folder.js';
import { BATCH_HEADER_BYTES, readBatchHeader } from './format.js';
import type { OffsetSource } from './point.js';
import { HeaderWindow } from './segment-bytes.js';

/** Of all tables together. The usual one has four kilobytes, that of a segment of single small records half a megabyte. */
const TABLE_BYTES_MAX = 16 * 1024 * 1024;

interface HeaderTable {
  /** First seq of each batch with records, ascending. */
  readonly seqs: Float64Array;
  readonly offsets: Uint32Array;
}

export class HeaderTables implements OffsetSource {
  readonly #paths: StorePaths;
  readonly #written: OffsetSource;
  readonly #disk: Disk;
  /** Oldest first. */
  readonly #tables: Map<number, HeaderTable> = new Map();
  #tableBytes = 0;

  /** Asks `written` first. */
  constructor(paths: StorePaths, written: OffsetSource, disk: Disk = realDisk) {
    this.#paths = paths;
    this.#written = written;
    this.#disk = disk;
  }

  batchOffset(segmentId: number, seq: number): number | null {
    const known = this.#tables.get(segmentId);
    if (known !== undefined) return offsetIn(known, seq);
    return this.#written.batchOffset(segmentId, seq) ?? offsetIn(this.#hop(segmentId), seq);
  }

  close(): void {
    this.#tables.clear();
    this.#tableBytes = 0;
    this.#written.close();
  }

  #hop(segmentId: number): HeaderTable {
    const table = this.#read(segmentId);
    for (const [oldest, { seqs }] of this.#tables) {
      if (this.#tableBytes + bytesOf(table.seqs.length) <= TABLE_BYTES_MAX) break;
      this.#tables.delete(oldest);
      this.#tableBytes -= bytesOf(seqs.length);
    }
    this.#tables.set(segmentId, table);
    this.#tableBytes += bytesOf(table.seqs.length);
    return table;
  }

  /** As far as headers join: what stands behind a damaged one is for those who read the whole segment. */
  #read(segmentId: number): HeaderTable {
    const seqs: number[] = [];
    const offsets: number[] = [];
    let fd: number;
    try {
      fd = this.#disk.open(segmentPath(this.#paths, segmentId), constants.O_RDONLY);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return { seqs: new Float64Array(), offsets: new Uint32Array() };
    }
    try {
      const window = new HeaderWindow({ disk: this.#disk, fd, length: this.#disk.size(fd) }, BATCH_HEADER_BYTES);
      for (let offset: number = LIMITS.segmentDataOffset; ; ) {
        const at = window.find(offset);
        const header = at < 0 ? null : readBatchHeader(window.bytes, at, segmentId, offset);
        if (header === null) break;
        if (header.count > 0) {
          seqs.push(header.baseSeq);
          offsets.push(offset);
        }
        offset += header.spanBytes;
      }
    } finally {
      this.#disk.close(fd);
    }
    return { seqs: Float64Array.from(seqs), offsets: Uint32Array.from(offsets) };
  }
}

const bytesOf = (batches: number): number => batches * (Float64Array.BYTES_PER_ELEMENT + Uint32Array.BYTES_PER_ELEMENT);

/** The batch that holds `seq` if any does. */
function offsetIn({ seqs, offsets }: HeaderTable, seq: number): number | null {
  let low = 0;
  let high = seqs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((seqs[middle] as number) <= seq) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : (offsets[low - 1] as number);
}
