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
 *     10 tails        tails published; its lowest bit  queue
 *                     says which of the two is valid
 *     20–25, 26–31    two tails: nextSeq (records      queue
 *                     durable) low and high, segmentId, offset (end of the last durable batch), timeMs (of the last
 *                     batch) low and high. The queue fills the other one, then counts `tails` up: a queue that dies
 *                     half-way leaves the last whole tail in force, and a reader sees by the count that it was overtaken
 *     11 way          index in WAYS                   queue
 *     Float64 words (each below 2^53)
 *     counters        COUNTERS in order               queue, but for the last two: auditor, indexer
 */

const I32_WORDS = 32;
const TAILS = 20;
const TAIL_WORDS = 6;

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
  tails: 10,
  way: 11,
} as const;

/** How the tail's segment is written: into one written ahead, into a growing file, or past the page cache. */
export const WAYS = ['buffered', 'growing', 'direct'] as const;

/** Bits of WORD.gate: why appends or reads are refused now. */
export const GATE = { writes: 1, reads: 2, deep: 4, closed: 8, fatal: 16 } as const;

/** The gate word, from the states of the phase and sleep machines. A store whose writer failed can still be read. */
export function gateBits({
  phase,
  sleep,
  poisoned,
}: {
  readonly phase: string;
  readonly sleep: string;
  readonly poisoned: boolean;
}): number {
  let gate = phase === 'run' || phase === 'failed' ? 0 : GATE.closed;
  if (poisoned) gate |= GATE.fatal;
  if (sleep.includes('depth.deep')) gate |= GATE.deep;
  if (sleep.includes('reads.asleep')) gate |= GATE.reads;
  if (sleep.includes('writes.asleep')) gate |= GATE.writes;
  return gate;
}

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

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(I32_WORDS * 4 + COUNTERS.length * 8)) {
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
    const tails = Atomics.load(this.words, WORD.tails) + 1;
    const at = TAILS + (tails & 1) * TAIL_WORDS;
    this.#store64(at, tail.nextSeq);
    Atomics.store(this.words, at + 2, tail.segmentId);
    Atomics.store(this.words, at + 3, tail.offset | 0);
    this.#store64(at + 4, tail.timeMs);
    Atomics.store(this.words, WORD.tails, tails | 0);
    Atomics.add(this.words, WORD.progress, 1);
    Atomics.notify(this.words, WORD.progress);
  }

  /** The durable tail, consistent in itself. */
  tail(): Tail {
    const { words } = this;
    for (;;) {
      const tails = Atomics.load(words, WORD.tails);
      const at = TAILS + (tails & 1) * TAIL_WORDS;
      const tail = {
        nextSeq: this.#load64(at),
        segmentId: Atomics.load(words, at + 2),
        offset: Atomics.load(words, at + 3) >>> 0,
        timeMs: this.#load64(at + 4),
      };
      if (Atomics.load(words, WORD.tails) === tails) return tail;
    }
  }

  /** The durable record count alone; may lag `tail()` by a moment, never runs ahead of the disk. */
  get nextSeq(): number {
    return this.tail().nextSeq;
  }

  add(counter: Counter, amount: number): void {
    const index = COUNTERS.indexOf(counter);
    this.#numbers[index] = (this.#numbers[index] ?? 0) + amount;
  }

  set(counter: Counter, value: number): void {
    this.#numbers[COUNTERS.indexOf(counter)] = value;
  }

  counter(counter: Counter): number {
    return this.#numbers[COUNTERS.indexOf(counter)] ?? 0;
  }

  get writerState(): number {
    return Atomics.load(this.words, WORD.writerState);
  }

  set writerState(state: number) {
    Atomics.store(this.words, WORD.writerState, state);
  }

  #store64(at: number, value: number): void {
    Atomics.store(this.words, at, value | 0);
    Atomics.store(this.words, at + 1, Math.floor(value / 2 ** 32));
  }

  #load64(at: number): number {
    return (Atomics.load(this.words, at) >>> 0) + Atomics.load(this.words, at + 1) * 2 ** 32;
  }
}
