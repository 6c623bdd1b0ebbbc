/**
 * A first-in, first-out queue: the oldest item in a field of its own, the others in a ring behind it. Push and shift cost
 * the same however long it is, and allocate only to grow; the many queues that hold one item at a time never have a ring.
 * An item is never undefined.
 */

/** Slots of the first ring. A power of two, as every size of it. */
const SLOTS_MIN = 4;
const SLOTS_KEPT_MAX = 1_024;

export class Queue<Item> {
  readonly #slotsKept: number;
  #oldest: Item | undefined;
  #ring: (Item | undefined)[] = [];
  #head = 0;
  #size = 0;

  /** An emptied ring of more slots than that is let go of: it was a burst. */
  constructor(slotsKept = SLOTS_KEPT_MAX) {
    this.#slotsKept = slotsKept;
  }

  get size(): number {
    return this.#size;
  }

  push(item: Item): void {
    if (this.#size++ === 0) {
      this.#oldest = item;
      return;
    }
    const behind = this.#size - 2;
    if (behind === this.#ring.length) this.#grow(behind);
    this.#ring[(this.#head + behind) & (this.#ring.length - 1)] = item;
  }

  shift(): Item | undefined {
    const item = this.#oldest;
    if (this.#size === 0) return undefined;
    if (--this.#size === 0) {
      this.#oldest = undefined;
      if (this.#ring.length > this.#slotsKept) this.#ring = [];
      return item;
    }
    const ring = this.#ring;
    this.#oldest = ring[this.#head];
    ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (ring.length - 1);
    return item;
  }

  /** Takes out the first item that fits. */
  remove(fits: (item: Item) => boolean): Item | undefined {
    const first = this.#oldest;
    if (first !== undefined && fits(first)) return this.shift();
    let found: Item | undefined;
    for (let left = this.#size; left > 0; left--) {
      const item = this.shift() as Item;
      if (found === undefined && fits(item)) found = item;
      else this.push(item);
    }
    return found;
  }

  /** Takes out all items that fit, in their order; the others keep theirs. One pass, however many. */
  removeAll(fits: (item: Item) => boolean): Item[] {
    const found: Item[] = [];
    for (let left = this.#size; left > 0; left--) {
      const item = this.shift() as Item;
      if (fits(item)) found.push(item);
      else this.push(item);
    }
    return found;
  }

  #grow(behind: number): void {
    const ring: (Item | undefined)[] = [];
    for (let at = 0; at < behind; at++) ring.push(this.#ring[(this.#head + at) & (behind - 1)]);
    do ring.push(undefined);
    while (ring.length < Math.max(SLOTS_MIN, behind * 2));
    this.#ring = ring;
    this.#head = 0;
  }
}
