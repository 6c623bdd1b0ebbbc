/**
 * The offset file of a finished segment: where each of its batches begins, so that one record can be read without reading
 * the segment. One entry a batch, 8 bytes, is enough, because a batch is read and checked whole anyway; a file is 80 entries
 * for batches of a thousand records, and 8 bytes a record at worst.
 *
 *     magic 'OLTL'   u32 crc32 of all that follows   u32 segment id   u32 entries   u64 base seq
 *     entry: u32 seq of its first record − base seq   u32 offset in the segment          little-endian, ascending
 */
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { OffsetSource } from '../log/point.js';
import type { SegmentView } from '../log/view.js';

const MAGIC = 0x4c_54_4c_4f;
const HEADER_BYTES = 24;
const ENTRY_BYTES = 8;
/** Tables kept in memory. The usual one has a kilobyte, the largest some hundred. */
const TABLES_MAX = 256;

export const batchTableName = (segmentId: number): string => `${String(segmentId).padStart(10, '0')}.batches`;

/** The id in a table's file name, or null for any other file. */
export function batchTableId(name: string): number | null {
  const match = /^(\d{10,})\.batches$/.exec(name);
  return match === null ? null : Number(match[1]);
}

/** The table of a segment that has been read to its end. */
export function encodeBatchTable({ segmentId, baseSeq, batches }: SegmentView): Buffer {
  const filled = batches.filter(({ count }) => count > 0);
  const bytes = Buffer.alloc(HEADER_BYTES + filled.length * ENTRY_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(segmentId, 8);
  bytes.writeUInt32LE(filled.length, 12);
  bytes.writeBigUInt64LE(BigInt(baseSeq), 16);
  for (const [index, batch] of filled.entries()) {
    bytes.writeUInt32LE(batch.baseSeq - baseSeq, HEADER_BYTES + index * ENTRY_BYTES);
    bytes.writeUInt32LE(batch.offset, HEADER_BYTES + index * ENTRY_BYTES + 4);
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** True when the bytes are a whole table of that segment. */
export function isBatchTable(bytes: Buffer, segmentId: number): boolean {
  return (
    bytes.length >= HEADER_BYTES &&
    bytes.readUInt32LE(0) === MAGIC &&
    bytes.readUInt32LE(8) === segmentId &&
    bytes.length === HEADER_BYTES + bytes.readUInt32LE(12) * ENTRY_BYTES &&
    bytes.readUInt32LE(4) === crc32(bytes.subarray(8))
  );
}

/** The tables that the indexer has left in a folder, for a reader in any thread or process. */
export class BatchTables implements OffsetSource {
  readonly #folder: string;
  /** Least recently loaded first. */
  readonly #tables: Map<number, Buffer> = new Map();

  constructor(folder: string) {
    this.#folder = folder;
  }

  batchOffset(segmentId: number, seq: number): number | null {
    const table = this.#tables.get(segmentId) ?? this.#load(segmentId);
    if (table === null) return null;
    const wanted = seq - Number(table.readBigUInt64LE(16));
    let low = 0;
    let high = table.readUInt32LE(12);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (table.readUInt32LE(HEADER_BYTES + middle * ENTRY_BYTES) <= wanted) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? null : table.readUInt32LE(HEADER_BYTES + (low - 1) * ENTRY_BYTES + 4);
  }

  close(): void {
    this.#tables.clear();
  }

  /** Null when there is no table, or one that is damaged: the segment is read whole then. */
  #load(segmentId: number): Buffer | null {
    let bytes: Buffer;
    try {
      bytes = fs.readFileSync(path.join(this.#folder, batchTableName(segmentId)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return null;
    }
    if (!isBatchTable(bytes, segmentId)) return null;
    const [oldest] = this.#tables.keys();
    if (this.#tables.size >= TABLES_MAX && oldest !== undefined) this.#tables.delete(oldest);
    this.#tables.set(segmentId, bytes);
    return bytes;
  }
}
