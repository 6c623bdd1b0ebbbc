/** Opening and closing at the edges: what a failed open leaves, what a closed instance says, how programs end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ltl, open, symDATA, symSLEEP_NAP } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ltl-lifecycle-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const code = (name: string): unknown => expect.objectContaining({ code: name });

/** Runs endings.mjs to its end. */
async function end(ending: string): Promise<{ status: number | null; signal: string | null; stdout: string }> {
  const script = join(import.meta.dirname, 'endings.mjs');
  const child = spawn(process.execPath, [script, ending, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { status, signal, stdout };
}

async function lastOf(store: string): Promise<unknown> {
  await using reader = await open({ 'force-all.path': join(dir, store) }, { readOnly: true });
  return (await reader.range(symDATA, { reverse: true }).next()).value?.data;
}

describe('open', () => {
  it('that fails late holds neither lock nor listeners', async () => {
    const wrong = { osSignals: ['SIGTERM', 'SIGKILL' as 'SIGHUP'] } as const;
    const before = process.listenerCount('SIGTERM');
    await expect(open({ 'force-all.path': dir }, wrong)).rejects.toThrow(code('E_ARGUMENT'));
    expect(process.listenerCount('SIGTERM')).toBe(before);
    await using ltl = await open({ 'force-all.path': dir });
    expect(await ltl.append(1)).toBe(0n);
  });

  it('to read says E_NO_STORE where there is something else', async () => {
    writeFileSync(join(dir, 'log'), 'a file');
    await expect(open({ 'force-all.path': dir }, { readOnly: true })).rejects.toThrow(code('E_NO_STORE'));
    await expect(open({ 'force-all.path': join(dir, 'log') }, { readOnly: true })).rejects.toThrow(code('E_NO_STORE'));
    mkdirSync(join(dir, 'empty'));
    await expect(open({ 'force-all.path': join(dir, 'empty') }, { readOnly: true })).rejects.toThrow(
      code('E_NO_STORE'),
    );
  });
});

describe('append', () => {
  it('refuses options that it does not know instead of leaving out what they were to ask for', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    for (const options of [{ mesage: 'event' }, null, '3'] as never[]) {
      await expect(ltl.append({ a: 1 }, options)).rejects.toThrow(code('E_ARGUMENT'));
      await expect(ltl.appendBatch([{ a: 1 }], options)).rejects.toThrow(code('E_ARGUMENT'));
    }
    expect(await ltl.append({ a: 1 }, { pr: 9 })).toBe(0n);
  });
});

describe('reserve', () => {
  it('writes spare segments ahead, from the moment of opening on, and says how many bytes there are', async () => {
    await using ltl = await open({ 'force-all.path': dir, 'log.segment.bytes': 65_536 });
    expect(await ltl.reserve(5 * 65_536)).toBe(5 * 65_536);
    const spares = readdirSync(join(dir, 'log')).filter((name) => name.startsWith('spare-'));
    expect(spares.map((name) => statSync(join(dir, 'log', name)).size)).toEqual(Array(5).fill(65_536));
    await expect(ltl.reserve(-1)).rejects.toThrow(code('E_ARGUMENT'));
  });
});

describe('drill', () => {
  it('waits for an actor that is still coming up, so that it fails for certain', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    await ltl.drill('auditor', 'throw');
    while (ltl.stat('restarts') < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(ltl.status().actors.find(({ id }) => id === 'auditor')?.lastExit).not.toBeNull();
  });
});

describe('a closed instance', () => {
  it('says so to every call but those that only tell', async () => {
    const ltl: Ltl = await open({ 'force-all.path': dir });
    await ltl.append('kept');
    const accepted = ltl.append('accepted before');
    await ltl.close();
    expect(await accepted).toBe(1n);
    const calls = [
      ltl.append(1),
      ltl.appendBatch([1]),
      ltl.one(symDATA, 0n),
      ltl.some(symDATA, {}, 1),
      ltl.raw(0n),
      ltl.verify(),
      ltl.idle(),
      ltl.sleep(symSLEEP_NAP),
      ltl.awake(),
      ltl.reserve(1),
      ltl.retain({ maxBytes: 1 }),
      ltl.drill('queue', 'throw'),
    ];
    for (const result of await Promise.allSettled(calls))
      expect(result).toEqual({ status: 'rejected', reason: code('E_CLOSED') });
    expect(() => ltl.message('late', { a: 'any' })).toThrow(code('E_CLOSED'));
    expect(() => ltl.producer()).toThrow(code('E_CLOSED'));
    expect(ltl.status()).toMatchObject({ phase: 'closed', nextSeq: '2' });
    await ltl.close();
  });
});

describe('an instance that is closed while it naps', () => {
  it('answers those who wait for its waking, before and after', async () => {
    const ltl = await open({ 'force-all.path': dir });
    await ltl.sleep(symSLEEP_NAP, { wakeAfterMs: Number.POSITIVE_INFINITY });
    const waiting = ltl.idle();
    const refused = expect(waiting).rejects.toThrow(code('E_CLOSED'));
    await ltl.close();
    await refused;
    await expect(ltl.idle()).rejects.toThrow(code('E_CLOSED'));
  });
});

describe('a program', () => {
  it('that never closes ends by itself, and not before all that it appended is acknowledged', async () => {
    expect(await end('forgotten')).toEqual({ status: 0, signal: null, stdout: '2000\n' });
    expect([await lastOf('one'), await lastOf('two')]).toEqual([1999, 1999]);
    await using ltl = await open({ 'force-all.path': join(dir, 'one') });
    expect(await ltl.append('next')).toBe(2000n);
  });

  it('with two instances that take SIGTERM ends by it when both have closed in order', async () => {
    const { signal } = await end('signal');
    expect(signal).toBe('SIGTERM');
    expect([await lastOf('one'), await lastOf('two')]).toEqual([1999, 'last words']);
  });
});
