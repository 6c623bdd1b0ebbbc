// What a worker of the tests across threads does; started with { sync, handle, task, ... } where sync is the URL of the built door.
import { parentPort, workerData } from 'node:worker_threads';

const { sync, handle, task, times, plain, mode, weight } = workerData;
const { SharedMutex, SharedReadWriteLock, SharedSemaphore, SharedSignal, symSOFT_LOCK } = await import(sync);
const joined = {
  mutex: () => SharedMutex.from(handle),
  semaphore: () => SharedSemaphore.from(handle),
  lock: () => SharedReadWriteLock.from(handle),
  signalAuto: () => SharedSignal.from(handle),
  signalManual: () => SharedSignal.from(handle),
};
const lock = joined[handle.kind]();
const counter = plain === undefined ? undefined : new Int32Array(plain);

const tasks = {
  /** Increments a plain counter in critical sections, blocking. */
  count() {
    let newest = 0;
    for (let i = 0; i < times; i++) {
      const lease = lock.acquireSync();
      counter[0] = counter[0] + 1;
      if (lease.token <= newest) throw new Error(`token ${lease.token} after ${newest}`);
      newest = lease.token;
      lease.release();
    }
  },
  /** The same, waiting without blocking. */
  async countAsync() {
    for (let i = 0; i < times; i++) {
      const lease = await lock.acquire();
      counter[0] = counter[0] + 1;
      lease.release();
    }
  },
  /** Never more weight inside than permits; readers see no writer's half. */
  async share() {
    for (let i = 0; i < times; i++) {
      const soft = i % 3 !== 0;
      const lease = await lock.acquire(handle.kind === 'lock' ? (soft ? { mode: symSOFT_LOCK } : {}) : { weight });
      if (handle.kind === 'lock' && !soft) {
        counter[0] = counter[0] + 1;
        counter[1] = counter[1] + 1;
      } else if (handle.kind === 'lock') {
        if (counter[0] !== counter[1]) throw new Error('a reader saw half a write');
      } else {
        const inside = Atomics.add(counter, 0, weight) + weight;
        if (inside > lock.permits) throw new Error(`${inside} inside`);
        Atomics.sub(counter, 0, weight);
      }
      lease.release();
    }
  },
  /** Readers that become writers, waiting and blocking by turns; the second to ask is refused and leaves. */
  async upgrade() {
    for (let i = 0; i < times; i++) {
      const lease = await lock.acquire({ mode: symSOFT_LOCK });
      if (counter[0] !== counter[1]) throw new Error('a reader saw half a write');
      try {
        if (i % 2 === 0) await lock.upgrade(lease);
        else lock.upgradeSync(lease);
        counter[0] = counter[0] + 1;
        counter[1] = counter[1] + 1;
      } catch (error) {
        if (error.code !== 'E_LOCK_UPGRADE') throw error;
        Atomics.add(counter, 2, 1);
      }
      lease.release();
    }
  },
  /** Waits in vain to become a writer. */
  async upgradeInVain() {
    const lease = await lock.acquire({ mode: symSOFT_LOCK });
    const upgraded = lock.upgrade(lease);
    parentPort.postMessage('waits');
    await upgraded;
    parentPort.postMessage('hard');
    setInterval(() => {}, 1000);
  },
  /** Takes it and keeps it until the end of the thread. */
  async hold() {
    await lock.acquire(mode === 'soft' ? { mode: symSOFT_LOCK } : weight === undefined ? {} : { weight });
    parentPort.postMessage('holds');
    setInterval(() => {}, 1000);
  },
  /** Waits for it, in vain. */
  async wait() {
    const granted = lock.acquire();
    parentPort.postMessage('waits');
    await granted;
    parentPort.postMessage('granted');
  },
  /** Works as fast as it can until somebody ends the thread, wherever it is then. */
  spin() {
    parentPort.postMessage('spins');
    for (;;) {
      const lease = lock.acquireSync(weight === undefined ? undefined : { weight });
      counter[0] = counter[0] + 1;
      lease.release();
    }
  },
  async listen() {
    for (let i = 0; i < times; i++) {
      parentPort.postMessage('listens');
      await lock.wait();
    }
  },
};

await tasks[task]();
if (!['hold', 'spin', 'upgradeInVain'].includes(task)) {
  lock.close();
  parentPort.close();
}
