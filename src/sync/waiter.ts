/**
 * One parked request: a link of its lock's queue. Those that may leave from the middle know the one before them; a request in
 * no words at all can only be granted, so it needs no more than its place.
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
  readonly legs: readonly Waiter[];
  /** The lock could go to this leg, the head of its queue. True when the group took it, which may take other locks too. */
  offer(leg: Waiter): boolean;
}

/** Written as a literal wherever one is made: V8 makes those within a promise's executor much faster than a class's. */
export interface Waiter {
  next: Waiter | undefined;
  readonly lock: Waitable;
  resolve: (lease: Lease) => void;
  /** Undefined for a request in no words at all. */
  readonly words: WaitWords | undefined;
}

export const verbsOf = ({ words, lock }: Waiter): Verbs => words?.verbs ?? lock.plainVerbs;
export const weightOf = ({ words }: Waiter): number => words?.weight ?? 1;
export const namedOf = ({ words }: Waiter): Owner | undefined => words?.named;

/** What a request said, where it said anything, and what belongs to its wait. */
export class WaitWords implements Words {
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

  constructor(words: Words, group?: Group) {
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
export function giveUp(waiter: Waiter, error: LtlError): void {
  waiter.words?.ends?.disarm();
  waiter.lock.leave(waiter);
  waiter.words?.reject(error);
}

/** The other ways in which a wait can end. */
export function endingOf(waiter: Waiter): Cancellable {
  const { label } = waiter.lock;
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
