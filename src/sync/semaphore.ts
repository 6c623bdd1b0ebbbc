/**
 * A counting semaphore with weighted requests, the machine `semaphore`.
 *
 * Thread safety: one thread. Ownership: leases; re-entrant in the sense that one owner may hold several. Ordering: strict
 * first come, first served, whatever the weights. Fairness: a heavy request at the head keeps the light ones behind it
 * waiting, so it is not starved.
 */
import { GUARDS } from '../../machines/figures.js';
import { watching } from '../tables/inspect.js';
import { LtlError } from '../words/errors.js';
import { Lease } from './lease.js';
import { GRANT, GRANT_HEAD, HAND, Micro, ROW_MASK } from './micro.js';
import { type AcquireOptions, type LockOptions, runWith, type Verbs, Waitable } from './waitable.js';
import type { Waiter } from './waiter.js';
import { count } from './words.js';

const MICRO = new Micro('semaphore');
const CODE = MICRO.code;
const ACQUIRE = MICRO.event('ACQUIRE');
const RELEASE = MICRO.event('RELEASE');
const HAND_HEAD = MICRO.event('HAND');
const LAST = MICRO.guard('last');
const BLOCKED = MICRO.guard('blocked');
const VERBS: Verbs = {
  acquire: ACQUIRE,
  try: MICRO.event('TRY'),
  reserve: MICRO.event('RESERVE'),
  hand: HAND_HEAD,
  leave: MICRO.event('LEAVE'),
  release: RELEASE,
  exclusive: false,
};

export class Semaphore extends Waitable {
  /** The number of permits, n. Always `free` + the weights of the live leases. */
  readonly permits: number;

  /** A semaphore with n permits, all free. */
  constructor(permits: number, options?: LockOptions) {
    super(options, MICRO.initial);
    this.permits = count('the number of permits', permits, Number.MAX_SAFE_INTEGER);
    this.available = permits;
  }

  /** @internal */
  get plainVerbs(): Verbs {
    return VERBS;
  }

  /** @internal */
  get micro(): Micro {
    return MICRO;
  }

  /** Permits that nobody holds. While somebody waits they are kept for the head of the queue. */
  get free(): number {
    return this.available;
  }

  /**
   * Resolves with the lease when `weight` permits are free and it is this caller's turn.
   * Rejects with E_ARGUMENT, E_ABORTED, E_TIMEOUT or E_DEADLOCK; then nothing of the request remains.
   */
  acquire(options?: AcquireOptions): Promise<Lease> {
    if (options !== undefined || watching.on) return this.acquireWith(options ?? {});
    // Whether it is the last waiter does not matter for this event.
    const code = CODE[this.row + ACQUIRE + (GUARDS.blocked(this, 1) ? BLOCKED : 0)] as number;
    this.row = code & ROW_MASK;
    if ((code & GRANT) !== 0) {
      this.available -= 1;
      return Promise.resolve(new Lease(this, ++this.tokens, undefined));
    }
    this.waiting += 1;
    return this.parkPlain();
  }

  /** The lease if it can be had at once and nobody waits, else undefined. */
  tryAcquire(options: Pick<AcquireOptions, 'owner' | 'weight'> = {}): Lease | undefined {
    return this.tryRequest({ verbs: this.verbsFor(options), weight: options.weight ?? 1, named: options.owner });
  }

  /** Runs the function while holding `weight` permits; releases them however the function ends. */
  run<T>(job: (lease: Lease) => T | Promise<T>, options?: AcquireOptions): Promise<T> {
    return runWith(this.acquire(options), job);
  }

  override release(lease: Lease): void {
    if (watching.on || lease.lock !== this || !lease.live || lease.words !== undefined) {
      super.release(lease);
      return;
    }
    lease.live = false;
    const code = CODE[this.row + RELEASE] as number;
    this.row = code & ROW_MASK;
    this.available += 1;
    if ((code & HAND) !== 0) this.hand();
  }

  /** @internal */
  override hand(): void {
    for (let head = this.first; head !== undefined && head.words === undefined && !watching.on; head = this.first) {
      const guards = (GUARDS.blocked(this, 1) ? BLOCKED : 0) | (GUARDS.last(this, 1) ? LAST : 0);
      const code = CODE[this.row + HAND_HEAD + guards] as number;
      if ((code & GRANT_HEAD) === 0) return;
      this.row = code & ROW_MASK;
      this.available -= 1;
      this.waiting -= 1;
      this.shift(head);
      head.resolve(new Lease(this, ++this.tokens, undefined));
      if ((code & HAND) === 0) return;
    }
    super.hand();
  }

  /** @internal */
  verbsFor(request: { readonly weight?: number | undefined; readonly mode?: unknown }): Verbs {
    if (request.mode !== undefined) throw new LtlError('E_ARGUMENT', `${this.label} has no modes`);
    if (request.weight !== undefined) count(`a weight of ${this.label}`, request.weight, this.permits);
    return VERBS;
  }

  /** @internal */
  override get reentrant(): boolean {
    return true;
  }

  /** @internal */
  feasible(waiter: Waiter, staying: readonly Lease[]): boolean {
    const held = staying.reduce((sum, lease) => sum + lease.weight, 0);
    return this.permits - held >= (waiter.words?.weight ?? 1);
  }

  protected valuation(weight: number): number {
    return (GUARDS.last(this, weight) ? LAST : 0) | (GUARDS.blocked(this, weight) ? BLOCKED : 0);
  }
}
