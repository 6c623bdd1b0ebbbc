/**
 * The protocol of a shared lock: how a thread takes, waits, gives back and hands over, by compare-exchange of the word and
 * a ring of waiters. No step of it blocks another thread, and a thread may die between any two operations: what it leaves
 * is told apart by its record's mark, by the ring, and by the sum of all records (see recovery.ts).
 *
 * - A thread marks its record, exchanges the word, does what follows from it (record, slot), and takes the mark away.
 * - Who gives back what the head of the queue waits for makes both steps of the machine, RELEASE and HAND, by one exchange.
 * - Whoever parks exchanges the word first, which gives it a place, and then writes its slot. Who wants to hand over to a
 *   slot that is still empty leaves; the one that writes the slot hands on itself. So no wake-up is lost in between.
 * - A waiter that goes away turns its slot to abandoned; whoever comes to it as the head takes it out.
 *
 * Ordering: strict first come, first served over all threads, by the exchange that parks. Fairness: no barging.
 */
import { LtlError } from '../../words/errors.js';
import { GRANT, GRANT_HEAD, GRANT_UPGRADE, HAND, PARK } from '../micro.js';
import type { Verbs } from '../waitable.js';
import { Kept } from './kept.js';
import { type Memory, RING, recordCell, slotCell, UPGRADER, upgradeCell, WORD } from './memory.js';
import { FROZEN, headOf, type WordEngine, waitingOf } from './word.js';

export const EMPTY = 0;
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
/** In a sleeping slot: its thread is blocked, and wants to be woken when it comes to the head of the queue. */
export const EARLY = 1 << 22;
export const withStatus = (slot: number, status: number): number => (slot & ~3) | status;

/** In a record: the thread is in the middle of a step. */
export const MARK = 1 << 30;
/** In a record: the thread holds the lock in hard mode. */
export const HARD = 1 << 20;
/** Two answers of `take` besides a slot's cell. */
export const TAKEN = -1;
export const REFUSED = -2;

/** What became of granting to the head of the queue: it cannot be granted now, and nothing was exchanged. */
const STAYS = 0;
/** The word has changed meanwhile; nothing was exchanged. */
const CHANGED = 1;
const DONE = 2;
/** Done, and the next one may be granted too. */
const LOOK_ON = 3;

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
  /** How many waited before the request that this thread parked last. */
  ahead = 0;
  protected readonly record: number;
  private readonly name: string;
  private readonly took = new Kept();
  private readonly gave = new Kept();

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
    const { took } = this;
    if (took.event !== event || took.weight !== weight)
      return this.takeFrom(this.memory.load(WORD), verbs, event, weight);
    // Most locks are free most of the time, and the exchange tells when that is wrong.
    const found = this.memory.step(this.record, MARK, took.from, took.to, took.share);
    return found === took.from ? TAKEN : this.takeFrom(found, verbs, event, weight);
  }

  /** Has this slot been granted? Then it is emptied and what it granted counts as held. */
  collect(slot: number, verbs: Verbs, weight: number): boolean {
    const { memory } = this;
    if (statusOf(memory.load(slot)) !== GRANTED) return false;
    const { held } = this;
    memory.put(this.record, held | MARK);
    memory.store(slot, EMPTY);
    memory.put(this.record, held + this.share(verbs, weight));
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
    const { gave } = this;
    if (gave.event !== verbs.release || gave.weight !== weight) {
      this.tell(verbs.release, -this.share(verbs, weight), weight);
      return;
    }
    const found = this.memory.step(this.record, MARK, gave.from, gave.to, gave.share);
    if (found !== gave.from) this.tellFrom(found, verbs.release, gave.share, weight);
  }

  /** An event that takes nothing. `share` is what it adds to what this thread holds. */
  tell(event: number, share = 0, weight = 1): void {
    this.tellFrom(this.memory.load(WORD), event, share, weight);
  }

  /** Offers the lock to the head of the queue, and on while the machine says so. */
  handOn(): void {
    for (;;) {
      const word = this.memory.load(WORD);
      // Whoever repairs hands on when done.
      if ((word & FROZEN) !== 0 || waitingOf(word) === 0) return;
      const head = this.grantHead(word, word, 0);
      if (head === DONE || (head === STAYS && !this.clearHead(word))) return;
    }
  }

  /** Its slot can be seen now: a release that came before saw it empty and left. */
  protected published(): void {
    if (this.engine.hands(this.memory.load(WORD))) this.handOn();
  }

  private takeFrom(found: number, verbs: Verbs, event: number, weight: number): number {
    const { memory, engine } = this;
    const share = this.share(verbs, weight);
    for (let word = this.thawed(found); ; ) {
      const cell = engine.cell(word, event, weight);
      const code = engine.code(cell);
      const next = engine.next(word, cell, weight);
      let now: number;
      if ((code & GRANT) !== 0) {
        now = this.exchange(word, next, share);
        if (now === word) {
          this.took.keep(word, next, event, weight, share);
          return TAKEN;
        }
      } else if ((code & PARK) !== 0) {
        const slot = slotCell(headOf(word) + waitingOf(word));
        this.assertRoom(word, slot);
        const { held } = this;
        memory.put(this.record, held | MARK);
        now = memory.exchange(WORD, word, next);
        if (now === word) memory.store(slot, this.slotValue(verbs, weight));
        memory.put(this.record, held);
        if (now === word) {
          this.ahead = waitingOf(word);
          this.published();
          return slot;
        }
      } else return REFUSED;
      word = this.thawed(now);
    }
  }

  private tellFrom(found: number, event: number, share: number, weight: number): void {
    const { engine } = this;
    for (let word = this.thawed(found); ; ) {
      const cell = engine.cell(word, event, weight);
      const code = engine.code(cell);
      if (code < 0) throw new Error(`${this.name} took ${engine.micro.eventOf(cell)} out of turn`);
      const next = engine.next(word, cell, weight);
      const hands = (code & HAND) !== 0;
      const head = hands ? this.grantHead(word, next, share) : STAYS;
      if (head === LOOK_ON) this.handOn();
      if (head >= DONE) return;
      // Where the head cannot be granted by the same exchange, the event goes alone.
      const upgrades = (code & GRANT_UPGRADE) !== 0;
      let now: number;
      if (head !== STAYS) now = this.memory.load(WORD);
      else if (upgrades) now = this.exchangeAndUpgrade(word, next, share);
      else now = this.exchange(word, next, share);
      if (head === STAYS && now === word) {
        if (hands) this.handOn();
        else if (!upgrades) this.gave.keep(word, next, event, weight, share);
        return;
      }
      word = this.thawed(now);
    }
  }

  /**
   * Grants to the head of the queue by one exchange of `word`. `given` is the word after what this thread gives back by the
   * same exchange, and `share` what that adds to its record.
   */
  private grantHead(word: number, given: number, share: number): number {
    const { memory, engine } = this;
    const slot = slotCell(headOf(word));
    const value = memory.load(slot);
    if (statusOf(value) !== WAITING) return STAYS;
    const verbs = this.verbsOf(value);
    const weight = weightOf(value);
    const cell = engine.cell(given, verbs.hand, weight);
    const code = engine.code(cell);
    if (code < 0 || (code & GRANT_HEAD) === 0) return STAYS;
    const { held } = this;
    memory.put(this.record, held | MARK);
    const next = engine.next(given, cell, weight);
    const granted = memory.exchange(WORD, word, next) === word;
    let after = CHANGED;
    if (granted) {
      if (this.tellHead(slot, value)) {
        after = (code & HAND) !== 0 ? LOOK_ON : DONE;
        if (after === DONE && waitingOf(next) > 0) this.rouse(slotCell(headOf(next)));
      } else after = this.takeBack(slot, verbs, weight) ? LOOK_ON : DONE;
    }
    memory.put(this.record, granted ? held + share : held);
    return after;
  }

  /** Tells a waiting slot that it was granted; false when it was abandoned after it was read. */
  private tellHead(slot: number, value: number): boolean {
    const { memory } = this;
    for (let waiting = value; statusOf(waiting) === WAITING; ) {
      const now = memory.exchange(slot, waiting, withStatus(waiting, GRANTED));
      if (now === waiting) {
        if ((waiting & ASLEEP) !== 0) memory.notify(slot);
        return true;
      }
      // Its thread went to sleep meanwhile, or away.
      waiting = now;
    }
    return false;
  }

  /** Wakes the one whose turn comes next: it takes a thread about as long to wake up as many sections last. */
  private rouse(slot: number): void {
    if ((this.memory.load(slot) & EARLY) !== 0) this.memory.notify(slot);
  }

  /** Gives back what an abandoned slot was granted, and empties it; false when somebody repairs, who will do it. */
  private takeBack(slot: number, verbs: Verbs, weight: number): boolean {
    const { memory, engine } = this;
    // A signal is set again by its own event; nothing else was taken.
    const event = verbs.release < 0 ? engine.micro.event('SET' as never) : verbs.release;
    for (;;) {
      const word = memory.load(WORD);
      if ((word & FROZEN) !== 0) return false;
      const cell = engine.cell(word, event, weight);
      if (!memory.swap(WORD, word, engine.next(word, cell, weight))) continue;
      if ((engine.code(cell) & GRANT_UPGRADE) !== 0) this.tellUpgrader();
      break;
    }
    memory.store(slot, EMPTY);
    return true;
  }

  /** Takes an abandoned head out of the queue; true when the queue should be looked at again. */
  private clearHead(word: number): boolean {
    const { memory, engine } = this;
    const slot = slotCell(headOf(word));
    const value = memory.load(slot);
    if (statusOf(value) !== ABANDONED) return false;
    const cell = engine.cell(word, this.verbsOf(value).leave, weightOf(value));
    const { held } = this;
    memory.put(this.record, held | MARK);
    const cleared = memory.swap(WORD, word, engine.next(word, cell, weightOf(value)));
    if (cleared) memory.store(slot, EMPTY);
    memory.put(this.record, held);
    return !cleared || (engine.code(cell) & HAND) !== 0;
  }

  /** An exchange that leaves the lock to the one that upgrades, who is told under the same mark. */
  private exchangeAndUpgrade(word: number, next: number, share: number): number {
    const { memory, held } = this;
    memory.put(this.record, held | MARK);
    const found = memory.exchange(WORD, word, next);
    if (found === word) this.tellUpgrader();
    memory.put(this.record, found === word ? held + share : held);
    return found;
  }

  private tellUpgrader(): void {
    const slot = upgradeCell(this.memory.load(UPGRADER) - 1);
    this.tellHead(slot, this.memory.load(slot));
  }

  /** One exchange of the word, under the mark; answers what was found. `share` is added to the record when it succeeds. */
  protected exchange(word: number, next: number, share: number): number {
    return this.memory.step(this.record, MARK, word, next, share);
  }

  /** What this thread holds, as its record says; nobody else writes that while this thread lives. */
  protected get held(): number {
    return this.memory.peek(this.record);
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

  /** The word that was found, or a later one once nobody repairs. */
  protected thawed(found: number): number {
    let word = found;
    while ((word & FROZEN) !== 0) {
      this.memory.wait(WORD, word, 1);
      word = this.memory.load(WORD);
    }
    return word;
  }
}
