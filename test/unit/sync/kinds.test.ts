/** What a user of the locks of one thread can rely on. */
import { getEventListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  acquireAll,
  acquireAny,
  Fence,
  inspect,
  type Lease,
  Mutex,
  ReadWriteLock,
  Semaphore,
  Signal,
  symHARD_LOCK,
  symSOFT_LOCK,
  type Transition,
} from '../../../src/sync/sync.js';

const code = (name: string) => expect.objectContaining({ code: name });
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  let done = false;
  const mark = (): void => {
    done = true;
  };
  promise.then(mark, mark);
  await pause(1);
  return done;
};

describe('a mutex', () => {
  it('lets one in at a time, in the order of asking', async () => {
    const mutex = new Mutex();
    const order: number[] = [];
    let inside = 0;
    await Promise.all(
      Array.from({ length: 20 }, (_, id) =>
        mutex.run(async () => {
          inside += 1;
          expect(inside).toBe(1);
          await pause(0);
          order.push(id);
          inside -= 1;
        }),
      ),
    );
    expect(order).toEqual(Array.from({ length: 20 }, (_, id) => id));
    expect([mutex.state, mutex.queueLength, mutex.locked]).toEqual(['free', 0, false]);
  });

  it('does not let a newcomer in before the queue', async () => {
    const mutex = new Mutex();
    const first = await mutex.acquire();
    const second = mutex.acquire();
    first.release();
    expect(mutex.tryAcquire()).toBeUndefined();
    const lease = await second;
    lease.release();
    expect(mutex.tryAcquire()?.held).toBe(true);
  });

  it('calls a second release and a foreign release errors, and neither frees anything', async () => {
    const [mutex, other] = [new Mutex({ name: 'm' }), new Mutex({ name: 'o' })];
    const lease = await mutex.acquire();
    const foreign = await other.acquire();
    expect(() => mutex.release(foreign)).toThrow(code('E_LOCK_NOT_HELD'));
    lease.release();
    const next = await mutex.acquire();
    expect(() => lease.release()).toThrow(code('E_LOCK_NOT_HELD'));
    expect([mutex.locked, next.held, foreign.held]).toEqual([true, true, true]);
  });

  it('releases at the end of a block, and not twice', async () => {
    const mutex = new Mutex();
    {
      using lease = await mutex.acquire();
      expect(lease.held).toBe(true);
    }
    {
      using lease = await mutex.acquire();
      lease.release();
    }
    expect(mutex.state).toBe('free');
  });

  it('gives rising tokens, and a fence refuses an older one', async () => {
    const mutex = new Mutex();
    const fence = new Fence();
    const tokens: Lease[] = [];
    for (let i = 0; i < 3; i++) await mutex.run((lease) => tokens.push(lease));
    expect(tokens.map(({ token }) => token)).toEqual([1, 2, 3]);
    fence.admit(tokens[1] as Lease);
    fence.admit(tokens[1] as Lease);
    fence.admit(tokens[2] as Lease);
    expect(() => fence.admit(tokens[0] as Lease)).toThrow(code('E_FENCED'));
    expect(fence.newest).toBe(3);
  });

  it('refuses an owner that holds it or waits for it already; owners are fresh by default', async () => {
    const mutex = new Mutex({ name: 'm' });
    const held = await mutex.acquire({ owner: 'anna' });
    expect(held.owner).toBe('anna');
    await expect(mutex.acquire({ owner: 'anna' })).rejects.toThrow('anna holds m already');
    expect(() => mutex.tryAcquire({ owner: 'anna' })).toThrow(code('E_LOCK_REENTRANT'));
    const waiting = mutex.acquire({ owner: 'bert' });
    await expect(mutex.acquire({ owner: 'bert' })).rejects.toThrow('bert waits for m already');
    const unnamed = mutex.acquire();
    held.release();
    (await waiting).release();
    const lease = await unnamed;
    expect(lease.owner).toBe(lease);
    lease.release();
    (await mutex.acquire({ owner: 'anna' })).release();
    expect(mutex.state).toBe('free');
  });

  it('refuses what can end no wait before it queues anything, and waits for ever when told so', async () => {
    const held = new Mutex();
    const lease = await held.acquire();
    const wrong = [{ timeoutMs: Number.NaN }, { timeoutMs: '5' }, { timeoutMs: 2 ** 40 }, { signal: 5 }] as never[];
    for (const options of wrong) {
      await expect(held.acquire(options)).rejects.toThrow(code('E_ARGUMENT'));
      await expect(acquireAll([held], options)).rejects.toThrow(code('E_ARGUMENT'));
      await expect(acquireAny([held], options)).rejects.toThrow(code('E_ARGUMENT'));
    }
    const lock = new ReadWriteLock();
    await expect(lock.upgrade(await lock.soft(), { timeoutMs: Number.NaN })).rejects.toThrow(code('E_ARGUMENT'));
    expect([held.queueLength, lock.state]).toEqual([0, 'shared']);
    const patient = held.acquire({ timeoutMs: Number.POSITIVE_INFINITY });
    await expect(settled(patient)).resolves.toBe(false);
    lease.release();
    (await patient).release();
    expect(() => held.release({} as Lease)).toThrow(code('E_LOCK_NOT_HELD'));
  });

  it('rejects words it does not know', async () => {
    await expect(new Mutex().acquire({ weight: 2 })).rejects.toThrow(code('E_ARGUMENT'));
    await expect(new Semaphore(2).acquire({ weight: 3 })).rejects.toThrow(code('E_ARGUMENT'));
    await expect(new ReadWriteLock().acquire({ mode: Symbol('x') as never })).rejects.toThrow(code('E_ARGUMENT'));
    expect(() => new Semaphore(0)).toThrow(code('E_ARGUMENT'));
    expect(() => new Signal({ resets: 'never' as 'auto' })).toThrow(code('E_ARGUMENT'));
    await expect(acquireAll([{} as Mutex])).rejects.toThrow(code('E_ARGUMENT'));
    await expect(acquireAny([])).rejects.toThrow(code('E_ARGUMENT'));
  });
});

describe('a wait that ends early', () => {
  it('leaves nothing behind when it times out or is aborted, and is never granted later', async () => {
    const timersBefore = timers();
    const mutex = new Mutex({ name: 'm' });
    const held = await mutex.acquire();
    const abort = new AbortController();
    const waits = [
      mutex.acquire({ signal: abort.signal }),
      mutex.acquire({ timeoutMs: 1 }),
      mutex.acquire({ signal: abort.signal, timeoutMs: 60_000 }),
    ];
    const last = mutex.acquire();
    const ends = Promise.allSettled(waits);
    await expect(waits[1]).rejects.toThrow(code('E_TIMEOUT'));
    expect(mutex.queueLength).toBe(3);
    abort.abort();
    expect((await ends).map((end) => end.status === 'rejected' && end.reason.code)).toEqual([
      'E_ABORTED',
      'E_TIMEOUT',
      'E_ABORTED',
    ]);
    expect(mutex.queueLength).toBe(1);
    expect(timers()).toBe(timersBefore);
    held.release();
    (await last).release();
    expect(mutex.state).toBe('free');
    await expect(mutex.acquire({ signal: abort.signal })).rejects.toThrow(code('E_ABORTED'));
    expect(mutex.state).toBe('free');
  });

  it('costs one listener an AbortSignal however many wait, and none when they are done', async () => {
    const mutex = new Mutex();
    const { signal } = new AbortController();
    const held = await mutex.acquire();
    const waits = Array.from({ length: 50 }, () => mutex.acquire({ signal }).then((lease) => lease.release()));
    await pause(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    held.release();
    await Promise.all(waits);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('lets those behind a heavy request go on', async () => {
    const semaphore = new Semaphore(3);
    const held = await semaphore.acquire({ weight: 2 });
    const abort = new AbortController();
    const heavy = semaphore.acquire({ weight: 3, signal: abort.signal });
    const light = semaphore.acquire();
    expect(await settled(light)).toBe(false);
    abort.abort();
    await expect(heavy).rejects.toThrow(code('E_ABORTED'));
    (await light).release();
    held.release();
    expect(semaphore.free).toBe(3);
  });

  it.each(Array.from({ length: 12 }, (_, turn) => turn))(
    'leaks no permit when interrupted after %i turns',
    async (turn) => {
      const semaphore = new Semaphore(2);
      const abort = new AbortController();
      const { signal } = abort;
      let granted = 0;
      const worker = (weight: number) =>
        semaphore.run(
          async () => {
            granted += 1;
            for (let i = 0; i < 3; i++) await Promise.resolve();
            signal.throwIfAborted();
          },
          { weight, signal },
        );
      const all = Promise.allSettled([worker(1), worker(2), worker(1), worker(1), worker(2)]);
      for (let i = 0; i < turn; i++) await Promise.resolve();
      abort.abort();
      await all;
      expect([semaphore.free, semaphore.queueLength, semaphore.state]).toEqual([2, 0, 'open']);
      expect(granted).toBeGreaterThan(0);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    },
  );
});

describe('a semaphore', () => {
  it('counts weights and keeps the order, so a heavy request is not starved by light ones', async () => {
    const semaphore = new Semaphore(4);
    const light = await Promise.all([semaphore.acquire(), semaphore.acquire()]);
    const order: string[] = [];
    const heavy = semaphore.acquire({ weight: 4 }).then((lease) => (order.push('heavy'), lease.release()));
    const late = semaphore.acquire().then((lease) => (order.push('late'), lease.release()));
    expect(semaphore.tryAcquire()).toBeUndefined();
    for (const lease of light) lease.release();
    await Promise.all([heavy, late]);
    expect(order).toEqual(['heavy', 'late']);
    expect(semaphore.free).toBe(4);
  });

  it('may be held several times by one owner', async () => {
    const semaphore = new Semaphore(2);
    const leases = [await semaphore.acquire({ owner: 'o' }), await semaphore.acquire({ owner: 'o' })];
    expect(semaphore.free).toBe(0);
    for (const lease of leases) lease.release();
    expect(semaphore.free).toBe(2);
  });
});

describe('a lock with two modes', () => {
  it('lets readers share and a writer be alone; readers behind a waiting writer wait', async () => {
    const lock = new ReadWriteLock();
    const readers = await Promise.all([lock.soft(), lock.soft()]);
    const writer = lock.hard();
    const late = lock.soft();
    expect(lock.tryAcquire({ mode: symSOFT_LOCK })).toBeUndefined();
    for (const lease of readers) lease.release();
    const writing = await writer;
    expect(await settled(late)).toBe(false);
    expect(lock.modeOf(writing)).toBe(symHARD_LOCK);
    writing.release();
    (await late).release();
    expect(lock.state).toBe('free');
  });

  it('lets the readers at the head of the queue in together', async () => {
    const lock = new ReadWriteLock();
    const writer = await lock.hard();
    const readers = [lock.soft(), lock.soft(), lock.soft()];
    const second = lock.hard();
    writer.release();
    for (const lease of await Promise.all(readers)) lease.release();
    (await second).release();
    expect(lock.state).toBe('free');
  });

  it('downgrades with nobody in between, and lets waiting readers join', async () => {
    const lock = new ReadWriteLock();
    const lease = await lock.hard();
    const reader = lock.soft();
    const writer = lock.hard();
    lock.downgrade(lease);
    expect(lock.modeOf(lease)).toBe(symSOFT_LOCK);
    const joined = await reader;
    expect(await settled(writer)).toBe(false);
    expect(() => lock.downgrade(lease)).toThrow(code('E_ARGUMENT'));
    lease.release();
    joined.release();
    (await writer).release();
    expect(lock.state).toBe('free');
  });

  it('upgrades one reader when the others have left, ahead of the queue; a second one is refused', async () => {
    const lock = new ReadWriteLock();
    const [a, b] = [await lock.soft(), await lock.soft()];
    const writer = lock.hard();
    const upgrade = lock.upgrade(a);
    await expect(lock.upgrade(b)).rejects.toThrow(code('E_LOCK_UPGRADE'));
    expect(() => a.release()).toThrow(code('E_LOCK_UPGRADE'));
    b.release();
    await upgrade;
    expect(lock.modeOf(a)).toBe(symHARD_LOCK);
    expect(await settled(writer)).toBe(false);
    a.release();
    (await writer).release();
    const alone = await lock.soft();
    await lock.upgrade(alone);
    alone.release();
    await expect(lock.upgrade(alone)).rejects.toThrow(code('E_LOCK_NOT_HELD'));
    expect(lock.state).toBe('free');
  });

  it('stays soft when the wait for the upgrade ends', async () => {
    const lock = new ReadWriteLock();
    const [a, b] = [await lock.soft(), await lock.soft()];
    await expect(lock.upgrade(a, { timeoutMs: 1 })).rejects.toThrow(code('E_TIMEOUT'));
    const queued = lock.soft();
    (await queued).release();
    const again = lock.upgrade(b);
    const late = lock.soft();
    a.release();
    await again;
    b.release();
    (await late).release();
    expect(lock.state).toBe('free');
  });
});

describe('a signal', () => {
  it('with auto reset lets one through a setting, in order, and keeps a setting for the next one', async () => {
    const signal = new Signal();
    const order: number[] = [];
    const waits = [1, 2].map((id) => signal.wait().then(() => order.push(id)));
    signal.set();
    await pause(0);
    expect(order).toEqual([1]);
    signal.set();
    await Promise.all(waits);
    signal.set();
    signal.set();
    expect([signal.isSet, signal.tryWait(), signal.tryWait()]).toEqual([true, true, false]);
    signal.set();
    signal.reset();
    expect(signal.isSet).toBe(false);
  });

  it('with manual reset lets all through until it is reset', async () => {
    const signal = new Signal({ resets: 'manual' });
    const waits = [signal.wait(), signal.wait(), signal.wait()];
    signal.set();
    await Promise.all(waits);
    await signal.wait();
    signal.reset();
    await expect(signal.wait({ timeoutMs: 1 })).rejects.toThrow(code('E_TIMEOUT'));
    expect(signal.queueLength).toBe(0);
  });
});

describe('several at once', () => {
  it('takes all at one moment and holds none while waiting', async () => {
    const [a, b] = [new Mutex(), new Semaphore(2)];
    const held = await b.acquire({ weight: 2 });
    const all = acquireAll([a, { of: b, weight: 2 }]);
    expect(a.locked).toBe(false);
    expect(await settled(all)).toBe(false);
    // The mutex is kept for the head of its queue.
    expect(a.tryAcquire()).toBeUndefined();
    held.release();
    const leases = await all;
    expect([a.locked, b.free]).toEqual([true, 0]);
    leases.release();
    expect(() => leases.release()).toThrow(code('E_LOCK_NOT_HELD'));
    expect([a.state, b.free]).toEqual(['free', 2]);
  });

  it('is not starved by a stream of small requests', async () => {
    const semaphore = new Semaphore(2);
    const mutex = new Mutex();
    const count = { rounds: 0, done: false };
    const stream = async (): Promise<void> => {
      while (!count.done && count.rounds < 10_000) {
        await semaphore.run(async () => {
          count.rounds += 1;
          await pause(0);
        });
      }
    };
    const streams = [stream(), stream(), stream()];
    await pause(2);
    const leases = await acquireAll([mutex, { of: semaphore, weight: 2 }]);
    count.done = true;
    leases.release();
    await Promise.all(streams);
    expect(count.rounds).toBeLessThan(10_000);
  });

  it('adds up requests for one semaphore and refuses another lock twice', async () => {
    const semaphore = new Semaphore(3);
    const leases = await acquireAll([semaphore, { of: semaphore, weight: 2 }]);
    expect(semaphore.free).toBe(0);
    leases[Symbol.dispose]();
    expect(semaphore.free).toBe(3);
    const mutex = new Mutex();
    await expect(acquireAll([mutex, mutex])).rejects.toThrow(code('E_LOCK_REENTRANT'));
    await expect(acquireAll([semaphore, { of: semaphore, weight: 3 }])).rejects.toThrow(code('E_ARGUMENT'));
  });

  it('gives the first that can be had and withdraws the other requests', async () => {
    const [a, b] = [new Mutex(), new Mutex()];
    const [x, y] = [await a.acquire(), await b.acquire()];
    const any = acquireAny([a, b]);
    const behind = b.acquire();
    y.release();
    const { index, lease } = await any;
    expect([index, a.queueLength]).toEqual([1, 0]);
    lease.release();
    (await behind).release();
    x.release();
    expect((await acquireAny([a, b])).index).toBe(0);
    expect([a.state, b.state]).toEqual(['held', 'free']);
  });

  it('leaves all queues when it is aborted or times out', async () => {
    const [a, b] = [new Mutex(), new ReadWriteLock()];
    const held = await a.acquire();
    await expect(acquireAll([a, { of: b, mode: symSOFT_LOCK }], { timeoutMs: 1 })).rejects.toThrow(code('E_TIMEOUT'));
    const abort = new AbortController();
    const any = acquireAny([a, a], { signal: abort.signal });
    const all = acquireAll([b, a], { signal: abort.signal });
    const behind = b.soft();
    abort.abort();
    await expect(any).rejects.toThrow(code('E_ABORTED'));
    await expect(all).rejects.toThrow(code('E_ABORTED'));
    (await behind).release();
    held.release();
    expect([a.state, b.state, a.queueLength, b.queueLength]).toEqual(['free', 'free', 0, 0]);
  });

  it('waits for signals as for locks', async () => {
    const [signal, mutex] = [new Signal(), new Mutex()];
    const all = acquireAll([signal, mutex]);
    const seen = acquireAny([signal, mutex]);
    signal.set();
    (await all).release();
    expect((await seen).index).toBe(1);
  });
});

describe('inspect', () => {
  it('sees the transitions of locks with owners and waits, from the moment it listens', async () => {
    const mutex = new Mutex({ name: 'door' });
    const seen: Transition[] = [];
    const held = await mutex.acquire({ owner: 'anna' });
    const stop = inspect((transition) => seen.push(transition));
    const second = mutex.acquire({ owner: 'bert' });
    await pause(3);
    held.release();
    (await second).release();
    stop();
    (await mutex.acquire()).release();
    expect(seen.map(({ name, event, from, to, owner }) => [name, event, from, to, owner])).toEqual([
      ['door', 'ACQUIRE', 'held', 'queued', 'bert'],
      ['door', 'RELEASE', 'queued', 'vacant', 'anna'],
      ['door', 'HAND', 'vacant', 'held', 'bert'],
      ['door', 'RELEASE', 'held', 'free', 'bert'],
    ]);
    expect(seen[2]?.waitedMs).toBeGreaterThan(1);
    expect(seen[2]?.effects).toEqual(['unpark', 'grantHead']);
  });
});
