// Minutes with real threads: a million critical sections by 2 and by 4 workers, counted exactly, and a worker that dies while
// it works, a hundred times. Run `npm run build` first. Usage: node test/long/locks.mjs [sections] [deaths]
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { SharedMutex, SharedSemaphore } from '../../dist/src/sync/sync.js';

const [sections = 1_000_000, deaths = 100] = process.argv.slice(2).map(Number);
const sync = new URL('../../dist/src/sync/sync.js', import.meta.url).href;
const file = new URL('../unit/sync/worker.mjs', import.meta.url);
const start = (task) => new Worker(file, { workerData: { sync, ...task } });

function expect(holds, what) {
  if (!holds) throw new Error(what);
}

for (const threads of [2, 4]) {
  const mutex = new SharedMutex();
  const plain = new SharedArrayBuffer(4);
  const times = sections / threads;
  const startMs = performance.now();
  const workers = Array.from({ length: threads }, () => start({ handle: mutex.handle, task: 'count', times, plain }));
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  const counted = new Int32Array(plain)[0];
  expect(counted === sections, `${threads} workers counted ${counted} of ${sections}`);
  expect(mutex.state === 'free', `left ${mutex.state}`);
  console.log(`${threads} workers: ${counted} critical sections in ${Math.round(performance.now() - startMs)} ms`);
  mutex.close();
}

let holders = 0;
for (let round = 0; round < deaths; round++) {
  const weighted = round % 2 === 1;
  const lock = weighted ? new SharedSemaphore(3) : new SharedMutex();
  const plain = new SharedArrayBuffer(4);
  const task = { handle: lock.handle, task: 'spin', plain, ...(weighted ? { weight: 2 } : {}) };
  const workers = [start(task), start(task)];
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  await pause(round % 7);
  await workers[0].terminate();
  const before = new Int32Array(plain)[0];
  for (let i = 0; i < 5000 && new Int32Array(plain)[0] === before; i++) await pause(1);
  expect(new Int32Array(plain)[0] > before, `round ${round}: the other worker is stuck`);
  await workers[1].terminate();
  const lease = await lock.acquire(weighted ? { weight: 3 } : {});
  if (lease.holderDied) holders += 1;
  lease.release();
  expect(lock.queueLength === 0, `round ${round}: somebody is left in the queue`);
  lock.close();
}
console.log(`${deaths} rounds with two deaths each: ${holders} last ones died holding; every permit came back`);
