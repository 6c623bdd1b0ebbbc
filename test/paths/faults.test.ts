import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { isLtlError, type Ltl, open } from 'ltl';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const DISK = pathToFileURL(path.join(import.meta.dirname, '../fixtures/faulty-disk.mjs'));
const MAIN = path.join(import.meta.dirname, '../../dist/src/cli/main.js');

let folder = '';
let root = '';
/** While this file is there, the fault is. */
let fault = '';
let instances: Ltl[] = [];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-fault-'));
  root = path.join(folder, 'store');
  fault = path.join(folder, 'fault');
});

afterEach(async () => {
  await Promise.all(instances.map((ltl) => ltl.close()));
  instances = [];
  fs.rmSync(folder, { recursive: true, force: true });
});

async function start(faults?: Readonly<Record<string, string>>): Promise<Ltl> {
  const url = new URL(DISK);
  for (const [name, file] of Object.entries(faults ?? {})) url.searchParams.set(name, file);
  const config = { 'force-all.path': root, 'log.segment.bytes': 256 * 1024, 'can.index': 0 } as const;
  const ltl = await open(config, faults === undefined ? {} : { ports: { disk: url.href } });
  instances.push(ltl);
  return ltl;
}

/** Appends one record at a time for as long as it is accepted; the seqs and the error that ended it. */
async function appendUntilError(ltl: Ltl, from: number, most: number): Promise<{ acked: number[]; error: unknown }> {
  const acked: number[] = [];
  for (let n = from; n < from + most; n += 1) {
    try {
      expect(Number(await ltl.append({ n, text: 'x'.repeat(200) }))).toBe(n);
      acked.push(n);
    } catch (error) {
      return { acked, error };
    }
  }
  return { acked, error: null };
}

async function expectRecords(ltl: Ltl, count: number): Promise<void> {
  let next = 0;
  for await (const { seq, data } of ltl.range(ltl.symDATA)) {
    expect([Number(seq), (data as { n: number }).n]).toEqual([next, next]);
    next += 1;
  }
  expect(next).toBe(count);
}

describe('a failed sync', () => {
  it('poisons the writer for good: the seqs in doubt are named, nothing is tried again, what was acknowledged stays', async () => {
    const syncs = path.join(folder, 'syncs');
    const ltl = await start({ failSyncsIn: fault, syncs });
    expect((await appendUntilError(ltl, 0, 20)).error).toBeNull();
    fs.writeFileSync(fault, '');
    const { acked, error } = await appendUntilError(ltl, 20, 10);
    expect(acked).toEqual([]);
    expect(error).toMatchObject({ code: 'E_IO' });
    // The refusal comes through the ring, what the conductor is told through a port: a little later.
    await vi.waitFor(() => {
      expect(ltl.status().failure).toMatchObject({ code: 'E_IO', details: { inDoubtFrom: 20, inDoubtTo: 21 } });
      expect(ltl.flags).toMatchObject({ fatal: true, error: true });
    });
    fs.rmSync(fault);
    const syncsBefore = fs.readFileSync(syncs, 'utf8').length;
    for (let times = 0; times < 3; times += 1)
      await expect(ltl.append({ n: 99 })).rejects.toMatchObject({ code: expect.stringMatching(/^E_(FATAL|IO)$/) });
    expect(fs.readFileSync(syncs, 'utf8').length).toBe(syncsBefore);
    await expectRecords(ltl, 20);
    await ltl.close();
    const again = await start();
    const { nextSeq } = again.status();
    // The record in doubt may have come to the disk; it was not acknowledged, so either is right, but not a third thing.
    expect([20, 21]).toContain(Number(nextSeq));
    expect((await appendUntilError(again, Number(nextSeq), 5)).error).toBeNull();
    await expectRecords(again, Number(nextSeq) + 5);
  });

  it('fails every record of the group by name when many wait', async () => {
    const ltl = await start({ failSyncsIn: fault });
    await ltl.append({ n: 0 });
    fs.writeFileSync(fault, '');
    const results = await Promise.allSettled(Array.from({ length: 500 }, (_, n) => ltl.append({ n: n + 1 })));
    for (const result of results)
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: expect.stringMatching(/^E_(FATAL|IO)$/) },
      });
    await expectRecords(ltl, 1);
  });

  it('tells a batch that went into several groups which seqs are in doubt', async () => {
    const ltl = await start({ failSyncsIn: fault });
    await ltl.append({ n: 0 });
    fs.writeFileSync(fault, '');
    // More than a group takes: the first one is in doubt, those behind it are refused.
    const batch = ltl.appendBatch(Array.from({ length: 2000 }, (_, n) => ({ n: n + 1, text: 'x'.repeat(1000) })));
    await expect(batch).rejects.toMatchObject({ code: 'E_IO', details: { inDoubtFrom: 1 } });
    await expect(ltl.appendBatch([1])).rejects.toThrow(/^E_(FATAL|IO): (?!record 0)/);
  });

  it('ends the command line with 74, the seqs in doubt, and every printed acknowledgement kept', ({ skip }) => {
    if (spawnSync('strace', ['-V']).status !== 0) skip();
    const input = path.join(folder, 'lines');
    fs.writeFileSync(input, Array.from({ length: 50_000 }, (_, n) => `line ${n} ${'x'.repeat(100)}\n`).join(''));
    const strace = ['-f', '-o', '/dev/null', '-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO:when=3'];
    const command = [...strace, process.execPath, MAIN, 'append', input, '--ack', '--path', root];
    const { status, stdout, stderr } = spawnSync('strace', command, { encoding: 'utf8' });
    expect(stderr).toMatch(/E_IO: .*seqs \d+ to \d+ are in doubt \(lines \d+ to \d+ are not acknowledged\)/);
    expect(status).toBe(74);
    const acks = stdout.split('\n').length - 1;
    const read = spawnSync(process.execPath, [MAIN, 'read', '--path', root], { encoding: 'utf8', maxBuffer: 2 ** 28 });
    const lines = read.stdout.split('\n').slice(0, -1);
    expect(lines.length).toBeGreaterThanOrEqual(acks);
    expect(lines).toEqual(lines.map((_, n) => `line ${n} ${'x'.repeat(100)}`));
  });
});

describe('a full disk', () => {
  it('is an error to the callers concerned, loses nothing, and appending goes on when there is space', async () => {
    const ltl = await start({ fullIn: fault });
    expect((await appendUntilError(ltl, 0, 50)).error).toBeNull();
    fs.writeFileSync(fault, '');
    // Room that was written ahead is used up first.
    const { acked, error } = await appendUntilError(ltl, 50, 20_000);
    expect(error).toMatchObject({ code: 'E_DISK_FULL' });
    await vi.waitFor(() => expect(ltl.flags.error).toBe(true));
    const count = 50 + acked.length;
    await expect(ltl.append({ n: -1, text: 'x'.repeat(4000) })).rejects.toMatchObject({ code: 'E_DISK_FULL' });
    await expectRecords(ltl, count);
    fs.rmSync(fault);
    expect((await appendUntilError(ltl, count, 50)).error).toBeNull();
    await vi.waitFor(() => expect(ltl.flags.error).toBe(false));
    await expectRecords(ltl, count + 50);
    expect(await ltl.verify()).toMatchObject({ clean: true, records: count + 50 });
    await ltl.close();
    await expectRecords(await start(), count + 50);
  });

  it('refuses some of many and keeps the others, each once', async () => {
    const ltl = await start({ fullIn: fault });
    fs.writeFileSync(fault, '');
    const results = await Promise.allSettled(
      Array.from({ length: 3000 }, (_, n) => ltl.append({ n, text: 'x'.repeat(1000) })),
    );
    fs.rmSync(fault);
    const stored = new Map<number, number>();
    for (const [n, result] of results.entries()) {
      if (result.status === 'fulfilled') stored.set(Number(result.value), n);
      else if (!isLtlError(result.reason, 'E_DISK_FULL')) throw result.reason;
    }
    expect(stored.size).toBeLessThan(3000);
    await ltl.append({ n: 3000 });
    for await (const { seq, data } of ltl.range(ltl.symDATA))
      expect((data as { n: number }).n).toBe(stored.get(Number(seq)) ?? 3000);
    expect(ltl.stat('writes')).toBe(stored.size + 1);
  });

  it('of a file size limit ends the command line with 74 and every printed acknowledgement kept', () => {
    const input = path.join(folder, 'lines');
    fs.writeFileSync(input, Array.from({ length: 20_000 }, (_, n) => `line ${n} ${'x'.repeat(100)}\n`).join(''));
    const command = `ulimit -f 600; exec "${process.execPath}" "${MAIN}" append "${input}" --ack --path "${root}"`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(stderr).toContain('E_DISK_FULL');
    expect(status).toBe(74);
    const acks = stdout.split('\n').filter((line) => line !== '');
    const read = spawnSync(process.execPath, [MAIN, 'read', '--path', root], { encoding: 'utf8', maxBuffer: 2 ** 28 });
    const lines = read.stdout.split('\n').filter((line) => line !== '');
    expect(lines.length).toBeGreaterThanOrEqual(acks.length);
    const numbers = lines.map((line) => Number(/^line (\d+) x{100}$/.exec(line)?.[1]));
    // What waited behind a refused line was refused with it: the first lines are stored, without a gap.
    expect(numbers).toEqual(numbers.map((_, n) => n));
    expect(numbers.length).toBeLessThan(20_000);
  });
});

describe('a log that belongs to somebody else', () => {
  it('is E_PERMISSION to the one who opens it, and can be opened by its owner afterwards', async () => {
    const owner = await start();
    await owner.append('mine');
    await owner.close();
    fs.writeFileSync(fault, '');
    await expect(start({ forbiddenIn: fault })).rejects.toMatchObject({ code: 'E_PERMISSION' });
    fs.rmSync(fault);
    expect(await (await start()).append('mine again')).toBe(1n);
  });
});
