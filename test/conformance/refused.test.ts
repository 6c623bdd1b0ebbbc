/**
 * What is refused before it begins, what is bounded, and what is left alone: beside the list of what goes wrong, for no
 * placement in particular.
 */

import type { ActorEvent } from 'ltl/actors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Change, SpawnOptions } from '../../src/actors/actor.js';
import { ActorSystem, eventually, type Order, servant } from './built.js';

const QUICK = { minMs: 1, maxMs: 1, factor: 1 };
const FAILED = { code: 'E_ACTOR_FAILED' };

describe('an actor system', () => {
  let system: InstanceType<typeof ActorSystem>;
  beforeEach(() => {
    system = new ActorSystem({ threads: 2 });
  });
  afterEach(() => system.stop());

  it('worker talks to worker while the main thread is blocked', async () => {
    for (const thread of ['own', 'shared'] as const) {
      const [one, other] = [
        await system.spawn<Order>(servant, { thread: 'own' }),
        await system.spawn<Order>(servant, { thread, input: { count: 2 } }),
      ];
      await one.ask({ do: 'ask-other', other, message: { do: 'get' } });
      const bell = new Int32Array(new SharedArrayBuffer(4));
      const done = one.ask({ do: 'ask-and-ring', other, times: 500, bell });
      expect(Atomics.wait(bell, 0, 0, 30_000)).not.toBe('timed-out');
      expect(Atomics.load(bell, 0)).toBe(1_000);
      await done;
    }
  });

  it('a hang with a native store open: a failure its supervisor sees, its thread is left alone, no other is started', async () => {
    const events: ActorEvent[] = [];
    system.onEvent((event) => events.push(event));
    const ref = await system.spawn<Order>(servant, {
      name: 'store',
      thread: 'own',
      nativeStore: true,
      restart: 'permanent',
      hangMs: 300,
      backoff: QUICK,
    });
    const changes: Change[] = [];
    ref.watch((change) => changes.push(change));
    const asked = ref.ask({ do: 'block', forMs: 1_500 }, { timeoutMs: 20_000 });
    const rejected = expect(asked).rejects.toMatchObject(FAILED);
    await eventually(() => changes.at(-1)?.type === 'dead');
    expect(changes[0]).toMatchObject({ type: 'down', reason: { kind: 'hung' } });
    expect(events.filter(({ type }) => type === 'hung')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'started')).toHaveLength(1);
    expect(system.escalations()).toMatchObject([{ id: 'store', reason: { error: { code: 'E_RESTART_INTENSITY' } } }]);
    // Its thread wakes up, is told, and goes.
    await rejected;
  });

  it('native stores and limits of a thread are refused where the thread is not its own', async () => {
    for (const options of [{ nativeStore: true }, { thread: 'shared', resourceLimits: {} }] as const)
      await expect(system.spawn(servant, options)).rejects.toThrow("thread: 'own'");
  });

  it.each<[unknown, RegExp]>([
    [{ thread: 'shard' }, /thread of the actor: caller, shared, own, not "shard"/],
    [{ restart: 'always' }, /restart/],
    [{ mailbox: { overflow: 'drop' } }, /mailbox.overflow/],
    [{ mailbox: { size: 0 } }, /mailbox.size/],
    [{ mailbox: { size: 1.5 } }, /whole number/],
    [{ shutdownMs: Number.NaN }, /shutdownMs/],
    [{ hangMs: 0 }, /hangMs/],
    [{ budget: { intensity: 1 } }, /periodMs/],
    [{ backoff: { minMs: 5, maxMs: 1, factor: 2 } }, /backoff.maxMs/],
    [{ name: '' }, /name/],
    [null, /options/],
    [{ restrat: 'permanent' }, /no option "restrat"; did you mean restart\?/],
    [{ timeout: 5 }, /no option "timeout"/],
    [{ mailbox: { limit: 5 } }, /mailbox of the actor has no option "limit"/],
  ])('an option that means nothing is refused before anything starts: %j', async (options, message) => {
    await expect(system.spawn(servant, options as SpawnOptions)).rejects.toThrow(message);
    await expect(system.spawn(servant, options as SpawnOptions)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    expect(system.actors()).toEqual([]);
  });

  it.each<unknown>([
    undefined,
    { children: [] },
    { strategy: 'one-for-two', children: [] },
    { strategy: 'one-for-one' },
    { strategy: 'one-for-one', children: [{ logic: servant }] },
    { strategy: 'one-for-one', children: [{ id: 'a/b', logic: servant }] },
    { strategy: 'one-for-one', intensity: -1, children: [] },
    { strategy: 'one-for-one', children: [{ id: 'below', supervise: { strategy: 'no', children: [] } }] },
    { strategy: 'one-for-one', intensty: 1, children: [] },
    { strategy: 'one-for-one', children: [{ id: 'a', logic: servant, backoff: { minMs: 1, maxMs: 1, factor: 1 } }] },
    {
      strategy: 'one-for-one',
      children: [{ id: 'a', supervise: { strategy: 'one-for-one', children: [] }, name: 'b' }],
    },
    { strategy: 'one-for-one', children: [1, 2].map(() => ({ id: 'twice', logic: servant })) },
  ])('a supervisor that means nothing is refused: %j', async (options) => {
    await expect(system.supervise(options as never)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    expect(system.actors()).toEqual([]);
  });

  it('an ask always has a timeout, and one that a timer can keep', async () => {
    const ref = await system.spawn<Order>(servant, { thread: 'caller' });
    for (const timeoutMs of [Number.POSITIVE_INFINITY, Number.NaN, -1, 2 ** 31, '5'])
      await expect(ref.ask({ do: 'never' }, { timeoutMs: timeoutMs as number })).rejects.toMatchObject({
        code: 'E_ARGUMENT',
      });
    await expect(ref.ask({ do: 'get' }, { timeout: 5 } as never)).rejects.toThrow('did you mean timeoutMs?');
    await expect(ref.ask({ do: 'get' }, { signal: 'now' as never })).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  });

  it('a module that is not there, or is no URL, or holds no logic, is named', async () => {
    for (const thread of ['caller', 'shared', 'own'] as const)
      await expect(system.spawn(new URL('file:///nowhere.mjs'), { thread })).rejects.toThrow(
        /^E_ACTOR_FAILED: .*Cannot find module/,
      );
    for (const logic of ['file:///text.mjs', undefined, {}, 5])
      await expect(system.spawn(logic as never)).rejects.toThrow('URL of a module');
    expect(system.actors()).toEqual([]);
  });

  it('dead letters are the last thousand, in order, and can be sent again to whoever lives', async () => {
    const [dead, alive] = [
      await system.spawn<Order>(servant, { thread: 'caller' }),
      await system.spawn<Order>(servant, { thread: 'own', mailbox: { size: 1, overflow: 'refuse' } }),
    ];
    await dead.stop();
    for (let note = 0; note < 5_000; note++) dead.send({ do: 'note', note });
    const notes = (): unknown[] => system.deadLetters().map(({ message }) => (message as Order)['note']);
    expect(notes()).toEqual(Array.from({ length: 1_000 }, (_, n) => 4_000 + n));
    // The dead stay dead: what was for them can be read, and not be sent again.
    expect(system.resend(({ message }) => (message as Order)['note'] === 4_000)).toBe(0);
    expect([notes().length, notes().at(0), notes().at(-1)]).toEqual([1_000, 4_000, 4_999]);
    const held = alive.ask({ do: 'slow', note: 'held', delayMs: 500 });
    expect(alive.send({ do: 'note', note: 'full' })).toBe(false);
    expect(notes()).toHaveLength(1_000);
    await held;
    await eventually(() => system.actors()[0]?.mailboxDepth === 0);
    expect(notes().at(-1)).toBe('full');
    expect(system.resend(({ to }) => to?.id === alive.id)).toBe(1);
    expect(notes()).not.toContain('full');
    await eventually(async () => ((await alive.snapshot()).state as { seen: unknown[] }).seen.includes('full'));
  });

  it('dead letters that were dropped do not come back when others are sent again', async () => {
    const ref = await system.spawn<Order>(servant, { thread: 'own', mailbox: { size: 1, overflow: 'refuse' } });
    const holding = new AbortController();
    const held = ref.ask({ do: 'until-abort' }, { signal: holding.signal });
    for (let note = 0; note < 1_500; note++) ref.send({ do: 'note', note });
    const notes = (): number[] => system.deadLetters().map(({ message }) => (message as Order)['note'] as number);
    expect([notes().length, notes().at(0)]).toEqual([1_000, 500]);
    holding.abort();
    await expect(held).rejects.toMatchObject({ code: 'E_ABORTED' });
    const depth = (): number | undefined => system.actors()[0]?.mailboxDepth;
    await eventually(() => depth() === 0);
    const stays = system.deadLetters().find(({ message }) => (message as Order)['note'] === 1_000);
    const sent = system.resend(({ number }) => number !== stays?.number);
    // What did not fit again is a letter again, another one; what was not to be sent is the same as before.
    expect([sent > 0, sent + notes().length]).toEqual([true, 1_000]);
    expect(Math.min(...notes())).toBeGreaterThanOrEqual(500);
    expect(system.deadLetters()).toContain(stays);
    await eventually(() => depth() === 0);
  });

  it('fewer threads: those beyond get no new actors, and end with their last one', async () => {
    system.threads = 3;
    const refs = await Promise.all([1, 2, 3].map(() => system.spawn<Order>(servant)));
    const threads = (): (string | undefined)[] => system.actors().map(({ thread }) => thread);
    expect(new Set(threads()).size).toBe(3);
    system.threads = 1;
    const more = await Promise.all([1, 2, 3, 4].map(() => system.spawn<Order>(servant)));
    expect(new Set(threads().slice(3)).size).toBe(1);
    for (const ref of refs) await ref.stop();
    expect(new Set(threads()).size).toBe(1);
    expect(await Promise.all(more.map((ref) => ref.ask({ do: 'get' })))).toEqual([0, 0, 0, 0]);
  });
});
