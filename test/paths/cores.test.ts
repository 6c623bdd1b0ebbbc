/**
 * cores(n) and threads(n), through the public door: on one core the runtime's own actors share a thread and do all they do
 * with a thread each; changing that under load loses nothing and refuses nothing; jobs and verification keep to the pool.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { attach, type Ltl, open, symDATA, symSLEEP_DEEP, symSLEEP_NAP } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ltl-cores-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Loops that append until told to stop; what each append resolved with, by record. */
class Load {
  readonly seqs: bigint[] = [];
  #next = 0;
  #stopped = false;
  readonly #loops: Promise<void>[];

  constructor(append: (data: { n: number }) => Promise<bigint>, loops = 40) {
    this.#loops = Array.from({ length: loops }, async () => {
      while (!this.#stopped) {
        const n = this.#next++;
        this.seqs[n] = await append({ n });
      }
    });
  }

  async until(more: number): Promise<void> {
    for (const at = this.#next + more; this.#next < at; ) await pause(1);
  }

  /** Every record has a seq of its own and is there under it. Rejects with what refused an append. */
  async stopAndCheck(ltl: Ltl): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    expect(new Set(this.seqs).size).toBe(this.seqs.length);
    const datas = new Map<bigint, unknown>();
    for await (const { seq, data } of ltl.range(symDATA)) datas.set(seq, data);
    for (const [n, seq] of this.seqs.entries()) expect(datas.get(seq)).toEqual({ n });
  }
}

describe.each([1, 2])('on %i core(s)', (cores) => {
  it('appends, queries, indexes, verifies, and finds all of it again when opened anew', async () => {
    {
      await using ltl = await open({ 'force-all.path': dir, cores });
      expect(ltl.cores()).toBe(cores);
      expect(ltl.status().actors.map(({ id }) => id)).toEqual(['queue', 'indexer', 'auditor']);
      await ltl.index({ val_match: ['level'] });
      const records = Array.from({ length: 3000 }, (_, n) => ({ n, level: n % 10 === 0 ? 'error' : 'info' }));
      expect(await ltl.appendBatch(records)).toBe(0n);
      await ltl.idle();
      expect(await ltl.some(symDATA, { val_match: { level: 'error' } }, 1000)).toHaveLength(300);
      expect(await ltl.verify()).toMatchObject({ clean: true, records: 3000 });
    }
    await using ltl = await open({ 'force-all.path': dir, cores });
    expect((await ltl.one(symDATA, 2999n)).data).toEqual({ n: 2999, level: 'info' });
    expect(await ltl.append('one more')).toBe(3000n);
  });

  it('naps and wakes, sleeps deeply by name, and catches up', async () => {
    await using ltl = await open({ 'force-all.path': dir, cores });
    await ltl.sleep(symSLEEP_NAP);
    expect(await ltl.append('napping')).toBe(0n);
    await ltl.sleep(symSLEEP_DEEP);
    await expect(ltl.append('no')).rejects.toMatchObject({ code: 'E_SLEEPING_DEEP' });
    await ltl.awake();
    expect(await ltl.append('awake')).toBe(1n);
    while (ltl.stat('verifiedSeq') < 2) await pause(5);
  });

  it('takes records of another producer beside its own', async () => {
    await using ltl = await open({ 'force-all.path': dir, cores });
    const producer = attach(ltl.producer());
    const seqs = await Promise.all(
      Array.from({ length: 500 }, (_, n) => (n % 2 === 0 ? ltl.append({ n }) : producer.append({ n }))),
    );
    await producer.close();
    expect(new Set(seqs).size).toBe(500);
  });

  for (const actor of ['queue', 'indexer', 'auditor'])
    for (const how of ['throw', 'exit'] as const)
      it(`keeps what it acknowledged, and goes on, when the ${actor} dies by ${how} under load`, async () => {
        await using ltl = await open({ 'force-all.path': dir, cores, 'log.segment.bytes': 256 * 1024 });
        const load = new Load((data) => ltl.append(data));
        for (let death = 0; death < 2; death += 1) {
          await load.until(300);
          await ltl.drill(actor, how);
          while (ltl.stat('restarts') <= death) await pause(5);
        }
        await load.until(300);
        await load.stopAndCheck(ltl);
      });
});

describe('cores(n) while running', () => {
  it('changes the threads under load, of this thread and of another producer, without a loss or a refusal', async () => {
    await using ltl = await open({ 'force-all.path': dir, cores: 2, 'log.segment.bytes': 1024 * 1024 });
    const producer = attach(ltl.producer());
    const own = new Load((data) => ltl.append(data));
    const theirs = new Load((data) => producer.append(data));
    for (const cores of [1, 2, 1, 4]) {
      await own.until(200);
      await ltl.cores(cores);
      expect(ltl.cores()).toBe(cores);
    }
    await own.until(200);
    await own.stopAndCheck(ltl);
    await theirs.stopAndCheck(ltl);
    expect(ltl.stat('restarts')).toBe(0);
    expect(await ltl.verify()).toMatchObject({ clean: true });
  });

  it('takes several changes at once one after the other, and a close after them', async () => {
    const ltl = await open({ 'force-all.path': dir, cores: 2 });
    const appended = Array.from({ length: 2000 }, (_, n) => ltl.append({ n }));
    const changes = [ltl.cores(1), ltl.cores(2), ltl.cores(1)];
    await Promise.all(changes);
    expect(ltl.cores()).toBe(1);
    const last = ltl.cores(2).catch((error: unknown) => error);
    await ltl.close();
    expect([undefined, 'E_CLOSED']).toContain(((await last) as { code?: string } | undefined)?.code);
    expect(new Set(await Promise.all(appended)).size).toBe(2000);
    await using again = await open({ 'force-all.path': dir });
    expect(again.status().nextSeq).toBe('2000');
  });

  it('carries a nap and the indices over', async () => {
    await using ltl = await open({ 'force-all.path': dir, cores: 2 });
    await ltl.index({ val_match: ['k'] });
    await ltl.sleep(symSLEEP_NAP);
    await ltl.cores(1);
    await ltl.append({ k: 'napping' });
    expect(ltl.status().sleep.depth).toBe('nap');
    await ltl.awake();
    await ltl.idle();
    expect(ltl.status().indices).toEqual([{ kind: 'val', field: 'k', watermark: 1 }]);
  });

  it('refuses by name what is no number of cores or threads', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    for (const wrong of [0, -1, 1.5, 1e9, Number.NaN, '2' as unknown as number]) {
      await expect(ltl.cores(wrong)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
      expect(() => ltl.threads(wrong)).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
    }
    await expect(open({ 'force-all.path': dir, cores: 0 })).rejects.toThrow(
      'cores must be a whole number from 1 to 1024',
    );
    await expect(open({ 'force-all.path': dir, threads: 1e9 })).rejects.toMatchObject({ code: 'E_CONFIG' });
    await ltl.close();
    await expect(ltl.cores(1)).rejects.toMatchObject({ code: 'E_CLOSED' });
  });
});

describe('threads(n)', () => {
  /** A job that says when it began and ended. */
  const module = (): URL => {
    const file = join(dir, 'job.mjs');
    writeFileSync(
      file,
      `export default async function (words) {
        const now = Atomics.add(words, 0, 1) + 1;
        for (let most = Atomics.load(words, 1); now > most; most = Atomics.load(words, 1)) Atomics.compareExchange(words, 1, most, now);
        Atomics.wait(words, 2, 0, 30);
        Atomics.sub(words, 0, 1);
      }`,
    );
    return new URL(`file://${file}`);
  };
  const mostAtOnce = async (ltl: Ltl, url: URL): Promise<number> => {
    const words = new Int32Array(new SharedArrayBuffer(12));
    await Promise.all(Array.from({ length: 8 }, () => ltl.job(url, words)));
    return Atomics.load(words, 1);
  };

  it('bounds the jobs that run at once, when opened and while running', async () => {
    await using ltl = await open({ 'force-all.path': join(dir, 'store'), threads: 1 });
    expect(ltl.threads()).toBe(1);
    const url = module();
    expect(await mostAtOnce(ltl, url)).toBe(1);
    ltl.threads(3);
    expect(ltl.threads()).toBe(3);
    expect(await mostAtOnce(ltl, url)).toBeLessThanOrEqual(3);
    ltl.threads(1);
    expect(await mostAtOnce(ltl, url)).toBe(1);
  });

  it('verification runs on the same pool: it waits its turn while one thread is taken', async () => {
    await using ltl = await open({ 'force-all.path': join(dir, 'store'), threads: 1 });
    await ltl.append('something');
    const words = new Int32Array(new SharedArrayBuffer(12));
    let isDone = false;
    const job = ltl.job(module(), words).then(() => {
      isDone = true;
    });
    expect(await ltl.verify({ threads: 8 })).toMatchObject({ clean: true, records: 1 });
    expect(isDone).toBe(true);
    await job;
  });
});

describe('where the configuration comes from', () => {
  it('the caller goes before the environment, that before the file, and that before the defaults', async () => {
    writeFileSync(join(dir, 'config.json'), '{ "cores": 1, "threads": 7, "queue.spin.us": 5 }');
    process.env['LTL_THREADS'] = '6';
    try {
      await using ltl = await open({ 'force-all.path': dir });
      expect([ltl.cores(), ltl.threads()]).toEqual([1, 6]);
      await ltl.close();
      await using other = await open({ 'force-all.path': dir, threads: 5 });
      expect([other.cores(), other.threads()]).toEqual([1, 5]);
      process.env['LTL_THREADS'] = 'many';
      await expect(open({ 'force-all.path': dir })).rejects.toThrow('LTL_THREADS must be a whole number');
    } finally {
      delete process.env['LTL_THREADS'];
    }
  });

  it.each([
    ['{ "cores": 1', 'is not JSON'],
    ['[1]', 'must hold an object of keys'],
    ['{ "coers": 1 }', 'did you mean cores?'],
    ['{ "cores": 0 }', 'cores must be a whole number from 1 to 1024, not 0'],
    ['{ "force-all.path": "/elsewhere" }', 'it cannot stand in it'],
  ])('a broken file is named, and nothing is opened: %s', async (text, message) => {
    writeFileSync(join(dir, 'config.json'), text);
    const opened = open({ 'force-all.path': dir });
    await expect(opened).rejects.toMatchObject({ code: 'E_CONFIG' });
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow('config.json');
  });

  it.skipIf(process.getuid?.() === 0)('a file that must not be read is E_PERMISSION', async () => {
    writeFileSync(join(dir, 'config.json'), '{}');
    chmodSync(join(dir, 'config.json'), 0);
    await expect(open({ 'force-all.path': dir })).rejects.toMatchObject({ code: 'E_PERMISSION' });
  });
});
