/** One of several threads that take one lock in turn; started by `bench sync`. */
import { parentPort, workerData } from 'node:worker_threads';
import { SharedMutex } from '../src/sync/sync.js';
import { type ContentionJob, HandLock } from './sync-peers.js';

const { kind, buffer, handle, warmUp, times } = workerData as ContentionJob;
const counter = new Int32Array(buffer, 64 * 4);

/** One critical section: counts on, up to the last. Answers the count it found. */
function enterer(last: number): () => number {
  const count = (): number => {
    const found = counter[0] as number;
    if (found < last) counter[0] = found + 1;
    return found;
  };
  if (kind === 'shared') {
    const mutex = SharedMutex.from(handle);
    return () => {
      const lease = mutex.acquireSync();
      const found = count();
      lease.release();
      return found;
    };
  }
  const lock = new HandLock(buffer, kind === 'fair');
  return () => {
    lock.acquire();
    const found = count();
    lock.release();
    return found;
  };
}

const enter = enterer(warmUp + times);
const port = parentPort as NonNullable<typeof parentPort>;
port.once('message', () => {
  // All threads work together from the first section to the last, however unevenly the lock serves them.
  while (enter() < warmUp);
  const start = process.hrtime.bigint();
  while (enter() < warmUp + times);
  port.postMessage(Number(process.hrtime.bigint() - start));
  port.close();
});
port.postMessage('ready');
