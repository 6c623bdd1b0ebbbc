/**
 * A restart budget: how many restarts were made within the last period. Time is given, never read.
 */
import type { RestartBudget } from './spec.js';

export class Budget {
  readonly #limit: RestartBudget;
  /** The times of the restarts within the period, oldest first; never longer than intensity + 1. */
  #spentMs: number[] = [];

  constructor(limit: RestartBudget) {
    this.#limit = limit;
  }

  /** Counts one restart; false when it is beyond the budget. */
  spend(nowMs: number): boolean {
    this.#forget(nowMs);
    this.#spentMs.push(nowMs);
    return this.#spentMs.length <= this.#limit.intensity;
  }

  /** Restarts within the period. */
  count(nowMs: number): number {
    this.#forget(nowMs);
    return this.#spentMs.length;
  }

  toString(): string {
    return `${this.#limit.intensity} restarts in ${this.#limit.periodMs} ms`;
  }

  #forget(nowMs: number): void {
    this.#spentMs = this.#spentMs.filter((atMs) => nowMs - atMs < this.#limit.periodMs);
  }
}
