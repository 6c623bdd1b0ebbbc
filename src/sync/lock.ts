/**
 * A lock with two modes, the machine `lock`: soft (shared, for readers) and hard (exclusive, for a writer).
 *
 * Thread safety: one thread. Ownership: leases; not re-entrant in either mode, because a reader that asks again while a
 * writer waits would wait for itself. Ordering: one queue, strict first come, first served. Fairness: writers do not
 * starve (readers queue behind a waiting writer), nor do readers. A hard lease can become soft with nobody in between; one
 * soft lease at a time can wait to become hard, and a second one gets E_LOCK_UPGRADE, since the two would wait for each other.
 */
import { GUARDS } from '../../machines/figures.js';
import { LtlError } from '../words/errors.js';
import { symHARD_LOCK, symSOFT_LOCK } from '../words/symbols.js';
import { assertEnds, Ends } from './cancel.js';
import type { Lease } from './lease.js';
import { GRANT_UPGRADE, HAND, Micro, REFUSE_UPGRADE } from './micro.js';

import { owners } from './owners.js';
import { type AcquireOptions, type LockOptions, runWith, type Verbs, Waitable } from './waitable.js';
import { abortError, endingOf, giveUp, unreachable, type Waiter, WaitWords, type WordedWaiter } from './waiter.js';

const MICRO = new Micro('lock');
const LAST = MICRO.guard('last');
const IDLE = MICRO.guard('idle');
const LAST_READER = MICRO.guard('lastReader');
const OTHERS_READ = MICRO.guard('othersRead');
const RESERVE = MICRO.event('RESERVE');
const LEAVE = MICRO.event('LEAVE');
const DOWNGRADE = MICRO.event('DOWNGRADE');
const UPGRADE = MICRO.event('UPGRADE');

const SOFT: Verbs = {
  acquire: MICRO.event('SHARE'),
  try: MICRO.event('TRY_SHARE'),
  reserve: RESERVE,
  hand: MICRO.event('HAND_SHARED'),
  leave: LEAVE,
  release: MICRO.event('RELEASE_SHARED'),
  exclusive: false,
};
const HARD: Verbs = {
  acquire: MICRO.event('EXCLUDE'),
  try: MICRO.event('TRY_EXCLUDE'),
  reserve: RESERVE,
  hand: MICRO.event('HAND_EXCLUSIVE'),
  leave: LEAVE,
  release: MICRO.event('RELEASE_EXCLUSIVE'),
  exclusive: true,
};
/** What the upgrader's waiter leaves by: it is not in the queue. */
const UPGRADING: Verbs = { ...HARD, leave: MICRO.event('ABANDON_UPGRADE') };

/** `symSOFT_LOCK` shares with readers, `symHARD_LOCK` excludes everybody. */
export type LockMode = typeof symHARD_LOCK | typeof symSOFT_LOCK;

export interface LockAcquireOptions extends AcquireOptions {
  /** Hard by default. */
  readonly mode?: LockMode | undefined;
}

export class ReadWriteLock extends Waitable {
  #upgrader: (WordedWaiter & { readonly words: UpgradeWords }) | undefined = undefined;

  constructor(options?: LockOptions) {
    super(options, MICRO.initial);
  }

  /** @internal */
  get plainVerbs(): Verbs {
    return HARD;
  }

  /** @internal */
  get micro(): Micro {
    return MICRO;
  }

  /**
   * Resolves with the lease when it is this caller's turn.
   * Rejects with E_ARGUMENT, E_ABORTED, E_TIMEOUT, E_LOCK_REENTRANT or E_DEADLOCK; then nothing of the request remains.
   */
  acquire(options: LockAcquireOptions = {}): Promise<Lease> {
    return this.acquireWith(options);
  }

  /** `acquire` in soft mode. */
  soft(options: AcquireOptions = {}): Promise<Lease> {
    return this.acquireWith({ ...options, mode: symSOFT_LOCK });
  }

  /** `acquire` in hard mode. */
  hard(options: AcquireOptions = {}): Promise<Lease> {
    return this.acquireWith({ ...options, mode: symHARD_LOCK });
  }

  /** The lease if it can be had at once and nobody waits, else undefined. */
  tryAcquire(options: Pick<LockAcquireOptions, 'owner' | 'mode'> = {}): Lease | undefined {
    return this.tryRequest({ verbs: this.verbsFor(options), weight: 1, named: options.owner });
  }

  /** Runs the function while holding the lock; releases it however the function ends. */
  run<T>(job: (lease: Lease) => T | Promise<T>, options?: LockAcquireOptions): Promise<T> {
    return runWith(this.acquire(options), job);
  }

  /** The mode in which a lease of this lock holds now. */
  modeOf(lease: Lease): LockMode {
    this.#assertOwn(lease);
    return lease.verbs === HARD ? symHARD_LOCK : symSOFT_LOCK;
  }

  /** Makes a hard lease soft; readers at the head of the queue come in, nobody was in between. */
  downgrade(lease: Lease): void {
    this.#assertOwn(lease);
    if (lease.verbs !== HARD) throw new LtlError('E_ARGUMENT', `this lease of ${this.label} is soft already`);
    lease.words = { verbs: SOFT, weight: 1, named: lease.named };
    const code = this.step(DOWNGRADE, 1, lease.named);
    if ((code & HAND) !== 0) this.hand();
  }

  /**
   * Resolves when the soft lease has become hard: when all other readers have left, ahead of the queue.
   * Rejects with E_LOCK_UPGRADE when another one waits for that already, with E_ABORTED or E_TIMEOUT when the wait ended,
   * with E_DEADLOCK when it would never end; the lease is soft as before then.
   */
  async upgrade(lease: Lease, options: Pick<AcquireOptions, 'signal' | 'timeoutMs'> = {}): Promise<void> {
    this.#assertOwn(lease);
    if (lease.verbs !== SOFT) throw new LtlError('E_ARGUMENT', `this lease of ${this.label} is hard already`);
    assertEnds(options.signal, options.timeoutMs);
    if (options.signal?.aborted === true) throw abortError(this.label);
    const code = this.step(UPGRADE, 1, lease.named);
    if ((code & REFUSE_UPGRADE) !== 0)
      throw new LtlError('E_LOCK_UPGRADE', `another reader of ${this.label} waits to become its writer`);
    if ((code & GRANT_UPGRADE) !== 0) {
      lease.words = { verbs: HARD, weight: 1, named: lease.named };
      return;
    }
    const words = new UpgradeWords(this, lease);
    const waiter = { next: undefined, resolve: unreachable as (lease: Lease) => void, words };
    this.#upgrader = waiter;
    const granted = new Promise<Lease>((resolve, reject) => {
      waiter.resolve = resolve;
      words.reject = reject;
    });
    if (lease.named !== undefined) owners.waits(lease.named, waiter);
    const deadlock = lease.named === undefined ? undefined : owners.deadlock(lease.named);
    if (deadlock !== undefined) giveUp(waiter, deadlock);
    else words.ends = new Ends(endingOf(waiter), options.signal, options.timeoutMs);
    await granted;
  }

  /** @internal */
  override leave(waiter: WordedWaiter): void {
    if (waiter !== this.#upgrader) {
      super.leave(waiter);
      return;
    }
    this.#upgrader = undefined;
    const { named } = waiter.words;
    if (named !== undefined) owners.leaves(named, waiter);
    const code = this.step(UPGRADING.leave, 1, named);
    if ((code & HAND) !== 0) this.hand();
  }

  /** @internal */
  verbsFor(request: { readonly weight?: number | undefined; readonly mode?: unknown }): Verbs {
    if (request.weight !== undefined && request.weight !== 1)
      throw new LtlError('E_ARGUMENT', `${this.label} has no weights`);
    if (request.mode === undefined || request.mode === symHARD_LOCK) return HARD;
    if (request.mode === symSOFT_LOCK) return SOFT;
    throw new LtlError('E_ARGUMENT', `the mode of ${this.label} is symHARD_LOCK or symSOFT_LOCK`);
  }

  /** @internal */
  feasible(waiter: Waiter, staying: readonly Lease[]): boolean {
    if (waiter.words?.verbs === SOFT) return staying.every((lease) => lease.verbs === SOFT);
    // An upgrader's own soft lease does not stand in its way.
    return staying.every((lease) => waiter.words instanceof UpgradeWords && waiter.words.lease === lease);
  }

  protected valuation(weight: number): number {
    return (
      (GUARDS.last(this, weight) ? LAST : 0) |
      (GUARDS.idle(this, weight) ? IDLE : 0) |
      (GUARDS.lastReader(this, weight) ? LAST_READER : 0) |
      (GUARDS.othersRead(this, weight) ? OTHERS_READ : 0)
    );
  }

  protected override assertReleasable(lease: Lease): void {
    if (this.#upgrader?.words.lease === lease)
      throw new LtlError('E_LOCK_UPGRADE', `this lease of ${this.label} is being upgraded; end that wait first`);
  }

  protected override afterRelease(code: number): void {
    if ((code & GRANT_UPGRADE) === 0) return;
    const upgrader = this.#upgrader;
    if (upgrader === undefined) throw new Error(`${this.label} granted an upgrade that nobody waits for`);
    const { lease, ends, named } = upgrader.words;
    this.#upgrader = undefined;
    ends?.disarm();
    if (named !== undefined) owners.leaves(named, upgrader);
    lease.words = { verbs: HARD, weight: 1, named: lease.named };
    upgrader.resolve(lease);
  }

  #assertOwn(lease: Lease): void {
    if (lease.lock !== this || !lease.held)
      throw new LtlError('E_LOCK_NOT_HELD', `this is not a live lease of ${this.label}`);
  }
}

/** The words of one that waits, outside the queue, for the other readers to leave. */
class UpgradeWords extends WaitWords {
  readonly lease: Lease;

  constructor(lock: Waitable, lease: Lease) {
    super(lock, { verbs: UPGRADING, weight: 1, named: lease.named });
    this.lease = lease;
  }
}

/** What `acquireAll` and `acquireAny` may be given besides a lock itself. */
export interface Request {
  readonly of: Waitable;
  readonly weight?: number | undefined;
  readonly mode?: LockMode | undefined;
}
