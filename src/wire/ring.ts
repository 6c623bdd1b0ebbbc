/**
 * A ring of frames from one producer thread to the queue actor, and of acknowledgements back. Single producer, single
 * consumer, order kept. The consumer gives room back only together with the acknowledgement, in one store (`commit`), so a
 * consumer that dies at any instruction leaves every unacknowledged record in the ring for the next one, and none twice.
 *
 *     Int32 words                                                                  writer
 *     0      head       bytes published, wraps at 2^32                             producer
 *     1      commit     bumped once a group; its lowest bit says which slot holds  consumer
 *     2–4    slot 0     tail (bytes given back), released (records given back),
 *                       ackHead (acknowledgement entries written); all wrap        consumer
 *     5–7    slot 1     the same                                                   consumer
 *     8      ackTail    acknowledgement entries read, wraps                        producer
 *     9      closed     1: the producer will publish nothing more                  producer, or its mourner
 *     10     owner      1 + id of the thread that attached it, 0 for nobody        producer
 *     16..   acknowledgement entries, 4 words each: count, status, seq low, seq high
 *     then the data: frames back to back; a word SKIP: go on at 0. The last frame before the end may stand over it, for
 *     LIMITS.ringOverrunBytes at most: the next one stands as far behind the start, as if the ring went on there
 *
 * The ring knows of a frame only what its first word says: length, kind (definitions have no ticket).
 */
import { LIMITS } from '../words/limits.js';

const HEAD = 0;
const COMMIT = 1;
const SLOTS = 2;
const ACK_TAIL = 8;
const CLOSED = 9;
const OWNER = 10;
const ACKS = 16;
const ACK_WORDS = 4;
const DATA_OFFSET = (ACKS + LIMITS.ackEntries * ACK_WORDS) * 4;
const SKIP = 0xffff_ffff;

/** What an acknowledgement entry says of its records: `durable`, or why they are not. */
export const ACK = { durable: 0, diskFull: 1, inDoubt: 2, fatal: 3 } as const;

/** What can be posted to another thread to build a RingProducer or RingConsumer there. */
export interface RingHandle {
  readonly ringId: number;
  readonly buffer: SharedArrayBuffer;
  /** From here on a ring that is not full goes back to its start. */
  readonly hotBytes: number;
}

/** A new ring of LIMITS.ringBytes; its pages take memory only when they are used. */
export function createRing(ringId: number, hotBytes: number = LIMITS.ringHotBytes): RingHandle {
  return { ringId, buffer: new SharedArrayBuffer(DATA_OFFSET + END), hotBytes };
}

const SIZE = LIMITS.ringBytes;
const MASK = SIZE - 1;
/** Where a frame that begins before SIZE must have ended. */
const END = SIZE + LIMITS.ringOverrunBytes;

interface Commit {
  commit: number;
  tail: number;
  released: number;
  ackHead: number;
}

/** Reads the slot that `commit` points to; by the count it sees when it was overtaken. Atomic throughout, for their order. */
function readCommit(words: Int32Array, into: Commit): void {
  for (;;) {
    const commit = Atomics.load(words, COMMIT);
    const slot = SLOTS + (commit & 1) * 3;
    into.tail = Atomics.load(words, slot) >>> 0;
    into.released = Atomics.load(words, slot + 1) >>> 0;
    into.ackHead = Atomics.load(words, slot + 2) >>> 0;
    into.commit = commit;
    if (Atomics.load(words, COMMIT) === commit) return;
  }
}

/**
 * The producer's end. Frames are encoded in place: ask for the room from `position` to `limit`, write, `advance`;
 * `publish` shows them to the consumer. Not thread-safe: one thread owns it.
 */
export class RingProducer {
  readonly ringId: number;
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly #words: Int32Array;
  readonly #hotBytes: number;
  readonly #seen: Commit = { commit: 0, tail: 0, released: 0, ackHead: 0 };
  /** The commit up to which acknowledgements were taken: `refresh` alone must not hide any. */
  #acksTaken = 0;
  #head: number;
  #ackTail: number;

  constructor(handle: RingHandle) {
    this.ringId = handle.ringId;
    this.#hotBytes = handle.hotBytes;
    this.#words = new Int32Array(handle.buffer, 0, DATA_OFFSET / 4);
    this.bytes = Buffer.from(handle.buffer, DATA_OFFSET, END);
    this.view = new DataView(handle.buffer, DATA_OFFSET, END);
    this.#head = Atomics.load(this.#words, HEAD) >>> 0;
    this.#ackTail = Atomics.load(this.#words, ACK_TAIL) >>> 0;
    this.refresh();
  }

  /** Where the next frame may be written. */
  get position(): number {
    return this.#head & MASK;
  }

  /** Exclusive end of the contiguous room at `position`. */
  get limit(): number {
    const position = this.#head & MASK;
    return Math.min(END, position + SIZE - ((this.#head - this.#seen.tail) >>> 0));
  }

  /** Looks how much the consumer has given back since. */
  refresh(): void {
    readCommit(this.#words, this.#seen);
  }

  /** Gives up the rest before the end of the ring, so that `position` is 0; false when that rest is not free. */
  skipToStart(): boolean {
    const position = this.#head & MASK;
    if (position === 0) return true;
    if (this.limit < SIZE) return false;
    this.view.setUint32(position, SKIP, true);
    this.#head = (this.#head + SIZE - position) >>> 0;
    return true;
  }

  /** Sees to `bytes` of contiguous room at `position`, at the start of the ring if need be; false when there is none now. */
  makeRoom(bytes: number): boolean {
    this.refresh();
    const position = this.#head & MASK;
    const free = SIZE - ((this.#head - this.#seen.tail) >>> 0);
    if (Math.min(END - position, free) >= bytes) return true;
    return free - (SIZE - position) >= bytes && this.skipToStart();
  }

  /** The present end, to go back to with `rewind` as long as nothing was published since. */
  mark(): number {
    return this.#head;
  }

  rewind(mark: number): void {
    this.#head = mark;
  }

  /** Takes `length` written bytes at `position` into the ring; `publish` makes them visible. */
  advance(length: number): void {
    this.#head = (this.#head + length) >>> 0;
  }

  /** Shows the consumer all that was advanced over, and goes back to the start early while there is room there. */
  publish(): void {
    if (Atomics.load(this.#words, HEAD) >>> 0 === this.#head) return;
    if ((this.#head & MASK) >= this.#hotBytes) {
      this.refresh();
      const tailPosition = this.#seen.tail & MASK;
      if (this.drained || tailPosition >= this.#hotBytes / 2) this.skipToStart();
    }
    Atomics.store(this.#words, HEAD, this.#head | 0);
  }

  /** True when everything advanced over was given back at the last `refresh`. */
  get drained(): boolean {
    return this.#seen.tail === this.#head;
  }

  /** Calls back for each new acknowledgement, in order: `count` records have that `status`, from `seq` on. */
  takeAcks(each: (count: number, status: number, seq: number) => void): void {
    this.refresh();
    this.#acksTaken = this.#seen.commit;
    while (this.#ackTail !== this.#seen.ackHead) {
      const at = ACKS + (this.#ackTail % LIMITS.ackEntries) * ACK_WORDS;
      const count = this.#words[at] ?? 0;
      const status = this.#words[at + 1] ?? 0;
      const seq = ((this.#words[at + 2] ?? 0) >>> 0) + (this.#words[at + 3] ?? 0) * 2 ** 32;
      this.#ackTail = (this.#ackTail + 1) >>> 0;
      Atomics.store(this.#words, ACK_TAIL, this.#ackTail | 0);
      each(count, status, seq);
    }
  }

  /** There has been a commit after those whose acknowledgements were taken. */
  get hasCommitted(): boolean {
    return Atomics.load(this.#words, COMMIT) !== this.#acksTaken;
  }

  /** A promise for the next commit after those whose acknowledgements were taken, or null when there has been one already. */
  nextCommit(): Promise<unknown> | null {
    const wait = Atomics.waitAsync(this.#words, COMMIT, this.#acksTaken);
    return wait.async ? wait.value : null;
  }

  /** Blocks this thread for at most `timeoutMs`; true when there was a commit. */
  waitForCommit(timeoutMs: number): boolean {
    const woken = Atomics.wait(this.#words, COMMIT, this.#acksTaken, timeoutMs) !== 'timed-out';
    this.refresh();
    return woken;
  }

  close(): void {
    Atomics.store(this.#words, CLOSED, 1);
  }
}

/** What `take` copied. */
export interface Taken {
  /** Bytes of the frames. */
  bytes: number;
  /** Records among them; definitions do not count. */
  count: number;
  /** Offsets of the definition frames in the copy. */
  definitions: number[];
}

/**
 * The consumer's end: `take` copies whole frames, `commit` acknowledges them and gives their room back.
 * Not thread-safe: the queue actor owns it.
 */
export class RingConsumer {
  readonly ringId: number;
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #commit: number;
  #released: number;
  #ackHead: number;
  #read: number;

  constructor(handle: RingHandle) {
    this.ringId = handle.ringId;
    this.#words = new Int32Array(handle.buffer, 0, DATA_OFFSET / 4);
    this.#bytes = Buffer.from(handle.buffer, DATA_OFFSET, END);
    this.#view = new DataView(handle.buffer, DATA_OFFSET, END);
    const last: Commit = { commit: 0, tail: 0, released: 0, ackHead: 0 };
    readCommit(this.#words, last);
    this.#commit = last.commit;
    this.#released = last.released;
    this.#ackHead = last.ackHead;
    this.#read = last.tail;
  }

  /** The ticket of the next record to take, after `commit`: records given back so far, wraps at 2^32. */
  get released(): number {
    return this.#released;
  }

  /** The producer will publish nothing more and all it published was taken. */
  get finished(): boolean {
    return Atomics.load(this.#words, CLOSED) === 1 && Atomics.load(this.#words, HEAD) >>> 0 === this.#read;
  }

  /** Something published has not been taken, and there is room for its acknowledgement. */
  get ready(): boolean {
    if (Atomics.load(this.#words, HEAD) >>> 0 === this.#read) return false;
    return (this.#ackHead - (Atomics.load(this.#words, ACK_TAIL) >>> 0)) >>> 0 < LIMITS.ackEntries;
  }

  /**
   * Walks whole frames from the last taken one on: at most `bytesMax` bytes and `countMax` records, but always one frame if
   * that is not larger than `frameBytesMax`. Hands contiguous runs of them to `copy`. The room stays taken until `commit`.
   */
  take(
    bytesMax: number,
    countMax: number,
    copy: (bytes: Buffer, start: number, end: number) => void,
    frameBytesMax: number = Number.POSITIVE_INFINITY,
  ): Taken {
    const head = Atomics.load(this.#words, HEAD) >>> 0;
    const taken: Taken = { bytes: 0, count: 0, definitions: [] };
    let read = this.#read;
    let start = read & MASK;
    let at = start;
    while (read !== head) {
      const word = at < SIZE ? this.#view.getUint32(at, true) : SKIP;
      if (word === SKIP) {
        if (at > start) copy(this.#bytes, start, at);
        if (at < SIZE) read = (read + SIZE - at) >>> 0;
        start = read & MASK;
        at = start;
        continue;
      }
      if (taken.count >= countMax) break;
      const kind = (word >>> 29) & 3;
      const length = 4 + (kind === 1 ? 2 : 0) + (word & 0x1ff_ffff);
      if (taken.bytes + length > (taken.bytes === 0 ? frameBytesMax : bytesMax)) break;
      if (kind === 2) taken.definitions.push(taken.bytes);
      else taken.count += 1;
      taken.bytes += length;
      at += length;
      read = (read + length) >>> 0;
    }
    if (at > start) copy(this.#bytes, start, at);
    this.#read = read;
    return taken;
  }

  /** Acknowledges the `count` records taken last, whose first has `seq`, and gives back all room taken so far; wakes the producer. */
  commit(count: number, status: number, seq: number): void {
    if (count > 0) {
      const entry = ACKS + (this.#ackHead % LIMITS.ackEntries) * ACK_WORDS;
      this.#words[entry] = count;
      this.#words[entry + 1] = status;
      this.#words[entry + 2] = seq | 0;
      this.#words[entry + 3] = Math.floor(seq / 2 ** 32);
      this.#ackHead = (this.#ackHead + 1) >>> 0;
      this.#released = (this.#released + count) >>> 0;
    }
    const slot = SLOTS + ((this.#commit + 1) & 1) * 3;
    Atomics.store(this.#words, slot, this.#read | 0);
    Atomics.store(this.#words, slot + 1, this.#released | 0);
    Atomics.store(this.#words, slot + 2, this.#ackHead | 0);
    this.#commit = (this.#commit + 1) | 0;
    Atomics.store(this.#words, COMMIT, this.#commit);
    Atomics.notify(this.#words, COMMIT);
  }
}

/** It is closed, and all that was published on it was taken and acknowledged. */
export function isRingClosed(handle: RingHandle): boolean {
  const words = new Int32Array(handle.buffer, 0, ACKS);
  if (Atomics.load(words, CLOSED) !== 1) return false;
  const last: Commit = { commit: 0, tail: 0, released: 0, ackHead: 0 };
  readCommit(words, last);
  return Atomics.load(words, HEAD) >>> 0 === last.tail;
}

/** The ring becomes that thread's; false when it is somebody's already. */
export function claimRing(handle: RingHandle, thread: number): boolean {
  return Atomics.compareExchange(new Int32Array(handle.buffer, 0, ACKS), OWNER, 0, thread + 1) === 0;
}

/** In place of an owner that died without closing: what it published is taken yet, and nobody takes its acknowledgements. */
export function abandonRing(handle: RingHandle, thread: number): boolean {
  const words = new Int32Array(handle.buffer, 0, ACKS);
  if (Atomics.load(words, OWNER) !== thread + 1) return false;
  const last: Commit = { commit: 0, tail: 0, released: 0, ackHead: 0 };
  readCommit(words, last);
  Atomics.store(words, ACK_TAIL, last.ackHead | 0);
  Atomics.store(words, CLOSED, 1);
  return true;
}

/** Wakes a producer that waits for a commit that will not come, so that it looks at the writer's state. */
export function wakeProducer(handle: RingHandle): void {
  Atomics.notify(new Int32Array(handle.buffer, 0, ACKS), COMMIT);
}
