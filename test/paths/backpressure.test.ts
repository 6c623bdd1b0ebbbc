/**
 * What happens when records come faster than the disk takes them: nothing is lost, the caller waits, first by its
 * promises, then, if it never yields, inside append(); and a writer that is dead meanwhile is a named error.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLtlError, open, symDATA } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ltl-backpressure-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const text = 'x'.repeat(16_384);

describe('backpressure', () => {
  it('a tight loop that never yields loses nothing and keeps the order', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    const promises: Promise<bigint>[] = [];
    // 160 MiB: more than the ring and the spill hold together.
    for (let n = 0; n < 10_000; n += 1) promises.push(ltl.append({ n, text }));
    const seqs = await Promise.all(promises);
    expect(seqs).toEqual(Array.from({ length: 10_000 }, (_, n) => BigInt(n)));
    expect(ltl.flags.waiting).toBe(false);
    for (const n of [0, 2047, 2048, 6500, 9999]) expect((await ltl.one(symDATA, BigInt(n))).data).toEqual({ n, text });
  });

  it('a dead writer is a named error to a caller that never yields, and what was accepted is written after', async () => {
    await using ltl = await open({ 'force-all.path': dir, 'queue.stall.ms': 150 });
    await ltl.append('first');
    await ltl.drill('queue', 'exit');
    const outcomes: Promise<bigint>[] = [];
    for (let n = 0; n < 8000; n += 1) {
      outcomes.push(ltl.append({ n, text }));
      outcomes.at(-1)?.catch(() => undefined);
    }
    const settled = await Promise.allSettled(outcomes);
    const accepted = settled.filter((one) => one.status === 'fulfilled');
    const refused = settled.filter((one) => one.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((one) => isLtlError(one.reason, 'E_WRITER_DEAD'))).toBe(true);
    expect(accepted.map((one) => one.value)).toEqual(accepted.map((_, index) => BigInt(index + 1)));
  });

  it('records that wait behind refused ones all settle, and those that are stored are in order without a gap', async () => {
    const full = join(dir, 'full');
    const disk = `${new URL('../fixtures/faulty-disk.mjs', import.meta.url).href}?fullIn=${full}`;
    await using ltl = await open({ 'force-all.path': join(dir, 'store') }, { ports: { disk } });
    await ltl.append('first');
    writeFileSync(full, '');
    const outcomes: Promise<bigint>[] = [];
    // 64 MiB: twice what the ring holds.
    for (let n = 0; n < 4096; n += 1) outcomes.push(ltl.append({ n, text }));
    expect(ltl.flags.waiting).toBe(true);
    // The first refusal gives space again, while others wait.
    for (const outcome of outcomes) outcome.catch(() => rmSync(full, { force: true }));
    const settled = await Promise.allSettled(outcomes);
    const stored = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(stored.length).toBeLessThan(outcomes.length);
    expect(stored).toEqual(stored.map((_, index) => BigInt(index + 1)));
    expect(await ltl.append('after')).toBe(BigInt(stored.length + 1));
  });

  it('the largest record is stored, a larger one is refused before anything is queued', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    const large = new Uint8Array(16 * 1024 * 1024 - 5).fill(7);
    const seqs = await Promise.all([ltl.append('before'), ltl.append(large), ltl.append('after'), ltl.append(large)]);
    expect(seqs).toEqual([0n, 1n, 2n, 3n]);
    await expect(ltl.append(new Uint8Array(16 * 1024 * 1024))).rejects.toMatchObject({ code: 'E_TOO_LARGE' });
    expect(Buffer.compare((await ltl.one(symDATA, 1n)).data as Uint8Array, large)).toBe(0);
    expect(await ltl.append('next')).toBe(4n);
  });
});
