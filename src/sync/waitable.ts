/**
 * What all locks of one thread have in common: an integer state over a machine's table, the figures, a queue, and the
 * hand-over from one holder to the next. The kinds differ in their machines and verbs only.
 *
 * Thread safety: one thread; nothing here suspends between two steps, so every method is atomic. Ownership: leases.
 * Ordering and fairness: strict first come, first served; nobody overtakes a queue that is not empty.
 */
import { report, watching } from '../tables/inspect.js';
import { LtlError } from '../words/errors.js';
import { assertEnds, Ends } from './cancel.js';
import { Lease } from './lease.js';
import {
  AVAILABLE_SHIFT,
  GRANT,
  GRANT_HEAD,
  HAND,
  type Micro,
  READERS_SHIFT,
  ROW_MASK,
  WAITING_SHIFT,
} from './micro.js';
import type { Owner } from './owner.js';
import { owners } from './owners.js';
import {
  abortError,
  endingOf,
  type Group,
  giveUp,
  isWorded,
  unreachable,
  type Waiter,
  WaitWords,
  type WordedWaiter,
} from './waiter.js';

/** The events of a machine by which one kind of request is made, granted later, and given back. */
export interface Verbs {
  readonly acquire: number;
  readonly try: number;
  readonly reserve: number;
  readonly hand: number;
  readonly leave: number;
  /** -1 where there is nothing to give back. */
  readonly release: number;
  /** Does a holder of this kind keep the other holders of this kind out? */
  readonly exclusive: boolean;
}

/** What a request said, where it said anything. */
export interface Words {
  readonly verbs: Verbs;
  readonly weight: number;
  readonly named: Owner | undefined;
}

export interface LockOptions {
  /** What errors, deadlock reports and `inspect` call it. Locks of one name are one class in the order check. */
  readonly name?: string;
}

export interface AcquireOptions {
  /** Ends the wait with E_ABORTED. A request that was granted stays granted. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the wait with E_TIMEOUT after so many milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Permits asked for at once, 1 by default; semaphores only. */
  readonly weight?: number | undefined;
  /** On whose behalf; a fresh owner by default. Only named owners are seen by the deadlock check. */
  readonly owner?: Owner | undefined;
}

export abstract class Waitable {
  readonly name: string | undefined;
  /** @internal Figures of the machine; see machines/figures.ts. */
  available = 1;
  /** @internal */
  readers = 0;
  /** @internal */
  waiting = 0;
  /** @internal Row of the present state. */
  row: number;
  /** @internal Head of the queue. */
  first: Waiter | undefined = undefined;
  protected last: Waiter | undefined = undefined;
  protected tokens = 0;

  constructor(options: LockOptions | undefined, row: number) {
    this.name = options?.name;
    this.row = row;
  }

  /** @internal The machine's table. */
  abstract get micro(): Micro;
  /** @internal How a request in no words at all is made. */
  abstract get plainVerbs(): Verbs;
  /** @internal May one owner ask for it again while holding it? */
  get reentrant(): boolean {
    return false;
  }
  /** @internal Could this waiter be granted if only these leases were left? */
  abstract feasible(waiter: Waiter, staying: readonly Lease[]): boolean;
  /** Which guards of the machine hold now, as bits. */
  protected abstract valuation(weight: number): number;
  /** @internal How a request with these words is made. Throws E_ARGUMENT for words this kind does not know. */
  abstract verbsFor(request: { readonly weight?: number | undefined; readonly mode?: unknown }): Verbs;

  /** Name of the machine's state: `free`, `queued`. */
  get state(): string {
    return this.micro.stateOf(this.row);
  }

  /** How many wait. */
  get queueLength(): number {
    return this.waiting;
  }

  /** What messages call it. */
  get label(): string {
    return this.name ?? `a ${this.micro.machine}`;
  }

  /** @internal One step of the machine: moves state and figures, answers what is to be done. */
  step(event: number, weight: number, whose?: Owner, since = 0): number {
    const cell = this.row + event + this.valuation(weight);
    const code = this.micro.code[cell] as number;
    if (code < 0) throw new Error(`${this.label} took ${this.micro.eventOf(cell)} in state ${this.state}`);
    const from = this.row;
    this.row = code & ROW_MASK;
    this.available += (((code >> AVAILABLE_SHIFT) & 3) - 1) * weight;
    this.readers += ((code >> READERS_SHIFT) & 7) - 2;
    this.waiting += ((code >> WAITING_SHIFT) & 3) - 1;
    if (watching.on) this.#tell(cell, from, whose, since);
    return code;
  }

  /** @internal Would this event grant, as things stand? */
  grants(event: number, weight: number, effect: number): boolean {
    const code = this.micro.code[this.row + event + this.valuation(weight)] as number;
    return code >= 0 && (code & effect) !== 0;
  }

  /** The request in the words of its options. Async, so that a wrong word rejects; it is queued before this returns. */
  protected async acquireWith(options: AcquireOptions & { readonly mode?: unknown }): Promise<Lease> {
    const { signal, timeoutMs, owner } = options;
    const words: Words = { verbs: this.verbsFor(options), weight: options.weight ?? 1, named: owner };
    assertEnds(signal, timeoutMs);
    if (signal?.aborted === true) throw abortError(this.label);
    const again = owner === undefined ? undefined : owners.before(owner, this);
    if (again !== undefined) throw again;
    const code = this.step(words.verbs.acquire, words.weight, owner);
    if ((code & GRANT) !== 0) return this.lease(words);
    const parked = new WaitWords(this, words);
    const { waiter, granted } = this.park(parked);
    if (signal !== undefined || timeoutMs !== undefined) parked.ends = new Ends(endingOf(waiter), signal, timeoutMs);
    if (owner !== undefined) {
      owners.waits(owner, waiter);
      const deadlock = owners.deadlock(owner);
      if (deadlock !== undefined) giveUp(waiter, deadlock);
    }
    return granted;
  }

  /** The request if it can be granted at once. */
  protected tryRequest(words: Words): Lease | undefined {
    const { verbs, weight, named } = words;
    const again = named === undefined ? undefined : owners.refusal(named, this);
    if (again !== undefined) throw again;
    const code = this.step(verbs.try, weight, named);
    return (code & GRANT) === 0 ? undefined : this.lease(words);
  }

  /** @internal A new lease of what was just granted. */
  lease(words: Words | undefined): Lease {
    this.tokens += 1;
    const lease = new Lease(this, this.tokens, words);
    if (words?.named !== undefined) owners.holds(words.named, lease);
    return lease;
  }

  /** Puts a request in no words at all, which the machine has counted, to the tail of the queue. */
  protected parkPlain(): Promise<Lease> {
    return new Promise<Lease>((resolve) => this.enqueue({ next: undefined, resolve, words: undefined }));
  }

  /** The same for a request that can end otherwise than by being granted. */
  protected park(words: WaitWords): { readonly waiter: WordedWaiter; readonly granted: Promise<Lease> } {
    const waiter: WordedWaiter = { next: undefined, resolve: unreachable, words };
    const granted = new Promise<Lease>((resolve, reject) => {
      waiter.resolve = resolve;
      words.reject = reject;
    });
    this.enqueue(waiter);
    return { waiter, granted };
  }

  /** @internal */
  enqueue(waiter: Waiter): void {
    const { last } = this;
    if (last === undefined) this.first = waiter;
    else last.next = waiter;
    if (waiter.words !== undefined) waiter.words.previous = last;
    this.last = waiter;
  }

  /** @internal Asks for a place in the queue even where the lock could be had: a leg of a wait for several. */
  reserve(words: Words, group: Group): WordedWaiter {
    this.step(words.verbs.reserve, words.weight, words.named);
    const leg: WordedWaiter = { next: undefined, resolve: unreachable, words: new WaitWords(this, words, group) };
    this.enqueue(leg);
    return leg;
  }

  /** @internal A waiter goes without being granted; what its going frees goes to the next. */
  leave(waiter: WordedWaiter): void {
    const { verbs, weight, named, since } = waiter.words;
    this.#unlink(waiter);
    if (named !== undefined) owners.leaves(named, waiter);
    const code = this.step(verbs.leave, weight, named, since);
    if ((code & HAND) !== 0) this.hand();
  }

  /** Releases a lease of this lock. Throws E_LOCK_NOT_HELD when it is another lock's or was released before. */
  release(lease: Lease): void {
    if (!(lease instanceof Lease))
      throw new LtlError('E_LOCK_NOT_HELD', `${this.label} is released by a lease of it, which this is not`);
    if (lease.lock !== this)
      throw new LtlError('E_LOCK_NOT_HELD', `a lease of ${lease.lock.label} cannot release ${this.label}`);
    if (!lease.live) throw new LtlError('E_LOCK_NOT_HELD', `this lease of ${this.label} was released before`);
    this.assertReleasable(lease);
    lease.live = false;
    if (lease.named !== undefined) owners.releases(lease.named, lease);
    if (lease.verbs.release < 0) return;
    const code = this.step(lease.verbs.release, lease.weight, lease.named);
    if ((code & HAND) !== 0) this.hand();
    else this.afterRelease(code);
  }

  /** Room for kinds with more rules on releasing. */
  protected assertReleasable(_lease: Lease): void {}
  protected afterRelease(_code: number): void {}

  /** @internal Offers the lock to the head of the queue, and to the next one as long as the machine says so. */
  hand(): void {
    for (let head = this.first; head !== undefined; head = this.first) {
      const { words } = head;
      if (!this.grants((words?.verbs ?? this.plainVerbs).hand, words?.weight ?? 1, GRANT_HEAD)) return;
      if (!isWorded(head) || head.words.group === undefined) {
        const code = this.grantHead(head);
        words?.ends?.disarm();
        head.resolve(this.lease(words));
        if ((code & HAND) === 0) return;
      } else if (!head.words.group.offer(head)) return;
    }
  }

  /** @internal The step by which the head leaves the queue as a holder. */
  grantHead(head: Waiter): number {
    const { words } = head;
    const code = this.step((words?.verbs ?? this.plainVerbs).hand, words?.weight ?? 1, words?.named, words?.since);
    this.shift(head);
    if (words?.named !== undefined) owners.leaves(words.named, head);
    return code;
  }

  /** Takes the head out of the queue. */
  protected shift(head: Waiter): void {
    const { next } = head;
    this.first = next;
    if (next === undefined) this.last = undefined;
    else if (next.words !== undefined) next.words.previous = undefined;
  }

  /** Takes a waiter out of the queue, wherever it stands. */
  #unlink(waiter: WordedWaiter): void {
    const { next } = waiter;
    const { previous } = waiter.words;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else if (next.words !== undefined) next.words.previous = previous;
  }

  #tell(cell: number, from: number, whose: Owner | undefined, since: number): void {
    const { micro, row } = this;
    report({
      machine: micro.machine,
      name: this.name ?? micro.machine,
      event: micro.eventOf(cell),
      from: micro.stateOf(from),
      to: micro.stateOf(row),
      effects: micro.effectsOf(cell),
      ...(whose === undefined ? {} : { owner: whose }),
      ...(since === 0 ? {} : { waitedMs: performance.now() - since }),
    });
  }
}

/** Runs a function with a lease, and releases it however that ends. */
export async function runWith<T, L extends { release(): void; readonly held: boolean }>(
  granted: Promise<L>,
  job: (lease: L) => T | Promise<T>,
): Promise<T> {
  const lease = await granted;
  try {
    return await job(lease);
  } finally {
    // The job may have released it early.
    if (lease.held) lease.release();
  }
}
