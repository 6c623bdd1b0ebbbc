/**
 * Group commit for a store whose commit is one synchronous call: whatever was appended in a turn of the event loop goes
 * in one commit, and every append gets its own promise.
 */
export class TurnGroup<T> {
  readonly #commit: (items: readonly T[]) => void;
  #items: T[] = [];
  /** One entry a promise, in parallel arrays: an object each would cost more than the promise itself. */
  #resolves: ((index: number) => void)[] = [];
  #rejects: ((error: unknown) => void)[] = [];
  #indexes: number[] = [];
  #count: number;
  #scheduled = false;
  readonly #keep = (resolve: (index: number) => void, reject: (error: unknown) => void): void => {
    this.#resolves.push(resolve);
    this.#rejects.push(reject);
  };

  /** @param count records that the store holds already */
  constructor(count: number, commit: (items: readonly T[]) => void) {
    this.#count = count;
    this.#commit = commit;
  }

  get count(): number {
    return this.#count;
  }

  /** Resolves to the item's number after the commit that holds it. */
  add(item: T): Promise<number> {
    this.#items.push(item);
    return this.#promise(this.#count++);
  }

  /** Resolves to the number of the first item. */
  addAll(items: readonly T[]): Promise<number> {
    for (const item of items) this.#items.push(item);
    const first = this.#count;
    this.#count += items.length;
    return this.#promise(first);
  }

  #promise(index: number): Promise<number> {
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    }
    this.#indexes.push(index);
    return new Promise(this.#keep);
  }

  #flush(): void {
    const items = this.#items;
    const resolves = this.#resolves;
    const rejects = this.#rejects;
    const indexes = this.#indexes;
    this.#items = [];
    this.#resolves = [];
    this.#rejects = [];
    this.#indexes = [];
    this.#scheduled = false;
    try {
      this.#commit(items);
    } catch (error) {
      for (const reject of rejects) reject(error);
      return;
    }
    for (let at = 0; at < resolves.length; at += 1) resolves[at]?.(indexes[at] ?? 0);
  }
}
