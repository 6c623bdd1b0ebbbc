/**
 * The loops of `bench sync`, one a way of being released. V8 compiles a loop for the objects that it has seen in it, and one that has
 * seen five kinds of locks is slow for all of them: so each contender gets a copy of this module for itself (`loopsFor`), and
 * keeps the compiled loops from one round to the next.
 */

/** A lock as a bench sees it: enters and leaves so often, one after the other. */
export type Loop = (times: number) => Promise<void>;

/** All at once: so many wait, and each leaves as soon as it is in. */
export type Crowd = (waiters: number) => Promise<void>;

export interface Contender {
  readonly loop: Loop;
  readonly crowd: Crowd;
}

interface Acquirable {
  acquire(): Promise<{ release(): void }>;
}

export function ofLeases(lock: Acquirable): Contender {
  return { loop: (times) => loopLeases(lock, times), crowd: (waiters) => crowdLeases(lock, waiters) };
}

async function loopLeases(lock: Acquirable, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const lease = await lock.acquire();
    lease.release();
  }
}

async function crowdLeases(lock: Acquirable, waiters: number): Promise<void> {
  const all: Promise<void>[] = [];
  const first = await lock.acquire();
  for (let i = 0; i < waiters; i++) all.push(lock.acquire().then((lease) => lease.release()));
  first.release();
  await Promise.all(all);
}

interface Releasable {
  acquire(): Promise<() => void>;
}

type Run = (job: () => void) => Promise<unknown>;

export interface Sema {
  acquire(): Promise<unknown>;
  release(): void;
}

/** Resolves with its value and what releases it. */
export interface PairSemaphore {
  acquire(): Promise<readonly [number, () => void]>;
}

/** Those that run a function inside. */
const nothing = (): void => {};

export function ofJobs(run: Run): Contender {
  return { loop: (times) => loopJobs(run, times), crowd: (waiters) => crowdJobs(run, waiters) };
}

async function loopJobs(run: Run, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await run(nothing);
}

async function crowdJobs(run: Run, waiters: number): Promise<void> {
  const all: Promise<unknown>[] = [];
  for (let i = 0; i < waiters; i++) all.push(run(nothing));
  await Promise.all(all);
}

export function ofReleasers(lock: Releasable): Contender {
  return { loop: (times) => loopReleasers(lock, times), crowd: (waiters) => crowdReleasers(lock, waiters) };
}

async function loopReleasers(lock: Releasable, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const release = await lock.acquire();
    release();
  }
}

async function crowdReleasers(lock: Releasable, waiters: number): Promise<void> {
  const all: Promise<void>[] = [];
  for (let i = 0; i < waiters; i++) all.push(lock.acquire().then((release) => release()));
  await Promise.all(all);
}

export function ofPairs(lock: PairSemaphore): Contender {
  return { loop: (times) => loopPairs(lock, times), crowd: (waiters) => crowdPairs(lock, waiters) };
}

async function loopPairs(lock: PairSemaphore, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const [, release] = await lock.acquire();
    release();
  }
}

async function crowdPairs(lock: PairSemaphore, waiters: number): Promise<void> {
  const all: Promise<void>[] = [];
  for (let i = 0; i < waiters; i++) all.push(lock.acquire().then(([, release]) => release()));
  await Promise.all(all);
}

export function ofSema(sema: Sema): Contender {
  return { loop: (times) => loopSema(sema, times), crowd: (waiters) => crowdSema(sema, waiters) };
}

async function loopSema(sema: Sema, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await sema.acquire();
    sema.release();
  }
}

async function crowdSema(sema: Sema, waiters: number): Promise<void> {
  const all: Promise<void>[] = [];
  for (let i = 0; i < waiters; i++) all.push(sema.acquire().then(() => sema.release()));
  await Promise.all(all);
}

/** One of shared memory that hands out nothing, never waited for. */
export function ofWords(lock: { tryAcquire(): boolean; release(): void }): (times: number) => void {
  return (times) => {
    for (let i = 0; i < times; i++) {
      lock.tryAcquire();
      lock.release();
    }
  };
}

/** One of shared memory that hands out leases, never waited for. */
export function ofHandLeases(lock: { tryLease(): { release(): void } | undefined }): (times: number) => void {
  return (times) => {
    for (let i = 0; i < times; i++) lock.tryLease()?.release();
  };
}

/** The same of ours. */
export function ofShared(lock: { tryAcquire(): { release(): void } | undefined }): (times: number) => void {
  return (times) => {
    for (let i = 0; i < times; i++) lock.tryAcquire()?.release();
  };
}
