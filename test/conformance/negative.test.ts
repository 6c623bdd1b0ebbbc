/**
 * What goes wrong, by name, wherever the actor lives: the same list for all three placements. What each ends in, and that
 * the process and the others go on.
 */

import { getEventListeners } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import type { ActorEvent } from 'ltl/actors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Change, SpawnOptions } from '../../src/actors/actor.js';
import type { ActorTransition } from '../../src/wire/place.js';
import { ActorSystem, eventually, type Order, pause, type Servant, servant } from './built.js';

const QUICK = { minMs: 1, maxMs: 1, factor: 1 };
const FAILED = { code: 'E_ACTOR_FAILED' };

describe.each(['caller', 'shared', 'own'] as const)('the negative list, in thread: %s', (thread) => {
  let system: InstanceType<typeof ActorSystem>;
  let events: ActorEvent[];
  const spawn = (options: SpawnOptions = {}): Promise<Servant> =>
    system.spawn<Order>(servant, { thread, backoff: QUICK, ...options });
  const seenBy = async (ref: Servant): Promise<unknown[]> => ((await ref.snapshot()).state as { seen: unknown[] }).seen;

  beforeEach(() => {
    system = new ActorSystem({ threads: 2 });
    events = [];
    system.onEvent((event) => events.push(event));
  });
  afterEach(() => system.stop());

  it('budget per child: its own is used up by it alone, and the error says which budget it was', async () => {
    const supervision = await system.supervise({
      name: 'pair',
      strategy: 'one-for-one',
      intensity: 10,
      periodMs: 60_000,
      backoff: QUICK,
      children: [
        { id: 'small', logic: servant, thread, budget: { intensity: 1, periodMs: 60_000 } },
        { id: 'other', logic: servant, thread },
      ],
    });
    const [small, other] = [supervision.ref<Order>('small'), supervision.ref<Order>('other')];
    for (let time = 0; time < 4; time++) await expect(other.ask({ do: 'throw' })).rejects.toMatchObject(FAILED);
    await expect(small.ask({ do: 'throw' })).rejects.toMatchObject(FAILED);
    expect(await small.ask({ do: 'get' })).toBe(0);
    await expect(small.ask({ do: 'throw' })).rejects.toMatchObject(FAILED);
    const exit = await supervision.exited;
    expect(exit).toMatchObject({ kind: 'error', error: { code: 'E_RESTART_INTENSITY', details: { id: 'small' } } });
    expect(exit.kind === 'error' && exit.error.message).toContain('small failed beyond its own 1 restarts in 60000 ms');
    expect(other.send({ do: 'get' })).toBe(false);
    expect(system.escalations()).toMatchObject([{ supervisor: 'pair', id: 'small', reason: exit }]);
  });

  it('watch of one that is already dead: told at once, with why it died, to here and to another actor', async () => {
    const [ref, other] = [await spawn(), await spawn()];
    await expect(ref.ask({ do: 'throw' })).rejects.toMatchObject(FAILED);
    await eventually(() => !ref.send({ do: 'get' }));
    const change = await new Promise<Change>((resolve) => {
      ref.watch(resolve);
    });
    expect(change).toMatchObject({ type: 'dead', id: ref.id, reason: { kind: 'error' } });
    await other.ask({ do: 'watch-other', other: ref });
    await eventually(async () => (await seenBy(other)).includes('dead'));
  });

  it('a child that is dead stays so when its supervisor begins anew, and the others come back', async () => {
    const children = ['stopped', 'done', 'stays', 'fails'].map((id) => ({
      id,
      logic: servant,
      thread,
      startMs: 3_000,
      restart: id === 'done' ? ('temporary' as const) : ('permanent' as const),
    }));
    const top = await system.supervise({
      strategy: 'one-for-one',
      backoff: QUICK,
      children: [{ id: 'below', supervise: { strategy: 'one-for-one', intensity: 0, children } }],
    });
    const [stopped, done, stays, fails] = children.map(({ id }): Servant => top.ref(`below/${id}`)) as [
      Servant,
      Servant,
      Servant,
      Servant,
    ];
    await Promise.all([stopped.stop(), done.ask({ do: 'finish' })]);
    await eventually(() => !done.send({ do: 'get' }));
    await expect(fails.ask({ do: 'throw' })).rejects.toMatchObject(FAILED);
    expect(await Promise.all([stays.ask({ do: 'get' }), fails.ask({ do: 'get' })])).toEqual([0, 0]);
    for (const dead of [stopped, done]) expect(dead.send({ do: 'get' })).toBe(false);
    await eventually(() => top.status().state === 'up.running');
    expect(top.status().restarts).toBe(1);
  });

  it('ask to the dead: rejects by name at once, and makes no dead letter', async () => {
    const [ref, other] = [await spawn({ name: 'gone' }), await spawn()];
    await ref.stop();
    await expect(ref.ask({ do: 'get' }, { timeoutMs: 2 ** 30 })).rejects.toThrow('E_ACTOR_FAILED: gone is dead');
    await expect(other.ask({ do: 'ask-other', other: ref, message: { do: 'get' } })).rejects.toMatchObject(FAILED);
    expect(system.deadLetters().filter(({ reason }) => reason === 'dead')).toEqual([]);
  });

  it('un-cloneable message: a named error at the sender, or in one thread none; the process and the actor go on', async () => {
    const ref = await spawn();
    const { port1, port2 } = new MessageChannel();
    class Trap {
      readonly do = 'note';
      constructor() {
        Object.defineProperty(this, 'note', { enumerable: true, get: () => raise('a getter of the sender’s') });
      }
    }
    const values = [() => 1, Symbol('s'), Promise.resolve(1), new WeakMap(), new WeakRef({})];
    if (thread === 'caller') {
      // A promise would arrive as what it comes to.
      for (const value of [...values.filter((each) => !(each instanceof Promise)), port1])
        expect(await ref.ask({ do: 'echo', value })).toBe(value);
    } else {
      for (const value of values) {
        expect(() => ref.send({ do: 'note', note: { in: [value] } })).toThrow(
          'E_UNCLONEABLE: the message.note.in[] is a',
        );
        await expect(ref.ask({ do: 'echo', value })).rejects.toMatchObject({ code: 'E_UNCLONEABLE' });
      }
      // What only cloning itself finds out, when the batch leaves.
      for (const value of [port1, new Map([[1, () => 1]])])
        await expect(ref.ask({ do: 'echo', value })).rejects.toMatchObject({ code: 'E_UNCLONEABLE' });
      ref.send(new Trap() as unknown as Order);
      await expect(ref.ask(new Trap() as unknown as Order)).rejects.toThrow('a getter of the sender’s');
      expect(system.deadLetters()).toMatchObject([{ reason: 'uncloneable', toId: ref.id }]);
      // The room that was taken for them is given back.
      const small = await spawn({ mailbox: { size: 2, overflow: 'refuse' } });
      const hidden = { do: 'echo', value: new Map([[1, () => 1]]) };
      for (let time = 0; time < 5; time++)
        await expect(small.ask(hidden)).rejects.toMatchObject({
          code: expect.stringMatching(/UNCLONEABLE|FULL/) as string,
        });
      await eventually(() => system.actors().every(({ mailboxDepth }) => mailboxDepth === 0));
      expect(await small.ask({ do: 'get' })).toBe(0);
    }
    expect(await ref.ask({ do: 'get' })).toBe(0);
    port1.close();
    port2.close();
  });

  it('a message that looks like a reference: a schema with $ref arrives as it is, beside true references', async () => {
    const ref = await spawn();
    const value = {
      schema: { $ref: '#/defs/a' },
      odd: { $ref: null },
      refs: new Map([[ref, { deep: new Set([ref]) }]]),
    };
    const back = (await ref.ask({ do: 'echo', value })) as typeof value;
    expect([back.schema, back.odd]).toEqual([{ $ref: '#/defs/a' }, { $ref: null }]);
    const [[key, { deep }]] = [...back.refs] as [[Servant, { deep: Set<Servant> }]];
    for (const copy of [key, ...deep]) expect(await copy.ask({ do: 'get' })).toBe(0);
  });

  if (thread !== 'caller')
    it.each([
      ['process.exit()', 'exit', 'exit'],
      ['a throw in a callback', 'throw-elsewhere', 'error'],
      ['a rejection that nobody handles', 'reject-elsewhere', 'error'],
    ])(
      'a worker that dies in the middle of asks, by %s: each rejects by name, its letters are there',
      async (_how, order, kind) => {
        const [ref, asker] = [await spawn({ restart: 'permanent' }), await spawn({ thread: 'own' })];
        const downs: Change[] = [];
        ref.watch((change) => change.type === 'down' && downs.push(change));
        const fromThere = asker.ask({ do: 'ask-other', other: ref, message: { do: 'slow', note: 1, delayMs: 20 } });
        await fromThere;
        const ends = await Promise.allSettled([
          ref.ask({ do: order }),
          ref.ask({ do: 'get' }),
          asker.ask({ do: 'ask-other', other: ref, message: { do: 'get' } }),
        ]);
        expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', expect.any(String)]);
        for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject(FAILED);
        await eventually(() => downs.length > 0);
        expect(downs[0]).toMatchObject({ reason: { kind } });
        await eventually(() => system.deadLetters().length >= 2);
        expect(system.deadLetters()).toContainEqual(
          expect.objectContaining({ toId: ref.id, reason: 'lost', message: { do: order } }),
        );
        expect(await ref.ask({ do: 'get' })).toBe(0);
      },
    );

  it('ref kept after death: it never reaches another actor, also one of the same name', async () => {
    const ref = await spawn({ name: 'same' });
    await ref.stop();
    const next = await spawn({ name: 'same' });
    expect(ref.send({ do: 'add' })).toBe(false);
    await expect(ref.ask({ do: 'add' })).rejects.toMatchObject(FAILED);
    expect([await next.ask({ do: 'get' }), next.id === ref.id]).toEqual([0, false]);
  });

  it('message storm from two senders: neither waits until the other has had its say', async () => {
    const ref = await spawn({ mailbox: { size: 64, overflow: 'wait' } });
    const [left, right] = [await spawn(), await spawn()];
    const storm = (from: Servant, tag: string): Promise<unknown> =>
      from.ask({ do: 'send-slices', other: ref, tag, times: 2_000 });
    /** How many of the slower one's messages had been handled when the quicker one's last one was. */
    const once = async (round: string): Promise<number> => {
      const before = (await seenBy(ref)).length;
      await Promise.all([storm(left, `${round}l`), storm(right, `${round}r`)]);
      await eventually(async () => (await seenBy(ref)).length === before + 4_000);
      const seen = (await seenBy(ref)).slice(before) as string[];
      const [l, r] = [`${round}l`, `${round}r`];
      for (const tag of [l, r])
        expect(seen.filter((note) => note.startsWith(tag))).toEqual(
          Array.from({ length: 2_000 }, (_, n) => `${tag}${n}`),
        );
      const first = seen.indexOf(`${l}1999`) < seen.indexOf(`${r}1999`) ? l : r;
      const second = first === l ? r : l;
      return seen.slice(0, seen.indexOf(`${first}1999`)).filter((note) => note.startsWith(second)).length;
    };
    // A machine that is busy with other things may keep one of the threads waiting; a mailbox that is unfair is so each time.
    const found: number[] = [];
    while (found.length < 3 && Math.max(0, ...found) <= 200) found.push(await once(String(found.length)));
    expect(Math.max(...found)).toBeGreaterThan(200);
  });

  it('message storm on one: its neighbour is answered long before the storm is over', async () => {
    system.threads = 1;
    const [ref, neighbour] = [await spawn(), await spawn()];
    for (let n = 0; n < 5_000; n++) ref.send({ do: 'note-slowly', note: n });
    await neighbour.ask({ do: 'get' });
    expect((await seenBy(ref)).length).toBeLessThan(4_000);
    await ref.ask({ do: 'get' });
  });

  it('re-entrant ask: named as a deadlock, through another actor and of oneself; without context.ask a timeout ends it', async () => {
    const [one, other] = [await spawn({ name: 'one' }), await spawn({ name: 'other' })];
    const back = (await one.ask({ do: 'ask-back', other })) as { message: string };
    expect(back.message).toContain(`E_DEADLOCK: one is asked by a chain that waits for its answer: #${one.id}`);
    await expect(one.ask({ do: 'ask-other', other: one, message: { do: 'get' } })).rejects.toThrow('E_DEADLOCK');
  });

  it('a spawn under way when all is stopped: rejects by name, and nothing lives on', async () => {
    const spawning = spawn({ input: { startMs: 5_000 } });
    const rejected = expect(spawning).rejects.toMatchObject({ code: 'E_CLOSED' });
    await pause(thread === 'own' ? 0 : 20);
    await system.stop();
    await rejected;
    expect(system.actors()).toEqual([]);
    expect(events.filter(({ type }) => type === 'started')).toEqual([]);
  });

  it('a start that fails after it was given up: concerns nobody, and least of all the life after it', async () => {
    system.threads = 1;
    await spawn();
    const lives = new Int32Array(new SharedArrayBuffer(4));
    const startMs = thread === 'own' ? 3_000 : 500;
    const plan = [{ startMs: 0 }, { startMs: startMs + 100, fails: true }, { startMs: 0 }];
    const ref = await spawn({ restart: 'permanent', startMs, input: { lives, plan } });
    const downs: Change[] = [];
    ref.watch((change) => change.type === 'down' && downs.push(change));
    ref.send({ do: 'throw' });
    await eventually(() => downs.length === 1);
    expect(await ref.ask({ do: 'echo', value: 'third' })).toBe('third');
    await pause(200);
    expect(await ref.ask({ do: 'echo', value: 'still the third' })).toBe('still the third');
    expect([Atomics.load(lives, 0), downs.length]).toEqual([3, 1]);
  });

  it('asks that end in every way: no listener is left at their signal, no room is left taken', async () => {
    const ref = await spawn({ mailbox: { size: 400, overflow: 'refuse' } });
    const ended = new AbortController();
    const held = new AbortController();
    const first = ref.ask({ do: 'until-abort' }, { signal: held.signal }).catch(() => undefined);
    const asks = Array.from({ length: 399 }, (_, n) =>
      n % 2 === 0 ? ref.ask({ do: 'get' }, { timeoutMs: 30 + n }) : ref.ask({ do: 'get' }, { signal: ended.signal }),
    );
    const ends = Promise.allSettled(asks);
    await pause(10);
    expect(getEventListeners(ended.signal, 'abort')).toHaveLength(1);
    ended.abort();
    const codes = (await ends).map((end) =>
      end.status === 'rejected' ? (end.reason as { code: string }).code : 'none',
    );
    expect(codes).toEqual(asks.map((_, n) => (n % 2 === 0 ? 'E_TIMEOUT' : 'E_ABORTED')));
    const depth = (): number | undefined => system.actors().find(({ id }) => id === ref.id)?.mailboxDepth;
    await eventually(() => depth() === 1);
    held.abort();
    await first;
    await eventually(() => depth() === 0);
    const calm = new AbortController();
    for (let n = 0; n < 20; n++) await ref.ask({ do: 'get' }, { signal: calm.signal });
    for (const { signal } of [ended, held, calm]) expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('what the tree tells is true: state, thread, depth, restarts, why it last died, messages', async () => {
    const ref = await spawn({ name: 'seen', restart: 'permanent', backoff: { minMs: 60, maxMs: 60, factor: 1 } });
    const row = (): ReturnType<typeof system.actors>[number] | undefined => {
      const [node] = system.actors();
      return node?.children?.[0] ?? node;
    };
    expect(row()).toMatchObject({ state: 'up', mailboxDepth: 0, restarts: 0, lastExit: undefined });
    expect(row()?.thread).toMatch({ caller: /^caller$/, shared: /^shared-\d+$/, own: /^seen$/ }[thread]);
    const held = new AbortController();
    const first = ref.ask({ do: 'until-abort' }, { signal: held.signal }).catch(() => undefined);
    for (const note of [1, 2, 3]) ref.send({ do: 'note', note });
    await eventually(() => row()?.mailboxDepth === 4);
    await pause(20);
    expect(row()?.mailboxDepth).toBe(4);
    held.abort();
    await first;
    await eventually(() => row()?.mailboxDepth === 0);
    const beganMs = [performance.now(), row(), performance.now()] as const;
    for (let n = 0; n < 500; n++) ref.send({ do: 'add' });
    await ref.ask({ do: 'get' });
    const endedMs = [performance.now(), row(), performance.now()] as const;
    // 501 (the last one may be counted a moment after its answer) in a time that is at least the one between the two looks, and at most the one around them.
    const rate = (endedMs[1]?.messagesPerSecond ?? 0) / 1_000;
    expect(rate).toBeGreaterThanOrEqual(500 / Math.max(1, endedMs[2] - beganMs[0]));
    expect(rate).toBeLessThanOrEqual(501 / Math.max(1, endedMs[0] - beganMs[2]));
    ref.send({ do: 'throw' });
    await eventually(() => row()?.state.startsWith('due') === true);
    expect(row()).toMatchObject({ restarts: 1, lastExit: { kind: 'error', error: { code: 'E_ACTOR_FAILED' } } });
    await ref.ask({ do: 'get' });
    await eventually(() => row()?.state === 'up.running');
    expect(row()).toMatchObject({ restarts: 1, lastExit: { kind: 'error' } });
  });

  it('busy share: the time in handlers counts, the time they wait does not', async () => {
    const ref = await spawn();
    const look = (): { readonly share: number; readonly fromMs: number; readonly toMs: number } => {
      const fromMs = performance.now();
      const share = system.actors()[0]?.busyShare ?? Number.NaN;
      return { share, fromMs, toMs: performance.now() };
    };
    const first = look();
    for (let time = 0; time < 3; time++) ref.send({ do: 'work', forMs: 50 });
    await ref.ask({ do: 'get' });
    await pause(300);
    const second = look();
    const atMostMs = second.toMs - first.fromMs;
    expect(second.share).toBeGreaterThanOrEqual(150 / atMostMs);
    // Its turn may end a while after its last answer where others want the processor, but the most of the pause is none of it.
    expect(second.share).toBeLessThanOrEqual(1 - 200 / atMostMs);
    await ref.ask({ do: 'slow', delayMs: 300 });
    await pause(20);
    await ref.ask({ do: 'get' });
    expect(look().share).toBeLessThan(0.3);
  });

  it('one correlation goes through inspect from the first ask over another thread and back', async () => {
    const [one, other] = [await spawn({ name: 'one' }), await spawn({ name: 'other', thread: 'own' })];
    const seen: ActorTransition[] = [];
    system.inspect((transition) => seen.push(transition));
    await eventually(async () => {
      await Promise.all([one.ask({ do: 'get', type: 'warm' }), other.ask({ do: 'get', type: 'warm' })]);
      return new Set(seen.map(({ name }) => name)).size === 2;
    });
    seen.length = 0;
    await one.ask({ do: 'ask-other', type: 'chain', other, message: { do: 'get', type: 'chain' } });
    await one.ask({ do: 'ask-other', type: 'next', other, message: { do: 'get', type: 'next' } });
    const of = (type: string): ActorTransition[] => seen.filter(({ message }) => message === type);
    await eventually(() => of('chain').length === 2 && of('next').length === 2);
    for (const type of ['chain', 'next']) {
      expect(
        of(type)
          .map(({ name }) => name)
          .sort(),
      ).toEqual(['one', 'other']);
      expect(new Set(of(type).map(({ correlation }) => correlation)).size).toBe(1);
    }
    expect(of('chain')[0]?.correlation).not.toBe(of('next')[0]?.correlation);
  });
});

function raise(message: string): never {
  throw new Error(message);
}
