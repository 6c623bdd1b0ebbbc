/** A mutex across threads; see shared.ts for thread safety, ordering, fairness and death. Not re-entrant. */
import { type LockOptions, runWith } from '../waitable.js';
import { type SharedAcquireOptions, type SharedHandle, type SharedLease, SharedLock } from './shared.js';

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
    const { hard } = this.words.modes;
    await this.park(hard, 1, options);
    return this.lease(hard, 1);
  }

  /** Blocks this thread, which must be a worker, until it is its turn. Throws E_TIMEOUT, E_LIMIT, and E_ARGUMENT in the main thread. */
  acquireSync(timeoutMs: number = Number.POSITIVE_INFINITY): SharedLease {
    const { hard } = this.words.modes;
    this.block(hard, 1, timeoutMs);
    return this.lease(hard, 1);
  }

  /** The lease if it can be had at once and nobody waits, else undefined. */
  tryAcquire(): SharedLease | undefined {
    const { hard } = this.words.modes;
    return this.tryTake(hard, 1) ? this.lease(hard, 1) : undefined;
  }

  /** Runs the function while holding it; releases it however the function ends. */
  run<T>(job: (lease: SharedLease) => T | Promise<T>, options?: SharedAcquireOptions): Promise<T> {
    return runWith(this.acquire(options), job);
  }
}
