/**
 * A lock with two modes across threads; see shared.ts for thread safety, ordering, fairness and death, and lock.ts for the
 * modes. A hard lease can become soft; soft ones cannot become hard across threads, where nobody would see the deadlock.
 */
import { LtlError } from '../../words/errors.js';
import { symHARD_LOCK, symSOFT_LOCK } from '../../words/symbols.js';
import type { LockMode } from '../lock.js';
import { type LockOptions, runWith, type Verbs } from '../waitable.js';
import { HARD } from './protocol.js';
import { type SharedAcquireOptions, type SharedHandle, type SharedLease, SharedLock } from './shared.js';

export interface SharedLockOptions extends SharedAcquireOptions {
  /** Hard by default. */
  readonly mode?: LockMode | undefined;
}

export class SharedReadWriteLock extends SharedLock<'lock'> {
  constructor(options: LockOptions & { readonly handle?: SharedHandle<'lock'> } = {}) {
    super('lock', 1, options, options.handle);
  }

  /** Joins the lock of a handle in this thread. */
  static from(handle: SharedHandle<'lock'>): SharedReadWriteLock {
    return new SharedReadWriteLock({ handle });
  }

  /** Resolves with the lease when it is this caller's turn. Rejects with E_ABORTED, E_TIMEOUT, E_LIMIT or E_ARGUMENT. */
  async acquire(options: SharedLockOptions = {}): Promise<SharedLease> {
    const verbs = this.#verbs(options.mode);
    await this.park(verbs, 1, options);
    return this.lease(verbs, 1);
  }

  /** Blocks this thread, which must be a worker. Throws E_TIMEOUT, E_LIMIT, and E_ARGUMENT in the main thread. */
  acquireSync(options: Omit<SharedLockOptions, 'signal'> = {}): SharedLease {
    const verbs = this.#verbs(options.mode);
    this.block(verbs, 1, options.timeoutMs ?? Number.POSITIVE_INFINITY);
    return this.lease(verbs, 1);
  }

  /** The lease if it can be had at once and nobody waits, else undefined. */
  tryAcquire(options: Pick<SharedLockOptions, 'mode'> = {}): SharedLease | undefined {
    const verbs = this.#verbs(options.mode);
    return this.tryTake(verbs, 1) ? this.lease(verbs, 1) : undefined;
  }

  /** Makes a hard lease soft, with nobody in between. */
  downgrade(lease: SharedLease): void {
    const { hard, soft } = this.words.modes;
    if (lease.lock !== this || !lease.held)
      throw new LtlError('E_LOCK_NOT_HELD', `this is not a live lease of ${this.label}`);
    if (lease.verbs !== hard) throw new LtlError('E_ARGUMENT', `this lease of ${this.label} is soft already`);
    this.protocol.tell(this.words.engine.micro.event('DOWNGRADE' as never), 1 - HARD);
    lease.verbs = soft;
  }

  /** Runs the function while holding it; releases it however the function ends. */
  run<T>(job: (lease: SharedLease) => T | Promise<T>, options?: SharedLockOptions): Promise<T> {
    return runWith(this.acquire(options), job);
  }

  #verbs(mode: LockMode = symHARD_LOCK): Verbs {
    if (mode === symHARD_LOCK) return this.words.modes.hard;
    if (mode === symSOFT_LOCK) return this.words.modes.soft;
    throw new LtlError('E_ARGUMENT', `the mode of ${this.label} is symHARD_LOCK or symSOFT_LOCK`);
  }
}
