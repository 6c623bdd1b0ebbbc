/**
 * The messages of one place that wait to be sent: for room in a mailbox whose policy is to wait, or for an actor that
 * is being restarted. One line an actor, first in, first out; as long as there is one, later messages join it.
 */

import type { Trace } from '../wire/link.js';
import { LINE_SIZE_MAX } from '../words/actor-limits.js';
import { Queue } from './mailbox-queue.js';
import type { Ref } from './ref.js';

export interface Waiting {
  readonly message: unknown;
  readonly ask: number;
  readonly trace: Trace | undefined;
}

export class Line {
  readonly to: Ref;
  /** The actor's place has been asked to tell when there is room. */
  roomAsked = false;
  readonly #waiting = new Queue<Waiting>();
  #whenEmpty: (() => void)[] = [];

  constructor(to: Ref) {
    this.to = to;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** False when the line itself is full. */
  join(waiting: Waiting): boolean {
    if (this.#waiting.size >= LINE_SIZE_MAX) return false;
    this.#waiting.push(waiting);
    return true;
  }

  next(): Waiting | undefined {
    return this.#waiting.shift();
  }

  leave(ask: number): void {
    this.#waiting.remove((waiting) => waiting.ask === ask);
  }

  empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenEmpty.push(resolve);
    });
  }

  close(): void {
    for (const resolve of this.#whenEmpty) resolve();
    this.#whenEmpty = [];
  }
}
