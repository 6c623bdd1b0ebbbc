/**
 * Where one producer's records are encoded: in place in its ring or, while that is full, in a spill in its own memory, from
 * which they move on as the ring gets room. Order is kept: while anything is spilled, everything is.
 */
import type { RecordEncoder } from '../record/encoder.js';
import type { Board } from '../wire/board.js';
import { type RingHandle, RingProducer } from '../wire/ring.js';
import { type Room, Spill } from '../wire/spill.js';

/** A place to go back to with `rewind`. */
export interface OutletMark {
  readonly ring: number;
  readonly spill: ReturnType<Spill['mark']>;
  readonly unpublishedBytes: number;
}

export class Outlet {
  readonly ring: RingProducer;
  /** Bytes that the queue has not been shown yet. */
  unpublishedBytes = 0;
  /** Bytes that it has been shown. */
  publishedBytes = 0;
  readonly #board: Board;
  readonly #encoder: RecordEncoder;
  readonly #onSpill: () => void;
  readonly #spill = new Spill();
  readonly #room: Room;

  /** `onSpill` is told when the spill begins to fill, and when it is empty again. */
  constructor(handle: RingHandle, board: Board, encoder: RecordEncoder, onSpill: () => void) {
    this.ring = new RingProducer(handle);
    this.#board = board;
    this.#encoder = encoder;
    this.#onSpill = onSpill;
    this.#room = { bytes: this.ring.bytes, view: this.ring.view, position: 0, limit: 0 };
  }

  get spilledBytes(): number {
    return this.#spill.bytes;
  }
  get spilledRecords(): number {
    return this.#spill.records;
  }

  /** Encodes into the ring; false when it has no room, or records that came before are spilled. Throws what encoding throws. */
  intoRing(value: unknown, pr: number, message: string | undefined): boolean {
    if (this.#spill.bytes > 0) return false;
    const { ring } = this;
    const room = this.#room;
    room.position = ring.position;
    room.limit = ring.limit;
    let end = this.#encoder.encode(room, value, pr, message);
    if (end < 0) {
      if (!ring.makeRoom(this.#encoder.bytesNeeded)) return false;
      room.position = ring.position;
      room.limit = ring.limit;
      end = this.#encoder.encode(room, value, pr, message);
      if (end < 0) return false;
    }
    ring.advance(end - room.position);
    this.unpublishedBytes += end - room.position;
    return true;
  }

  intoSpill(value: unknown, pr: number, message: string | undefined): void {
    const wasEmpty = this.#spill.bytes === 0;
    let room = this.#spill.room(1);
    let end = this.#encoder.encode(room, value, pr, message);
    if (end < 0) {
      room = this.#spill.room(this.#encoder.bytesNeeded);
      end = this.#encoder.encode(room, value, pr, message);
    }
    this.#spill.advance(end);
    if (wasEmpty) this.#onSpill();
  }

  /** Puts the definitions of new shapes behind what was encoded so far; returns their frames. */
  putDefinitions(): Uint8Array[] {
    const frames = this.#encoder.takeDefinitions();
    for (const frame of frames) this.putFrame(frame);
    return frames;
  }

  putFrame(frame: Uint8Array): void {
    if (this.#spill.bytes === 0 && this.#copyIntoRing(frame, 0, frame.length)) return;
    const room = this.#spill.room(frame.length);
    room.bytes.set(frame, room.position);
    this.#spill.advance(room.position + frame.length);
  }

  /** Shows the queue everything in the ring. */
  publish(): void {
    this.ring.publish();
    this.publishedBytes += this.unpublishedBytes;
    this.unpublishedBytes = 0;
    this.#board.wakeQueue();
  }

  /** Moves spilled frames into the ring as far as there is room. */
  pump(): void {
    if (this.#spill.bytes === 0) return;
    this.#spill.drain((bytes, start, end) => this.#copyIntoRing(bytes, start, end));
    this.publish();
    if (this.#spill.bytes === 0) this.#onSpill();
  }

  /** Forgets the records that are spilled; shapes that were defined among them stay defined. */
  dropSpilled(): void {
    for (const frame of this.#spill.clear()) this.putFrame(frame);
    this.publish();
    if (this.#spill.bytes === 0) this.#onSpill();
  }

  /** Valid until the next `publish`. */
  mark(): OutletMark {
    return { ring: this.ring.mark(), spill: this.#spill.mark(), unpublishedBytes: this.unpublishedBytes };
  }

  rewind(mark: OutletMark): void {
    this.ring.rewind(mark.ring);
    this.#spill.rewind(mark.spill);
    this.unpublishedBytes = mark.unpublishedBytes;
  }

  #copyIntoRing(bytes: Uint8Array, start: number, end: number): boolean {
    const { ring } = this;
    const length = end - start;
    if (ring.limit - ring.position < length && !ring.makeRoom(length)) return false;
    ring.bytes.set(bytes.subarray(start, end), ring.position);
    ring.advance(length);
    this.unpublishedBytes += length;
    return true;
  }
}
