/**
 * How a producer's thread learns that the queue has committed. Being woken costs some 25 to 40 µs, a good part of a quick
 * disk's sync; so while commits come quickly, the event loop looks for the next one in every turn instead, and goes on with
 * whatever else it has to do between. Commits that take longer than that are waited for without turning.
 *
 * Looking is bounded by `pollUs` a commit, and given up as long as commits took longer than that on the average.
 */
import type { RingProducer } from '../wire/ring.js';

/** How much the latest commit counts in the average; a slow one counts as two polls, so that a single one is forgotten soon. */
const WEIGHT = 1 / 8;

export class CommitWait {
  readonly #ring: RingProducer;
  readonly #pollMs: number;
  readonly #onCommit: () => void;
  /** Average time from the beginning of a wait to its commit. */
  #averageMs = 0;
  #sinceMs = 0;
  #isWaiting = false;
  readonly #look = (): void => {
    if (this.#ring.hasCommitted) this.#end();
    else if (performance.now() - this.#sinceMs < this.#pollMs) setImmediate(this.#look);
    else this.#sleep();
  };
  readonly #end = (): void => {
    const tookMs = Math.min(performance.now() - this.#sinceMs, 2 * this.#pollMs);
    this.#averageMs += (tookMs - this.#averageMs) * WEIGHT;
    this.#isWaiting = false;
    this.#onCommit();
  };

  constructor(ring: RingProducer, pollUs: number, onCommit: () => void) {
    this.#ring = ring;
    this.#pollMs = pollUs / 1000;
    this.#onCommit = onCommit;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Calls back once, after the next commit whose acknowledgements were not taken; false when there has been one already. */
  begin(): boolean {
    if (this.#ring.hasCommitted) return false;
    this.#isWaiting = true;
    this.#sinceMs = performance.now();
    if (this.#averageMs < this.#pollMs) setImmediate(this.#look);
    else this.#sleep();
    return true;
  }

  #sleep(): void {
    const commit = this.#ring.nextCommit();
    if (commit === null) this.#end();
    else void commit.then(this.#end);
  }
}
