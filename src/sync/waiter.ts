/**
 * One parked request: a link of its lock's queue. Those that said something know their lock, and the one before them, because
 * they may leave from the middle; a request in no words at all can only be granted, so it needs no more than its place.
 */
import { watching } from '../tables/inspect.js';
import { LtlError } from '../words/errors.js';
import type { Cancellable, Ends } from './cancel.js';
import type { Lease } from './lease.js';
import type { Owner } from './owner.js';
import type { Verbs, Waitable, Words } from './waitable.js';

/** A wait for several locks of which this waiter is one leg. */
export interface Group {
  /** The waiters of it, one a lock. */
  readonly legs: readonly WordedWaiter[];
  /** Would any one of the legs do? */
  readonly alternatives: boolean;
  /** The lock could go to this leg, the head of its queue. True when the group took it, which may take other locks too. */
  offer(leg: WordedWaiter): boolean;
}

/** Written as a literal wherever one is made: V8 makes those within a promise's executor much faster than a class's. */
export interface Waiter {
  next: Waiter | undefined;
  resolve: (lease: Lease) => void;
  /** Undefined for a request in no words at all. */
  readonly words: WaitWords | undefined;
}

/** A waiter whose request said something. */
export interface WordedWaiter extends Waiter {
  readonly words: WaitWords;
}

export function isWorded(waiter: Waiter): waiter is WordedWaiter {
  return waiter.words !== undefined;
}

/** What a request said, where it said anything, and what belongs to its wait. */
export class WaitWords implements Words {
  readonly lock: Waitable;
  readonly verbs: Verbs;
  readonly weight: number;
  readonly named: Owner | undefined;
  readonly group: Group | undefined;
  /** The waiter before this one in the queue. */
  previous: Waiter | undefined;
  /** What else can end the wait. */
  ends: Ends | undefined;
  /** Ends the promise of the wait; a leg of a group has none of its own. */
  reject: (error: unknown) => void;
  /** Milliseconds of `performance.now()` when it was parked, where somebody watched; else 0. */
  readonly since: number;

  constructor(lock: Waitable, words: Words, group?: Group) {
    this.lock = lock;
    this.verbs = words.verbs;
    this.weight = words.weight;
    this.named = words.named;
    this.group = group;
    this.previous = undefined;
    this.ends = undefined;
    this.reject = unreachable;
    this.since = watching.on ? performance.now() : 0;
  }
}

/** Ends a wait that was not granted. */
export function giveUp(waiter: WordedWaiter, error: LtlError): void {
  const { lock, ends, reject } = waiter.words;
  ends?.disarm();
  lock.leave(waiter);
  reject(error);
}

/** The other ways in which a wait can end. */
export function endingOf(waiter: WordedWaiter): Cancellable {
  const { label } = waiter.words.lock;
  return {
    timedOut: () => giveUp(waiter, new LtlError('E_TIMEOUT', `waited too long for ${label}`)),
    aborted: () => giveUp(waiter, abortError(label)),
  };
}

/** Stands where nobody can call: a leg is settled by its group, and a wait only after it was set up. */
export function unreachable(): never {
  throw new Error('a waiter was settled that cannot be');
}

/** The error of a wait that its AbortSignal ended. */
export function abortError(label: string): LtlError {
  return new LtlError('E_ABORTED', `the wait for ${label} was aborted`);
}
