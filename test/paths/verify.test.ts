import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isLtlError, type Ltl, open, type VerifyProgress } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let root = '';
let instances: Ltl[] = [];

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-verify-'));
});

afterEach(async () => {
  await Promise.all(instances.map((ltl) => ltl.close()));
  instances = [];
  fs.rmSync(root, { recursive: true, force: true });
});

const CONFIG = { 'log.segment.bytes': 64 * 1024, 'can.index': 0 } as const;
const RECORDS = 3000;

async function start(options: { readOnly?: boolean } = {}): Promise<Ltl> {
  const ltl = await open({ ...CONFIG, 'force-all.path': root }, options);
  instances.push(ltl);
  return ltl;
}

/** A closed store of several segments; returns their files. */
async function makeStore(): Promise<string[]> {
  const ltl = await start();
  for (let from = 0; from < RECORDS; from += 300)
    await ltl.appendBatch(Array.from({ length: 300 }, (_, index) => ({ n: from + index, text: 'x'.repeat(100) })));
  await ltl.close();
  const log = path.join(root, 'log');
  const files = fs.readdirSync(log).filter((name) => name.endsWith('.seg'));
  expect(files.length).toBeGreaterThan(3);
  return files.sort().map((name) => path.join(log, name));
}

function change(file: string, edit: (bytes: Buffer) => Buffer): void {
  fs.writeFileSync(file, edit(fs.readFileSync(file)));
}

describe('verify()', () => {
  it('finds a whole store clean, while it is written too, and tells its progress', async () => {
    await makeStore();
    const ltl = await start();
    const writing = ltl.appendBatch(Array.from({ length: 2000 }, (_, n) => ({ n })));
    const seen: VerifyProgress[] = [];
    const report = await ltl.verify({ threads: 2, onProgress: (progress) => seen.push(progress) });
    await writing;
    expect(report).toMatchObject({ clean: true, damages: [], firstSeq: 0, tornBytes: 0 });
    expect(report.records).toBeGreaterThanOrEqual(RECORDS);
    expect(report.nextSeq).toBe(report.records);
    expect(seen.map((progress) => progress.segmentsDone)).toEqual(seen.map((_, index) => index + 1));
    expect(seen.at(-1)).toMatchObject({
      segmentsDone: report.segments,
      segments: report.segments,
      bytes: report.bytes,
    });
  });

  it('names a flipped bit by segment, offset and seqs, and the records say the same when they are read', async () => {
    const [, second] = await makeStore();
    change(second ?? '', (bytes) => {
      bytes[20_000] = (bytes[20_000] ?? 0) ^ 1;
      return bytes;
    });
    const ltl = await start({ readOnly: true });
    const { clean, damages } = await ltl.verify();
    expect(clean).toBe(false);
    expect(damages).toHaveLength(1);
    const { segmentId, offset, bytes, seqFrom, seqTo, what } = damages[0] ?? {
      seqFrom: 0,
      seqTo: 0,
      offset: 0,
      bytes: 0,
    };
    expect({ segmentId, what }).toEqual({ segmentId: 2, what: 'body' });
    // Of a group of 33 KiB.
    expect(bytes).toBeLessThanOrEqual(16 * 1024);
    expect(20_000).toBeGreaterThanOrEqual(offset);
    expect(20_000).toBeLessThan(offset + bytes);
    for (let seq = 0; seq < RECORDS; seq += 1) {
      const read = ltl.one(ltl.symDATA, seq);
      if (seq >= seqFrom && seq < (seqTo ?? 0)) await expect(read).rejects.toMatchObject({ code: 'E_DAMAGED' });
      else expect((await read).data).toMatchObject({ n: seq });
    }
  });

  it.each([
    ['truncated', (bytes: Buffer): Buffer => bytes.subarray(0, 30_000)],
    ['zeroed', (bytes: Buffer): Buffer => bytes.fill(0)],
    ['zeroed in part', (bytes: Buffer): Buffer => bytes.fill(0, 9000, 30_000)],
    ['removed', null],
  ])('a segment that was %s is a verdict by name; a writer goes on and loses nothing else', async (_what, edit) => {
    const files = await makeStore();
    for (const file of [files[1] ?? '', files.at(-1) ?? '']) {
      if (edit === null) fs.rmSync(file);
      else change(file, edit);
    }
    const ltl = await start();
    expect(ltl.status().integrity).toBe('damaged');
    expect(await ltl.append({ n: RECORDS })).toBe(BigInt(RECORDS));
    const { clean, damages } = await ltl.verify();
    expect(clean).toBe(false);
    expect(new Set(damages.map((damage) => damage.segmentId))).toEqual(new Set([2, files.length]));
    const isDamaged = (seq: number): boolean =>
      damages.some((damage) => damage.seqFrom <= seq && seq < (damage.seqTo ?? Infinity));
    let damaged = 0;
    for (let seq = 0; seq <= RECORDS; seq += 1) {
      try {
        expect((await ltl.one(ltl.symDATA, seq)).data).toMatchObject({ n: seq });
      } catch (error) {
        if (!isLtlError(error, 'E_DAMAGED')) throw error;
        expect(isDamaged(seq)).toBe(true);
        damaged += 1;
      }
    }
    expect(damaged).toBeGreaterThan(0);
    expect(damaged).toBeLessThan(RECORDS / 2);
  });

  it('stops by name when its signal is aborted', async () => {
    await makeStore();
    const ltl = await start({ readOnly: true });
    await expect(ltl.verify({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'E_ABORTED' });
  });
});
