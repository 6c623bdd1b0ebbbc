/**
 * Waiting for several at once. `acquireAll` holds nothing while it waits: it has a place in each queue, and takes all at the
 * one moment when it is at the head of every queue and every lock could be had. While it is at the head of some queues those
 * locks are kept for it, so that a stream of small requests cannot starve it. Places are taken in all queues at once, so of
 * two such waits one is before the other in every queue they share: they cannot block each other.
 *
 * Thread safety: one thread. Ordering and fairness: those of the locks, first come, first served.
 */
import { LtlError } from '../words/errors.js';
import { assertEnds, Ends } from './cancel.js';
import { type Lease, Leases } from './lease.js';
import type { Request } from './lock.js';
import { GRANT, GRANT_HEAD, HAND } from './micro.js';
import type { Owner } from './owner.js';
import { owners } from './owners.js';
import { Semaphore } from './semaphore.js';
import { type AcquireOptions, Waitable, type Words } from './waitable.js';
import { abortError, type Group, type WordedWaiter } from './waiter.js';

type GroupOptions = Pick<AcquireOptions, 'signal' | 'timeoutMs' | 'owner'>;

/** Which of the requests was granted, and its lease. */
export interface Any {
  readonly index: number;
  readonly lease: Lease;
}

interface Part extends Words {
  readonly lock: Waitable;
}

/**
 * Resolves with all leases, granted at one moment, or with none: rejects with E_ARGUMENT, E_ABORTED, E_TIMEOUT,
 * E_LOCK_REENTRANT or E_DEADLOCK. Several requests for one semaphore are added up.
 */
export async function acquireAll(
  requests: readonly (Waitable | Request)[],
  options: GroupOptions = {},
): Promise<Leases> {
  const parts = distinct(requests.map((request) => partOf(request, options.owner)));
  const { owner } = options;
  refuseEarly(parts, options);
  if (parts.every(({ lock, verbs, weight }) => lock.grants(verbs.acquire, weight, GRANT))) {
    return new Leases(parts.map((part) => take(part)));
  }
  return new Promise<Leases>((resolve, reject) => {
    const group = new AllGroup(parts, owner, resolve, reject);
    group.begin(options);
  });
}

/** Resolves with the first that can be had, in the order given when several can; the other requests are withdrawn. Rejects as acquireAll. */
export async function acquireAny(requests: readonly (Waitable | Request)[], options: GroupOptions = {}): Promise<Any> {
  const parts = requests.map((request) => partOf(request, options.owner));
  const { owner } = options;
  if (parts.length === 0) throw new LtlError('E_ARGUMENT', 'acquireAny of nothing would wait for ever');
  refuseEarly(parts, options);
  const index = parts.findIndex(({ lock, verbs, weight }) => lock.grants(verbs.acquire, weight, GRANT));
  if (index >= 0) return { index, lease: take(parts[index] as Part) };
  return new Promise<Any>((resolve, reject) => {
    const group = new AnyGroup(parts, owner, resolve, reject);
    group.begin(options);
  });
}

/** The legs of one wait, and how it ends. */
abstract class Wait<Result> implements Group {
  readonly legs: readonly WordedWaiter[];
  readonly #owner: Owner | undefined;
  readonly #reject: (error: unknown) => void;
  protected readonly resolve: (result: Result) => void;
  #ends: Ends | undefined;
  protected over = false;

  constructor(
    parts: readonly Part[],
    owner: Owner | undefined,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ) {
    this.legs = parts.map((part) => part.lock.reserve(part, this));
    this.#owner = owner;
    this.resolve = resolve;
    this.#reject = reject;
  }

  begin({ signal, timeoutMs }: GroupOptions): void {
    const owner = this.#owner;
    if (owner !== undefined) {
      // All legs first: one alternative alone may look stuck.
      for (const leg of this.legs) owners.waits(owner, leg, this.alternatives);
      const deadlock = owners.deadlock(owner);
      if (deadlock !== undefined) this.#giveUp(deadlock);
    }
    if (!this.over) this.#ends = new Ends(this, signal, timeoutMs);
  }

  abstract offer(leg: WordedWaiter): boolean;
  abstract readonly alternatives: boolean;

  timedOut(): void {
    this.#giveUp(new LtlError('E_TIMEOUT', `waited too long for ${this.#label}`));
  }

  aborted(): void {
    this.#giveUp(abortError(this.#label));
  }

  /** Ends the wait; nothing of it can be granted any more. */
  protected end(): void {
    this.over = true;
    this.#ends?.disarm();
  }

  #giveUp(error: LtlError): void {
    this.end();
    for (const leg of this.legs) leg.words.lock.leave(leg);
    this.#reject(error);
  }

  get #label(): string {
    return this.legs.map(({ words }) => words.lock.label).join(', ');
  }
}

class AllGroup extends Wait<Leases> {
  readonly alternatives = false;

  offer(): boolean {
    const { legs } = this;
    const ready = legs.every((leg) => {
      const { lock, verbs, weight } = leg.words;
      return lock.first === leg && lock.grants(verbs.hand, weight, GRANT_HEAD);
    });
    if (this.over || !ready) return false;
    this.end();
    const codes = legs.map((leg) => leg.words.lock.grantHead(leg));
    this.resolve(new Leases(legs.map(({ words }) => words.lock.lease(words))));
    for (const [index, { words }] of legs.entries()) if (((codes[index] as number) & HAND) !== 0) words.lock.hand();
    return true;
  }
}

class AnyGroup extends Wait<Any> {
  readonly alternatives = true;

  offer(leg: WordedWaiter): boolean {
    if (this.over) return false;
    this.end();
    const { words } = leg;
    const code = words.lock.grantHead(leg);
    this.resolve({ index: this.legs.indexOf(leg), lease: words.lock.lease(words) });
    for (const other of this.legs) if (other !== leg) other.words.lock.leave(other);
    if ((code & HAND) !== 0) words.lock.hand();
    return true;
  }
}

function partOf(request: Waitable | Request, named: Owner | undefined): Part {
  const {
    of: lock,
    weight,
    mode,
  } = request instanceof Waitable ? { of: request, weight: undefined, mode: undefined } : request;
  if (!(lock instanceof Waitable))
    throw new LtlError(
      'E_ARGUMENT',
      'a request is a lock or { of: lock, weight?, mode? }, and locks across threads can only be taken one by one',
    );
  return { lock, verbs: lock.verbsFor({ weight, mode }), weight: weight ?? 1, named };
}

/** One part for each lock: the weights of a semaphore are added, any other lock asked for twice would wait for itself. */
function distinct(parts: readonly Part[]): Part[] {
  const byLock = new Map<Waitable, Part>();
  for (const part of parts) {
    const { lock } = part;
    const known = byLock.get(lock);
    if (known === undefined) byLock.set(lock, part);
    else if (lock instanceof Semaphore) {
      const weight = known.weight + part.weight;
      byLock.set(lock, { ...part, verbs: lock.verbsFor({ weight }), weight });
    } else throw new LtlError('E_LOCK_REENTRANT', `${lock.label} is asked for twice in one request`);
  }
  return [...byLock.values()];
}

function refuseEarly(parts: readonly Part[], { signal, timeoutMs, owner }: GroupOptions): void {
  assertEnds(signal, timeoutMs);
  if (signal?.aborted === true) throw abortError(parts.map(({ lock }) => lock.label).join(', '));
  if (owner === undefined) return;
  for (const { lock } of parts) {
    const again = owners.before(owner, lock);
    if (again !== undefined) throw again;
  }
}

function take(part: Part): Lease {
  part.lock.step(part.verbs.acquire, part.weight, part.named);
  return part.lock.lease(part);
}
