/**
 * A lock with two modes across threads; see shared.ts for thread safety, ordering, fairness and death, and lock.ts for the
 * modes. A hard lease can become soft with nobody in between; one soft lease at a time, over all threads, can wait to become
 * hard, and a second one gets E_LOCK_UPGRADE, since the two would wait for each other.
 */
import { LtlError } from '../../words/errors.js';
import { symHARD_LOCK, symSOFT_LOCK } from '../../words/symbols.js';
import { assertEnds } from '../cancel.js';
import type { LockMode } from '../lock.js';
import { type LockOptions, runWith, type Verbs } from '../waitable.js';
import { abortError } from '../waiter.js';
import { parkSync } from './parking.js';
import { HARD, REFUSED, TAKEN } from './protocol.js';
import {
  assertMayBlock,
  type SharedAcquireOptions,
  type SharedHandle,
  type SharedLease,
  SharedLock,
} from './shared.js';

export interface SharedLockOptions extends SharedAcquireOptions {
  /** Hard by default. */
  readonly mode?: LockMode | undefined;
}

export class SharedReadWriteLock extends SharedLock<'lock'> {
  #upgrading: SharedLease | undefined = undefined;

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

  /** `acquire` in soft mode. */
  soft(options: SharedAcquireOptions = {}): Promise<SharedLease> {
    return this.acquire({ ...options, mode: symSOFT_LOCK });
  }

  /** `acquire` in hard mode. */
  hard(options: SharedAcquireOptions = {}): Promise<SharedLease> {
    return this.acquire({ ...options, mode: symHARD_LOCK });
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
    this.#assertOwn(lease);
    if (lease.verbs !== hard) throw new LtlError('E_ARGUMENT', `this lease of ${this.label} is soft already`);
    this.protocol.tell(this.words.engine.micro.event('DOWNGRADE' as never), 1 - HARD);
    lease.verbs = soft;
  }

  /**
   * Resolves when the soft lease has become hard: when all other readers have left, ahead of the queue.
   * Rejects with E_LOCK_UPGRADE when another one, in any thread, waits for that already, with E_ABORTED or E_TIMEOUT when the
   * wait ended; the lease is soft as before then.
   */
  async upgrade(lease: SharedLease, options: SharedAcquireOptions = {}): Promise<void> {
    const { signal, timeoutMs } = options;
    this.#assertSoft(lease);
    assertEnds(signal, timeoutMs);
    if (signal?.aborted === true) throw abortError(this.label);
    const { protocol } = this;
    const slot = this.#ask();
    if (slot !== TAKEN) {
      this.#upgrading = lease;
      try {
        await this.untilTold(slot, () => protocol.abandonUpgrade(), options);
      } finally {
        this.#upgrading = undefined;
      }
      this.#collectUpgrade();
    }
    lease.verbs = this.words.modes.hard;
  }

  /** The same, blocking this thread, which must be a worker. Throws what `upgrade` rejects with, and E_ARGUMENT in the main thread. */
  upgradeSync(lease: SharedLease, timeoutMs: number = Number.POSITIVE_INFINITY): void {
    assertMayBlock();
    this.#assertSoft(lease);
    assertEnds(undefined, timeoutMs);
    const { protocol } = this;
    const slot = this.#ask();
    if (slot !== TAKEN) {
      parkSync(this.memory, slot, timeoutMs, 0);
      if (!protocol.collectUpgrade()) {
        if (protocol.abandonUpgrade()) throw new LtlError('E_TIMEOUT', `waited too long for ${this.label}`);
        parkSync(this.memory, slot, Number.POSITIVE_INFINITY, 0);
        this.#collectUpgrade();
      }
    }
    lease.verbs = this.words.modes.hard;
  }

  /** @internal */
  override give(lease: SharedLease): void {
    if (lease === this.#upgrading) {
      lease.keep();
      throw new LtlError('E_LOCK_UPGRADE', `this lease of ${this.label} is being upgraded; end that wait first`);
    }
    super.give(lease);
  }

  #ask(): number {
    const slot = this.protocol.upgrade();
    if (slot === REFUSED)
      throw new LtlError('E_LOCK_UPGRADE', `another reader of ${this.label} waits to become its writer`);
    return slot;
  }

  #collectUpgrade(): void {
    if (!this.protocol.collectUpgrade())
      throw new LtlError('E_HOLDER_DIED', `the wait for ${this.label} was taken away`);
  }

  #assertOwn(lease: SharedLease): void {
    if (lease.lock !== this || !lease.held)
      throw new LtlError('E_LOCK_NOT_HELD', `this is not a live lease of ${this.label}`);
  }

  #assertSoft(lease: SharedLease): void {
    this.#assertOwn(lease);
    if (lease.verbs !== this.words.modes.soft)
      throw new LtlError('E_ARGUMENT', `this lease of ${this.label} is hard already`);
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
