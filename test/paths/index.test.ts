/** Indices through the door: declared before or after the records, over restarts and naps, and the same answers without. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ltl, open, symDATA, symSLEEP_NAP } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ltl-index-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const LEVELS = ['info', 'warn', 'error'];
const record = (n: number): object => ({ n, level: LEVELS[n % 3], ...(n % 7 === 0 ? { user: `u${n % 5}` } : {}) });
const definition = { prop_match: ['user'], val_match: ['level'], int_match: ['n'] };

async function answers(ltl: Ltl): Promise<bigint[][]> {
  const filters = [
    { prop_match: ['user'] },
    { val_match: { level: 'warn' } },
    { int_match: { n: [700, 730] as [number, number] } },
    { prop_match: ['user'], val_match: { level: 'error' }, int_match: { n: [0, 500] as [number, number] } },
  ];
  const found: bigint[][] = [];
  for (const filter of filters) {
    const seqs: bigint[] = [];
    for await (const { seq } of ltl.range(symDATA, filter)) seqs.push(seq);
    found.push(seqs);
  }
  return found;
}

describe('index()', () => {
  it('gives the same answers as no index, declared before, after, and over a death of the indexer', async () => {
    const ltl = await open({ 'force-all.path': dir });
    await ltl.appendBatch(Array.from({ length: 1000 }, (_, n) => record(n)));
    const plain = await answers(ltl);
    expect(plain[1]).toHaveLength(333);
    expect(plain[2]).toHaveLength(31);
    await ltl.index(definition);
    await ltl.idle();
    expect(ltl.status().indices.map(({ watermark }) => watermark)).toEqual([1000, 1000, 1000]);
    expect(await answers(ltl)).toEqual(plain);
    for (const how of ['throw', 'exit'] as const) {
      await ltl.drill('indexer', how);
      await ltl.appendBatch([record(1), record(2)]);
      await ltl.idle();
    }
    expect(ltl.stat('backlog')).toBe(0);
    const more = await answers(ltl);
    expect(more[1]).toEqual([...(plain[1] as bigint[]), 1000n, 1002n]);
    await expect(ltl.drill('indexer', 'terminate')).rejects.toMatchObject({ code: 'E_ACTOR_HUNG' });
    await ltl.close();
    rmSync(join(dir, 'index'), { recursive: true });
    await using again = await open({ 'force-all.path': dir });
    expect(await answers(again)).toEqual(more);
  });

  it('naps: the backlog grows and shows, idle() waits until it is awake, awake() catches up', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    await ltl.index(definition);
    await ltl.idle();
    await ltl.sleep(symSLEEP_NAP);
    await ltl.appendBatch(Array.from({ length: 300 }, (_, n) => record(n)));
    let isIdle = false;
    const idle = ltl.idle().then(() => (isIdle = true));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isIdle).toBe(false);
    expect(ltl.stat('backlog')).toBe(300);
    expect((await ltl.one(symDATA, 299n)).data).toEqual(record(299));
    expect((await ltl.some(symDATA, { val_match: { level: 'warn' } }, 2)).map(({ seq }) => seq)).toEqual([1n, 4n]);
    await ltl.awake();
    await idle;
    expect(ltl.stat('backlog')).toBe(0);
  });

  it('a wrong definition is refused by name', async () => {
    await using ltl = await open({ 'force-all.path': dir, 'can.index': 0 });
    await expect(ltl.index({ val_match: 'level' } as object)).rejects.toMatchObject({ code: 'E_FILTER' });
    await expect(ltl.index({ other: ['x'] } as object)).rejects.toMatchObject({ code: 'E_FILTER' });
    await expect(ltl.index({})).rejects.toMatchObject({ code: 'E_FILTER' });
    await expect(ltl.index(definition)).rejects.toMatchObject({ code: 'E_CONFIG' });
    await ltl.append({ n: 1 });
    await ltl.idle();
    expect(await ltl.some(symDATA, { prop_match: ['n'] }, 5)).toHaveLength(1);
  });
});
