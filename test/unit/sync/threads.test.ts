/** Real threads on the built package. */
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  acquireAll,
  type SharedHandle,
  type SharedLease,
  SharedMutex,
  SharedReadWriteLock,
  SharedSemaphore,
  SharedSignal,
} from 'ltl/sync';
import { describe, expect, it } from 'vitest';

import { TOKEN } from '../../../src/sync/shared/memory.js';

const code = (name: string) => expect.objectContaining({ code: name });
const sync = pathToFileURL(join(import.meta.dirname, '../../../dist/src/sync/sync.js')).href;
const file = join(import.meta.dirname, 'worker.mjs');

interface Task {
  readonly handle: SharedHandle;
  readonly task: string;
  readonly times?: number;
  readonly plain?: SharedArrayBuffer;
  readonly mode?: string;
  readonly weight?: number;
}

const start = (task: Task): Worker => new Worker(file, { workerData: { sync, ...task } });
const end = async (worker: Worker): Promise<void> => {
  const [status] = (await once(worker, 'exit')) as [number];
  expect(status).toBe(0);
};
const until = async (holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 5000 && !holds(); i++) await pause(1);
  expect(holds()).toBe(true);
};

describe('across threads', () => {
  it.each(['count', 'countAsync'])('a mutex counts exactly (%s)', async (task) => {
    const mutex = new SharedMutex({ name: 'counter' });
    const plain = new SharedArrayBuffer(4);
    const times = 5000;
    await Promise.all([1, 2].map(() => end(start({ handle: mutex.handle, task, times, plain }))));
    expect(new Int32Array(plain)[0]).toBe(2 * times);
    expect([mutex.state, mutex.queueLength]).toEqual(['free', 0]);
    const lease = await mutex.acquire();
    expect([lease.token, lease.holderDied]).toEqual([2 * times + 1, false]);
    lease.release();
    mutex.close();
  });

  it('a semaphore never lets more weight in than it has permits', async () => {
    const semaphore = new SharedSemaphore(3);
    const plain = new SharedArrayBuffer(4);
    await Promise.all(
      [1, 2].map((weight) => end(start({ handle: semaphore.handle, task: 'share', times: 1500, plain, weight }))),
    );
    const lease = await semaphore.acquire({ weight: 3 });
    lease.release();
    expect(semaphore.state).toBe('open');
  });

  it('a reader never sees half a write', async () => {
    const lock = new SharedReadWriteLock();
    const plain = new SharedArrayBuffer(8);
    await Promise.all([1, 2].map(() => end(start({ handle: lock.handle, task: 'share', times: 1500, plain }))));
    expect([...new Int32Array(plain)]).toEqual([1000, 1000]);
    expect(lock.state).toBe('free');
  });

  it('readers become writers one at a time, and each is either counted or refused', async () => {
    const lock = new SharedReadWriteLock();
    const plain = new SharedArrayBuffer(12);
    await Promise.all([1, 2, 3].map(() => end(start({ handle: lock.handle, task: 'upgrade', times: 1000, plain }))));
    const [one, two, refused] = new Int32Array(plain) as unknown as [number, number, number];
    expect([one, one + refused]).toEqual([two, 3000]);
    expect([lock.state, lock.queueLength]).toEqual(['free', 0]);
  });

  it('a signal lets a thread through', async () => {
    const signal = new SharedSignal();
    const worker = start({ handle: signal.handle, task: 'listen', times: 3 });
    const ended = end(worker);
    let listening = 0;
    worker.on('message', () => (listening += 1));
    for (let round = 1; round <= 3; round++) {
      await until(() => listening === round && signal.queueLength === 1);
      signal.set();
    }
    await ended;
    expect(signal.isSet).toBe(false);
  });
});

describe('the death of a worker', () => {
  it('gives back what it held, and the next lease says so', async () => {
    const mutex = new SharedMutex();
    const worker = start({ handle: mutex.handle, task: 'hold' });
    await once(worker, 'message');
    expect(mutex.tryAcquire()).toBeUndefined();
    const next = mutex.acquire();
    await worker.terminate();
    const lease = await next;
    expect(lease.holderDied).toBe(true);
    lease.release();
    const after = await mutex.acquire();
    expect([after.holderDied, mutex.state]).toEqual([false, 'held']);
    after.release();
  });

  it('gives back permits of a semaphore and both modes of a lock', async () => {
    const semaphore = new SharedSemaphore(5);
    const mine = await semaphore.acquire({ weight: 2 });
    const lock = new SharedReadWriteLock();
    const other = new SharedReadWriteLock();
    const workers = [
      start({ handle: semaphore.handle, task: 'hold', weight: 3 }),
      start({ handle: lock.handle, task: 'hold', mode: 'soft' }),
      start({ handle: other.handle, task: 'hold', mode: 'hard' }),
    ];
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    expect(semaphore.tryAcquire()).toBeUndefined();
    expect([lock.state, other.state]).toEqual(['shared', 'exclusive']);
    await Promise.all(workers.map((worker) => worker.terminate()));
    await until(() => other.state === 'free');
    expect(lock.state).toBe('free');
    mine.release();
    (await semaphore.acquire({ weight: 5 })).release();
  });

  it('while it waits to become a writer lets others do that, and after it became one gives back', async () => {
    const lock = new SharedReadWriteLock();
    const mine = await lock.soft();
    const worker = start({ handle: lock.handle, task: 'upgradeInVain' });
    await once(worker, 'message');
    expect(lock.state).toBe('upgrading');
    await expect(lock.upgrade(mine)).rejects.toThrow(code('E_LOCK_UPGRADE'));
    await worker.terminate();
    await until(() => lock.state === 'shared');
    await lock.upgrade(mine);
    expect(lock.state).toBe('exclusive');
    lock.downgrade(mine);
    const second = start({ handle: lock.handle, task: 'upgradeInVain' });
    await once(second, 'message');
    const hard = once(second, 'message');
    mine.release();
    expect(await hard).toEqual(['hard']);
    await second.terminate();
    const next = await lock.hard();
    expect(next.holderDied).toBe(true);
    next.release();
    expect(lock.state).toBe('free');
  });

  it('takes its wait out of the queue', async () => {
    const mutex = new SharedMutex();
    const held = await mutex.acquire();
    const worker = start({ handle: mutex.handle, task: 'wait' });
    await once(worker, 'message');
    await until(() => mutex.queueLength === 1);
    const behind = mutex.acquire();
    await worker.terminate();
    held.release();
    (await behind).release();
    expect([mutex.state, mutex.queueLength]).toEqual(['free', 0]);
  });

  it.each([
    ['mutex', undefined],
    ['semaphore', 2],
  ] as const)('at any moment of its work leaves a %s whole', async (kind, weight) => {
    for (let round = 0; round < 5; round++) {
      const lock = kind === 'mutex' ? new SharedMutex() : new SharedSemaphore(3);
      const plain = new SharedArrayBuffer(4);
      const task: Task = { handle: lock.handle, task: 'spin', plain, ...(weight === undefined ? {} : { weight }) };
      const workers = [start(task), start(task)];
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      await pause(round);
      await workers[0]?.terminate();
      const before = new Int32Array(plain)[0] as number;
      await until(() => (new Int32Array(plain)[0] as number) > before);
      await workers[1]?.terminate();
      const lease = await (lock instanceof SharedMutex ? lock.acquire() : lock.acquire({ weight: 3 }));
      lease.release();
      expect(lock.queueLength).toBe(0);
    }
  });
});

describe('in one thread, a shared lock', () => {
  it('ends waits by timeout and abort without a trace', async () => {
    const mutex = new SharedMutex({ name: 'm' });
    const held = await mutex.acquire();
    const abort = new AbortController();
    const waits = [mutex.acquire({ signal: abort.signal }), mutex.acquire({ timeoutMs: 1 })];
    const last = mutex.acquire();
    const ends = Promise.allSettled(waits);
    await pause(5);
    abort.abort();
    expect((await ends).map((each) => each.status === 'rejected' && each.reason.code)).toEqual([
      'E_ABORTED',
      'E_TIMEOUT',
    ]);
    held.release();
    (await last).release();
    expect([mutex.state, mutex.queueLength]).toEqual(['free', 0]);
    await expect(mutex.acquire({ signal: abort.signal })).rejects.toThrow(code('E_ABORTED'));
  });

  it('refuses a second release, blocking in the main thread, foreign handles and wrong words', async () => {
    const mutex = new SharedMutex();
    const lease = await mutex.acquire();
    expect(() => mutex.close()).toThrow(code('E_LOCKED'));
    await expect(mutex.acquire({ timeoutMs: Number.NaN })).rejects.toThrow(code('E_ARGUMENT'));
    await expect(acquireAll([mutex as never])).rejects.toThrow('locks across threads can only be taken one by one');
    lease.release();
    expect(() => lease.release()).toThrow(code('E_LOCK_NOT_HELD'));
    expect(() => mutex.acquireSync()).toThrow(code('E_ARGUMENT'));
    expect(() => SharedSemaphore.from(mutex.handle as never)).toThrow(code('E_ARGUMENT'));
    await expect(new SharedSemaphore(2).acquire({ weight: 3 })).rejects.toThrow(code('E_ARGUMENT'));
    await expect(new SharedReadWriteLock().acquire({ mode: 1 as never })).rejects.toThrow(code('E_ARGUMENT'));
  });

  it('becomes hard ahead of the queue, or stays soft when the wait ends', async () => {
    const lock = new SharedReadWriteLock({ name: 'l' });
    const [one, two] = [await lock.soft(), await lock.soft()];
    const writer = lock.hard();
    const abort = new AbortController();
    const ended = lock.upgrade(one, { signal: abort.signal });
    expect(() => one.release()).toThrow(code('E_LOCK_UPGRADE'));
    expect(one.held).toBe(true);
    abort.abort();
    await expect(ended).rejects.toThrow(code('E_ABORTED'));
    await expect(lock.upgrade(one, { timeoutMs: 1 })).rejects.toThrow(code('E_TIMEOUT'));
    await expect(lock.upgrade(one, { timeoutMs: Number.NaN })).rejects.toThrow(code('E_ARGUMENT'));
    expect([lock.state, lock.queueLength]).toEqual(['sharedQueued', 1]);
    const upgraded = lock.upgrade(one);
    two.release();
    await upgraded;
    expect(lock.state).toBe('exclusiveQueued');
    await expect(lock.upgrade(one)).rejects.toThrow(code('E_ARGUMENT'));
    await expect(lock.upgrade(two)).rejects.toThrow(code('E_LOCK_NOT_HELD'));
    expect(() => lock.upgradeSync(one)).toThrow(code('E_ARGUMENT'));
    one.release();
    (await writer).release();
    expect([lock.state, lock.queueLength]).toEqual(['free', 0]);
    lock.close();
  });

  it.each([2 ** 30, 2 ** 31])('counts its tokens on past %i, the same while it is held and after', (round) => {
    const mutex = new SharedMutex();
    const cells = new Int32Array(mutex.handle.buffer);
    cells[TOKEN] = round - 4;
    cells[TOKEN + 1] = round === 2 ** 30 ? 0 : 1;
    const tokens = Array.from({ length: 6 }, () => {
      const lease = mutex.tryAcquire() as SharedLease;
      const { token } = lease;
      lease.release();
      expect(lease.token).toBe(token);
      return token;
    });
    expect(tokens).toEqual(Array.from({ length: 6 }, (_, index) => round - 3 + index));
    mutex.close();
  });

  it('names its limits: 255 waiters, 32 threads', async () => {
    const mutex = new SharedMutex();
    const held = await mutex.acquire();
    const waits = Array.from({ length: 255 }, () => mutex.run(() => {}));
    await expect(mutex.acquire()).rejects.toThrow(code('E_LIMIT'));
    held.release();
    await Promise.all(waits);
    expect(mutex.state).toBe('free');
    const joined = Array.from({ length: 31 }, () => SharedMutex.from(mutex.handle));
    expect(() => SharedMutex.from(mutex.handle)).toThrow(code('E_LIMIT'));
    joined[0]?.close();
    SharedMutex.from(mutex.handle).close();
  });

  it('downgrades a hard lease, and shares a signal with manual reset', async () => {
    const lock = new SharedReadWriteLock();
    const lease = await lock.acquire();
    const other = SharedReadWriteLock.from(lock.handle);
    lock.downgrade(lease);
    expect(lock.state).toBe('shared');
    expect(() => other.downgrade(lease)).toThrow(code('E_LOCK_NOT_HELD'));
    expect(() => lock.downgrade(lease)).toThrow(code('E_ARGUMENT'));
    lease.release();
    expect(lock.state).toBe('free');
    const signal = new SharedSignal({ resets: 'manual' });
    const far = SharedSignal.from(signal.handle);
    const waits = [signal.wait(), far.wait()];
    far.set();
    await Promise.all(waits);
    expect([signal.isSet, far.tryWait()]).toEqual([true, true]);
    signal.reset();
    await expect(far.wait({ timeoutMs: 1 })).rejects.toThrow(code('E_TIMEOUT'));
  });
});
