/**
 * How a thread's soft lease becomes hard. It claims the place of the upgrader, of which there is one, before it asks the machine: so
 * whoever leaves the lock to the upgrader knows whom to tell, and a second one is refused at once. It waits in a cell of its own
 * seat, outside the queue. Whether it gave up or was granted is decided by the word alone.
 */
import { GRANT_UPGRADE, HAND } from '../micro.js';
import { UPGRADER, upgradeCell, WORD } from './memory.js';
import { EMPTY, GRANTED, HARD, MARK, Protocol, REFUSED, statusOf, TAKEN, WAITING } from './protocol.js';

export class Upgrading extends Protocol {
  /** Asks for it; this thread holds a soft lease. TAKEN, REFUSED, or the cell in which it waits. */
  upgrade(): number {
    const { memory, engine } = this;
    const slot = upgradeCell(this.seat);
    memory.store(slot, WAITING);
    if (!memory.swap(UPGRADER, EMPTY, this.seat + 1)) {
      memory.store(slot, EMPTY);
      return REFUSED;
    }
    const event = engine.micro.event('UPGRADE' as never);
    for (let word = this.thawed(memory.load(WORD)); ; ) {
      const cell = engine.cell(word, event, 1);
      const code = engine.code(cell);
      if (code < 0) throw new Error('an upgrade was asked for without a soft lease');
      const granted = (code & GRANT_UPGRADE) !== 0;
      const found = this.exchange(word, engine.next(word, cell, 1), granted ? HARD - 1 : 0);
      if (found === word) {
        if (!granted) return slot;
        this.#leave(slot);
        return TAKEN;
      }
      word = this.thawed(found);
    }
  }

  /** Has the wait been granted? Then what this thread holds is hard. */
  collectUpgrade(): boolean {
    const { memory, held } = this;
    const slot = upgradeCell(this.seat);
    if (statusOf(memory.load(slot)) !== GRANTED) return false;
    memory.put(this.record, held | MARK);
    this.#leave(slot);
    memory.put(this.record, held - 1 + HARD);
    return true;
  }

  /** Ends the wait; false when it was granted meanwhile, which this thread is told soon. */
  abandonUpgrade(): boolean {
    const { memory, engine } = this;
    const event = engine.micro.event('ABANDON_UPGRADE' as never);
    for (let word = this.thawed(memory.load(WORD)); ; ) {
      const cell = engine.cell(word, event, 1);
      const code = engine.code(cell);
      if (code < 0) return false;
      const found = this.exchange(word, engine.next(word, cell, 1), 0);
      if (found === word) {
        const slot = upgradeCell(this.seat);
        this.#leave(slot);
        memory.notify(slot);
        if ((code & HAND) !== 0) this.handOn();
        return true;
      }
      word = this.thawed(found);
    }
  }

  #leave(slot: number): void {
    this.memory.store(slot, EMPTY);
    this.memory.store(UPGRADER, EMPTY);
  }
}
