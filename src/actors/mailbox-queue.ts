/**
 * A first-in, first-out queue: the oldest item in a field of its own, the next ones in a ring behind it, the rest of a long
 * queue in chunks behind that. Push and shift cost the same however long it is, nothing is moved when it grows long, and the many
 * queues that hold one item at a time never have a ring. An item is never undefined.
 */

/** Slots of the first ring. A power of two, as every size of it. */
const SLOTS_MIN = 4;
/** Slots of the largest ring, which is kept when it is empty, and of a chunk, which then takes its place. */
const SLOTS_MAX = 1_024;

export class Queue<Item> {
  #oldest: Item | undefined;
  #ring: (Item | undefined)[] = [];
  #head = 0;
  #inRing = 0;
  readonly #chunks: (Item | undefined)[][] = [];
  /** The chunk that is being filled. */
  #last: (Item | undefined)[] | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: Item): void {
    if (this.#size++ === 0) {
      this.#oldest = item;
      return;
    }
    if (this.#last !== undefined || this.#inRing === SLOTS_MAX) {
      this.#pushChunk(item);
      return;
    }
    if (this.#inRing === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#inRing) & (this.#ring.length - 1)] = item;
    this.#inRing += 1;
  }

  shift(): Item | undefined {
    const item = this.#oldest;
    if (this.#size === 0) return undefined;
    if (--this.#size === 0) {
      this.#oldest = undefined;
      return item;
    }
    if (this.#inRing === 0) this.#nextChunk();
    const ring = this.#ring;
    this.#oldest = ring[this.#head];
    ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (ring.length - 1);
    this.#inRing -= 1;
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

  #pushChunk(item: Item): void {
    if (this.#last === undefined || this.#last.length === SLOTS_MAX) {
      this.#last = [];
      this.#chunks.push(this.#last);
    }
    this.#last.push(item);
  }

  /** The oldest chunk becomes the ring. */
  #nextChunk(): void {
    const chunk = this.#chunks.shift() as (Item | undefined)[];
    if (chunk === this.#last) this.#last = undefined;
    this.#inRing = chunk.length;
    while (chunk.length < SLOTS_MAX) chunk.push(undefined);
    this.#ring = chunk;
    this.#head = 0;
  }

  /** A full ring twice as large. */
  #grow(): void {
    const { length } = this.#ring;
    const ring: (Item | undefined)[] = [];
    for (let at = 0; at < length; at++) ring.push(this.#ring[(this.#head + at) & (length - 1)]);
    do ring.push(undefined);
    while (ring.length < Math.max(SLOTS_MIN, length * 2));
    this.#ring = ring;
    this.#head = 0;
  }
}
