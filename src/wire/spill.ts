/**
 * Frames that wait in the producer's own memory while its ring is full, in order. Not shared: one thread owns it.
 */
import { LIMITS } from '../words/limits.js';

/** Where a frame may be encoded: `bytes[position, limit)`. */
export interface Room {
  bytes: Uint8Array;
  view: DataView;
  position: number;
  limit: number;
}

interface Chunk extends Room {
  /** First byte not moved to the ring yet. */
  start: number;
}

export class Spill {
  readonly #chunks: Chunk[] = [];
  #bytes = 0;

  /** Bytes waiting. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Room for a frame that did not fit the last room asked for; grows up to the largest record. */
  room(bytesMin: number): Room {
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.limit - last.position >= bytesMin) return last;
    const bytes = Buffer.allocUnsafeSlow(Math.max(LIMITS.spillChunkBytes, bytesMin));
    const chunk: Chunk = { bytes, view: new DataView(bytes.buffer), position: 0, limit: bytes.length, start: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }

  /** Takes what was written into the last room, up to `position`. */
  advance(position: number): void {
    const last = this.#chunks.at(-1);
    if (last === undefined) return;
    this.#bytes += position - last.position;
    last.position = position;
  }

  /** Marks the end, to go back to with `rewind`. */
  mark(): { chunks: number; position: number; bytes: number } {
    return { chunks: this.#chunks.length, position: this.#chunks.at(-1)?.position ?? 0, bytes: this.#bytes };
  }

  rewind(mark: { chunks: number; position: number; bytes: number }): void {
    this.#chunks.length = mark.chunks;
    const last = this.#chunks.at(-1);
    if (last !== undefined) last.position = mark.position;
    this.#bytes = mark.bytes;
  }

  /** Hands whole frames, oldest first, to `put` until it refuses one or none is left. */
  drain(put: (bytes: Uint8Array, start: number, end: number) => boolean): void {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      while (chunk.start < chunk.position) {
        const word = chunk.view.getUint32(chunk.start, true);
        const length = 4 + (((word >>> 29) & 3) === 1 ? 2 : 0) + (word & 0x1ff_ffff);
        if (!put(chunk.bytes, chunk.start, chunk.start + length)) return;
        chunk.start += length;
        this.#bytes -= length;
      }
      this.#chunks.shift();
    }
  }
}
