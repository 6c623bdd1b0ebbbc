/** Actors at the door of an instance: loaded with the first of them, ended with the instance. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ltl, open } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMachine, fromCallback, fromPromise } from 'xstate';
import type { Snapshot } from '../../src/actors/actor.js';
import { eventually, type Order, servant } from './built.js';

const machineModule = new URL('../fixtures/actors/machine.mjs', import.meta.url);

let folder: string;
let ltl: Ltl;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ltl-door-'));
  ltl = await open({ 'force-all.path': folder });
});
afterEach(async () => {
  await ltl.close();
  rmSync(folder, { recursive: true });
});

/** The runtime's own. */
const heart = (): ReturnType<Ltl['actors']> => ltl.actors().find(({ name }) => name === 'heart')?.children ?? [];
/** The users' part of the tree. */
const own = (): ReturnType<Ltl['actors']> => ltl.actors().filter(({ name }) => name !== 'heart');

describe('an instance with actors', () => {
  it('shows its own in the tree as well: where they live, what they have to do, why they last died', async () => {
    await eventually(() => heart().every(({ state }) => state === 'up.running'));
    await ltl.append({ n: 1 });
    await ltl.idle();
    const [tree] = ltl.actors();
    expect(tree).toMatchObject({ kind: 'supervisor', name: 'heart', state: 'up.running', restarts: 0 });
    expect(heart().map(({ name, thread, mailboxDepth }) => [name, thread, mailboxDepth])).toEqual([
      ['queue', 'queue', 0],
      ['indexer', 'indexer', 0],
      ['auditor', 'auditor', expect.any(Number)],
    ]);
    const [queue, indexer] = heart();
    expect(queue?.busyShare).toBeUndefined();
    expect(indexer?.busyShare).toBeGreaterThanOrEqual(0);
    expect(indexer?.busyShare).toBeLessThanOrEqual(1);
    await ltl.drill('auditor', 'throw');
    await eventually(() => heart()[2]?.restarts === 1);
    expect(heart()[2]).toMatchObject({ lastExit: { kind: 'error' } });
    await ltl.close();
    expect(ltl.actors()).toEqual([]);
  });

  it('keeps what was asked before the first of them, and refuses all after its close', async () => {
    expect([own(), ltl.deadLetters(), ltl.resend()]).toEqual([[], [], 0]);
    const [events, messages, ended] = [[] as string[], [] as string[], [] as string[]];
    ltl.onActorEvent(({ type }) => events.push(type));
    ltl.inspect(({ message }) => messages.push(message));
    ltl.inspect(({ message }) => ended.push(message))();
    ltl.threads(1);
    expect(() => ltl.threads(0)).toThrow('E_ARGUMENT');
    const [one, other] = await Promise.all([ltl.spawn<Order>(servant), ltl.spawn<Order>(servant)]);
    expect(new Set(own().map(({ thread }) => thread)).size).toBe(1);
    const pair = await ltl.supervise({ strategy: 'one-for-all', children: [{ id: 'a', logic: servant }] });
    await Promise.all([one.ask({ do: 'get' }), other.ask({ do: 'get' }), pair.ref<Order>('a').ask({ do: 'get' })]);
    await eventually(() => messages.length === 3 && events.includes('started'));
    expect(ended).toEqual([]);
    expect(await ltl.job(new URL('../fixtures/actors/job.mjs', import.meta.url), { do: 'sum', values: [1, 2] })).toBe(
      3,
    );
    await ltl.close();
    expect(one.send({ do: 'get' })).toBe(false);
    await expect(ltl.spawn(servant)).rejects.toMatchObject({ code: 'E_CLOSED' });
    expect(ltl.actors()).toEqual([]);
  });

  it('runs logic of XState: its states, its end, its error', async () => {
    const machine = createMachine({
      types: {} as { events: { type: 'GO' } | { type: 'FAIL' } },
      initial: 'idle',
      states: {
        idle: { on: { GO: 'busy', FAIL: { actions: () => raise('an action throws') } } },
        busy: { on: { GO: 'over' } },
        over: { type: 'final' },
      },
    });
    const ref = await ltl.spawn(machine, { restart: 'transient' });
    expect(await ref.ask({ type: 'GO' })).toMatchObject({ status: 'active', state: { value: 'busy' } });
    expect(await ref.ask({ type: 'GO' })).toMatchObject({ status: 'done', state: { value: 'over' } });
    await eventually(() => own().length === 0);

    const failing = await ltl.spawn(machine, { restart: 'permanent', backoff: { minMs: 1, maxMs: 1, factor: 1 } });
    await expect(failing.ask({ type: 'FAIL' })).rejects.toThrow('an action throws');
    expect((await failing.ask({ type: 'GO' })).state).toMatchObject({ value: 'busy' });
  });

  it.each(['caller', 'shared', 'own'] as const)('runs a machine from a module, in thread: %s', async (thread) => {
    type Go = { readonly type: 'GO' | 'FAIL' };
    const options = { thread, input: { count: 4 }, backoff: { minMs: 1, maxMs: 1, factor: 1 } };
    const ref = await ltl.spawn<Go, Snapshot>(machineModule, { ...options, restart: 'transient' });
    expect(await ref.ask({ type: 'GO' })).toEqual({
      status: 'active',
      state: { value: 'busy', context: { count: 5 }, output: undefined },
    });
    expect(await ref.ask({ type: 'GO' })).toMatchObject({ status: 'done', state: { value: 'over' } });
    await eventually(() => own().length === 0);
    const failing = await ltl.spawn<Go, Snapshot>(machineModule, { ...options, restart: 'permanent' });
    await expect(failing.ask({ type: 'FAIL' })).rejects.toThrow('an action throws');
    expect(await failing.ask({ type: 'GO' })).toMatchObject({ state: { value: 'busy', context: { count: 5 } } });
  });

  it('tells in status() which supervisors gave up, and warns where nobody listens', async () => {
    const warnings: Error[] = [];
    const hear = (warning: Error): void => void warnings.push(warning);
    process.on('warning', hear);
    expect(ltl.status().escalations).toEqual([]);
    const pair = await ltl.supervise({
      name: 'pair',
      strategy: 'one-for-all',
      intensity: 0,
      children: [{ id: 'a', logic: servant }],
    });
    pair.ref<Order>('a').send({ do: 'throw' });
    await pair.exited;
    await eventually(() => warnings.length > 0);
    process.off('warning', hear);
    expect(ltl.status().escalations).toMatchObject([
      { supervisor: 'pair', id: 'a', reason: { kind: 'error', error: { code: 'E_RESTART_INTENSITY' } } },
    ]);
    expect(warnings).toMatchObject([{ name: 'LtlEscalation', code: 'E_RESTART_INTENSITY' }]);
    expect(warnings[0]?.message).toContain('pair gave up: a failed');
  });

  it('runs promises and callbacks of XState, and ends them', async () => {
    const ends: string[] = [];
    const promise = await ltl.spawn(
      fromPromise(async () => 'done'),
      { restart: 'transient' },
    );
    promise.watch(({ type }) => ends.push(type));
    await eventually(() => ends.includes('dead'));
    const heard: string[] = [];
    const callback = await ltl.spawn(
      fromCallback<{ type: string }>(({ receive }) => {
        receive(({ type }) => heard.push(type));
        return () => heard.push('cleaned up');
      }),
    );
    callback.send({ type: 'hello' });
    await callback.stop();
    expect(heard).toEqual(['hello', 'cleaned up']);
    await expect(ltl.spawn({} as never)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  });
});

function raise(message: string): never {
  throw new Error(message);
}
