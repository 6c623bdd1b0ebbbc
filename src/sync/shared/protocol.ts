/**
 * The protocol of a shared lock: how a thread takes, waits, gives back and hands over, by compare-exchange of the word and
 * a ring of waiters. No step of it blocks another thread, and a thread may die between any two operations: what it leaves
 * is told apart by its record's mark, by the ring, and by the sum of all records (see recovery.ts).
 *
 * - A thread marks its record, exchanges the word, does what follows from it (record, slot), and takes the mark away.
 * - Whoever parks exchanges the word first, which gives it a place, and then writes its slot. Who wants to hand over to a
 *   slot that is still empty leaves; the one that writes the slot hands on itself. So no wake-up is lost in between.
 * - A waiter that goes away turns its slot to abandoned; whoever comes to it as the head takes it out.
 *
 * Ordering: strict first come, first served over all threads, by the exchange that parks. Fairness: no barging.
 */
import { LtlError } from '../../words/errors.js';
import { GRANT, GRANT_HEAD, HAND, PARK } from '../micro.js';
import type { Verbs } from '../waitable.js';
import { type Memory, RING, recordCell, slotCell, WORD } from './memory.js';
import { FROZEN, headOf, type WordEngine, waitingOf } from './word.js';

const EMPTY = 0;
export const WAITING = 1;
export const GRANTED = 2;
export const ABANDONED = 3;
export const statusOf = (slot: number): number => slot & 3;
const SEAT_FIELD = 2;
export const seatOf = (slot: number): number => (slot >> SEAT_FIELD) & 0xff;
const SOFT_FIELD = 10;
const WEIGHT_FIELD = 11;
const weightOf = (slot: number): number => (slot >> WEIGHT_FIELD) & 0x3ff;
/** In a waiting slot: its thread sleeps, or is about to, and has to be woken. */
export const ASLEEP = 1 << 21;
export const withStatus = (slot: number, status: number): number => (slot & ~3) | status;

/** In a record: the thread is in the middle of a step. */
export const MARK = 1 << 30;
/** In a record: the thread holds the lock in hard mode. */
export const HARD = 1 << 20;
/** Two answers of `take` besides a slot's cell. */
export const TAKEN = -1;
export const REFUSED = -2;

/** How the two modes are asked for; kinds without modes have `hard` only. */
export interface Modes {
  readonly hard: Verbs;
  readonly soft: Verbs;
}

export class Protocol {
  protected readonly memory: Memory;
  protected readonly engine: WordEngine;
  protected readonly modes: Modes;
  /** Does a hard holder count as one (mutex, lock) rather than by weight (semaphore)? */
  protected readonly alone: boolean;
  readonly seat: number;
  private readonly record: number;
  private readonly name: string;
  /** What this thread holds, as in its record. */
  private held = 0;
  /** The word as this thread left it: a guess at what it is now. */
  private seen = 0;

  constructor(memory: Memory, engine: WordEngine, modes: Modes, alone: boolean, seat: number, name: string) {
    this.memory = memory;
    this.engine = engine;
    this.modes = modes;
    this.alone = alone;
    this.seat = seat;
    this.record = recordCell(seat);
    this.name = name;
  }

  /** What this thread holds, as its record says. */
  get holds(): number {
    return this.held;
  }

  /** Asks with one event. TAKEN, REFUSED, or the cell of the slot in which this request now waits. Throws E_LIMIT. */
  take(verbs: Verbs, event: number, weight: number): number {
    const { memory, engine, seen } = this;
    const share = this.share(verbs, weight);
    // Nobody else came since: most locks are free most of the time, and the exchange tells when that is wrong.
    const guess = engine.cell(seen, event, weight);
    if ((engine.code(guess) & GRANT) !== 0 && this.moved(seen, guess, weight, share)) return TAKEN;
    for (;;) {
      const word = this.thawed();
      const cell = engine.cell(word, event, weight);
      const code = engine.code(cell);
      if ((code & GRANT) !== 0) {
        if (this.moved(word, cell, weight, share)) return TAKEN;
      } else if ((code & PARK) !== 0) {
        const slot = slotCell(headOf(word) + waitingOf(word));
        this.assertRoom(word, slot);
        memory.put(this.record, this.held | MARK);
        const parked = memory.swap(WORD, word, engine.next(word, cell, weight));
        if (parked) memory.store(slot, this.slotValue(verbs, weight));
        memory.put(this.record, this.held);
        if (parked) {
          this.published();
          return slot;
        }
      } else return REFUSED;
    }
  }

  /** Has this slot been granted? Then it is emptied and what it granted counts as held. */
  collect(slot: number, verbs: Verbs, weight: number): boolean {
    const { memory } = this;
    if (statusOf(memory.load(slot)) !== GRANTED) return false;
    memory.put(this.record, this.held | MARK);
    memory.store(slot, EMPTY);
    this.held += this.share(verbs, weight);
    memory.put(this.record, this.held);
    return true;
  }

  /** Ends the wait in this slot; false when it was granted meanwhile and has to be collected. */
  abandon(slot: number): boolean {
    const { memory } = this;
    for (;;) {
      const value = memory.load(slot);
      if (statusOf(value) === GRANTED) return false;
      if (memory.swap(slot, value, withStatus(value, ABANDONED))) break;
    }
    memory.notify(slot);
    this.handOn();
    return true;
  }

  /** Gives back. */
  give(verbs: Verbs, weight: number): void {
    this.tell(verbs.release, -this.share(verbs, weight), weight);
  }

  /** An event that takes nothing. `share` is what it adds to what this thread holds. */
  tell(event: number, share = 0, weight = 1): void {
    const { engine } = this;
    let cell = engine.cell(this.seen, event, weight);
    if (engine.code(cell) < 0 || !this.moved(this.seen, cell, weight, share)) {
      let word: number;
      do {
        word = this.thawed();
        cell = engine.cell(word, event, weight);
        if (engine.code(cell) < 0) throw new Error(`${this.name} took ${engine.micro.eventOf(cell)} out of turn`);
      } while (!this.moved(word, cell, weight, share));
    }
    if ((engine.code(cell) & HAND) !== 0) this.handOn();
  }

  /** Offers the lock to the head of the queue, and on while the machine says so. */
  handOn(): void {
    for (;;) {
      const word = this.memory.load(WORD);
      // Whoever repairs hands on when done.
      if ((word & FROZEN) !== 0 || waitingOf(word) === 0) return;
      const slot = slotCell(headOf(word));
      const value = this.memory.load(slot);
      const goOn =
        statusOf(value) === WAITING
          ? this.grantHead(word, slot, value)
          : statusOf(value) === ABANDONED && this.clearHead(word, slot, value);
      if (!goOn) return;
    }
  }

  /** Its slot can be seen now: a release that came before saw it empty and left. */
  protected published(): void {
    this.handOn();
  }

  /** True when the queue should be looked at again: the machine says so, or the word has changed meanwhile. */
  private grantHead(word: number, slot: number, value: number): boolean {
    const { memory, engine } = this;
    const verbs = this.verbsOf(value);
    const cell = engine.cell(word, verbs.hand, weightOf(value));
    const code = engine.code(cell);
    if (code < 0 || (code & GRANT_HEAD) === 0) return false;
    memory.put(this.record, this.held | MARK);
    if (!memory.swap(WORD, word, engine.next(word, cell, weightOf(value)))) {
      memory.put(this.record, this.held);
      return true;
    }
    for (let waiting = value; statusOf(waiting) === WAITING; waiting = memory.load(slot)) {
      // Its thread may go to sleep meanwhile; then the slot has changed and is tried again.
      if (!memory.swap(slot, waiting, withStatus(waiting, GRANTED))) continue;
      memory.put(this.record, this.held);
      if ((waiting & ASLEEP) !== 0) memory.notify(slot);
      return (code & HAND) !== 0;
    }
    // It was abandoned after the slot was read: what it was granted goes back.
    const returned = this.returnFor(verbs, weightOf(value));
    if (returned) memory.store(slot, EMPTY);
    memory.put(this.record, this.held);
    return returned;
  }

  /** Gives back what an abandoned slot was granted; false when somebody repairs, who will do it. */
  private returnFor(verbs: Verbs, weight: number): boolean {
    const { memory, engine } = this;
    // A signal is set again by its own event; nothing else was taken.
    const event = verbs.release < 0 ? this.engine.micro.event('SET' as never) : verbs.release;
    for (;;) {
      const word = memory.load(WORD);
      if ((word & FROZEN) !== 0) return false;
      if (memory.swap(WORD, word, engine.next(word, engine.cell(word, event, weight), weight))) return true;
    }
  }

  private clearHead(word: number, slot: number, value: number): boolean {
    const { memory, engine } = this;
    const cell = engine.cell(word, this.verbsOf(value).leave, weightOf(value));
    memory.put(this.record, this.held | MARK);
    const cleared = memory.swap(WORD, word, engine.next(word, cell, weightOf(value)));
    if (cleared) memory.store(slot, EMPTY);
    memory.put(this.record, this.held);
    return !cleared || (engine.code(cell) & HAND) !== 0;
  }

  /** One exchange of the word, under the mark; `share` is added to the record when it succeeds. */
  private moved(word: number, cell: number, weight: number, share: number): boolean {
    const { memory } = this;
    const next = this.engine.next(word, cell, weight);
    memory.put(this.record, this.held | MARK);
    const moved = memory.swap(WORD, word, next);
    if (moved) {
      this.held += share;
      this.seen = next;
    }
    memory.put(this.record, this.held);
    return moved;
  }

  /** How the request in a slot was made. */
  protected verbsOf(slot: number): Verbs {
    return ((slot >> SOFT_FIELD) & 1) === 1 ? this.modes.soft : this.modes.hard;
  }

  /** What a grant adds to a record. */
  protected shareOf(slot: number): number {
    return this.share(this.verbsOf(slot), weightOf(slot));
  }

  private share(verbs: Verbs, weight: number): number {
    if (verbs.release < 0) return 0;
    return verbs.exclusive ? HARD : weight;
  }

  private slotValue(verbs: Verbs, weight: number): number {
    const soft = verbs === this.modes.soft && this.modes.soft !== this.modes.hard ? 1 : 0;
    return WAITING | (this.seat << SEAT_FIELD) | (soft << SOFT_FIELD) | (weight << WEIGHT_FIELD);
  }

  private assertRoom(word: number, slot: number): void {
    if (waitingOf(word) < RING - 1 && this.memory.load(slot) === EMPTY) return;
    // The word may have moved on since it was read; then the slot was another one's.
    if (this.memory.load(WORD) !== word) return;
    throw new LtlError('E_LIMIT', `${this.name} has ${RING - 1} waiters, the most there can be`);
  }

  /** The word, when nobody repairs. */
  private thawed(): number {
    for (;;) {
      const word = this.memory.load(WORD);
      if ((word & FROZEN) === 0) return word;
      this.memory.wait(WORD, word, 1);
    }
  }
}
