import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Ltl, open } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let root = '';
let instances: Ltl[] = [];

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-retain-'));
});

afterEach(async () => {
  await Promise.all(instances.map((ltl) => ltl.close()));
  instances = [];
  fs.rmSync(root, { recursive: true, force: true });
});

const SEGMENT_BYTES = 64 * 1024;
const RECORDS = 4000;

async function start(options: { readOnly?: boolean } = {}): Promise<Ltl> {
  const ltl = await open({ 'log.segment.bytes': SEGMENT_BYTES, 'force-all.path': root }, options);
  instances.push(ltl);
  return ltl;
}

async function fill(ltl: Ltl): Promise<void> {
  for (let from = 0; from < RECORDS; from += 200)
    await ltl.appendBatch(Array.from({ length: 200 }, (_, index) => ({ n: from + index, text: 'x'.repeat(100) })));
}

const segmentFiles = (): string[] => fs.readdirSync(path.join(root, 'log')).filter((name) => name.endsWith('.seg'));

describe('retain()', () => {
  it('has nothing to do with a segment in the middle that was deleted by hand: the auditor tells it', async () => {
    const ltl = await start();
    await fill(ltl);
    await ltl.close();
    fs.rmSync(path.join(root, 'log', segmentFiles()[2] ?? ''));
    fs.rmSync(path.join(root, 'checkpoint'));
    const writer = await start();
    await expect.poll(() => writer.stat('verifiedSeq'), { timeout: 10_000 }).toBe(RECORDS);
    expect(writer.stat('damages')).toBe(1);
    expect(writer.status()).toMatchObject({ integrity: 'damaged', phase: 'run' });
    expect((await writer.verify()).damages).toMatchObject([{ segmentId: 3, what: 'segment' }]);
  });

  it('leaves word of what it dropped, so that a first segment deleted by hand is damage and not retention', async () => {
    const ltl = await start();
    await fill(ltl);
    const { seqTo } = await ltl.retain({ maxBytes: 4 * SEGMENT_BYTES });
    await ltl.close();
    const [first = '', second = ''] = segmentFiles();
    fs.rmSync(path.join(root, 'log', first));

    const reader = await start({ readOnly: true });
    const report = await reader.verify();
    const missing = { segmentId: Number.parseInt(first, 10), what: 'segment', seqFrom: seqTo };
    expect(report).toMatchObject({ clean: false, damages: [missing] });
    const from = report.damages[0]?.seqTo ?? 0;
    expect(report.firstSeq).toBe(from);
    expect(second).toBe(segmentFiles()[0]);
    await expect(reader.one(reader.symDATA, seqTo - 1)).rejects.toMatchObject({ code: 'E_GONE' });
    await expect(reader.one(reader.symDATA, seqTo)).rejects.toMatchObject({ code: 'E_DAMAGED' });
    expect(() => reader.range(reader.symDATA, { from: from - 1 })).toThrow('E_DAMAGED');
    expect((await reader.one(reader.symDATA, from)).data).toMatchObject({ n: from });

    // The auditor of the next writer says so too, although an earlier one has verified all of it.
    const writer = await start();
    await expect.poll(() => writer.stat('damages'), { timeout: 10_000 }).toBe(1);
    expect(writer.status().integrity).not.toBe('clean');
  });

  it('drops whole old segments until the rest fits, reports them, and their records are gone by name', async () => {
    const ltl = await start();
    await fill(ltl);
    const before = segmentFiles();
    expect(before.length).toBeGreaterThan(6);
    const dropped = await ltl.retain({ maxBytes: 3 * SEGMENT_BYTES });
    expect(dropped.segments).toBe(before.length - segmentFiles().length);
    expect(segmentFiles()).toEqual(before.slice(dropped.segments));
    const sizes = segmentFiles().map((name) => fs.statSync(path.join(root, 'log', name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(3 * SEGMENT_BYTES);
    expect(dropped.bytes).toBeGreaterThan(0);
    expect(dropped.seqFrom).toBe(0);
    await expect(ltl.one(ltl.symDATA, dropped.seqTo - 1)).rejects.toMatchObject({ code: 'E_GONE' });
    expect((await ltl.one(ltl.symDATA, dropped.seqTo)).data).toMatchObject({ n: dropped.seqTo });
    const seqs: bigint[] = [];
    for await (const record of ltl.range(ltl.symDATA)) seqs.push(record.seq);
    expect(seqs).toHaveLength(RECORDS - dropped.seqTo);
    expect(seqs[0]).toBe(BigInt(dropped.seqTo));
    expect(await ltl.some(ltl.symDATA, { int_match: { n: [0, RECORDS] } }, 2)).toHaveLength(2);
    expect(await ltl.verify()).toMatchObject({ clean: true, firstSeq: dropped.seqTo, nextSeq: RECORDS });
    expect(await ltl.append('next')).toBe(BigInt(RECORDS));
    await ltl.close();
    const again = await start();
    expect(again.status()).toMatchObject({ integrity: 'clean' });
    expect((await again.one(again.symDATA, RECORDS)).data).toBe('next');
  });

  it('drops nothing unasked, and never the segment that is written to', async () => {
    const ltl = await start();
    await fill(ltl);
    const before = segmentFiles();
    expect(await ltl.retain({})).toMatchObject({ segments: 0, bytes: 0 });
    expect(await ltl.retain({ maxAgeMs: 3_600_000 })).toMatchObject({ segments: 0 });
    expect(segmentFiles()).toEqual(before);
    expect(await ltl.retain({ maxBytes: 0 })).toMatchObject({ segments: before.length - 1 });
    expect(segmentFiles()).toEqual(before.slice(-1));
    expect(await ltl.retain({ maxBytes: 0 })).toMatchObject({ segments: 0 });
  });

  it('drops what is older than the age, by whole segments', async () => {
    const ltl = await start();
    await fill(ltl);
    const { length } = segmentFiles();
    const { timeMs } = await ltl.one(ltl.symDATA, RECORDS / 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const dropped = await ltl.retain({ maxAgeMs: Date.now() - timeMs });
    expect(dropped.segments).toBeGreaterThan(0);
    expect(dropped.segments).toBeLessThan(length - 1);
    expect(dropped.seqTo).toBeLessThanOrEqual(RECORDS / 2);
    expect((await ltl.one(ltl.symDATA, RECORDS / 2)).timeMs).toBe(timeMs);
  });

  it('goes on beside a reader in the middle of the log, which ends by name or reads on', async () => {
    const ltl = await start();
    await fill(ltl);
    const reader = await start({ readOnly: true });
    let next = 0n;
    let code = '';
    try {
      for await (const record of reader.range(reader.symDATA)) {
        expect(record.seq).toBe(next);
        next += 1n;
        if (next === 500n) await ltl.retain({ maxBytes: SEGMENT_BYTES });
      }
    } catch (error) {
      code = (error as { code: string }).code;
    }
    expect(code === 'E_GONE' || next === BigInt(RECORDS)).toBe(true);
    await expect(reader.retain({})).rejects.toMatchObject({ code: 'E_READ_ONLY' });
  });

  it.each([{ maxBytes: -1 }, { maxAgeMs: Number.NaN }, { maxBytes: '5' as unknown as number }])(
    'refuses %j by name',
    async (retention) => {
      const ltl = await start();
      await expect(ltl.retain(retention)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    },
  );
});
