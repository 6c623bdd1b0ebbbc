/**
 * The turns of one thread's cells. Cells with messages stand in line, each takes a quantum of them and goes to the end.
 *
 * Fairness: after RUN_MESSAGES_MAX messages in one run, or RUN_MS_MAX of work, the event loop gets its turn, and with it
 * what has arrived for others meanwhile. The work is counted over several runs, because each batch that arrives begins one.
 */
import { QUANTUM_MESSAGES, RUN_MESSAGES_MAX, RUN_MS_MAX } from '../words/actor-limits.js';
import type { Cell } from './cell.js';
import { Queue } from './mailbox-queue.js';

const NOW = Promise.resolve();

export class Turns {
  readonly #line = new Queue<Cell>();
  #running = false;
  /** What is left of the work until the event loop is to have its turn. */
  #leftMessages = RUN_MESSAGES_MAX;
  #leftMs = RUN_MS_MAX;
  readonly #runNow = (): void => {
    this.#leftMessages = RUN_MESSAGES_MAX;
    this.#run();
  };
  readonly #runAnew = (): void => {
    this.#leftMessages = RUN_MESSAGES_MAX;
    this.#leftMs = RUN_MS_MAX;
    this.#run();
  };

  schedule(cell: Cell): void {
    if (cell.scheduled) return;
    cell.scheduled = true;
    this.#line.push(cell);
    if (this.#running) return;
    this.#running = true;
    void NOW.then(this.#runNow);
  }

  #run(): void {
    let sinceMs = performance.now();
    while (this.#leftMessages > 0 && this.#leftMs > 0) {
      const cell = this.#line.shift();
      if (cell === undefined) break;
      cell.scheduled = false;
      this.#leftMessages -= cell.run(Math.min(this.#leftMessages, QUANTUM_MESSAGES)) + 1;
      if (cell.pending > 0 && cell.ready) {
        cell.scheduled = true;
        this.#line.push(cell);
      }
      const untilMs = performance.now();
      cell.slot.busy(Math.round((untilMs - sinceMs) * 1_000));
      this.#leftMs -= untilMs - sinceMs;
      sinceMs = untilMs;
    }
    this.#running = this.#line.size > 0;
    if (this.#running) setImmediate(this.#runAnew);
  }
}
