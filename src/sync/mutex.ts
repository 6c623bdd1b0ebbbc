/**
 * A mutex: one holder at a time, the machine `mutex`.
 *
 * Thread safety: one thread (SharedMutex is for several). Ownership: the lease; not re-entrant, a named owner that asks
 * again gets E_LOCK_REENTRANT. Ordering: strict first come, first served. Fairness: no barging, a release hands the mutex
 * to the head of the queue before it returns.
 */
import { GUARDS } from '../../machines/figures.js';
import { watching } from '../tables/inspect.js';
import { Lease } from './lease.js';
import { GRANT, HAND, Micro, ROW_MASK } from './micro.js';
import { type AcquireOptions, type LockOptions, runWith, type Verbs, Waitable } from './waitable.js';
import type { Waiter } from './waiter.js';
import { single } from './words.js';

const MICRO = new Micro('mutex');
const CODE = MICRO.code;
const ACQUIRE = MICRO.event('ACQUIRE');
const RELEASE = MICRO.event('RELEASE');
const HAND_HEAD = MICRO.event('HAND');
const LAST = MICRO.guard('last');
const VERBS: Verbs = {
  acquire: ACQUIRE,
  try: MICRO.event('TRY'),
  reserve: MICRO.event('RESERVE'),
  hand: HAND_HEAD,
  leave: MICRO.event('LEAVE'),
  release: RELEASE,
  exclusive: true,
};

export class Mutex extends Waitable {
  constructor(options?: LockOptions) {
    super(options, MICRO.initial);
  }

  /** @internal */
  get plainVerbs(): Verbs {
    return VERBS;
  }

  /** @internal */
  get micro(): Micro {
    return MICRO;
  }

  /** True while somebody holds it. */
  get locked(): boolean {
    return this.state === 'held' || this.state === 'queued';
  }

  /**
   * Resolves with the lease when it is this caller's turn.
   * Rejects with E_ABORTED, E_TIMEOUT, E_LOCK_REENTRANT or E_DEADLOCK; then nothing of the request remains.
   */
  acquire(options?: AcquireOptions): Promise<Lease> {
    if (options !== undefined || watching.on) return this.acquireWith(options ?? {});
    // No guard matters for this event, and no figure but the queue's length can change.
    const code = CODE[this.row + ACQUIRE] as number;
    this.row = code & ROW_MASK;
    if ((code & GRANT) !== 0) return Promise.resolve(new Lease(this, ++this.tokens, undefined));
    this.waiting += 1;
    return this.parkPlain();
  }

  /** The lease if nobody holds it and nobody waits, else undefined. */
  tryAcquire(options: Pick<AcquireOptions, 'owner'> = {}): Lease | undefined {
    return this.tryRequest({ verbs: VERBS, weight: 1, named: options.owner });
  }

  /** Runs the function while holding it; releases it however the function ends. */
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
    if ((code & HAND) !== 0) this.hand();
  }

  /** @internal */
  override hand(): void {
    const head = this.first;
    if (head === undefined || head.words !== undefined || watching.on) {
      super.hand();
      return;
    }
    const code = CODE[this.row + HAND_HEAD + (GUARDS.last(this, 1) ? LAST : 0)] as number;
    this.row = code & ROW_MASK;
    this.waiting -= 1;
    this.shift(head);
    head.resolve(new Lease(this, ++this.tokens, undefined));
  }

  /** @internal */
  verbsFor(request: { readonly weight?: number | undefined; readonly mode?: unknown }): Verbs {
    single(this.label, request);
    return VERBS;
  }

  /** @internal */
  feasible(_waiter: Waiter, staying: readonly Lease[]): boolean {
    return staying.length === 0;
  }

  protected valuation(weight: number): number {
    return GUARDS.last(this, weight) ? LAST : 0;
  }
}
