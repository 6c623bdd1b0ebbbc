/**
 * `bench sync`: what a lock costs beside one written by hand and beside libraries, all in one process, in many short rounds
 * that take turns. Shown is the lowest decile of the rounds, which leaves out those that the machine interrupted, and its ratio to
 * the hand-written one. Two and four threads beside locks of shared memory by hand.
 */
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { Mutex, Semaphore, SharedMutex } from '../src/sync/sync.js';
import { machineFacts, machineText } from './measure/machine.js';
import { installPeers } from './peers.js';
import { progress, save } from './report/output.js';
import { digits, table } from './report/table.js';
import type { Contender } from './sync-loops.js';
import { type ContentionJob, HandLock, HandMutex, HandSemaphore, libraries, loopsFor } from './sync-peers.js';

const HAND = 'by hand';
const HAND_SEMAPHORE = 'semaphore by hand';
const EXCHANGE = 'compare-exchange by hand';
const LEASED = 'the same with leases';
const TICKETS = 'ticket lock by hand';
const SHARED = 'SharedMutex';
/** What each row is compared with; the rest with the mutex by hand. */
const BASES: Readonly<Record<string, string>> = {
  [HAND_SEMAPHORE]: HAND_SEMAPHORE,
  'Semaphore(1)': HAND_SEMAPHORE,
  [EXCHANGE]: EXCHANGE,
  [LEASED]: EXCHANGE,
  [TICKETS]: EXCHANGE,
  [SHARED]: EXCHANGE,
};
const CONTENDED = [
  ['barging', EXCHANGE],
  ['fair', TICKETS],
  ['shared', SHARED],
] as const;
const PEERS = ['async-mutex', 'async-sema', 'p-limit', 'effect'];

type Rows = Map<string, Map<string, number[]>>;

export async function run(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write('usage: npm run bench -- sync [--quick] [--save]\n');
    return;
  }
  const quick = args.includes('--quick');
  if (!quick) installPeers(PEERS);
  const { made, absent } = libraries();
  const rounds = quick ? 1 : 60;
  const rows: Rows = new Map();
  const contenders = new Map<string, () => Promise<Contender>>([
    [HAND, async () => (await loopsFor(HAND)).ofLeases(new HandMutex())],
    ['Mutex', async () => (await loopsFor('Mutex')).ofLeases(new Mutex())],
    [HAND_SEMAPHORE, async () => (await loopsFor(HAND_SEMAPHORE)).ofLeases(new HandSemaphore(1))],
    ['Semaphore(1)', async () => (await loopsFor('Semaphore')).ofLeases(new Semaphore(1))],
    ...made,
  ]);
  for (let round = 0; round < rounds; round++) {
    progress(`round ${round + 1} of ${rounds}`);
    for (const [name, make] of contenders) await oneThread(rows, name, make, quick, round % 10 === 0);
    await uncontendedWords(rows, quick ? 1000 : 20_000);
    if (round % 5 !== 0) continue;
    add(rows, 'Mutex', 'a cancelled wait', await cancelled(quick ? 100 : 10_000));
    for (const [kind, name] of CONTENDED) {
      add(rows, name, 'two threads', await contended(kind, 2, quick ? 200 : 100_000));
      add(rows, name, 'four threads', await contended(kind, 4, quick ? 200 : 20_000));
    }
  }
  const facts = machineFacts('.');
  const result = report(rows, memory(quick ? 100 : 20_000));
  process.stdout.write(`${machineText(facts)}\n${result}`);
  if (absent.length > 0) process.stdout.write(`\nabsent: ${absent.join(', ')}\n`);
  if (!args.includes('--save')) return;
  const numbers = Object.fromEntries([...rows].map(([name, cells]) => [name, Object.fromEntries(cells)]));
  save('docs/bench/sync.json', `${JSON.stringify({ facts, nanoseconds: numbers }, undefined, 2)}\n`);
  save(
    'docs/bench/sync.md',
    `# Locks\n\n\`npm run bench -- sync --save\`\n\n\`\`\`text\n${machineText(facts)}\n${result}\`\`\`\n`,
  );
}

async function oneThread(
  rows: Rows,
  name: string,
  make: () => Promise<Contender>,
  quick: boolean,
  most100k: boolean,
): Promise<void> {
  const slow = /async-mutex|effect/.test(name);
  const times = quick ? 200 : slow ? 1000 : 10_000;
  const { loop, crowd } = await make();
  add(rows, name, 'uncontended', await nanoseconds(() => loop(times), times));
  add(rows, name, '1000 waiters', await nanoseconds(() => crowd(1000), 1000));
  const most = quick ? 2000 : 100_000;
  if (!slow && most100k) add(rows, name, '100 000 waiters', await nanoseconds(() => crowd(most), most));
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

async function uncontendedWords(rows: Rows, times: number): Promise<void> {
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
    add(rows, name, 'uncontended', Number(process.hrtime.bigint() - start) / times);
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
function memory(count: number): string {
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
  return `memory: ${Math.round(instance)} bytes a Mutex, ${Math.round(waiter)} bytes a parked waiter with its promise\n`;
}

async function nanoseconds(work: () => Promise<void>, times: number): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / times;
}

function add(rows: Rows, name: string, column: string, value: number): void {
  const cells = rows.get(name) ?? new Map<string, number[]>();
  rows.set(name, cells);
  cells.set(column, [...(cells.get(column) ?? []), value]);
}

function report(rows: Rows, memoryLine: string): string {
  const columns = ['uncontended', '1000 waiters', '100 000 waiters', 'a cancelled wait', 'two threads', 'four threads'];
  const middle = (name: string, column: string): number | undefined => {
    const values = rows.get(name)?.get(column);
    return values === undefined ? undefined : lowestDecile(values);
  };
  const ratio = (name: string, column: string): string => {
    const base = rows.get(BASES[name] ?? HAND)?.get(column);
    const values = rows.get(name)?.get(column);
    if (base === undefined || values === undefined) return '';
    return ` (${(lowestDecile(values) / lowestDecile(base)).toFixed(2)})`;
  };
  const lines = [...rows.keys()].map((name) => [
    name,
    ...columns.map((column) => {
      const value = middle(name, column);
      return value === undefined ? '' : digits(value) + ratio(name, column);
    }),
  ]);
  const against = (column: string, base: string): string =>
    ((middle(SHARED, column) ?? 0) / (middle(base, column) ?? 1)).toFixed(2);
  const sameShape = `SharedMutex to one by hand of its shape: ${against('uncontended', LEASED)} uncontended (with leases), ${against('two threads', TICKETS)} by two threads and ${against('four threads', TICKETS)} by four (first come, first served)\n`;
  return `nanoseconds for one acquire and release, lowest decile of the rounds (ratio to the hand-written one)\n\n${table(['', ...columns], lines)}\n${sameShape}${memoryLine}`;
}

function lowestDecile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)] as number;
}
