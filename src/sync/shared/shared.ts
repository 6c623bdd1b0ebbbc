/**
 * Locks across threads: the same machines and tables as in one thread, in a word of shared memory. A lock is made in one
 * thread; its `handle` can be posted to workers, where `from(handle)` joins it.
 *
 * Thread safety: any number of threads up to 32. Ownership: the lease, in the thread that got it. Ordering: strict first
 * come, first served over all threads. Fairness: no barging. Death: when a worker ends while it holds or waits, its place
 * and its permits come back and the next lease says so (`holderDied`); see `watch`. There are no owners across threads, so
 * no deadlock check either: use timeouts.
 */
import { isMainThread, threadId, type Worker } from 'node:worker_threads';
import { LtlError } from '../../words/errors.js';
import { assertEnds, Ends } from '../cancel.js';
import { nothingToAwait } from '../lease.js';
import type { AcquireOptions, LockOptions, Verbs } from '../waitable.js';
import { abortError } from '../waiter.js';
import { type KindWords, kindWords, SHARED_KINDS, type SharedKind } from './kinds.js';
import { DIED, KIND, PERMITS, recordCell, SEATS, SharedMemory, threadCell, WORD } from './memory.js';
import { parkAsync, parkSync } from './parking.js';
import { REFUSED, TAKEN } from './protocol.js';
import { Recovery } from './recovery.js';
import { forget, type Mourner, mourn, watch } from './threads.js';

/** What can be posted to another thread: plain data around shared memory. */
export interface SharedHandle<K extends SharedKind = SharedKind> {
  readonly kind: K;
  readonly name: string | undefined;
  readonly buffer: SharedArrayBuffer;
}

/** Words of a request across threads. */
export type SharedAcquireOptions = Pick<AcquireOptions, 'signal' | 'timeoutMs'>;

/** Milliseconds until a repair is tried again that met a thread in the middle of a step. */
const REPAIR_AGAIN_MS = 1;

export abstract class SharedLock<K extends SharedKind = SharedKind> implements Mourner {
  readonly name: string | undefined;
  readonly handle: SharedHandle<K>;
  /** @internal */
  protected readonly protocol: Recovery;
  protected readonly words: KindWords;
  /** How a request in no words is made. */
  protected readonly plainVerbs: Verbs;
  protected readonly memory: SharedMemory;
  readonly #mourning: WeakRef<Mourner>;

  /** Makes a lock with so many permits, or joins the one of a handle. Throws E_LIMIT when 32 threads use it already. */
  protected constructor(kind: K, permits: number, options: LockOptions, handle: SharedHandle<K> | undefined) {
    if (handle !== undefined && handle.kind !== kind)
      throw new LtlError('E_ARGUMENT', `this is the handle of a ${handle.kind}, not of a ${kind}`);
    this.name = handle === undefined ? options.name : handle.name;
    this.words = kindWords(kind);
    this.plainVerbs = this.words.modes.hard;
    this.memory = new SharedMemory(handle?.buffer);
    this.handle = handle ?? { kind, name: this.name, buffer: this.memory.buffer };
    if (handle === undefined) {
      this.memory.store(KIND, SHARED_KINDS.indexOf(kind));
      this.memory.store(PERMITS, permits);
      this.memory.store(WORD, this.words.engine.initial(permits));
    }
    const { engine, modes, alone } = this.words;
    this.protocol = new Recovery(this.memory, engine, modes, alone, this.#sit(), this.label);
    this.#mourning = mourn(this);
  }

  /** Name of the machine's state at this moment. */
  get state(): string {
    return this.words.engine.read(this.memory.load(WORD)).state;
  }

  /** How many wait, in all threads; one that went away counts until the queue comes to it. */
  get queueLength(): number {
    return this.words.engine.read(this.memory.load(WORD)).waiting;
  }

  /** What messages call it. */
  get label(): string {
    return this.name ?? `a shared ${this.words.engine.micro.machine}`;
  }

  /** Also mourns a worker that was started before this thread made its first shared lock. */
  watch(worker: Worker): this {
    watch(worker);
    return this;
  }

  /** @internal A worker of this thread has ended. */
  threadDied(thread: number): void {
    if (this.protocol.bury(thread)) this.#repair();
  }

  /** Leaves the lock: the seat of this thread is free again. Throws E_LOCKED while something is held through it. */
  close(): void {
    if (this.protocol.holds !== 0) throw new LtlError('E_LOCKED', `${this.label} is held here`);
    forget(this.#mourning);
    this.memory.store(recordCell(this.protocol.seat), 0);
    this.memory.store(threadCell(this.protocol.seat), 0);
  }

  /** Waits without blocking; resolves when granted. */
  protected async park(verbs: Verbs, weight: number, options: SharedAcquireOptions): Promise<void> {
    const { signal, timeoutMs } = options;
    assertEnds(signal, timeoutMs);
    if (signal?.aborted === true) throw abortError(this.label);
    const { protocol } = this;
    const slot = protocol.take(verbs, verbs.acquire, weight);
    if (slot === TAKEN) return;
    await this.untilTold(slot, () => protocol.abandon(slot), options);
    this.#collect(slot, verbs, weight);
  }

  /** Resolves when the slot is not waiting any more. Rejects when signal or time came first and the wait was given up by that. */
  protected async untilTold(
    slot: number,
    abandon: () => boolean,
    { signal, timeoutMs }: SharedAcquireOptions,
  ): Promise<void> {
    let reason: LtlError | undefined;
    const giveUp = (error: LtlError): void => {
      if (abandon()) reason = error;
    };
    const ends = new Ends(
      {
        aborted: () => giveUp(abortError(this.label)),
        timedOut: () => giveUp(new LtlError('E_TIMEOUT', `waited too long for ${this.label}`)),
      },
      signal,
      timeoutMs,
    );
    await parkAsync(this.memory, slot);
    ends.disarm();
    if (reason !== undefined) throw reason;
  }

  /** Waits by blocking this thread. */
  protected block(verbs: Verbs, weight: number, timeoutMs: number): void {
    assertMayBlock();
    assertEnds(undefined, timeoutMs);
    const { protocol } = this;
    const slot = protocol.take(verbs, verbs.acquire, weight);
    if (slot === TAKEN) return;
    parkSync(this.memory, slot, timeoutMs, protocol.ahead);
    if (protocol.collect(slot, verbs, weight)) return;
    if (protocol.abandon(slot)) throw new LtlError('E_TIMEOUT', `waited too long for ${this.label}`);
    this.#collect(slot, verbs, weight);
  }

  /** Takes if it can be had at once. */
  protected tryTake(verbs: Verbs, weight: number): boolean {
    return this.protocol.take(verbs, verbs.try, weight) !== REFUSED;
  }

  /** @internal The lease of what was just taken. */
  protected lease(verbs: Verbs, weight: number): SharedLease {
    const died = this.memory.peek(DIED) !== 0 && this.memory.swap(DIED, 1, 0);
    const bits = LIVE | (weight << WEIGHT_FIELD) | (died ? AFTER_DEATH : 0);
    return new SharedLease(this, verbs, bits, this.memory.token());
  }

  /** @internal Gives back what a lease holds. */
  give(lease: SharedLease): void {
    this.protocol.give(lease.verbs, lease.weight);
  }

  /** @internal The token of a lease that was made without. */
  tokenNow(): number {
    return this.memory.tokenAlone();
  }

  /** @internal Did a holder die before this lease, which was made without knowing? */
  diedNow(): boolean {
    return this.memory.peek(DIED) !== 0;
  }

  #collect(slot: number, verbs: Verbs, weight: number): void {
    if (!this.protocol.collect(slot, verbs, weight))
      throw new LtlError('E_HOLDER_DIED', `the wait for ${this.label} was taken away`);
  }

  #repair(): void {
    if (!this.protocol.repair()) setTimeout(() => this.#repair(), REPAIR_AGAIN_MS);
  }

  /** A free seat, taken for this thread. */
  #sit(): number {
    for (let seat = 0; seat < SEATS; seat++) if (this.memory.swap(threadCell(seat), 0, threadId + 1)) return seat;
    throw new LtlError('E_LIMIT', `${this.label} is used by ${SEATS} threads, the most there can be`);
  }
}

/** Throws E_ARGUMENT in the main thread. */
export function assertMayBlock(): void {
  if (isMainThread)
    throw new LtlError(
      'E_ARGUMENT',
      'the main thread must not block: it would not see the end of a worker; use acquire()',
    );
}

const LIVE = 1;
const AFTER_DEATH = 2;
const WEIGHT_FIELD = 2;
/** What a new lease of one permit says of itself. */
export const FRESH: number = LIVE | (1 << WEIGHT_FIELD);

/**
 * The right to be inside, in the thread that got it. That of a mutex looks up its token and the death before it when it is
 * asked or given back, not when it is made: these are in the word's line of memory, which the next one to wait needs then.
 */
export class SharedLease {
  // Four fields, declared and set in the constructor: one is made at every grant.
  declare readonly lock: SharedLock;
  /** @internal */
  declare verbs: Verbs;
  declare private bits: number;
  /** @internal Its token; 0 as long as it is looked up when it is asked. */
  declare told: number;
  /** A lease is no promise; see `nothingToAwait`. */
  // oxlint-disable-next-line unicorn/no-thenable -- it says that there is none
  declare readonly then: undefined;

  /** @internal Leases are made by their locks. */
  constructor(lock: SharedLock, verbs: Verbs, bits: number, told: number) {
    this.lock = lock;
    this.verbs = verbs;
    this.bits = bits;
    this.told = told;
  }

  /** Rises with every grant of this lock, over all threads; see Fence. */
  get token(): number {
    return this.told === 0 ? this.lock.tokenNow() : this.told;
  }

  /** Permits held. */
  get weight(): number {
    return this.bits >> WEIGHT_FIELD;
  }

  /** True when a holder died since the last grant: what the lock protects may be half changed. */
  get holderDied(): boolean {
    return (this.bits & AFTER_DEATH) !== 0 || (this.told === 0 && this.lock.diedNow());
  }

  /** False once released. */
  get held(): boolean {
    return (this.bits & LIVE) !== 0;
  }

  /** Gives it back. Throws E_LOCK_NOT_HELD when it was released before. */
  release(): void {
    const { bits } = this;
    if ((bits & LIVE) === 0) throw releasedBefore(this.lock);
    this.bits = bits - LIVE;
    this.lock.give(this);
  }

  /** @internal It was not given back after all. */
  keep(): void {
    this.bits |= LIVE;
  }

  /** @internal It is the first one since a death. */
  inherits(): void {
    this.bits |= AFTER_DEATH;
  }

  [Symbol.dispose](): void {
    if (this.held) this.release();
  }
}

nothingToAwait(SharedLease.prototype);

function releasedBefore(lock: SharedLock): LtlError {
  return new LtlError('E_LOCK_NOT_HELD', `this lease of ${lock.label} was released before`);
}
