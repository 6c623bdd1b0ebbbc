/**
 * One parked request: a link of its lock's queue. Those that may leave from the middle know the one before them; a request in
 * no words at all can only be granted, so it needs no more than its place.
 */
import { watching } from '../tables/inspect.js';
import { LtlError } from '../words/errors.js';
import type { Ends } from './cancel.js';
import type { Lease } from './lease.js';
import type { Owner } from './owner.js';
import type { Verbs, Waitable, Words } from './waitable.js';

/** A wait for several locks of which this waiter is one leg. */
export interface Group {
  /** The lock could go to this leg, the head of its queue. True when the group took it, which may take other locks too. */
  offer(leg: Waiter): boolean;
}

export class Waiter {
  // Declared and set in the constructor, as in Lease: a hundred thousand of them may wait.
  declare next: Waiter | undefined;
  declare readonly lock: Waitable;
  declare resolve: (lease: Lease) => void;
  /** Undefined for a request in no words at all. */
  declare readonly words: WaitWords | undefined;

  constructor(lock: Waitable, words: WaitWords | undefined, resolve: (lease: Lease) => void) {
    this.next = undefined;
    this.lock = lock;
    this.resolve = resolve;
    this.words = words;
  }

  get verbs(): Verbs {
    return this.words?.verbs ?? this.lock.plainVerbs;
  }

  get weight(): number {
    return this.words?.weight ?? 1;
  }

  get named(): Owner | undefined {
    return this.words?.named;
  }

  get group(): Group | undefined {
    return this.words?.group;
  }

  get since(): number {
    return this.words?.since ?? 0;
  }

  giveUp(error: LtlError): void {
    this.words?.ends?.disarm();
    this.lock.leave(this);
    this.words?.reject(error);
  }

  timedOut(): void {
    this.giveUp(new LtlError('E_TIMEOUT', `waited too long for ${this.lock.label}`));
  }

  aborted(): void {
    this.giveUp(abortError(this.lock.label));
  }
}

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

/** Stands where nobody can call: a leg is settled by its group, and a wait only after it was set up. */
export function unreachable(): never {
  throw new Error('a waiter was settled that cannot be');
}

/** The error of a wait that its AbortSignal ended. */
export function abortError(label: string): LtlError {
  return new LtlError('E_ABORTED', `the wait for ${label} was aborted`);
}
