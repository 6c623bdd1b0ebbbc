/**
 * What wakes a follower beside the log's progress: a message, a gate, the end. Pokes are counted, so that one that comes
 * between looking for work and going to sleep is not missed.
 */
export class Pokes {
  #count = 0;
  #wake: (() => void) | null = null;

  /** Pokes so far: remember it before you look for work. */
  get count(): number {
    return this.#count;
  }

  poke(): void {
    this.#count += 1;
    this.#wake?.();
    this.#wake = null;
  }

  /** Resolves when there was a poke after the first `seen`. One waits at a time. */
  after(seen: number): Promise<void> {
    if (this.#count !== seen) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
