/**
 * The runtime's own locks and signals, by key and by name. Key 1 gates the runtime: while it is held in hard mode every other
 * operation waits, in soft mode those that write; they wait in the queue of that very lock, so nobody is overtaken. What
 * was called before the lock was granted goes on. Other keys mean what their users agree on.
 *
 * Thread safety: one thread, the one that opened the instance. Fairness: that of ReadWriteLock and Signal.
 */
import type { Lease } from '../sync/lease.js';
import { type LockMode, ReadWriteLock } from '../sync/lock.js';
import { Signal, type SignalOptions } from '../sync/signal.js';
import type { AcquireOptions } from '../sync/waitable.js';
import { LtlError } from '../words/errors.js';
import { symHARD_LOCK, symSOFT_LOCK } from '../words/symbols.js';

/** The key that gates the runtime. */
const GATE_KEY = 1;

/** What a lock is called by. */
export type LockKey = number | string;

/** How a request for a runtime lock may end and on whose behalf it is. */
export type RuntimeLockOptions = Pick<AcquireOptions, 'owner' | 'timeoutMs' | 'signal'>;

/** Plain data about one lock. */
export interface LockStatus {
  readonly key: LockKey;
  readonly mode: 'hard' | 'soft' | 'free';
  readonly holders: number;
  readonly waiting: number;
}

export class RuntimeLocks {
  readonly #locks = new Map<LockKey, ReadWriteLock>();
  readonly #leases = new Map<LockKey, Set<Lease>>();
  readonly #signals = new Map<string, Signal>();
  readonly #closing = new AbortController();
  /** Made with the first lock of key 1: until then the gate costs one look. */
  #gate: ReadWriteLock | undefined = undefined;
  #within = false;

  async lock(key: LockKey, mode: LockMode, options: RuntimeLockOptions): Promise<Lease> {
    const lock = this.#lockOf(key);
    const lease = await this.#until(options.signal, (signal) => lock.acquire({ ...options, signal, mode }));
    const leases = this.#leasesOf(key);
    for (const old of leases) if (!old.held) leases.delete(old);
    leases.add(lease);
    return lease;
  }

  /** Releases the one lease of that key. Throws E_LOCK_NOT_HELD or, when there are several, E_LOCK_AMBIGUOUS. */
  release(key: LockKey): void {
    const held = [...this.#leasesOf(key)].filter((lease) => lease.held);
    if (held.length > 1)
      throw new LtlError('E_LOCK_AMBIGUOUS', `${held.length} leases of lock ${key} are held; release the lease itself`);
    const [lease] = held;
    if (lease === undefined) throw new LtlError('E_LOCK_NOT_HELD', `lock ${key} is not held`);
    lease.release();
  }

  /** The state of one lock, or of all that are held or waited for. */
  locked(key: LockKey): LockStatus;
  locked(): LockStatus[];
  locked(key?: LockKey): LockStatus | LockStatus[] {
    if (key !== undefined) return this.#statusOf(key);
    return [...this.#locks.keys()]
      .map((each) => this.#statusOf(each))
      .filter(({ mode, waiting }) => mode !== 'free' || waiting > 0);
  }

  /** The signal with that name, made at first use. Throws E_ARGUMENT when it exists with another reset. */
  signal(name: string, options: SignalOptions): Signal {
    const known = this.#signals.get(name);
    if (known === undefined) {
      const signal = new Signal({ ...options, name });
      this.#signals.set(name, signal);
      return signal;
    }
    if (options.resets !== undefined && options.resets !== known.resets)
      throw new LtlError('E_ARGUMENT', `signal ${name} has ${known.resets} reset`);
    return known;
  }

  signals(): Record<string, Signal> {
    return Object.fromEntries(this.#signals);
  }

  /** True while nobody holds key 1 or waits for it: the one look that an append takes. */
  get open(): boolean {
    return this.#gate === undefined || this.#within || this.#gate.state === 'free';
  }

  /** What keeps a policy from putting the instance to sleep, in words. */
  blockers(): string[] {
    return this.open ? [] : ['lock 1 is held or waited for'];
  }

  /** Runs an operation that writes: at once while nobody holds key 1, else in its turn. */
  writing<T>(operation: () => Promise<T>): Promise<T> {
    return this.open ? operation() : this.#inTurn(symHARD_LOCK, operation);
  }

  /** Runs an operation that reads: at once unless key 1 is held in hard mode or somebody waits for that. */
  reading<T>(operation: () => Promise<T>): Promise<T> {
    return this.#readable ? operation() : this.#inTurn(symSOFT_LOCK, operation);
  }

  /** Undefined when reads pass now, else the turn to wait for. */
  readTurn(): Promise<void> | undefined {
    return this.#readable ? undefined : this.#inTurn(symSOFT_LOCK, () => Promise.resolve());
  }

  /** Throws E_GATED where an operation that cannot wait would have to. */
  assertWritable(): void {
    if (!this.open) throw new LtlError('E_GATED', 'the runtime is locked');
  }

  /** Calls what the holder of key 1 wants to do itself; only what is called before this returns passes. */
  within<T>(lease: Lease, operation: () => T): T {
    if (!lease.held || lease.lock !== this.#gate)
      throw new LtlError('E_LOCK_NOT_HELD', 'within() wants a live lease of key 1 of this instance');
    const outer = this.#within;
    this.#within = true;
    try {
      return operation();
    } finally {
      this.#within = outer;
    }
  }

  /** Ends all waits with E_CLOSED. */
  close(): void {
    this.#closing.abort();
  }

  get #readable(): boolean {
    return this.open || this.#gate?.state === 'shared';
  }

  /** Holds the gate only while the operation is called: what it has started goes on. */
  async #inTurn<T>(mode: LockMode, operation: () => Promise<T>): Promise<T> {
    const gate = this.#lockOf(GATE_KEY);
    const lease = await this.#until(undefined, (signal) => gate.acquire({ signal, mode }));
    try {
      return this.within(lease, operation);
    } finally {
      lease.release();
    }
  }

  async #until(signal: AbortSignal | undefined, wait: (signal: AbortSignal) => Promise<Lease>): Promise<Lease> {
    const closing = this.#closing.signal;
    try {
      return await wait(signal === undefined ? closing : AbortSignal.any([signal, closing]));
    } catch (error) {
      throw closing.aborted ? new LtlError('E_CLOSED', 'the instance was closed', { cause: error }) : error;
    }
  }

  #statusOf(key: LockKey): LockStatus {
    const lock = this.#locks.get(key);
    if (lock === undefined) return { key, mode: 'free', holders: 0, waiting: 0 };
    const hard = lock.state.startsWith('exclusive');
    const mode = hard ? 'hard' : lock.readers > 0 ? 'soft' : 'free';
    return { key, mode, holders: hard ? 1 : lock.readers, waiting: lock.queueLength };
  }

  #lockOf(key: LockKey): ReadWriteLock {
    const known = this.#locks.get(key);
    if (known !== undefined) return known;
    const lock = new ReadWriteLock({ name: `lock ${key}` });
    this.#locks.set(key, lock);
    if (key === GATE_KEY) this.#gate = lock;
    return lock;
  }

  #leasesOf(key: LockKey): Set<Lease> {
    const known = this.#leases.get(key) ?? new Set<Lease>();
    this.#leases.set(key, known);
    return known;
  }
}
