/**
 * What a granted request gets: the right to be inside, and the duty to say when it is over. A lease is released once; a
 * second release is an error and gives nothing back. `using lease = await lock.acquire()` releases it at the end of the block.
 */
import { LtlError } from '../words/errors.js';
import type { Owner } from './owner.js';
import type { Verbs, Waitable, Words } from './waitable.js';

export class Lease {
  // The fields are declared and then set in the constructor, the fastest form there is: a lease is made at every grant.
  /** What it is of. */
  declare readonly lock: Waitable;
  /** Rises with every grant of this lock: a resource that has seen a newer token can refuse an older one (see Fence). */
  declare readonly token: number;
  /** @internal */
  declare live: boolean;
  /** @internal Undefined for a lease that was asked for in no words at all, as most are. */
  declare words: Words | undefined;
  /** A lease is no promise; see `nothingToAwait`. */
  // oxlint-disable-next-line unicorn/no-thenable -- it says that there is none
  declare readonly then: undefined;

  /** @internal Leases are made by their locks. */
  constructor(lock: Waitable, token: number, words: Words | undefined) {
    this.lock = lock;
    this.token = token;
    this.live = true;
    this.words = words;
  }

  /** Permits held: 1 but for weighted requests of a semaphore. */
  get weight(): number {
    return this.words?.weight ?? 1;
  }

  /** @internal How it was asked for, and is given back. */
  get verbs(): Verbs {
    return this.words?.verbs ?? this.lock.plainVerbs;
  }

  /** @internal The owner that was named, if one was. */
  get named(): Owner | undefined {
    return this.words?.named;
  }

  /** Who holds it: the owner named when it was asked for, or the lease itself, an owner of its own. */
  get owner(): Owner {
    return this.named ?? this;
  }

  /** False once released. */
  get held(): boolean {
    return this.live;
  }

  /** Gives it back; the head of the queue has it before this returns. Throws E_LOCK_NOT_HELD when it was released before. */
  release(): void {
    this.lock.release(this);
  }

  [Symbol.dispose](): void {
    if (this.live) this.release();
  }
}

/**
 * Says on the prototype that a lease has no `then`. Whoever resolves a promise with an object has to look for one, and without
 * this the search goes through all prototypes: a tenth of what an uncontended `await acquire()` and release cost.
 */
export function nothingToAwait(prototype: { readonly then: undefined }): void {
  // oxlint-disable-next-line unicorn/no-thenable -- undefined is no way to be awaited
  Object.defineProperty(prototype, 'then', { value: undefined });
}

nothingToAwait(Lease.prototype);

/** Several leases that were granted at once and are released together, in reverse order. */
export class Leases {
  readonly leases: readonly Lease[];

  constructor(leases: readonly Lease[]) {
    this.leases = leases;
  }

  /** Releases those that are still held. Throws E_LOCK_NOT_HELD when none is. */
  release(): void {
    const held = this.leases.filter((lease) => lease.held);
    if (held.length === 0) throw new LtlError('E_LOCK_NOT_HELD', 'these leases were released before');
    for (const lease of held.toReversed()) lease.release();
  }

  [Symbol.dispose](): void {
    for (const lease of this.leases.toReversed()) if (lease.held) lease.release();
  }
}
