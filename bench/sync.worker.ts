/** One of two threads that take one lock in turn; started by `bench sync`. */
import { parentPort, workerData } from 'node:worker_threads';
import { SharedMutex } from '../src/sync/sync.js';
import { type ContentionJob, HandLock } from './sync-peers.js';

const { kind, buffer, handle, times } = workerData as ContentionJob;
const counter = new Int32Array(buffer, 64 * 4);

function enterer(): () => void {
  if (kind === 'shared') {
    const mutex = SharedMutex.from(handle);
    return () => {
      const lease = mutex.acquireSync();
      counter[0] = (counter[0] as number) + 1;
      lease.release();
    };
  }
  const lock = new HandLock(buffer, kind === 'hand-fair');
  return () => {
    lock.acquire();
    counter[0] = (counter[0] as number) + 1;
    lock.release();
  };
}

const enter = enterer();
const port = parentPort as NonNullable<typeof parentPort>;
port.once('message', () => {
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i++) enter();
  port.postMessage(Number(process.hrtime.bigint() - start));
  port.close();
});
port.postMessage('ready');
