/** What the locks are compared with: the plainest things one would write by hand, and libraries. */
import type { SharedHandle } from '../src/sync/sync.js';
import { importPeer, peerVersion } from './peers.js';
import type { Contender, PairSemaphore, Sema } from './sync-loops.js';

type Loops = typeof import('./sync-loops.js');

/** Loops that only this contender runs, so that they are compiled for it: shared ones would be slow for all. */
export function loopsFor(name: string): Promise<Loops> {
  return import(`./sync-loops.js?for=${encodeURIComponent(name)}`) as Promise<Loops>;
}

class HandLease {
  readonly lock: HandMutex;
  readonly token: number;
  held = true;

  constructor(lock: HandMutex, token: number) {
    this.lock = lock;
    this.token = token;
  }

  release(): void {
    if (!this.held) throw new Error('released before');
    this.held = false;
    this.lock.next();
  }
}

interface HandWaiter {
  next: HandWaiter | undefined;
  resolve: (lease: HandLease) => void;
}

/** A mutex of the same shape by hand: a flag, a linked queue, a lease with a token that can be released once. */
export class HandMutex {
  #held = false;
  #tokens = 0;
  #first: HandWaiter | undefined;
  #last: HandWaiter | undefined;

  acquire(): Promise<HandLease> {
    if (!this.#held) {
      this.#held = true;
      return Promise.resolve(new HandLease(this, ++this.#tokens));
    }
    return new Promise((resolve) => {
      const waiter: HandWaiter = { next: undefined, resolve };
      if (this.#last === undefined) this.#first = waiter;
      else this.#last.next = waiter;
      this.#last = waiter;
    });
  }

  next(): void {
    const waiter = this.#first;
    if (waiter === undefined) {
      this.#held = false;
      return;
    }
    this.#first = waiter.next;
    if (this.#first === undefined) this.#last = undefined;
    waiter.resolve(new HandLease(this, ++this.#tokens));
  }
}

interface HandSemaphoreWaiter {
  readonly weight: number;
  next: HandSemaphoreWaiter | undefined;
  resolve: (lease: HandSemaphoreLease) => void;
}

class HandSemaphoreLease {
  readonly semaphore: HandSemaphore;
  readonly token: number;
  readonly weight: number;
  held = true;

  constructor(semaphore: HandSemaphore, token: number, weight: number) {
    this.semaphore = semaphore;
    this.token = token;
    this.weight = weight;
  }

  release(): void {
    if (!this.held) throw new Error('released before');
    this.held = false;
    this.semaphore.put(this.weight);
  }
}

/** A semaphore of the same shape by hand: a count, a linked queue of weighted requests, leases that can be released once. */
export class HandSemaphore {
  #free: number;
  #tokens = 0;
  #first: HandSemaphoreWaiter | undefined;
  #last: HandSemaphoreWaiter | undefined;

  constructor(permits: number) {
    this.#free = permits;
  }

  acquire(weight = 1): Promise<HandSemaphoreLease> {
    if (this.#first === undefined && weight <= this.#free) return Promise.resolve(this.#take(weight));
    return new Promise((resolve) => {
      const waiter: HandSemaphoreWaiter = { weight, next: undefined, resolve };
      if (this.#last === undefined) this.#first = waiter;
      else this.#last.next = waiter;
      this.#last = waiter;
    });
  }

  put(weight: number): void {
    this.#free += weight;
    for (let head = this.#first; head !== undefined && head.weight <= this.#free; head = this.#first) {
      this.#first = head.next;
      if (this.#first === undefined) this.#last = undefined;
      head.resolve(this.#take(head.weight));
    }
  }

  #take(weight: number): HandSemaphoreLease {
    this.#free -= weight;
    return new HandSemaphoreLease(this, ++this.#tokens, weight);
  }
}

/** What a lock of shared memory by hand hands out when it hands out anything: a lease that can be released once. */
class HandSharedLease {
  readonly lock: HandLock;
  readonly token: number;
  held = true;

  constructor(lock: HandLock, token: number) {
    this.lock = lock;
    this.token = token;
  }

  release(): void {
    if (!this.held) throw new Error('released before');
    this.held = false;
    this.lock.release();
  }
}

/** A lock of shared memory by hand: a word by compare-exchange that barges, or a ticket lock, which is fair as ours is. */
export class HandLock {
  readonly #cells: Int32Array;
  readonly #fair: boolean;
  #ticket = 0;

  constructor(buffer: SharedArrayBuffer, fair: boolean) {
    this.#cells = new Int32Array(buffer);
    this.#fair = fair;
  }

  acquire(): void {
    const cells = this.#cells;
    if (!this.#fair) {
      if (Atomics.compareExchange(cells, 0, 0, 1) === 0) return;
      while (Atomics.exchange(cells, 0, 2) !== 0) Atomics.wait(cells, 0, 2);
      return;
    }
    this.#ticket = Atomics.add(cells, 16, 1);
    for (let look = 0; look < 2000; look++) if (Atomics.load(cells, 32) === this.#ticket) return;
    for (;;) {
      const serving = Atomics.load(cells, 32);
      if (serving === this.#ticket) return;
      Atomics.wait(cells, 32, serving);
    }
  }

  tryAcquire(): boolean {
    return Atomics.compareExchange(this.#cells, 0, 0, 1) === 0;
  }

  /** The same with what callers get from a lock: a lease with a token, kept in the shared memory. */
  tryLease(): HandSharedLease | undefined {
    const cells = this.#cells;
    if (Atomics.compareExchange(cells, 0, 0, 1) !== 0) return undefined;
    const token = (cells[1] as number) + 1;
    cells[1] = token;
    return new HandSharedLease(this, token);
  }

  release(): void {
    const cells = this.#cells;
    if (this.#fair) {
      Atomics.store(cells, 32, this.#ticket + 1);
      Atomics.notify(cells, 32);
    } else if (Atomics.exchange(cells, 0, 0) === 2) Atomics.notify(cells, 0, 1);
  }
}

export interface ContentionJob {
  readonly kind: 'shared' | 'barging' | 'fair';
  readonly buffer: SharedArrayBuffer;
  readonly handle: SharedHandle<'mutex'>;
  /** Critical sections before the clock starts, of both threads together, and those that are timed. */
  readonly warmUp: number;
  readonly times: number;
}

type Loader = () => Promise<Contender>;

const LIBRARIES: Readonly<Record<string, { readonly from: string; readonly make: Loader }>> = {
  'async-mutex Mutex': {
    from: 'async-mutex',
    make: async () => {
      const { Mutex } = (await importPeer('async-mutex')) as { Mutex: new () => { acquire(): Promise<() => void> } };
      return (await loopsFor('async-mutex Mutex')).ofReleasers(new Mutex());
    },
  },
  'async-mutex Semaphore': {
    from: 'async-mutex',
    make: async () => {
      const { Semaphore } = (await importPeer('async-mutex')) as { Semaphore: new (permits: number) => PairSemaphore };
      return (await loopsFor('async-mutex Semaphore')).ofPairs(new Semaphore(1));
    },
  },
  'async-sema': {
    from: 'async-sema',
    make: async () => {
      const { Sema } = (await importPeer('async-sema')) as { Sema: new (permits: number) => Sema };
      return (await loopsFor('async-sema')).ofSema(new Sema(1));
    },
  },
  'p-limit': {
    from: 'p-limit',
    make: async () => {
      const limit = ((await importPeer('p-limit')) as { default: (n: number) => (job: () => void) => Promise<unknown> })
        .default;
      return (await loopsFor('p-limit')).ofJobs(limit(1));
    },
  },
  'effect semaphore': {
    from: 'effect',
    make: async () => {
      const { Effect } = (await importPeer('effect')) as { Effect: EffectModule };
      const semaphore = Effect.unsafeMakeSemaphore(1);
      const inside = semaphore.withPermits(1)(Effect.void);
      return (await loopsFor('effect semaphore')).ofJobs(() => Effect.runPromise(inside));
    },
  },
};

interface EffectModule {
  readonly void: unknown;
  unsafeMakeSemaphore(permits: number): { withPermits(n: number): (inside: unknown) => unknown };
  runPromise(effect: unknown): Promise<unknown>;
}

/** The libraries that are installed, and the names of those that are not. */
export function libraries(): { readonly made: ReadonlyMap<string, Loader>; readonly absent: readonly string[] } {
  const made = new Map<string, Loader>();
  const absent: string[] = [];
  for (const [name, { from, make }] of Object.entries(LIBRARIES)) {
    if (peerVersion(from) === undefined) absent.push(name);
    else made.set(`${name} ${peerVersion(from)}`, make);
  }
  return { made, absent };
}
