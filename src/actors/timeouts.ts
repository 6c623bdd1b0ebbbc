/**
 * Timeouts of many waits at the price of few timers: those of equal length fall due in the order of their making, so one
 * timer serves them all. While a length has waits its timer keeps the process alive, as each one's own would. A length
 * without waits keeps its timer for the next one, as long as there are few such lengths.
 */
import type { Clock, Timer } from '../ports/clock.js';

interface Lane {
  /** Number of the wait to when it is due, in order of making. */
  readonly dueMs: Map<number, number>;
  timer: Timer;
}

/** Lengths that are kept: those of a program are few, unless it reckons each from a deadline. */
const LANES_KEPT_MAX = 16;

export class Timeouts {
  readonly #clock: Clock;
  readonly #late: (wait: number) => void;
  readonly #lanes = new Map<number, Lane>();

  constructor(clock: Clock, late: (wait: number) => void) {
    this.#clock = clock;
    this.#late = late;
  }

  add(wait: number, timeoutMs: number): void {
    const dueMs = this.#clock.nowMs() + timeoutMs;
    const lane = this.#lanes.get(timeoutMs);
    if (lane === undefined) {
      const timer = this.#clock.after(timeoutMs, () => this.#fire(timeoutMs));
      this.#lanes.set(timeoutMs, { dueMs: new Map([[wait, dueMs]]), timer });
      return;
    }
    if (lane.dueMs.size === 0) lane.timer.ref();
    lane.dueMs.set(wait, dueMs);
  }

  remove(wait: number, timeoutMs: number): void {
    const lane = this.#lanes.get(timeoutMs);
    if (lane === undefined || !lane.dueMs.delete(wait) || lane.dueMs.size > 0) return;
    if (this.#lanes.size <= LANES_KEPT_MAX) lane.timer.unref();
    else {
      lane.timer.cancel();
      this.#lanes.delete(timeoutMs);
    }
  }

  #fire(timeoutMs: number): void {
    const lane = this.#lanes.get(timeoutMs);
    if (lane === undefined) return;
    const nowMs = this.#clock.nowMs();
    const late: number[] = [];
    let next: number | undefined;
    for (const [wait, dueMs] of lane.dueMs) {
      if (dueMs > nowMs) {
        next = dueMs;
        break;
      }
      late.push(wait);
    }
    for (const wait of late) lane.dueMs.delete(wait);
    if (next === undefined) this.#lanes.delete(timeoutMs);
    else lane.timer = this.#clock.after(Math.max(1, next - nowMs), () => this.#fire(timeoutMs));
    for (const wait of late) this.#late(wait);
  }
}
