/**
 * What the thread that starts an actor and the actor's host say to each other, and the few words of memory they share.
 *
 *   word 0  doorbell    bumped and notified after every posted message: a thread parked in Atomics.wait on it wakes
 *   word 1  heartbeat   bumped by the actor while it makes progress; whoever watches compares two readings
 *   word 2  stopping    0 = go on, 1 = asked to stop (so that a loop of its own need not take messages to know)
 *   word 3  spare
 *
 * Messages go through the worker's own port, in order, both ways.
 */
import type { WireError } from '../words/errors.js';

export const CONTROL = { doorbell: 0, heartbeat: 1, stopping: 2 } as const;

export const CONTROL_WORDS = 4;

/** What a worker is started with, as its workerData. */
export interface ActorBoot {
  readonly name: string;
  /** Where the actor module is, as a URL. */
  readonly module: string;
  readonly words: Int32Array;
  readonly input: unknown;
}

/** From the conductor to the host. */
export type ToHost<In> =
  | { readonly tag: 'message'; readonly message: In }
  /** Asks for a heartbeat; only actors on an event loop answer it by themselves. */
  | { readonly tag: 'probe' }
  | { readonly tag: 'stop' };

/** From the host to the conductor. */
export type FromHost<Out> =
  /** `parks`: it has a loop of its own, in which it blocks when there is nothing to do. */
  | { readonly tag: 'ready'; readonly parks: boolean }
  | { readonly tag: 'message'; readonly message: Out }
  | { readonly tag: 'failed'; readonly error: WireError }
  /** It ended: because it was asked to, or (`asked: false`) because its run() returned. */
  | { readonly tag: 'ended'; readonly asked: boolean };

/** Wakes a thread that is parked on the doorbell. */
export function ring(words: Int32Array): void {
  Atomics.add(words, CONTROL.doorbell, 1);
  Atomics.notify(words, CONTROL.doorbell);
}
