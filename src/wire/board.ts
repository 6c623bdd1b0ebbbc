/**
 * The words that all threads of one instance share. Each word has one writer, named beside it; everybody may read.
 *
 *     Int32 words                                     writer
 *     0  doorbell     bumped to wake the queue        anybody
 *     1  parked       1 while the queue sleeps        queue
 *     2  heartbeat    bumped in every turn            queue
 *     3  inDisk       1 inside a disk call            queue
 *     4  flags        one bit a flag                  conductor
 *     5  gate         GATE.* bits: what is refused    conductor
 *     6  shapeId      last shape id given out         anybody (atomic add)
 *     7  writerState  WRITER.*                        queue, conductor
 *     8  progress     bumped after every group        queue (others park on it)
 *     9  ringCount    last ring id given out          conductor
 *     10 slot         which tail slot is valid        queue
 *     Float64 words (each below 2^53)
 *     0–3 and 4–7     two tail slots: nextSeq (records durable), segmentId, offset (end of the last durable batch),
 *                     timeMs (of the last batch). The queue fills the other slot, then flips `slot`: a queue that
 *                     dies half-way leaves the last whole tail in force            queue
 *     8.. counters    COUNTERS in order               queue, but for the last two: auditor, indexer
 */

const I32_WORDS = 32;

export const WORD = {
  doorbell: 0,
  parked: 1,
  heartbeat: 2,
  inDisk: 3,
  flags: 4,
  gate: 5,
  shapeId: 6,
  writerState: 7,
  progress: 8,
  ringCount: 9,
  slot: 10,
} as const;

/** Bits of WORD.gate: why appends or reads are refused now. */
export const GATE = { writes: 1, reads: 2, deep: 4, closed: 8, fatal: 16, readOnly: 32 } as const;

/** What the writer says of itself in WORD.writerState. */
export const WRITER = { starting: 0, running: 1, diskFull: 2, poisoned: 3, stopped: 4, dead: 5 } as const;

/** The queue's counters, in the order of their words. All count since the queue actor's instance was opened. */
export const COUNTERS = [
  'writes',
  'fsyncs',
  'bytes',
  'payloadBytes',
  'syncMs',
  'segments',
  'sparesUsed',
  'diskFulls',
  'verifiedSeq',
  'indexedSeq',
] as const;
export type Counter = (typeof COUNTERS)[number];

/** Where the durable log ends. */
export interface Tail {
  /** The seq the next record will get; all below are durable. */
  readonly nextSeq: number;
  readonly segmentId: number;
  /** Bytes of the tail's segment that hold durable batches. */
  readonly offset: number;
  readonly timeMs: number;
}

export class Board {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly #numbers: Float64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(I32_WORDS * 4 + (8 + COUNTERS.length) * 8)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, I32_WORDS);
    this.#numbers = new Float64Array(buffer, I32_WORDS * 4);
  }

  /** Wakes the queue if it is parked. Cheap when it is not: one atomic load. */
  wakeQueue(): void {
    if (Atomics.load(this.words, WORD.parked) === 1) this.ring();
  }

  /** Wakes the queue whatever it does, so that it looks at its control messages too. */
  ring(): void {
    Atomics.add(this.words, WORD.doorbell, 1);
    Atomics.notify(this.words, WORD.doorbell);
  }

  /** Queue only: publishes the tail after a sync, then wakes those who follow the log. */
  publishTail(tail: Tail): void {
    const slot = 1 - Atomics.load(this.words, WORD.slot);
    this.#numbers.set([tail.nextSeq, tail.segmentId, tail.offset, tail.timeMs], slot * 4);
    Atomics.store(this.words, WORD.slot, slot);
    Atomics.add(this.words, WORD.progress, 1);
    Atomics.notify(this.words, WORD.progress);
  }

  /** The durable tail, consistent in itself. */
  tail(): Tail {
    for (;;) {
      const slot = Atomics.load(this.words, WORD.slot);
      const [nextSeq = 0, segmentId = 0, offset = 0, timeMs = 0] = this.#numbers.subarray(slot * 4, slot * 4 + 4);
      if (Atomics.load(this.words, WORD.slot) === slot) return { nextSeq, segmentId, offset, timeMs };
    }
  }

  /** The durable record count alone; may lag `tail()` by a moment, never runs ahead of the disk. */
  get nextSeq(): number {
    return this.tail().nextSeq;
  }

  add(counter: Counter, amount: number): void {
    const index = 8 + COUNTERS.indexOf(counter);
    this.#numbers[index] = (this.#numbers[index] ?? 0) + amount;
  }

  set(counter: Counter, value: number): void {
    this.#numbers[8 + COUNTERS.indexOf(counter)] = value;
  }

  counter(counter: Counter): number {
    return this.#numbers[8 + COUNTERS.indexOf(counter)] ?? 0;
  }

  get writerState(): number {
    return Atomics.load(this.words, WORD.writerState);
  }

  set writerState(state: number) {
    Atomics.store(this.words, WORD.writerState, state);
  }
}
