/** A first-in, first-out queue over one array: push and shift cost the same however long it is. */
const COMPACT_AT = 1_024;

export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      // An emptied array is used again, unless a burst has made it large.
      if (this.#head > COMPACT_AT) this.#items = [];
      else this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes out the first item that fits. */
  remove(fits: (item: Item) => boolean): Item | undefined {
    for (let at = this.#head; at < this.#items.length; at++) {
      const item = this.#items[at] as Item;
      if (!fits(item)) continue;
      this.#items.splice(at, 1);
      return item;
    }
    return undefined;
  }
}
