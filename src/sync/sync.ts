/**
 * The door of `ltl/sync`: locks, mutexes, semaphores and signals that work without opening a log. In one thread here; the
 * same kinds across threads are Shared*.
 */

export { inspect, type Transition } from '../tables/inspect.js';
export { type ErrorCode, isLtlError, LtlError } from '../words/errors.js';
export { symHARD_LOCK, symSOFT_LOCK } from '../words/symbols.js';
export { Fence } from './fence.js';
export { type Any, acquireAll, acquireAny } from './group.js';
export type { Lease, Leases } from './lease.js';
export { type LockAcquireOptions, type LockMode, ReadWriteLock, type Request } from './lock.js';
export { Mutex } from './mutex.js';
export { type OrderInversion, watchLockOrder } from './order.js';
export type { Owner } from './owner.js';
export { Semaphore } from './semaphore.js';
export { SharedReadWriteLock } from './shared/lock.js';
export { SharedMutex } from './shared/mutex.js';
export { SharedSemaphore } from './shared/semaphore.js';
export type { SharedHandle, SharedLease } from './shared/shared.js';
export { SharedSignal } from './shared/signal.js';
export { Signal, type SignalOptions } from './signal.js';
export type { AcquireOptions, LockOptions } from './waitable.js';
