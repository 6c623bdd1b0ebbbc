/** A mutex across threads; see shared.ts for thread safety, ordering, fairness and death. Not re-entrant. */
import { type LockOptions, runWith } from '../waitable.js';
import { DIED } from './memory.js';
import { REFUSED } from './protocol.js';
import { FRESH, type SharedAcquireOptions, type SharedHandle, SharedLease, SharedLock } from './shared.js';

export class SharedMutex extends SharedLock<'mutex'> {
  constructor(options: LockOptions & { readonly handle?: SharedHandle<'mutex'> } = {}) {
    super('mutex', 1, options, options.handle);
  }

  /** Joins the mutex of a handle in this thread. */
  static from(handle: SharedHandle<'mutex'>): SharedMutex {
    return new SharedMutex({ handle });
  }

  /** Resolves with the lease when it is this caller's turn. Rejects with E_ABORTED, E_TIMEOUT or E_LIMIT. */
  async acquire(options: SharedAcquireOptions = {}): Promise<SharedLease> {
    await this.park(this.plainVerbs, 1, options);
    return new SharedLease(this, this.plainVerbs, FRESH, 0);
  }

  /** Blocks this thread, which must be a worker, until it is its turn. Throws E_TIMEOUT, E_LIMIT, and E_ARGUMENT in the main thread. */
  acquireSync(timeoutMs: number = Number.POSITIVE_INFINITY): SharedLease {
    this.block(this.plainVerbs, 1, timeoutMs);
    return new SharedLease(this, this.plainVerbs, FRESH, 0);
  }

  /** The lease if it can be had at once and nobody waits, else undefined. */
  tryAcquire(): SharedLease | undefined {
    const { plainVerbs } = this;
    return this.protocol.take(plainVerbs, plainVerbs.try, 1) === REFUSED
      ? undefined
      : new SharedLease(this, plainVerbs, FRESH, 0);
  }

  /** Runs the function while holding it; releases it however the function ends. */
  run<T>(job: (lease: SharedLease) => T | Promise<T>, options?: SharedAcquireOptions): Promise<T> {
    return runWith(this.acquire(options), job);
  }

  /** @internal There is one holder, so what its lease knows can be settled by plain accesses until the word is exchanged. */
  override give(lease: SharedLease): void {
    const { memory } = this;
    lease.told = memory.spendToken();
    if (memory.peek(DIED) !== 0) this.#inherit(lease);
    this.protocol.give(lease.verbs, 1);
  }

  #inherit(lease: SharedLease): void {
    this.memory.put(DIED, 0);
    lease.inherits();
  }
}
