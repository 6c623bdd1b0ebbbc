/**
 * What all threads know of one actor: eight words of shared memory. They make a reference location-transparent (the word
 * `place` says in which thread the actor lives now), bound its mailbox across threads without a message (a sender reserves
 * room by one atomic add), and let anyone read its state, depth and throughput.
 *
 *   word 0  state     0 up · 1 down, may come back · 2 dead
 *   word 1  sent      messages for which room was reserved, ever (wraps)
 *   word 2  taken     of those, how many are dealt with, ever (wraps); depth = sent − taken
 *   word 3  place     number of the thread it lives in
 *   word 4  size      of the mailbox, in messages
 *   word 5  overflow  index into OVERFLOWS
 *   word 6  busy      microseconds spent in handlers (wraps)
 *   word 7  spare
 *
 * Thread safety: place, size, overflow are written by the conductor only, and so is state but for the
 * actor's own step from up to down; sent is added to by senders; taken is
 * added to by whoever deals with a message (the actor, or a sender that could not deliver it). After a crash the conductor
 * sets taken = sent: a message that was still on its way is then counted twice, so depth may fall short by the few that
 * were in flight, never run over. Words of an actor are never used for another one.
 */
import { BLOCK_ACTORS } from '../words/actor-limits.js';

/** What happens to a message for a full mailbox. */
export type Overflow = 'wait' | 'refuse' | 'drop-oldest' | 'drop-newest';

export const OVERFLOWS: readonly Overflow[] = ['wait', 'refuse', 'drop-oldest', 'drop-newest'];

export const STATE = { up: 0, down: 1, dead: 2 } as const;

const WORD = { state: 0, sent: 1, taken: 2, place: 3, size: 4, overflow: 5, busy: 6 } as const;
const WORDS = 8;

/** One actor's words. */
export class Slot {
  readonly words: Int32Array;
  readonly base: number;

  constructor(words: Int32Array, base: number) {
    this.words = words;
    this.base = base;
  }

  get state(): number {
    return Atomics.load(this.words, this.base + WORD.state);
  }

  set state(state: number) {
    Atomics.store(this.words, this.base + WORD.state, state);
  }

  /** From up to down; by the actor itself, before anyone else knows. */
  goDown(): void {
    Atomics.compareExchange(this.words, this.base + WORD.state, STATE.up, STATE.down);
  }

  get place(): number {
    return Atomics.load(this.words, this.base + WORD.place);
  }

  set place(place: number) {
    Atomics.store(this.words, this.base + WORD.place, place);
  }

  get size(): number {
    return Atomics.load(this.words, this.base + WORD.size);
  }

  get overflow(): Overflow {
    return OVERFLOWS[Atomics.load(this.words, this.base + WORD.overflow)] ?? 'wait';
  }

  bound(size: number, overflow: Overflow): void {
    Atomics.store(this.words, this.base + WORD.size, size);
    Atomics.store(this.words, this.base + WORD.overflow, OVERFLOWS.indexOf(overflow));
  }

  /** Messages in the mailbox, on their way to it, or being handled. */
  get depth(): number {
    return Math.max(0, (Atomics.load(this.words, this.base + WORD.sent) - this.taken) | 0);
  }

  /** Messages dealt with so far; wraps at 2^31. */
  get taken(): number {
    return Atomics.load(this.words, this.base + WORD.taken);
  }

  get busyMicros(): number {
    return Atomics.load(this.words, this.base + WORD.busy);
  }

  /** Reserves room for one message, whether there is or not; true when there was. */
  reserve(): boolean {
    const sent = Atomics.add(this.words, this.base + WORD.sent, 1) + 1;
    return ((sent - this.taken) | 0) <= this.size;
  }

  /** Gives back a reservation that was not used. */
  unreserve(): void {
    Atomics.sub(this.words, this.base + WORD.sent, 1);
  }

  take(): void {
    Atomics.add(this.words, this.base + WORD.taken, 1);
  }

  busy(micros: number): void {
    Atomics.add(this.words, this.base + WORD.busy, micros);
  }

  /** After a crash: whatever was sent is lost. */
  reset(): void {
    Atomics.store(this.words, this.base + WORD.taken, Atomics.load(this.words, this.base + WORD.sent));
  }
}

/** Makes slots, block by block. A block is forgotten with its last reference. */
export class Slots {
  #block: Int32Array | undefined;
  #used = 0;

  make(): Slot {
    if (this.#block === undefined || this.#used === BLOCK_ACTORS) {
      this.#block = new Int32Array(new SharedArrayBuffer(BLOCK_ACTORS * WORDS * Int32Array.BYTES_PER_ELEMENT));
      this.#used = 0;
    }
    return new Slot(this.#block, this.#used++ * WORDS);
  }
}
