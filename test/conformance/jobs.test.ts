/** Stateless jobs on the pool. */
import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ActorSystem, eventually, pause } from './built.js';

const job = new URL('../fixtures/actors/job.mjs', import.meta.url);

describe('a job', () => {
  let system: InstanceType<typeof ActorSystem>;
  beforeEach(() => {
    system = new ActorSystem({ threads: 1 });
  });
  afterEach(() => system.stop());

  it('gives its result, and before it all its progress in order', async () => {
    const progress: unknown[] = [];
    const sum = await system.job(
      job,
      { do: 'sum', values: [1, 2, 3, 4] },
      { onProgress: (part) => progress.push(part) },
    );
    expect(sum).toBe(10);
    expect(progress).toEqual([0.25, 0.5, 0.75, 1]);
  });

  it('that is more urgent runs first', async () => {
    const run = (name: string, priority: number): Promise<string[]> =>
      system.job(job, { do: 'order', name, delayMs: 20 }, { priority });
    const ends = await Promise.all([run('first', 0), run('late', 9), run('later', 9), run('urgent', 0)]);
    expect(ends.at(2)).toEqual(['first', 'urgent', 'late', 'later']);
    await expect(system.job(job, {}, { priority: 10 })).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    await expect(system.job(job, {}, { prority: 1 } as never)).rejects.toThrow('did you mean priority?');
  });

  it.each([
    [{ do: 'throw' }, 'E_JOB_FAILED'],
    [{ do: 'exit' }, 'E_JOB_FAILED'],
    [{ do: () => 1 }, 'E_UNCLONEABLE'],
  ])('that fails by %j rejects with %s, and the pool goes on', async (data, code) => {
    await expect(system.job(job, data)).rejects.toMatchObject({ code });
    expect(await system.job(job, { do: 'sum', values: [1] })).toBe(1);
  });

  it('that is aborted rejects at once: waiting, heeding, or deaf', async () => {
    const heeded: unknown[] = [];
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = system.job(job, { do: 'heed' }, { signal: running.signal, onProgress: (part) => heeded.push(part) });
    const second = system.job(job, { do: 'order', name: 'never' }, { signal: waiting.signal });
    await eventually(() => heeded.includes('running'));
    waiting.abort();
    await expect(second).rejects.toMatchObject({ code: 'E_ABORTED' });
    running.abort();
    await expect(first).rejects.toMatchObject({ code: 'E_ABORTED' });
    await eventually(() => heeded.includes('heeded'));
    const deaf = system.job(job, { do: 'deaf' }, { signal: AbortSignal.timeout(200) });
    await expect(deaf).rejects.toMatchObject({ code: 'E_ABORTED' });
    // Its thread is ended, and the next job finds another; the one that was aborted while it waited never ran.
    expect(await system.job(job, { do: 'order', name: 'next' })).not.toContain('never');
    await expect(system.job(job, {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'E_ABORTED' });
  });

  it('that is aborted in the very turn of its asking never starts, and gives its place on', async () => {
    const ended = new AbortController();
    const jobs = [1, 2, 3].map(() => system.job(job, { do: 'order', name: 'never' }, { signal: ended.signal }));
    ended.abort();
    for (const each of jobs) await expect(each).rejects.toMatchObject({ code: 'E_ABORTED' });
    expect(await system.job(job, { do: 'order', name: 'next' })).toEqual(['next']);
    expect(getEventListeners(ended.signal, 'abort')).toEqual([]);
  });

  it('leaves no listener at a signal that never aborts, nor is failed by what its listener throws', async () => {
    const calm = new AbortController();
    const thrown: unknown[] = [];
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => thrown.push(error.message));
    const onProgress = (): never => {
      throw new Error('the listener’s own');
    };
    for (let time = 0; time < 3; time++)
      expect(await system.job(job, { do: 'sum', values: [1, 2] }, { signal: calm.signal, onProgress })).toBe(3);
    process.removeAllListeners('uncaughtException');
    for (const listener of others) process.on('uncaughtException', listener);
    expect(thrown).toEqual(Array.from({ length: 6 }, () => 'the listener’s own'));
    expect(getEventListeners(calm.signal, 'abort')).toEqual([]);
  });

  it.each<[unknown, string, RegExp]>([
    ['file:///text.mjs', 'E_ARGUMENT', /new URL\(path, import.meta.url\), not "file/],
    [undefined, 'E_ARGUMENT', /URL/],
    [new URL('file:///nowhere.mjs'), 'E_JOB_FAILED', /Cannot find module/],
    [new URL('data:text/javascript,no module('), 'E_JOB_FAILED', /missing \)|Unexpected/],
    [new URL('data:text/javascript,export default 5'), 'E_JOB_FAILED', /no default export that is a function/],
    [new URL('data:text/javascript,export default () => () => 1'), 'E_UNCLONEABLE', /returned/],
    [new URL('data:text/javascript,export default (d, {progress}) => progress(() => 1)'), 'E_JOB_FAILED', /progress/],
    [new URL('data:text/javascript,export default () => { throw { odd: 1 } }'), 'E_JOB_FAILED', /odd/],
  ])('of the module %s is refused with %s, and says why', async (module, code, message) => {
    await expect(system.job(module as URL, {})).rejects.toMatchObject({ code });
    await expect(system.job(module as URL, {})).rejects.toThrow(message);
    expect(await system.job(job, { do: 'sum', values: [1] })).toBe(1);
  });

  it('that never ends is ended with the system', async () => {
    const deaf = expect(system.job(job, { do: 'deaf' })).rejects.toMatchObject({ code: 'E_JOB_FAILED' });
    await pause(100);
    await system.stop();
    await deaf;
  });

  it('finds another number of threads from then on, and those under way end where they are', async () => {
    const ended = new AbortController();
    const heard: unknown[] = [];
    const options = { signal: ended.signal, onProgress: (part: unknown) => heard.push(part) };
    const long = system.job(job, { do: 'heed' }, options);
    await eventually(() => heard.includes('running'));
    system.threads = 2;
    // The only thread there was is still at work.
    expect(await system.job(job, { do: 'sum', values: [2] })).toBe(2);
    ended.abort();
    await expect(long).rejects.toMatchObject({ code: 'E_ABORTED' });
    await eventually(() => heard.includes('heeded'));
  });
});
