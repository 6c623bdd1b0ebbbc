/**
 * Every way in which an actor's thread can end, and that each is told apart. The threads run from the build.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { WorkerChild, WorkerOptions } from '../../../src/supervisor/worker-child.js';

const built = new URL('../../../dist/src/supervisor/worker-child.js', import.meta.url).href;
const { startWorker } = (await import(built)) as typeof import('../../../src/supervisor/worker-child.js');

interface Order {
  readonly do: string;
  readonly [key: string]: unknown;
}
interface Echo {
  readonly echo: unknown;
}

const fixture = (name: string): URL => new URL(`../../fixtures/actors/${name}.mjs`, import.meta.url);
const open: WorkerChild<never>[] = [];

async function patient(
  input: Record<string, string> = {},
  options: Partial<WorkerOptions<Echo>> = {},
): Promise<{ child: WorkerChild<Order>; heard: unknown[]; next: () => Promise<unknown> }> {
  const heard: unknown[] = [];
  let wake = (): void => undefined;
  const child = await startWorker<Order, Echo>({
    name: 'patient',
    module: fixture('patient'),
    input,
    startMs: 20_000,
    onMessage: ({ echo }) => {
      heard.push(echo);
      wake();
    },
    ...options,
  });
  open.push(child);
  const next = async (): Promise<unknown> => {
    while (heard.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    return heard.shift();
  };
  return { child, heard, next };
}

afterEach(async () => {
  for (const child of open.splice(0)) await child.stop(100);
});

describe('a worker child', () => {
  it('carries messages both ways, in order, one at a time', async () => {
    const { child, next } = await patient();
    child.post({ do: 'slow-echo', value: 1, delayMs: 20 });
    child.post({ do: 'echo', value: 2 });
    expect([await next(), await next()]).toEqual([1, 2]);
  });

  it('handles what was posted before the stop, then stops', async () => {
    const { child, heard } = await patient();
    child.post({ do: 'slow-echo', value: 1, delayMs: 20 });
    await child.stop(5000);
    expect(await child.exited).toEqual({ kind: 'stopped' });
    expect(heard).toEqual([1, 'stopping']);
    expect(child.post({ do: 'echo' })).toBe(false);
  });

  it.each([
    ['throw', { kind: 'error', error: { code: 'E_ACTOR_FAILED' } }, 'on purpose'],
    ['reject-elsewhere', { kind: 'error', error: { code: 'E_ACTOR_FAILED' } }, 'nobody handles this'],
    ['throw-elsewhere', { kind: 'error', error: { code: 'E_ACTOR_FAILED' } }, 'in a callback'],
  ])('reports a %s as a failure with its message', async (order, reason, message) => {
    const { child } = await patient();
    child.post({ do: order });
    const exit = await child.exited;
    expect(exit).toMatchObject(reason);
    expect(JSON.stringify(exit)).toContain(message);
  });

  it('keeps the exit code of a process.exit() inside it, and what was said before', async () => {
    const { child, heard } = await patient();
    child.post({ do: 'say-and-exit', value: 'last words' });
    expect(await child.exited).toEqual({ kind: 'exit', exitCode: 3 });
    expect(heard).toEqual(['last words']);
  });

  it('survives an actor that runs out of memory', async () => {
    const { child } = await patient(
      {},
      { resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 } },
    );
    child.post({ do: 'eat' });
    expect(await child.exited).toMatchObject({ kind: 'memory' });
  });

  it('is killed at once, also while it spins', async () => {
    const { child } = await patient();
    child.post({ do: 'spin' });
    await child.kill();
    expect(await child.exited).toEqual({ kind: 'terminated' });
  });

  it('is terminated when it does not stop in its time', async () => {
    const { child } = await patient({ stop: 'hang' });
    await child.stop(50);
    expect(await child.exited).toEqual({ kind: 'terminated' });
  });

  it('that holds a native store is never terminated: it is left alone as hung', async () => {
    const { child } = await patient({ stop: 'hang' }, { nativeStore: true });
    await expect(child.kill()).rejects.toMatchObject({ code: 'E_ACTOR_HUNG' });
    await child.stop(50);
    expect(await child.exited).toEqual({ kind: 'hung' });
  });

  it('rejects with the error of a throwing start', async () => {
    await expect(patient({ start: 'throw' })).rejects.toThrow('no start today');
  });

  it('rejects when the module is missing or is no actor', async () => {
    await expect(patient({}, { module: fixture('absent') })).rejects.toThrow('absent');
    await expect(patient({}, { module: new URL('data:text/javascript,export default 5') })).rejects.toThrow(
      'no default export',
    );
  });

  it.each(['hang', 'spin'])('rejects with E_TIMEOUT when its start does %s', async (start) => {
    await expect(patient({ start }, { startMs: 300 })).rejects.toMatchObject({ code: 'E_TIMEOUT' });
  });

  it('counts a throw in stop as a failure', async () => {
    const { child } = await patient({ stop: 'throw' });
    await child.stop(5000);
    expect(await child.exited).toMatchObject({ kind: 'error' });
  });

  it('refuses by name what cannot cross threads, and goes on', async () => {
    const { child, next } = await patient();
    expect(() => child.post({ do: 'echo', value: () => 1 })).toThrow('E_UNCLONEABLE');
    child.post({ do: 'echo', value: 'still here' });
    expect(await next()).toBe('still here');
    await expect(patient({ start: Symbol('no') as never })).rejects.toMatchObject({ code: 'E_UNCLONEABLE' });
  });

  it('beats when it is probed, and a busy one does not', async () => {
    const { child, next } = await patient();
    const before = child.heartbeat();
    child.probe();
    child.post({ do: 'echo', value: 1 });
    await next();
    expect(child.heartbeat()).toBe(before + 2);
  });
});

describe('an actor that owns its loop', () => {
  it('wakes from its park for each message and for the stop', async () => {
    const { child, next } = await patient({}, { module: fixture('parked') });
    for (const value of [1, 2, 3]) {
      child.post({ do: 'echo', value });
      expect(await next()).toEqual({ do: 'echo', value });
    }
    await child.stop(5000);
    expect(await child.exited).toEqual({ kind: 'stopped' });
    expect(child.heartbeat()).toBeGreaterThan(0);
  });

  it('that returns by itself is done, not stopped', async () => {
    const { child } = await patient({ finish: 'yes' }, { module: fixture('parked') });
    expect(await child.exited).toEqual({ kind: 'done' });
  });

  it('that is deaf to the stop is terminated in its park', async () => {
    const { child } = await patient({ deaf: 'yes' }, { module: fixture('parked') });
    await child.stop(50);
    expect(await child.exited).toEqual({ kind: 'terminated' });
  });
});
