/**
 * The door's calls for locks and signals; see docs/locks.md.
 */
import type { Lease } from '../sync/lease.js';
import type { LockMode } from '../sync/lock.js';
import type { Signal, SignalOptions } from '../sync/signal.js';
import { symHARD_LOCK } from '../words/symbols.js';
import { ActorCalls } from './actor-calls.js';
import type { LockKey, LockStatus, RuntimeLockOptions, RuntimeLocks } from './locks.js';
import type { UserActors } from './user-actors.js';

export class LockCalls extends ActorCalls {
  readonly #locks: RuntimeLocks;

  constructor(actors: UserActors, locks: RuntimeLocks) {
    super(actors);
    this.#locks = locks;
  }

  /**
   * Takes the lock of a key, 1 by default, hard (exclusive, the default) or soft (shared); resolves with the lease in the
   * order of asking. Key 1 gates this instance: held hard, every other operation waits, held soft, those that write; the
   * holder's own go through `within`. Other keys are yours. Rejects with E_TIMEOUT, E_ABORTED, E_LOCK_REENTRANT,
   * E_DEADLOCK, E_CLOSED.
   */
  async lock(key: LockKey = 1, mode: LockMode = symHARD_LOCK, options: RuntimeLockOptions = {}): Promise<Lease> {
    return this.#locks.lock(key, mode, options);
  }

  /** Releases the one lease of that key. Throws E_LOCK_NOT_HELD when there is none, E_LOCK_AMBIGUOUS when there are several. */
  release(key: LockKey = 1): void {
    this.#locks.release(key);
  }

  /** How a lock is held and how many wait for it; without a key all locks that are held or waited for. */
  locked(key: LockKey): LockStatus;
  locked(): LockStatus[];
  locked(key?: LockKey): LockStatus | LockStatus[] {
    return key === undefined ? this.#locks.locked() : this.#locks.locked(key);
  }

  /** Calls what the holder of key 1 does itself while others wait: `ltl.within(lease, () => ltl.append('mine'))`. */
  within<T>(lease: Lease, operation: () => T): T {
    return this.#locks.within(lease, operation);
  }

  /** The signal with that name, made at first use; auto reset unless `{ resets: 'manual' }`. */
  SIGNAL(name: string, options: SignalOptions = {}): Signal {
    return this.#locks.signal(name, options);
  }

  /** All signals made so far, by name. */
  get SIGNALS(): Readonly<Record<string, Signal>> {
    return this.#locks.signals();
  }
}
