/**
 * The ends of a wait: a timeout and an AbortSignal. All waits on one AbortSignal share one listener, because adding a
 * listener to a signal that has many costs time in proportion; when the last wait is over the listener is taken off.
 */

import { assertSignal } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';

/** The longest that a timer of Node can run: 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** Throws E_ARGUMENT for a signal or a time that could end no wait; called before anything is queued. */
export function assertEnds(signal: unknown, timeoutMs: unknown): void {
  assertSignal(signal);
  if (timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY) return;
  if (typeof timeoutMs !== 'number' || !(timeoutMs <= LONGEST_MS))
    throw new LtlError(
      'E_ARGUMENT',
      `timeoutMs is at most ${LONGEST_MS} milliseconds or Infinity, not ${typeof timeoutMs === 'number' ? timeoutMs : typeof timeoutMs}`,
    );
}

/** What is told when the wait is over before it was granted. */
export interface Cancellable {
  timedOut(): void;
  aborted(): void;
}

interface FanOut {
  readonly waits: Set<Cancellable>;
  readonly listener: () => void;
}

const fanOuts = new WeakMap<AbortSignal, FanOut>();

export class Ends {
  readonly #wait: Cancellable;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(wait: Cancellable, signal: AbortSignal | undefined, timeoutMs: number | undefined) {
    this.#wait = wait;
    this.#signal = signal;
    if (signal !== undefined) subscribe(signal, wait);
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => wait.timedOut(), timeoutMs);
  }

  /** The wait is over, either way: timer and listener go. */
  disarm(): void {
    clearTimeout(this.#timer);
    if (this.#signal !== undefined) unsubscribe(this.#signal, this.#wait);
  }
}

function subscribe(signal: AbortSignal, wait: Cancellable): void {
  let fanOut = fanOuts.get(signal);
  if (fanOut === undefined) {
    const waits = new Set<Cancellable>();
    const listener = (): void => {
      // Each of them leaves the set while it is told.
      for (const each of waits) each.aborted();
    };
    fanOut = { waits, listener };
    fanOuts.set(signal, fanOut);
    signal.addEventListener('abort', listener, { once: true });
  }
  fanOut.waits.add(wait);
}

function unsubscribe(signal: AbortSignal, wait: Cancellable): void {
  const fanOut = fanOuts.get(signal);
  if (fanOut === undefined) return;
  fanOut.waits.delete(wait);
  if (fanOut.waits.size > 0) return;
  signal.removeEventListener('abort', fanOut.listener);
  fanOuts.delete(signal);
}
