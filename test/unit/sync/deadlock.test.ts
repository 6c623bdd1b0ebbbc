/** Deadlocks are named when they arise, orders that could lead to one before. */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  acquireAll,
  acquireAny,
  type LtlError,
  Mutex,
  type OrderInversion,
  ReadWriteLock,
  Semaphore,
  watchLockOrder,
} from '../../../src/sync/sync.js';

const code = (name: string) => expect.objectContaining({ code: name });

describe('a deadlock among named owners', () => {
  it('is reported at once with the names of its locks and owners', async () => {
    const [a, b] = [new Mutex({ name: 'accounts' }), new Mutex({ name: 'books' })];
    const x = await a.acquire({ owner: 'anna' });
    const y = await b.acquire({ owner: 'bert' });
    const waiting = b.acquire({ owner: 'anna' });
    const error = await a.acquire({ owner: 'bert' }).catch((thrown: LtlError) => thrown);
    expect(error).toEqual(code('E_DEADLOCK'));
    expect((error as LtlError).message).toBe(
      'E_DEADLOCK: bert waits for accounts, blocked by anna; anna waits for books, blocked by bert',
    );
    expect(a.queueLength).toBe(0);
    y.release();
    (await waiting).release();
    x.release();
  });

  it('is told by owners of any kind, whatever their properties are called', async () => {
    const [a, b] = [new Mutex({ name: 'a' }), new Mutex({ name: 'b' })];
    const spider = { name: 'spider', legs: 8, next: undefined, lock: 'web', words: [] };
    const held = [await a.acquire({ owner: spider }), await b.acquire({ owner: 'fly' })];
    const waiting = a.acquire({ owner: 'fly' });
    await expect(b.acquire({ owner: spider })).rejects.toThrow(
      'E_DEADLOCK: spider waits for b, blocked by fly; fly waits for a, blocked by spider',
    );
    held[0]?.release();
    (await waiting).release();
  });

  it('is found through three owners, queues, readers and upgrades', async () => {
    const [a, b, c] = [new Mutex({ name: 'a' }), new ReadWriteLock({ name: 'b' }), new Mutex({ name: 'c' })];
    const held = [
      await a.acquire({ owner: 1n.toString() }),
      await b.soft({ owner: '2' }),
      await c.acquire({ owner: '3' }),
    ];
    const waits = [b.hard({ owner: '1' }), c.acquire({ owner: '2' })];
    await expect(a.acquire({ owner: '3' })).rejects.toThrow(code('E_DEADLOCK'));
    held[2]?.release();
    (await waits[1])?.release();
    // One reader upgrades while another reader waits for what it holds.
    const [r, s] = [new ReadWriteLock({ name: 'r' }), new Mutex({ name: 's' })];
    const first = await r.soft({ owner: 'p' });
    await r.soft({ owner: 'q' });
    await s.acquire({ owner: 'p' });
    const stuck = s.acquire({ owner: 'q' });
    await expect(r.upgrade(first)).rejects.toThrow('p waits for r, blocked by q; q waits for s, blocked by p');
    await expect(Promise.race([stuck, pause(1, 'waits')])).resolves.toBe('waits');
  });

  it('is not seen where permits or alternatives or holders without a name still allow progress', async () => {
    const semaphore = new Semaphore(2, { name: 's' });
    const mutex = new Mutex({ name: 'm' });
    const one = await semaphore.acquire({ owner: 'a' });
    const two = await semaphore.acquire({ owner: 'b' });
    const door = await mutex.acquire({ owner: 'c' });
    const c = semaphore.acquire({ owner: 'c' });
    // a waits for c, which waits for a permit of a or of b; b goes on.
    const a = mutex.acquire({ owner: 'a' });
    two.release();
    (await c).release();
    door.release();
    (await a).release();
    one.release();
    const [p, q] = [new Mutex({ name: 'p' }), new Mutex({ name: 'q' })];
    const [x, y] = [await p.acquire({ owner: 'x' }), await q.acquire({ owner: 'y' })];
    const free = await new Mutex().acquire();
    const alternatives = acquireAny([q, free.lock], { owner: 'x' });
    const back = p.acquire({ owner: 'y' });
    free.release();
    (await alternatives).lease.release();
    x.release();
    (await back).release();
    y.release();
  });

  it('is not seen behind somebody without a name who takes what comes first', async () => {
    const [p, r] = [new Mutex({ name: 'p' }), new Mutex({ name: 'r' })];
    await p.acquire({ owner: 'a' });
    const other = await r.acquire();
    const first = acquireAny([p, r]);
    // Behind it in the queue of r, while it could have p from nobody but a.
    const behind = r.acquire({ owner: 'a' });
    other.release();
    const { index, lease } = await first;
    expect(index).toBe(1);
    lease.release();
    (await behind).release();
  });

  it('is seen when every alternative is blocked', async () => {
    const [p, q, r] = [new Mutex({ name: 'p' }), new Mutex({ name: 'q' }), new Mutex({ name: 'r' })];
    await p.acquire({ owner: 'x' });
    await q.acquire({ owner: 'y' });
    await r.acquire({ owner: 'y' });
    const waits = p.acquire({ owner: 'y' });
    await expect(acquireAny([q, r], { owner: 'x' })).rejects.toThrow(code('E_DEADLOCK'));
    expect([q.queueLength, r.queueLength]).toEqual([0, 0]);
    await expect(Promise.race([waits, pause(1, 'waits')])).resolves.toBe('waits');
  });

  it('is seen through a wait for several that keeps a lock at the head of its queue', async () => {
    const [a, b] = [new Mutex({ name: 'a' }), new Mutex({ name: 'b' })];
    const held = await b.acquire({ owner: 'holder' });
    const all = acquireAll([a, b]);
    await expect(a.acquire({ owner: 'holder' })).rejects.toThrow(code('E_DEADLOCK'));
    held.release();
    (await all).release();
  });
});

describe('dining philosophers', () => {
  const SEATS = 5;
  const ROUNDS = 200;

  it('never stall when they take both forks at once', async () => {
    const forks = Array.from({ length: SEATS }, (_, seat) => new Mutex({ name: `fork ${seat}` }));
    const meals = await Promise.all(
      forks.map(async (left, seat) => {
        const right = forks[(seat + 1) % SEATS] as Mutex;
        let eaten = 0;
        for (; eaten < ROUNDS; eaten++) {
          using both = await acquireAll([left, right], { owner: `philosopher ${seat}` });
          expect(both.leases).toHaveLength(2);
          await Promise.resolve();
        }
        return eaten;
      }),
    );
    expect(meals).toEqual(Array.from({ length: SEATS }, () => ROUNDS));
    for (const fork of forks) expect(fork.state).toBe('free');
  });

  it('are told of the cycle when they take the left fork first', async () => {
    const forks = Array.from({ length: SEATS }, (_, seat) => new Mutex({ name: `fork ${seat}` }));
    const ends = await Promise.allSettled(
      forks.map(async (left, seat) => {
        const owner = `philosopher ${seat}`;
        using first = await left.acquire({ owner });
        await pause(1);
        using second = await (forks[(seat + 1) % SEATS] as Mutex).acquire({ owner });
        return [first, second];
      }),
    );
    const failed = ends.filter((end) => end.status === 'rejected');
    expect(failed).toHaveLength(1);
    const { message, details } = (failed[0] as PromiseRejectedResult).reason as LtlError;
    for (let seat = 0; seat < SEATS; seat++) {
      expect(message).toContain(`philosopher ${seat}`);
      expect(message).toContain(`fork ${seat}`);
    }
    expect(details['cycle']).toHaveLength(SEATS);
    for (const fork of forks) expect(fork.state).toBe('free');
  });
});

describe('the order of locks, while it is watched', () => {
  it('is reported when two classes are taken in both orders, with both places, once, before any deadlock', async () => {
    const seen: OrderInversion[] = [];
    const stop = watchLockOrder((inversion) => seen.push(inversion));
    const [a, b, c] = [new Mutex({ name: 'a' }), new Mutex({ name: 'b' }), new Mutex({ name: 'c' })];
    const nested = async (owner: string, outer: Mutex, inner: Mutex): Promise<void> => {
      using first = await outer.acquire({ owner });
      using second = await inner.acquire({ owner });
      expect([first.held, second.held]).toEqual([true, true]);
    };
    await nested('o', a, b);
    await nested('p', b, c);
    expect(seen).toEqual([]);
    await nested('q', c, a);
    await nested('r', c, a);
    stop();
    await nested('s', b, a);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ held: 'c', asked: 'a', owner: 'q' });
    expect(seen[0]?.before.map(({ held, asked }) => [held, asked])).toEqual([
      ['a', 'b'],
      ['b', 'c'],
    ]);
    for (const place of [seen[0]?.place, seen[0]?.before[0]?.place]) expect(place).toContain('deadlock.test.ts');
  });

  it('adds the places of the waits to a deadlock', async () => {
    const stop = watchLockOrder(() => {});
    const [a, b] = [new Mutex({ name: 'a' }), new Mutex({ name: 'b' })];
    await a.acquire({ owner: 'o' });
    const held = await b.acquire({ owner: 'p' });
    const wait = b.acquire({ owner: 'o' });
    const error = await a.acquire({ owner: 'p' }).catch((thrown: LtlError) => thrown);
    stop();
    expect(JSON.stringify((error as LtlError).details)).toContain('deadlock.test.ts');
    held.release();
    await wait;
  });
});
