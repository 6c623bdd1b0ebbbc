/**
 * How an index stores which records belong to a key: 2048 records make a block, and one entry holds a block's share, as a list
 * of 16-bit numbers while that is shorter, else as a bitmap of 256 bytes. Entries have keys of 16 bytes that sort by index,
 * then by point (what is looked for, as an orderable number), then by block.
 *
 *     u16 index id   u64 point   u48 block      big-endian, so that bytes compare as numbers do
 */

export const BLOCK_RECORDS = 2048;
const BITMAP_BYTES = BLOCK_RECORDS / 8;
/** From here on a list would be as long as the bitmap. */
const LIST_MAX = BITMAP_BYTES / 2;
export const KEY_BYTES = 16;

export const blockOf = (seq: number): number => Math.floor(seq / BLOCK_RECORDS);

/** A key; `point` is any number but NaN. Give `block` 0 for the least and `BLOCK_MAX` for the greatest of a point. */
export function postingKey(indexId: number, point: number, block: number): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  key.writeUInt16BE(indexId, 0);
  // A double's bytes sort as its value does once the sign bit is flipped, or all bits for a negative one.
  key.writeDoubleBE(point + 0, 2);
  const first = key[2] ?? 0;
  if (first >= 0x80) for (let at = 2; at < 10; at += 1) key[at] = (key[at] ?? 0) ^ 0xff;
  else key[2] = first ^ 0x80;
  key.writeUIntBE(block, 10, 6);
  return key;
}

export const BLOCK_MAX: number = 2 ** 48 - 1;

export const blockOfKey = (key: Buffer): number => key.readUIntBE(10, 6);

/** Seqs within their block, ascending, as an entry's value. */
export function encodePostings(offsets: readonly number[]): Buffer {
  if (offsets.length >= LIST_MAX) {
    const bitmap = Buffer.alloc(BITMAP_BYTES);
    for (const offset of offsets) setBit(bitmap, offset);
    return bitmap;
  }
  const list = Buffer.allocUnsafe(offsets.length * 2);
  for (const [index, offset] of offsets.entries()) list.writeUInt16LE(offset, index * 2);
  return list;
}

/** Calls back with each offset of a value, ascending. */
export function eachPosting(value: Buffer, visit: (offset: number) => void): void {
  if (value.length !== BITMAP_BYTES) {
    for (let at = 0; at + 1 < value.length; at += 2) visit(value.readUInt16LE(at));
    return;
  }
  for (let at = 0; at < BITMAP_BYTES; at += 1) {
    const byte = value[at] ?? 0;
    for (let bit = 0; byte >>> bit !== 0; bit += 1) if (((byte >>> bit) & 1) === 1) visit(at * 8 + bit);
  }
}

/** Offsets of a value and further ones, none of them twice, ascending. */
export function mergePostings(value: Buffer, offsets: readonly number[]): number[] {
  const all = new Set(offsets);
  eachPosting(value, (offset) => all.add(offset));
  return [...all].sort((left, right) => left - right);
}

/** Which of many consecutive blocks' records are wanted, however their entries come. */
export class BlockBits {
  readonly firstBlock: number;
  readonly #bits: Buffer;

  constructor(firstBlock: number, blocks: number) {
    this.firstBlock = firstBlock;
    this.#bits = Buffer.alloc(blocks * BITMAP_BYTES);
  }

  add(block: number, value: Buffer): void {
    const base = (block - this.firstBlock) * BITMAP_BYTES;
    if (value.length === BITMAP_BYTES)
      for (let at = 0; at < BITMAP_BYTES; at += 1)
        this.#bits[base + at] = (this.#bits[base + at] ?? 0) | (value[at] ?? 0);
    else eachPosting(value, (offset) => setBit(this.#bits, base * 8 + offset));
  }

  /** The share of one block, as a value. */
  block(block: number): Buffer {
    const base = (block - this.firstBlock) * BITMAP_BYTES;
    return this.#bits.subarray(base, base + BITMAP_BYTES);
  }
}

function setBit(bits: Buffer, bit: number): void {
  bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
}
