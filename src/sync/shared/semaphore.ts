/** A counting semaphore with weighted requests across threads; see shared.ts for thread safety, ordering, fairness and death. */
import { type LockOptions, runWith } from '../waitable.js';
import { count } from '../words.js';
import { PERMITS } from './memory.js';
import { type SharedAcquireOptions, type SharedHandle, type SharedLease, SharedLock } from './shared.js';
import { PERMITS_MAX } from './word.js';

export interface SharedSemaphoreOptions extends SharedAcquireOptions {
  /** Permits asked for at once, 1 by default. */
  readonly weight?: number | undefined;
}

export class SharedSemaphore extends SharedLock<'semaphore'> {
  /** A semaphore with n permits, 1 to 1023. */
  constructor(permits: number, options: LockOptions & { readonly handle?: SharedHandle<'semaphore'> } = {}) {
    super('semaphore', count('the number of permits', permits, PERMITS_MAX), options, options.handle);
  }

  /** Joins the semaphore of a handle in this thread. */
  static from(handle: SharedHandle<'semaphore'>): SharedSemaphore {
    return new SharedSemaphore(1, { handle });
  }

  /** The number of permits, n. */
  get permits(): number {
    return this.memory.load(PERMITS);
  }

  /** Resolves with the lease when `weight` permits are free and it is this caller's turn. Rejects with E_ABORTED, E_TIMEOUT, E_LIMIT or E_ARGUMENT. */
  async acquire(options: SharedSemaphoreOptions = {}): Promise<SharedLease> {
    const { hard } = this.words.modes;
    const weight = this.#weight(options.weight);
    await this.park(hard, weight, options);
    return this.lease(hard, weight);
  }

  /** Blocks this thread, which must be a worker. Throws E_TIMEOUT, E_LIMIT, and E_ARGUMENT in the main thread. */
  acquireSync(options: Omit<SharedSemaphoreOptions, 'signal'> = {}): SharedLease {
    const { hard } = this.words.modes;
    const weight = this.#weight(options.weight);
    this.block(hard, weight, options.timeoutMs ?? Number.POSITIVE_INFINITY);
    return this.lease(hard, weight);
  }

  /** The lease if it can be had at once and nobody waits, else undefined. */
  tryAcquire(options: Pick<SharedSemaphoreOptions, 'weight'> = {}): SharedLease | undefined {
    const { hard } = this.words.modes;
    const weight = this.#weight(options.weight);
    return this.tryTake(hard, weight) ? this.lease(hard, weight) : undefined;
  }

  /** Runs the function while holding `weight` permits; releases them however the function ends. */
  run<T>(job: (lease: SharedLease) => T | Promise<T>, options?: SharedSemaphoreOptions): Promise<T> {
    return runWith(this.acquire(options), job);
  }

  #weight(weight = 1): number {
    return count(`a weight of ${this.label}`, weight, this.permits);
  }
}
