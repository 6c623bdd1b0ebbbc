/**
 * After the death of a thread: what it held comes back, what it waited for is passed on, what it left half done is finished.
 *
 * The word is frozen, so that nobody's step succeeds any more, and the repair waits until no living thread is in the middle
 * of one (its mark is gone). Then everything can be told from the facts:
 *
 * - a slot of the queue that is empty is one the dead did not come to write: abandoned;
 * - a waiting slot of a living thread that is not in the queue any more was granted by the dead: it is told so now;
 * - a living upgrader that waits while the lock is exclusive was granted: it read, so nobody else can be in there; a dead one that the
 *   machine still waits for has given up;
 * - what is neither free, nor in a living thread's record, nor in a slot granted to a living thread, the dead held.
 *
 * If the repairer dies too, the next repair finds its seat dead and takes over.
 */
import type { Verbs } from '../waitable.js';
import {
  DIED,
  FREEZER,
  type Memory,
  PERMITS,
  RING,
  recordCell,
  SEATS,
  slotCell,
  threadCell,
  UPGRADER,
  upgradeCell,
  WORD,
} from './memory.js';
import { ABANDONED, GRANTED, HARD, MARK, seatOf, statusOf, WAITING, withStatus } from './protocol.js';
import { Upgrading } from './upgrade.js';
import { countOf, FROZEN, headOf, waitingOf } from './word.js';

export class Recovery extends Upgrading {
  /** How often a record is read before the repair is put off: a step lasts nanoseconds unless its thread is stopped. */
  protected readonly reads: number = 1000;

  /** Marks the seats of a thread as dead. True when it had one. */
  bury(thread: number): boolean {
    let found = false;
    for (let seat = 0; seat < SEATS; seat++) {
      if (this.memory.swap(threadCell(seat), thread + 1, -(thread + 1))) found = true;
    }
    return found;
  }

  /** Repairs after all seats marked dead. False when a living thread is in the middle of a step: try again soon. */
  repair(): boolean {
    const { memory } = this;
    const dead = seatsWhere(memory, (thread) => thread < 0);
    if (dead.size === 0) return true;
    if (!this.#freeze(dead)) return false;
    const living = seatsWhere(memory, (thread) => thread > 0);
    const quiet = this.#quiet(living) && this.#restore(dead, living);
    memory.store(FREEZER, 0);
    memory.store(WORD, memory.load(WORD) & ~FROZEN);
    memory.notify(WORD);
    if (quiet) this.handOn();
    return quiet;
  }

  /** False when a living thread repairs already. */
  #freeze(dead: ReadonlySet<number>): boolean {
    const { memory } = this;
    for (;;) {
      const word = memory.load(WORD);
      if ((word & FROZEN) !== 0) {
        const repairer = memory.load(FREEZER);
        if (!dead.has(repairer - 1)) return false;
        if (memory.swap(FREEZER, repairer, this.seat + 1)) return true;
      } else if (memory.swap(FREEZER, 0, this.seat + 1) || this.#claimFrom(dead)) {
        if (memory.swap(WORD, word, word | FROZEN)) return true;
        memory.store(FREEZER, 0);
      } else return false;
    }
  }

  #claimFrom(dead: ReadonlySet<number>): boolean {
    const repairer = this.memory.load(FREEZER);
    return dead.has(repairer - 1) && this.memory.swap(FREEZER, repairer, this.seat + 1);
  }

  #quiet(living: ReadonlySet<number>): boolean {
    return [...living].every((seat) => {
      for (let read = 0; read < this.reads; read++) if ((this.memory.load(recordCell(seat)) & MARK) === 0) return true;
      return false;
    });
  }

  /** False when a living thread was collecting what it had been granted: that moves a share from a slot to a record. */
  #restore(dead: ReadonlySet<number>, living: ReadonlySet<number>): boolean {
    const { memory } = this;
    this.#repairQueue(dead);
    this.#repairSlotsOutsideQueue(dead);
    this.#dropUpgrader(dead);
    const held = this.#shares(living);
    // Nothing but collecting can go on now, and nothing collected can be given back: twice the same is the truth.
    if (held.join() !== this.#shares(living).join() || held.some((share) => (share & MARK) !== 0)) return false;
    const hard = held.filter((share) => (share & HARD) !== 0).length;
    const counted = held.reduce((sum, share) => sum + (share & (HARD - 1)), 0);
    const returned = this.#returnWhatIsMissing(hard, counted);
    const upgrader = memory.load(UPGRADER);
    if (upgrader !== 0 && this.#isExclusive()) {
      // The dead left the lock to it, and may not have come to tell it, or to wake it.
      const slot = upgradeCell(upgrader - 1);
      if (!this.#deliver(slot)) memory.notify(slot);
    }
    for (const seat of dead) {
      memory.store(recordCell(seat), 0);
      memory.store(upgradeCell(seat), 0);
      memory.store(threadCell(seat), 0);
    }
    if (returned) {
      memory.store(DIED, 1);
      // The dead holder's token is not given again.
      memory.spendToken();
    }
    return true;
  }

  /** What the living hold: in slots granted to them, by place, and in their records. */
  #shares(living: ReadonlySet<number>): number[] {
    const { memory } = this;
    const word = memory.load(WORD);
    const shares: number[] = [];
    for (let place = waitingOf(word); place < RING; place++) {
      const value = memory.load(slotCell(headOf(word) + place));
      shares.push(statusOf(value) === GRANTED ? this.shareOf(value) : 0);
    }
    // An upgrader's record says soft until it has come to know.
    shares.push(memory.load(UPGRADER) !== 0 && this.#isExclusive() ? HARD : 0);
    return [...shares, ...[...living].map((seat) => memory.load(recordCell(seat)))];
  }

  /** A dead upgrader waits no more; if it was granted, it held the lock. */
  #dropUpgrader(dead: ReadonlySet<number>): void {
    const { memory, engine } = this;
    if (!dead.has(memory.load(UPGRADER) - 1)) return;
    const word = memory.load(WORD) & ~FROZEN;
    if (engine.read(word).state === 'upgrading') {
      const cell = engine.cell(word, engine.micro.event('ABANDON_UPGRADE' as never), 1);
      memory.store(WORD, engine.next(word, cell, 1) | FROZEN);
    }
    memory.store(UPGRADER, 0);
  }

  #isExclusive(): boolean {
    return EXCLUSIVE_STATES.has(this.engine.read(this.memory.load(WORD)).state);
  }

  #repairQueue(dead: ReadonlySet<number>): void {
    const { memory } = this;
    const word = memory.load(WORD);
    for (let place = 0; place < waitingOf(word); place++) {
      const slot = slotCell(headOf(word) + place);
      const value = memory.load(slot);
      if (value === 0) memory.store(slot, ABANDONED);
      else if (statusOf(value) === WAITING && dead.has(seatOf(value)))
        memory.swap(slot, value, withStatus(value, ABANDONED));
    }
  }

  /** Slots that left the queue: what the dead did not come to tell is told, what nobody will collect is emptied. */
  #repairSlotsOutsideQueue(dead: ReadonlySet<number>): void {
    const { memory } = this;
    const word = memory.load(WORD);
    for (let place = waitingOf(word); place < RING; place++) {
      const slot = slotCell(headOf(word) + place);
      const value = memory.load(slot);
      if (value === 0) continue;
      const granted = statusOf(value) === GRANTED && !dead.has(seatOf(value));
      // The dead may have granted it and not come to wake it.
      if (granted) memory.notify(slot);
      else if (statusOf(value) !== WAITING || dead.has(seatOf(value)) || !this.#deliver(slot)) memory.store(slot, 0);
    }
  }

  /** Tells a waiting slot that it is granted; false when its wait has ended. */
  #deliver(slot: number): boolean {
    const { memory } = this;
    for (let value = memory.load(slot); statusOf(value) === WAITING; value = memory.load(slot)) {
      // Going to sleep changes the slot too.
      if (!memory.swap(slot, value, withStatus(value, GRANTED))) continue;
      memory.notify(slot);
      return true;
    }
    return false;
  }

  /** True when the dead held something. Steps of the machine, as any release. */
  #returnWhatIsMissing(hard: number, counted: number): boolean {
    const { memory, modes } = this;
    if (modes.hard.release < 0) return false;
    if (this.alone) {
      if (hard === 0 && this.#isExclusive()) return this.#step(modes.hard, 1);
      if (modes.soft === modes.hard) return false;
      let any = false;
      for (let missing = countOf(memory.load(WORD)) - counted; missing > 0; missing--) any = this.#step(modes.soft, 1);
      return any;
    }
    const missing = memory.load(PERMITS) - countOf(memory.load(WORD)) - counted;
    return missing > 0 && this.#step(modes.hard, missing);
  }

  #step(verbs: Verbs, weight: number): true {
    const { memory, engine } = this;
    const word = memory.load(WORD);
    memory.store(
      WORD,
      engine.next(word & ~FROZEN, engine.cell(word & ~FROZEN, verbs.release, weight), weight) | FROZEN,
    );
    return true;
  }
}

/** States in which somebody holds a mutex or a lock against everybody. */
const EXCLUSIVE_STATES: ReadonlySet<string> = new Set(['held', 'queued', 'exclusive', 'exclusiveQueued']);

function seatsWhere(memory: Memory, matches: (thread: number) => boolean): Set<number> {
  const seats = new Set<number>();
  for (let seat = 0; seat < SEATS; seat++) if (matches(memory.load(threadCell(seat)))) seats.add(seat);
  return seats;
}
