/**
 * Named owners of this thread: what each holds and waits for. It is thread-wide, because a deadlock does not respect
 * instances. From it come the refusal of a lock that the owner holds already, and the deadlock check (deadlock.ts), which runs
 * at each new wait of an owner that holds something. An owner is one flow of control: while it waits it releases nothing.
 */
import { LtlError } from '../words/errors.js';
import { deadlockOf } from './deadlock.js';
import type { Lease } from './lease.js';
import { orderCheck, placeOf } from './order.js';
import { type Owner, ownerName } from './owner.js';
import type { Waitable } from './waitable.js';
import type { Waiter, WordedWaiter } from './waiter.js';

/** One wait of an owner. */
export interface Wait {
  readonly waiter: Waiter;
  /** What it waits for. */
  readonly lock: Waitable;
  /** Would another wait of the same group do as well? */
  readonly alternatives: boolean;
  /** Where in the program it began; empty unless orders are watched. */
  readonly place: string;
}

export class Owners {
  readonly #leases = new Map<Owner, Set<Lease>>();
  readonly #waits = new Map<Owner, Map<Waiter, Wait>>();
  readonly #holders = new Map<Waitable, Set<Lease>>();

  /** The error of asking for what this owner holds or waits for already, where that would be waiting for itself. */
  refusal(owner: Owner, lock: Waitable): LtlError | undefined {
    if (lock.reentrant) return undefined;
    const holds = [...this.leasesOf(owner)].some((lease) => lease.lock === lock);
    const waits = this.waitsOf(owner).some((wait) => wait.lock === lock);
    if (!holds && !waits) return undefined;
    const verb = holds ? 'holds' : 'waits for';
    return new LtlError('E_LOCK_REENTRANT', `${ownerName(owner)} ${verb} ${lock.label} already`);
  }

  /** As `refusal`, for a request that may wait: it also counts for the order of locks. */
  before(owner: Owner, lock: Waitable): LtlError | undefined {
    if (orderCheck.on) orderCheck.asks(owner, [...this.leasesOf(owner)], lock);
    return this.refusal(owner, lock);
  }

  holds(owner: Owner, lease: Lease): void {
    put(this.#leases, owner, lease);
    put(this.#holders, lease.lock, lease);
  }

  releases(owner: Owner, lease: Lease): void {
    take(this.#leases, owner, lease);
    take(this.#holders, lease.lock, lease);
  }

  /** Notes a wait. */
  waits(owner: Owner, waiter: WordedWaiter, alternatives = false): void {
    const waits = this.#waits.get(owner) ?? new Map<Waiter, Wait>();
    this.#waits.set(owner, waits.set(waiter, { waiter, lock: waiter.words.lock, alternatives, place: placeOf() }));
  }

  /** The error of an owner whose waits can never end, because those it waits for wait for it. */
  deadlock(owner: Owner): LtlError | undefined {
    // Nobody waits for an owner that holds nothing and came last.
    return this.#leases.has(owner) || this.waitsOf(owner).length > 1 ? deadlockOf(owner, this) : undefined;
  }

  leaves(owner: Owner, waiter: Waiter): void {
    const waits = this.#waits.get(owner);
    waits?.delete(waiter);
    if (waits?.size === 0) this.#waits.delete(owner);
  }

  leasesOf(owner: Owner): ReadonlySet<Lease> {
    return this.#leases.get(owner) ?? new Set();
  }

  waitsOf(owner: Owner): Wait[] {
    return [...(this.#waits.get(owner)?.values() ?? [])];
  }

  /** Leases of a lock whose owners are named. */
  holdersOf(lock: Waitable): ReadonlySet<Lease> {
    return this.#holders.get(lock) ?? new Set();
  }
}

export const owners = new Owners();

function put<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}

function take<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  set?.delete(value);
  if (set?.size === 0) map.delete(key);
}
