/**
 * Time as a port: the real clock of this process, and a virtual one that stands still until it is told to advance.
 * Whoever waits takes a Clock, so that a test can run an hour of restarts in a millisecond, in one order only.
 */

/** A timer that is still to fire; cancelling one that has fired does nothing. */
export interface Timer {
  cancel(): void;
  /** Lets the process end although the timer is pending; a virtual timer keeps nothing alive. */
  unref(): void;
  ref(): void;
}

/** Milliseconds that never decrease, and timers on them. */
export interface Clock {
  /** Milliseconds since the epoch, with a fraction; never decreases within a process, whatever is done to the wall clock. */
  nowMs(): number;
  /** Calls `fire` once, `delayMs` from now. A pending timer of the real clock keeps the process alive. */
  after(delayMs: number, fire: () => void): Timer;
}

/** The clock of this process. */
export const realClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  after: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer), unref: () => void timer.unref(), ref: () => void timer.ref() };
  },
};

interface VirtualTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/**
 * A clock that moves only by `advance`. Timers fire in order of their due time, those due together in order of their
 * making, and timers made by a firing timer (chained ones) fire in the same advance when they are due in it.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  #made = 0;
  readonly #timers = new Set<VirtualTimer>();

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fire: () => void): Timer {
    const timer: VirtualTimer = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#made++, fire };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer), unref: () => undefined, ref: () => undefined };
  }

  /** When the next timer is due, in milliseconds; undefined when none is pending. */
  nextDueMs(): number | undefined {
    return this.#first()?.dueMs;
  }

  /** Moves time forward by `byMs`, firing what is due on the way, one after another and without a pause between. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    while (this.#fireNext(untilMs));
    this.#nowMs = untilMs;
  }

  /** As `advance`, but lets every promise settle before, between and after the timers. */
  async advanceSettled(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    do await settled();
    while (this.#fireNext(untilMs));
    this.#nowMs = untilMs;
  }

  #first(): VirtualTimer | undefined {
    let first: VirtualTimer | undefined;
    for (const timer of this.#timers)
      if (
        first === undefined ||
        timer.dueMs < first.dueMs ||
        (timer.dueMs === first.dueMs && timer.order < first.order)
      )
        first = timer;
    return first;
  }

  #fireNext(untilMs: number): boolean {
    const first = this.#first();
    if (first === undefined || first.dueMs > untilMs) return false;
    this.#timers.delete(first);
    this.#nowMs = Math.max(this.#nowMs, first.dueMs);
    first.fire();
    return true;
  }
}

/** Resolves when every microtask that is queued, and those they queue, have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
