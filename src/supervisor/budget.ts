/**
 * A restart budget: how many restarts were made within the last period. Time is given, never read.
 */
import type { RestartBudget } from './spec.js';

export class Budget {
  readonly #limit: RestartBudget;
  /** The times of the restarts within the period, oldest first; never longer than the intensity. */
  #spentMs: number[] = [];

  constructor(limit: RestartBudget) {
    this.#limit = limit;
  }

  /** True when one more restart is within the budget. */
  allows(nowMs: number): boolean {
    return this.count(nowMs) < this.#limit.intensity;
  }

  spend(nowMs: number): void {
    this.#forget(nowMs);
    this.#spentMs.push(nowMs);
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
