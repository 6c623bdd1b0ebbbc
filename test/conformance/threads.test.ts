/**
 * Actors in worker threads when their thread dies, and supervisors of actors.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ActorEvent } from 'ltl/actors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Change, SpawnOptions, SuperviseOptions } from '../../src/actors/actor.js';
import { ActorSystem, eventually, type Order, pause, type Servant, servant } from './built.js';

let system: InstanceType<typeof ActorSystem>;
const spawn = (options: SpawnOptions): Promise<Servant> =>
  system.spawn<Order>(servant, { backoff: { minMs: 1, maxMs: 10, factor: 2 }, ...options });

beforeEach(() => {
  system = new ActorSystem({ threads: 1 });
});
afterEach(() => system.stop());

const limits = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 8 };

describe('a worker that dies under its actor', () => {
  it.each([
    ['process.exit()', { do: 'exit' }, 'exit'],
    ['out of memory', { do: 'eat' }, 'memory'],
    ['a spinning handler, found by the heartbeat,', { do: 'spin' }, 'terminated'],
  ] as const)('by %s fails its asks, gives back its messages, and the actor restarts', async (_how, order, kind) => {
    const ref = await spawn({ thread: 'own', restart: 'permanent', resourceLimits: limits, hangMs: 1_000 });
    const downs: Change[] = [];
    ref.watch((change) => change.type === 'down' && downs.push(change));
    const answered = await ref.ask({ do: 'echo', value: 'before' });
    const asked = ref.ask(order, { timeoutMs: 30_000 });
    ref.send({ do: 'note', note: 'behind it' });
    await expect(asked).rejects.toMatchObject({ code: 'E_ACTOR_FAILED' });
    expect(answered).toBe('before');
    await eventually(() => downs.length > 0);
    expect(downs[0]).toMatchObject({ reason: { kind } });
    expect(await ref.ask({ do: 'get' })).toBe(0);
    const lost = system.deadLetters().map(({ message, reason }) => [(message as Order).do, reason]);
    expect(lost).toEqual([
      [order.do, 'lost'],
      ['note', 'lost'],
    ]);
    system.resend(({ message }) => (message as Order).do === 'note');
    expect(await ref.ask({ do: 'seen' })).toEqual(['behind it']);
  });

  it('takes its neighbours down with it, and all come back under their own supervisors', async () => {
    const [one, other, elsewhere] = [
      await spawn({ thread: 'shared', restart: 'permanent' }),
      await spawn({ thread: 'shared', restart: 'permanent', input: { count: 3 } }),
      await spawn({ thread: 'own', input: { count: 5 } }),
    ];
    one.send({ do: 'exit' });
    await expect(one.ask({ do: 'get' })).rejects.toMatchObject({ code: 'E_ACTOR_FAILED' });
    expect(await Promise.all([one, other, elsewhere].map((ref) => ref.ask({ do: 'get' })))).toEqual([0, 3, 5]);
    // Worker to worker, after one of them was replaced.
    expect(await elsewhere.ask({ do: 'ask-other', other, message: { do: 'get' } })).toMatchObject({ answer: 3 });
  });

  it('by out of memory, where the thread is shared, takes its neighbours down with it, and all come back', async () => {
    const script = fileURLToPath(new URL('../fixtures/actors/shared-memory.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--max-old-space-size=48', script]);
    expect(JSON.parse(stdout)).toEqual({
      asked: 'E_ACTOR_FAILED',
      after: [0, 3],
      downs: [
        ['glutton', 'memory'],
        ['neighbour', 'memory'],
      ],
      letters: ['lost'],
    });
  });

  it('is never terminated when it holds a native store: the hang is reported and the actor given up', async () => {
    const events: ActorEvent[] = [];
    system.onEvent((event) => events.push(event));
    const ref = await spawn({ thread: 'own', nativeStore: true, shutdownMs: 50 });
    await ref.ask({ do: 'note', note: 'hang in stop' });
    await ref.stop();
    expect(events).toContainEqual(expect.objectContaining({ type: 'hung' }));
    expect(ref.send({ do: 'get' })).toBe(false);
  });
});

describe('messages between threads', () => {
  it('that cannot be cloned are a named error at the sender, and the rest goes on', async () => {
    const ref = await spawn({ thread: 'own' });
    expect(() => ref.send({ do: 'echo', value: { deep: [() => 1] } })).toThrow(
      'E_UNCLONEABLE: the message.value.deep[]',
    );
    await expect(ref.ask({ do: 'echo', value: Symbol('no') })).rejects.toMatchObject({ code: 'E_UNCLONEABLE' });
    // Hidden where nobody looks before the batch leaves.
    ref.send({ do: 'note', note: new Map([['hidden', () => 1]]) });
    ref.send({ do: 'note', note: 'still here' });
    await expect(ref.ask({ do: 'echo', value: new Set([() => 1]) })).rejects.toMatchObject({ code: 'E_UNCLONEABLE' });
    expect(await ref.ask({ do: 'seen' })).toEqual(['still here']);
    expect(system.deadLetters()).toMatchObject([{ reason: 'uncloneable' }]);
    await expect(ref.ask({ do: 'reply-function' })).rejects.toMatchObject({ code: 'E_UNCLONEABLE' });
  });

  it('are placed on the least loaded of as many shared workers as threads allows', async () => {
    system.threads = 2;
    const refs = await Promise.all([1, 2, 3, 4].map(() => spawn({ thread: 'shared' })));
    const threads = system.actors().map(({ thread }) => thread);
    expect(new Set(threads).size).toBe(2);
    expect(threads.filter((thread) => thread === threads[0])).toHaveLength(2);
    expect(await Promise.all(refs.map((ref) => ref.ask({ do: 'echo', value: 1 })))).toEqual([1, 1, 1, 1]);
    expect(() => {
      system.threads = 0;
    }).toThrow('E_ARGUMENT');
  });

  it('need the logic of a worker to be a module', async () => {
    await expect(system.spawn(() => undefined, { thread: 'own' })).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    await expect(system.spawn(new URL('data:text/javascript,export default 5'))).rejects.toMatchObject({
      code: 'E_ARGUMENT',
    });
  });
});

describe('a supervisor of actors', () => {
  const family = (
    over: Partial<SuperviseOptions> = {},
    threads: readonly SpawnOptions['thread'][] = [],
  ): SuperviseOptions => ({
    name: 'family',
    strategy: 'rest-for-one',
    backoff: { minMs: 1, maxMs: 5, factor: 2 },
    children: ['a', 'b', 'c'].map((id, at) => ({ id, logic: servant, thread: threads[at] ?? 'caller' })),
    ...over,
  });
  const counts = (refs: readonly Servant[]): Promise<unknown[]> =>
    Promise.all(refs.map((ref) => ref.ask({ do: 'get' })));

  it.each([
    ['one-for-one', [1, 0, 1]],
    ['rest-for-one', [1, 0, 0]],
    ['one-for-all', [0, 0, 0]],
  ] as const)('restarts %s, whatever threads they live in', async (strategy, expected) => {
    const supervision = await system.supervise(family({ strategy }, ['caller', 'own', 'shared']));
    const refs = ['a', 'b', 'c'].map((id): Servant => supervision.ref(id));
    const ups: string[] = [];
    for (const ref of refs) ref.watch((change) => change.type === 'up' && ups.push(ref.name));
    for (const ref of refs) ref.send({ do: 'add' });
    await counts(refs);
    await expect(refs[1]?.ask({ do: 'throw' })).rejects.toMatchObject({ code: 'E_ACTOR_FAILED' });
    const back = expected.filter((count) => count === 0).length;
    await eventually(() => ups.length === back);
    expect(ups).toEqual([...ups].sort());
    expect(await counts(refs)).toEqual(expected);
  });

  it('starts in order, stops in reverse, and tells both', async () => {
    const events: string[] = [];
    system.onEvent((event) => events.push(`${event.type} ${event.id}`));
    const supervision = await system.supervise(family({}, ['own', 'caller', 'own']));
    await supervision.stop();
    await pause(0);
    expect(events).toEqual([
      ...['a', 'b', 'c'].map((id) => `started ${id}`),
      ...['c', 'b', 'a'].flatMap((id) => [`stopping ${id}`, `stopped ${id}`]),
    ]);
    expect(await supervision.exited).toEqual({ kind: 'stopped' });
  });

  it('fails to start when a child does, and stops those before it', async () => {
    const children = [
      { id: 'a', logic: servant },
      { id: 'b', logic: servant, input: { start: 'throw' } },
    ];
    await expect(system.supervise(family({ children }))).rejects.toThrow('no start today');
    expect(system.actors()).toEqual([]);
  });

  it('gives up beyond its intensity, and beyond the budget of one child, and says which', async () => {
    for (const [over, crashes] of [
      [{ intensity: 2 }, 3],
      [{ children: [{ id: 'a', logic: servant, budget: { intensity: 1, periodMs: 60_000 } }] }, 2],
    ] as const) {
      const supervision = await system.supervise(family({ strategy: 'one-for-one', ...over }));
      const ref: Servant = supervision.ref('a');
      for (let crash = 0; crash < crashes; crash++)
        await expect(ref.ask({ do: 'throw' })).rejects.toMatchObject({ code: 'E_ACTOR_FAILED' });
      expect(await supervision.exited).toMatchObject({ kind: 'error', error: { code: 'E_RESTART_INTENSITY' } });
      expect(supervision.status()).toMatchObject({ state: 'failed', restarts: crashes - 1 });
      await expect(ref.ask({ do: 'get' })).rejects.toMatchObject({ code: 'E_ACTOR_FAILED' });
      expect(ref.send({ do: 'get' })).toBe(false);
    }
  });

  it('supervises supervisors: what escalates below is restarted above, under the same references', async () => {
    const below = family({ name: 'below', strategy: 'one-for-one', intensity: 0 });
    const supervision = await system.supervise({
      name: 'top',
      strategy: 'one-for-one',
      backoff: { minMs: 1, maxMs: 1, factor: 1 },
      children: [
        { id: 'below', supervise: below },
        { id: 'beside', logic: servant },
      ],
    });
    const ref: Servant = supervision.ref('below/b');
    ref.send({ do: 'add' });
    await expect(ref.ask({ do: 'throw' })).rejects.toMatchObject({ code: 'E_ACTOR_FAILED' });
    expect(await ref.ask({ do: 'get' })).toBe(0);
    expect(supervision.status().restarts).toBe(1);
    const [tree] = system.actors();
    expect(tree?.children?.map(({ name }) => name)).toEqual(['below', 'beside']);
    expect(tree?.children?.[0]?.children).toHaveLength(3);
    await supervision.stop();
    expect(ref.send({ do: 'get' })).toBe(false);
  });

  it('tells those below a supervisor that gave up and does not come back that they are dead', async () => {
    const below = family({ name: 'below', strategy: 'one-for-one', intensity: 0 }, ['caller', 'shared', 'own']);
    const supervision = await system.supervise({
      name: 'top',
      strategy: 'one-for-one',
      children: [
        { id: 'below', restart: 'temporary', supervise: below },
        { id: 'beside', logic: servant },
      ],
    });
    const refs = ['a', 'b', 'c'].map((id): Servant => supervision.ref(`below/${id}`));
    const dead: string[] = [];
    for (const ref of refs) ref.watch((change) => change.type === 'dead' && dead.push(ref.name));
    await expect(refs[1]?.ask({ do: 'throw' })).rejects.toMatchObject({ code: 'E_ACTOR_FAILED' });
    await eventually(() => dead.length === 3);
    for (const ref of refs) expect(ref.send({ do: 'get' })).toBe(false);
    expect(await (supervision.ref('beside') as Servant).ask({ do: 'get' })).toBe(0);
  });

  it('lets one child be stopped for good, and the others do not notice', async () => {
    const supervision = await system.supervise(family({ strategy: 'one-for-all' }));
    const refs = ['a', 'b', 'c'].map((id): Servant => supervision.ref(id));
    for (const ref of refs) ref.send({ do: 'add' });
    await refs[1]?.stop();
    expect(await counts([refs[0], refs[2]] as Servant[])).toEqual([1, 1]);
    expect(refs[1]?.send({ do: 'get' })).toBe(false);
    expect(() => supervision.ref('d')).toThrow('E_ARGUMENT');
  });
});
