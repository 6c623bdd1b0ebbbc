/**
 * One process of `bench sync`: all locks in many short rounds that take turns. Answers the lowest decile of the rounds, which
 * leaves out those that the machine interrupted.
 */
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { Mutex, Semaphore, SharedMutex } from '../src/sync/sync.js';
import { answer, job } from './measure/child.js';
import type { Contender } from './sync-loops.js';
import { EXCHANGE, HAND, HAND_SEMAPHORE, LEASED, SHARED, TICKETS } from './sync-names.js';
import { type ContentionJob, HandLock, HandMutex, HandSemaphore, libraries, loopsFor } from './sync-peers.js';

export interface SyncJob {
  readonly rounds: number;
  readonly quick: boolean;
}

export interface SyncResult {
  /** Nanoseconds by lock and column. */
  readonly nanoseconds: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Bytes of heap. */
  readonly instanceBytes: number;
  readonly waiterBytes: number;
}

const CONTENDED = [
  ['barging', EXCHANGE],
  ['fair', TICKETS],
  ['shared', SHARED],
] as const;

type Rows = Map<string, Map<string, number[]>>;

const { rounds, quick } = job() as SyncJob;
const rows: Rows = new Map();
const contenders = new Map<string, () => Promise<Contender>>([
  [HAND, async () => (await loopsFor(HAND)).ofLeases(new HandMutex())],
  ['Mutex', async () => (await loopsFor('Mutex')).ofLeases(new Mutex())],
  [HAND_SEMAPHORE, async () => (await loopsFor(HAND_SEMAPHORE)).ofLeases(new HandSemaphore(1))],
  ['Semaphore(1)', async () => (await loopsFor('Semaphore')).ofLeases(new Semaphore(1))],
  ...libraries().made,
]);
for (let round = 0; round < rounds; round++) {
  for (const [name, make] of contenders) await oneThread(name, make, round % 10 === 0);
  await uncontendedWords(quick ? 1000 : 20_000);
  if (round % 5 !== 0) continue;
  add('Mutex', 'a cancelled wait', await cancelled(quick ? 100 : 10_000));
  for (const [kind, name] of CONTENDED) {
    add(name, 'two threads', await contended(kind, 2, quick ? 200 : 100_000));
    add(name, 'four threads', await contended(kind, 4, quick ? 200 : 20_000));
  }
}
const cellsOf = (cells: ReadonlyMap<string, readonly number[]>): Record<string, number> =>
  Object.fromEntries([...cells].map(([column, values]) => [column, lowestDecile(values)]));
answer({
  nanoseconds: Object.fromEntries([...rows].map(([name, cells]) => [name, cellsOf(cells)])),
  ...memory(quick ? 100 : 20_000),
} satisfies SyncResult);

async function oneThread(name: string, make: () => Promise<Contender>, most100k: boolean): Promise<void> {
  const slow = /async-mutex|effect/.test(name);
  const times = quick ? 200 : slow ? 1000 : 10_000;
  const { loop, crowd } = await make();
  add(name, 'uncontended', await nanoseconds(() => loop(times), times));
  add(name, '1000 waiters', await nanoseconds(() => crowd(1000), 1000));
  const most = quick ? 2000 : 100_000;
  if (!slow && most100k) add(name, '100 000 waiters', await nanoseconds(() => crowd(most), most));
}

/** Many waits on one AbortSignal that ends them all. */
async function cancelled(waiters: number): Promise<number> {
  const mutex = new Mutex();
  const held = await mutex.acquire();
  const abort = new AbortController();
  const took = await nanoseconds(async () => {
    const all = Array.from({ length: waiters }, () => mutex.acquire({ signal: abort.signal }));
    abort.abort();
    await Promise.allSettled(all);
  }, waiters);
  held.release();
  return took;
}

async function uncontendedWords(times: number): Promise<void> {
  const hand = new HandLock(new SharedArrayBuffer(1024), false);
  const leased = new HandLock(new SharedArrayBuffer(1024), false);
  const shared = new SharedMutex();
  const loops = {
    [EXCHANGE]: (await loopsFor(EXCHANGE)).ofWords(hand),
    [LEASED]: (await loopsFor(LEASED)).ofHandLeases(leased),
    [SHARED]: (await loopsFor(SHARED)).ofShared(shared),
  };
  for (const [name, loop] of Object.entries(loops)) {
    const start = process.hrtime.bigint();
    loop(times);
    add(name, 'uncontended', Number(process.hrtime.bigint() - start) / times);
  }
  shared.close();
}

async function contended(kind: ContentionJob['kind'], threads: number, times: number): Promise<number> {
  const mutex = new SharedMutex();
  const buffer = new SharedArrayBuffer(1024);
  const job: ContentionJob = { kind, buffer, handle: mutex.handle, warmUp: times / 2, times };
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL('./sync.worker.js', import.meta.url), { workerData: job }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const ends = workers.map((worker) => once(worker, 'message') as Promise<[number]>);
  for (const worker of workers) worker.postMessage('go');
  const took = (await Promise.all(ends)).map(([each]) => each);
  const counted = new Int32Array(buffer, 64 * 4)[0];
  if (counted !== 1.5 * times) throw new Error(`${kind}: counted ${counted} of ${1.5 * times}`);
  mutex.close();
  return Math.max(...took) / times;
}

/** Bytes of heap an instance and a parked waiter hold on to. */
function memory(count: number): Pick<SyncResult, 'instanceBytes' | 'waiterBytes'> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const measured = (make: () => unknown): number => {
    gc();
    const before = process.memoryUsage().heapUsed;
    const kept = make();
    gc();
    const bytes = (process.memoryUsage().heapUsed - before) / count;
    return kept === undefined ? 0 : bytes;
  };
  const each = (make: () => unknown) => () => Array.from({ length: count }, make);
  // The array that keeps them is 8 bytes each.
  const instance = measured(each(() => new Mutex())) - 8;
  const mutex = new Mutex();
  void mutex.acquire();
  const waiter = measured(each(() => mutex.acquire())) - 8;
  return { instanceBytes: instance, waiterBytes: waiter };
}

async function nanoseconds(work: () => Promise<void>, times: number): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / times;
}

function add(name: string, column: string, value: number): void {
  const cells = rows.get(name) ?? new Map<string, number[]>();
  rows.set(name, cells);
  cells.set(column, [...(cells.get(column) ?? []), value]);
}

function lowestDecile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)] as number;
}
