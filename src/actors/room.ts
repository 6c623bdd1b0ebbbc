/**
 * Who is told that a full mailbox has room again: one place after the other, in the order in which they asked, from the half-empty
 * mailbox on. A place takes all the room there is, and the actor's own thread would always be the first to take it. The
 * next one is told when the one before has asked again, or has not used the room for long.
 */
import type { Slot } from '../wire/mailbox.js';

export class Room {
  readonly #slot: Slot;
  readonly #tell: (place: number) => void;
  readonly #wanting: Set<number> = new Set();
  /** The place that was told last, and has not asked again. */
  #told: number | undefined;

  constructor(slot: Slot, tell: (place: number) => void) {
    this.#slot = slot;
    this.#tell = tell;
  }

  /** That place wants to know; it may be told before this returns. */
  want(place: number): void {
    this.#wanting.add(place);
    if (place === this.#told) this.#told = undefined;
    this.offer();
  }

  /** There may be room. */
  offer(): void {
    // Whoever still finds no room asks again meanwhile, and comes last.
    for (const place of this.#wanting) {
      const { depth, size } = this.#slot;
      if (depth > size >> (this.#told === undefined ? 1 : 3)) return;
      this.#wanting.delete(place);
      this.#told = place;
      this.#tell(place);
    }
  }
}
