/**
 * Watching machines live. Every machine of this thread, however it is stepped, reports its transitions here when somebody
 * listens; when nobody does, a step costs one read of `watching.on`. It is thread-wide on purpose: the question is
 * "what is happening in here", not "what does this instance do".
 */

import { LtlError } from '../words/errors.js';

/** One transition of one live machine. */
export interface Transition {
  /** Which definition: `phase`, `mutex`. */
  readonly machine: string;
  /** Which instance, as its maker named it. */
  readonly name: string;
  readonly event: string;
  readonly from: string;
  readonly to: string;
  /** Names of the integer ops and effects, in order. */
  readonly effects: readonly string[];
  /** Whose lease or wait it was about, where there is one. */
  readonly owner?: unknown;
  /** Milliseconds that the granted one had waited, where it waited. */
  readonly waitedMs?: number;
}

export type TransitionListener = (transition: Transition) => void;

const listeners = new Set<TransitionListener>();

/** `on` is true while somebody listens: read it before building a Transition. */
export const watching = { on: false };

/** Calls the listener at every transition of every machine of this thread, from now on; returns the way to stop it. Throws E_ARGUMENT. */
export function inspect(listener: TransitionListener): () => void {
  if (typeof listener !== 'function') throw new LtlError('E_ARGUMENT', 'a listener is a function');
  // A wrapper of its own, so that the same function may listen twice and stop twice.
  const entry: TransitionListener = (transition) => listener(transition);
  listeners.add(entry);
  watching.on = true;
  return () => {
    listeners.delete(entry);
    watching.on = listeners.size > 0;
  };
}

/** Tells the listeners. A listener that throws does not stop the machine: its error surfaces as an uncaught one. */
export function report(transition: Transition): void {
  for (const listener of listeners) {
    try {
      listener(transition);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
