/**
 * The walk of a failure, through the public door: an actor dies in the middle of appends, and nothing acknowledged is
 * lost, nothing is stored twice, and every promise settles.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ltl, open, symDATA } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ltl-failure-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the queue actor dies under load', () => {
  for (const how of ['throw', 'exit', 'memory', 'terminate'] as const) {
    it(`every record is stored exactly once and in order after: ${how}`, async () => {
      await using ltl = await open({ 'force-all.path': dir, 'log.segment.bytes': 256 * 1024 });
      const seqs: bigint[] = [];
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < 6000) {
          const n = next++;
          const seq = await ltl.append({ n, text: 'x'.repeat(n % 50) });
          seqs[n] = seq;
        }
      };
      const load = Promise.all(Array.from({ length: 50 }, worker));
      for (let i = 0; i < 3; i += 1) {
        const at = next + 300;
        while (next < at) await new Promise((resolve) => setTimeout(resolve, 1));
        await ltl.drill('queue', how);
      }
      await load;
      expect(new Set(seqs).size).toBe(6000);
      expect(seqs.reduce((most, seq) => (seq > most ? seq : most), -1n)).toBe(5999n);
      for (const [n, seq] of seqs.entries())
        expect((await ltl.one(symDATA, seq)).data).toEqual({ n, text: 'x'.repeat(n % 50) });
    });
  }
});

/** Appends `total` records from 20 loops, with `disturb` in their midst, and reads all of them back. */
async function loadWhile(ltl: Ltl, total: number, disturb: () => Promise<void>): Promise<void> {
  const seqs: bigint[] = [];
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < total) {
      const n = next++;
      seqs[n] = await ltl.append({ n, level: n % 2 === 0 ? 'info' : 'warn' });
    }
  };
  const load = Promise.all(Array.from({ length: 20 }, loop));
  while (next < total / 4) await new Promise((resolve) => setTimeout(resolve, 1));
  await disturb();
  await load;
  expect(new Set(seqs).size).toBe(total);
  for (const n of [0, Math.floor(total / 3), total - 1])
    expect((await ltl.one(symDATA, seqs[n] as bigint)).data).toMatchObject({ n });
}

describe('the actors that follow the queue die or hang under load', () => {
  for (const [actor, hows] of [
    ['indexer', ['throw', 'exit', 'memory']],
    ['auditor', ['throw', 'exit', 'memory', 'terminate']],
  ] as const) {
    for (const how of hows) {
      it(`appends go on, and index and audit catch up, after the ${actor}: ${how}`, async () => {
        await using ltl = await open({ 'force-all.path': dir });
        await ltl.index({ val_match: ['level'] });
        await loadWhile(ltl, 4000, () => ltl.drill(actor, how));
        await ltl.idle();
        expect(await ltl.some(symDATA, { val_match: { level: 'warn' } }, 5000)).toHaveLength(2000);
        while (ltl.stat('restarts') < 1) await new Promise((resolve) => setTimeout(resolve, 10));
        const last = await ltl.append('after');
        while (ltl.stat('verifiedSeq') <= Number(last)) await new Promise((resolve) => setTimeout(resolve, 10));
        expect(ltl.flags.fatal).toBe(false);
      });
    }
  }

  it('a hung indexer is reported, queries scan meanwhile, and it goes on after', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    await ltl.index({ val_match: ['level'] });
    await ltl.appendBatch(Array.from({ length: 1000 }, (_, n) => ({ n, level: n % 2 === 0 ? 'info' : 'warn' })));
    await ltl.idle();
    await ltl.drill('indexer', 'hang');
    expect(await ltl.some(symDATA, { val_match: { level: 'warn' } }, 5000)).toHaveLength(500);
    expect(ltl.status().indexer).toBe('silent');
    expect(await ltl.append({ n: 1000, level: 'warn' })).toBe(1000n);
    await ltl.idle();
    expect(ltl.status().indexer).toBe('up');
    expect(await ltl.some(symDATA, { val_match: { level: 'warn' } }, 5000)).toHaveLength(501);
    expect(ltl.stat('restarts')).toBe(0);
  });

  it('a hung queue delays acknowledgements and loses none', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    await loadWhile(ltl, 2000, () => ltl.drill('queue', 'hang'));
    expect(ltl.stat('restarts')).toBe(0);
  });
});
