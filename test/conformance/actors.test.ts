/**
 * What an actor promises, wherever it lives: the same suite for all three placements.
 */

import type { ActorEvent } from 'ltl/actors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Change, SpawnOptions } from '../../src/actors/actor.js';
import { ActorSystem, eventually, type Order, pause, type Servant, servant } from './built.js';

describe.each(['caller', 'shared', 'own'] as const)('an actor in thread: %s', (thread) => {
  let system: InstanceType<typeof ActorSystem>;
  const spawn = (options: SpawnOptions = {}): Promise<Servant> =>
    system.spawn<Order>(servant, { thread, backoff: { minMs: 1, maxMs: 10, factor: 2 }, ...options });
  /** Nothing is in its mailbox any more. */
  const drained = (ref: Servant): Promise<void> =>
    eventually(() => system.actors().find(({ id }) => id === ref.id)?.mailboxDepth === 0);
  const reasons = (): string[] => system.deadLetters().map(({ reason }) => reason);

  beforeEach(() => {
    system = new ActorSystem({ threads: 2 });
  });
  afterEach(() => system.stop());

  it('takes messages in order, one at a time, also when a handler waits', async () => {
    const ref = await spawn();
    ref.send({ do: 'slow', note: 1, delayMs: 15 });
    ref.send({ do: 'note', note: 2 });
    ref.send({ do: 'slow', note: 3, delayMs: 1 });
    expect(await ref.ask({ do: 'seen' })).toEqual([1, 2, 3]);
  });

  it('answers asks, at once, later, and with undefined when its handler does not', async () => {
    const ref = await spawn({ input: { count: 4 } });
    expect(await ref.ask({ do: 'get' })).toBe(4);
    expect(await ref.ask({ do: 'defer' })).toBe('later');
    expect(await ref.ask({ do: 'add', by: 2 })).toBeUndefined();
    expect(await ref.snapshot()).toMatchObject({ status: 'active', state: { count: 6 } });
  });

  it('passes references on in messages and replies, and they work where they arrive', async () => {
    const [one, other] = [await spawn({ name: 'one' }), await spawn({ name: 'other', input: { count: 9 } })];
    expect(await one.ask({ do: 'ask-other', other, message: { do: 'get' } })).toMatchObject({ answer: 9 });
    const { self, name } = (await one.ask({ do: 'who' })) as { self: Servant; name: string };
    expect([self.id, self.name, name]).toEqual([one.id, 'one', 'one']);
    expect(await self.ask({ do: 'echo', value: 'through the copy' })).toBe('through the copy');
    const nested = { list: [new Map([['ref', other]])] };
    const back = (await one.ask({ do: 'echo', value: nested })) as typeof nested;
    expect(await back.list[0]?.get('ref')?.ask({ do: 'get' })).toBe(9);
  });

  it('carries the correlation from the first ask to the last reply', async () => {
    const [one, other] = [await spawn(), await spawn()];
    const told = (await one.ask({ do: 'ask-other', other, message: { do: 'who' } })) as {
      correlation: string;
      answer: { correlation: string };
    };
    expect(told.answer.correlation).toBe(told.correlation);
    const next = (await one.ask({ do: 'who' })) as { correlation: string };
    expect(next.correlation).not.toBe(told.correlation);
  });

  it('with a throwing or rejecting constructor rejects its spawn, and is not restarted', async () => {
    const events: string[] = [];
    system.onEvent((event) => events.push(event.type));
    await expect(spawn({ input: { start: 'throw' } })).rejects.toThrow('no start today');
    await expect(spawn({ input: { start: 'reject' }, restart: 'permanent' })).rejects.toThrow('no start today');
    expect(system.actors()).toEqual([]);
    expect(events).not.toContain('restarting');
  });

  it.each(['throw', 'reject'])(
    'that fails by %s is restarted under the same reference, with its input',
    async (how) => {
      const ref = await spawn({ restart: 'permanent', input: { count: 5 } });
      const changes: string[] = [];
      ref.watch((change) => changes.push(change.type));
      ref.send({ do: 'add' });
      ref.send({ do: how });
      await eventually(() => changes.includes('up'));
      expect(changes).toEqual(['down', 'up']);
      expect(await ref.ask({ do: 'get' })).toBe(5);
      await eventually(() => reasons().length === 1);
      expect(reasons()).toEqual(['crashed']);
    },
  );

  it('that does not start in its time rejects its spawn, and nothing of it is left', async () => {
    const slow = spawn({ input: { startMs: 5_000 }, startMs: thread === 'own' ? 1_000 : 50 });
    await expect(slow).rejects.toMatchObject({ code: 'E_TIMEOUT' });
    expect(system.actors()).toEqual([]);
  });

  it('whose module never finishes loading rejects its spawn in time, also in a thread that runs already', async () => {
    system.threads = 1;
    const neighbour = await spawn();
    const module = new URL(`../fixtures/actors/unending.mjs?${thread}`, import.meta.url);
    await expect(system.spawn(module, { thread, startMs: 50 })).rejects.toMatchObject({ code: 'E_TIMEOUT' });
    expect(await neighbour.ask({ do: 'echo', value: 'not disturbed' })).toBe('not disturbed');
    expect(system.actors().map(({ id }) => id)).toEqual([neighbour.id]);
  });

  it('keeps what is sent while it is being restarted', async () => {
    const ref = await spawn({ restart: 'permanent', backoff: { minMs: 60, maxMs: 60, factor: 1 } });
    const changes: string[] = [];
    ref.watch((change) => changes.push(change.type));
    ref.send({ do: 'throw' });
    await eventually(() => changes.includes('down'));
    expect(ref.send({ do: 'note', note: 'while down' })).toBe(true);
    expect(await ref.ask({ do: 'seen' })).toEqual(['while down']);
  });

  it('in a crash loop stops at its intensity, and says so', async () => {
    const events: ActorEvent[] = [];
    system.onEvent((event) => events.push(event));
    const ref = await spawn({ restart: 'permanent', budget: { intensity: 3, periodMs: 60_000 } });
    const last: Change[] = [];
    ref.watch((change) => last.push(change));
    for (let crash = 0; crash < 4; crash++) {
      ref.send({ do: 'throw' });
      await eventually(() => last.filter(({ type }) => type === 'down').length > crash);
      if (crash < 3) await eventually(() => last.filter(({ type }) => type === 'up').length > crash);
    }
    await eventually(() => last.at(-1)?.type === 'dead');
    expect(events.filter(({ type }) => type === 'restarting')).toHaveLength(3);
    const escalated = events.find((event) => event.type === 'escalated');
    expect(escalated?.type === 'escalated' && escalated.reason).toMatchObject({
      kind: 'error',
      error: { code: 'E_RESTART_INTENSITY' },
    });
    await expect(ref.ask({ do: 'get' })).rejects.toMatchObject({ code: 'E_ACTOR_FAILED' });
  });

  it('that dies in the middle of asks fails each of them by name, and restarts', async () => {
    const ref = await spawn({ restart: 'permanent' });
    const asks = [ref.ask({ do: 'slow', note: 1, delayMs: 5 }), ref.ask({ do: 'throw' }), ref.ask({ do: 'get' })];
    const ends = await Promise.allSettled(asks);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    for (const end of ends.slice(1))
      expect(end.status === 'rejected' && end.reason).toMatchObject({ code: 'E_ACTOR_FAILED' });
    // By another way than the answers.
    await eventually(() => reasons().length === 2);
    expect(reasons()).toEqual(['crashed', 'lost']);
    expect(await ref.ask({ do: 'get' })).toBe(0);
  });

  it('that is dead refuses asks, makes letters of messages, and tells a late watcher at once', async () => {
    const ref = await spawn();
    await ref.stop();
    expect(ref.send({ do: 'note', note: 'too late' })).toBe(false);
    expect(system.deadLetters()).toMatchObject([{ toId: ref.id, reason: 'dead', message: { note: 'too late' } }]);
    await expect(ref.ask({ do: 'get' })).rejects.toMatchObject({ code: 'E_ACTOR_FAILED' });
    const change = await new Promise<Change>((resolve) => {
      ref.watch(resolve);
    });
    expect(change).toMatchObject({ type: 'dead', id: ref.id });
    expect(await ref.snapshot()).toEqual({ status: 'stopped', state: undefined });
    await ref.stop();
  });

  it('is watched across threads, and a watch that was ended hears nothing', async () => {
    const [watcher, watched] = [await spawn(), await spawn()];
    await watcher.ask({ do: 'watch-other', other: watched });
    const heard: string[] = [];
    const end = watched.watch((change) => heard.push(change.type));
    end();
    await watched.stop();
    await eventually(async () => ((await watcher.ask({ do: 'seen' })) as string[]).includes('dead'));
    expect(heard).toEqual([]);
  });

  it('with a full mailbox and refuse says so to the sender, and never throws at it', async () => {
    const ref = await spawn({ mailbox: { size: 2, overflow: 'refuse' } });
    const first = ref.ask({ do: 'slow', note: 'held', delayMs: 30 });
    expect([ref.send({ do: 'note', note: 1 }), ref.send({ do: 'note', note: 2 })]).toEqual([true, false]);
    await expect(ref.ask({ do: 'get' })).rejects.toMatchObject({ code: 'E_MAILBOX_FULL' });
    await first;
    await drained(ref);
    expect(await ref.ask({ do: 'seen' })).toEqual(['held', 1]);
    expect(reasons()).toEqual(['overflow']);
  });

  it('with a full mailbox and drop-newest keeps the old, with drop-oldest the new', async () => {
    for (const [overflow, kept] of [
      ['drop-newest', [1, 2]],
      ['drop-oldest', [4, 5]],
    ] as const) {
      const [ref, begun] = [await spawn({ mailbox: { size: 3, overflow } }), await spawn()];
      const held = new AbortController();
      const first = ref.ask({ do: 'until-abort', begun }, { signal: held.signal });
      await eventually(async () => ((await begun.ask({ do: 'seen' })) as unknown[]).length === 1);
      for (const note of [1, 2, 3, 4, 5]) ref.send({ do: 'note', note });
      held.abort();
      await expect(first).rejects.toMatchObject({ code: 'E_ABORTED' });
      await eventually(async () => {
        const { state } = await ref.snapshot();
        return (state as { seen: unknown[] }).seen.length === 3;
      });
      expect(await ref.ask({ do: 'seen' })).toEqual(['aborted', ...kept]);
    }
    // Letters come by another way than answers.
    await eventually(() => reasons().length === 6);
    expect(new Set(reasons())).toEqual(new Set(['overflow']));
  });

  it('with a full mailbox and wait keeps all in order, and room() tells when', async () => {
    const ref = await spawn({ mailbox: { size: 2, overflow: 'wait' } });
    for (let note = 0; note < 500; note++) expect(ref.send({ do: 'note', note })).toBe(true);
    await ref.room();
    const seen = await ref.ask({ do: 'seen' });
    expect(seen).toEqual(Array.from({ length: 500 }, (_, note) => note));
    expect(system.deadLetters()).toEqual([]);
  });

  it('sends dead letters again', async () => {
    const ref = await spawn({ mailbox: { size: 1, overflow: 'drop-newest' } });
    const held = ref.ask({ do: 'slow', note: 'held', delayMs: 20 });
    ref.send({ do: 'note', note: 'again' });
    await held;
    await drained(ref);
    expect(system.resend(({ reason }) => reason === 'overflow')).toBe(1);
    await eventually(async () => ((await ref.snapshot()).state as { seen: unknown[] }).seen.includes('again'));
    expect(system.deadLetters()).toEqual([]);
  });

  it('never leaks an ask: timeout and abort end it, and the actor hears of it', async () => {
    const ref = await spawn();
    const ended = new AbortController();
    const asked = ref.ask({ do: 'until-abort' }, { signal: ended.signal });
    await pause(10);
    ended.abort();
    await expect(asked).rejects.toMatchObject({ code: 'E_ABORTED' });
    await expect(ref.ask({ do: 'until-abort' }, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'E_TIMEOUT' });
    expect(await ref.ask({ do: 'seen' })).toEqual(['aborted', 'aborted']);
    const held = ref.ask({ do: 'slow', note: 'held', delayMs: 40 });
    await expect(ref.ask({ do: 'note', note: 'taken out' }, { timeoutMs: 10 })).rejects.toMatchObject({
      code: 'E_TIMEOUT',
    });
    await held;
    expect(await ref.ask({ do: 'seen' })).toEqual(['aborted', 'aborted', 'held']);
    await expect(ref.ask({ do: 'get' }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'E_ABORTED' });
  });

  it('names the deadlock of a re-entrant ask', async () => {
    const [one, other] = [await spawn({ name: 'one' }), await spawn({ name: 'other' })];
    const answer = await one.ask({ do: 'ask-back', other });
    expect(answer).toMatchObject({ code: expect.stringMatching(/E_DEADLOCK|E_ACTOR_FAILED/) as string });
    expect((answer as { message: string }).message).toContain('E_DEADLOCK');
  });

  it('serves two storming senders fairly, each in order', async () => {
    const [ref, left, right] = [await spawn(), await spawn(), await spawn()];
    const send = (from: Servant, tag: string): Promise<unknown> =>
      from.ask({ do: 'send-other', other: ref, tag, times: 2000 });
    await Promise.all([send(left, 'l'), send(right, 'r')]);
    await eventually(async () => ((await ref.snapshot()).state as { seen: unknown[] }).seen.length === 4000);
    const seen = (await ref.ask({ do: 'seen' })) as string[];
    for (const tag of ['l', 'r'])
      expect(seen.filter((note) => note.startsWith(tag))).toEqual(Array.from({ length: 2000 }, (_, n) => `${tag}${n}`));
  });

  it('handles what was sent before its stop; stopping it is for good', async () => {
    const ref = await spawn({ restart: 'permanent' });
    const seen: unknown[] = [];
    for (let note = 0; note < 20; note++) void ref.ask({ do: 'slow', note, delayMs: 0 }).then((n) => seen.push(n));
    await ref.stop();
    expect(seen).toHaveLength(20);
    expect(ref.send({ do: 'get' })).toBe(false);
    await eventually(() => system.actors().length === 0);
  });

  it('that does not stop in its time is ended by force', async () => {
    const ref = await spawn({ shutdownMs: 30 });
    await ref.ask({ do: 'note', note: 'hang in stop' });
    await ref.stop();
    expect(ref.send({ do: 'get' })).toBe(false);
  });

  it('is stopped during its restart, and stays down', async () => {
    const ref = await spawn({ restart: 'permanent', backoff: { minMs: 80, maxMs: 80, factor: 1 } });
    const changes: string[] = [];
    ref.watch((change) => changes.push(change.type));
    ref.send({ do: 'throw' });
    await eventually(() => changes.includes('down'));
    const late = ref.ask({ do: 'get' });
    await ref.stop();
    await expect(late).rejects.toMatchObject({ code: 'E_ACTOR_FAILED' });
    await pause(120);
    expect(changes).toEqual(['down', 'dead']);
  });

  it('restarting while everything shuts down leaves nothing behind', async () => {
    const ref = await spawn({
      restart: 'permanent',
      input: { startMs: 30 },
      backoff: { minMs: 1, maxMs: 1, factor: 1 },
    });
    ref.send({ do: 'throw' });
    await pause(15);
    await system.stop();
    expect(system.actors()).toEqual([]);
    await expect(system.spawn(servant)).rejects.toMatchObject({ code: 'E_CLOSED' });
  });

  it('that says it is done ends, and a transient one is not restarted', async () => {
    const ref = await spawn({ restart: 'transient' });
    const dead = new Promise<Change>((resolve) => {
      ref.watch(resolve);
    });
    expect(await ref.ask({ do: 'finish' })).toBeUndefined();
    expect(await dead).toMatchObject({ reason: { kind: 'done' } });
    await eventually(() => system.actors().length === 0);
  });

  it('whose promise never settles is found hung, and restarted', async () => {
    const events: string[] = [];
    system.onEvent((event) => events.push(event.type));
    const ref = await spawn({ restart: 'permanent', hangMs: 300 });
    await expect(ref.ask({ do: 'never' })).rejects.toMatchObject({ code: 'E_ACTOR_FAILED' });
    expect(await ref.ask({ do: 'get' })).toBe(0);
    expect(events).toContain('hung');
  });

  it('shows in the tree what it does, and in inspect each message', async () => {
    const ref = await spawn({ name: 'shown', restart: 'permanent' });
    const seen: string[] = [];
    const end = system.inspect(({ name, message }) => seen.push(`${name} ${message}`));
    await pause(20);
    for (let n = 0; n < 10; n++) ref.send({ do: 'add', type: 'ADD' });
    await ref.ask({ do: 'get' });
    await eventually(() => seen.length === 11);
    expect(seen[0]).toBe('shown ADD');
    end();
    const [node] = system.actors();
    const shown = node?.children?.[0] ?? node;
    expect(shown).toMatchObject({ name: 'shown', id: ref.id, restarts: 0 });
    // A message is dealt with a moment after its answer.
    await eventually(() => system.actors()[0]?.mailboxDepth === 0);
    expect(shown?.messagesPerSecond).toBeGreaterThan(0);
    expect(shown?.busyShare).toBeGreaterThanOrEqual(0);
  });
});
