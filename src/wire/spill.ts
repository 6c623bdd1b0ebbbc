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

/** The end of a spill, to go back to. */
export interface SpillMark {
  readonly chunks: number;
  readonly position: number;
  readonly bytes: number;
  readonly records: number;
}

interface Chunk extends Room {
  /** First byte not moved to the ring yet. */
  start: number;
}

export class Spill {
  readonly #chunks: Chunk[] = [];
  #bytes = 0;
  #records = 0;

  /** Bytes waiting. */
  get bytes(): number {
    return this.#bytes;
  }
  /** Records among what waits; definitions do not count. */
  get records(): number {
    return this.#records;
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

  /** Takes the frame that was written into the last room, up to `position`. */
  advance(position: number): void {
    const last = this.#chunks.at(-1);
    if (last === undefined) return;
    this.#bytes += position - last.position;
    if (!isDefinition(last.view.getUint32(last.position, true))) this.#records += 1;
    last.position = position;
  }

  /** Marks the end, to go back to with `rewind`. */
  mark(): SpillMark {
    const position = this.#chunks.at(-1)?.position ?? 0;
    return { chunks: this.#chunks.length, position, bytes: this.#bytes, records: this.#records };
  }

  rewind(mark: SpillMark): void {
    this.#chunks.length = mark.chunks;
    const last = this.#chunks.at(-1);
    if (last !== undefined) last.position = mark.position;
    this.#bytes = mark.bytes;
    this.#records = mark.records;
  }

  /** Empties it; returns the definitions that were among the frames. */
  clear(): Uint8Array[] {
    const definitions: Uint8Array[] = [];
    this.drain((bytes, start, end) => {
      if (isDefinition(new DataView(bytes.buffer, bytes.byteOffset).getUint32(start, true)))
        definitions.push(bytes.slice(start, end));
      return true;
    });
    return definitions;
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
        if (!isDefinition(word)) this.#records -= 1;
      }
      this.#chunks.shift();
    }
  }
}

const isDefinition = (word: number): boolean => ((word >>> 29) & 3) === 2;
