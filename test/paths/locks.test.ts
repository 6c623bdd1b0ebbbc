/** Locks and signals of the runtime, through the public door and with real signals of the operating system. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { open, symDATA, symHARD_LOCK, symSOFT_LOCK } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const code = (name: string) => expect.objectContaining({ code: name });
const waits = async (promise: Promise<unknown>): Promise<boolean> =>
  (await Promise.race([promise, pause(20, 'waits')])) === 'waits';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ltl-locks-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('lock 1', () => {
  it('held hard stops every other operation until it is released; the holder works within it', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    await ltl.append('before');
    const lease = await ltl.lock();
    expect(ltl.locked(1)).toEqual({ key: 1, mode: 'hard', holders: 1, waiting: 0 });
    const [append, batch, one] = [ltl.append('a'), ltl.appendBatch(['b', 'c']), ltl.one(symDATA, 0n)];
    const scan = ltl.range(symDATA).next();
    for (const each of [append, batch, one, scan]) expect(await waits(each)).toBe(true);
    expect(() => ltl.impl.append('direct')).toThrow(code('E_GATED'));
    expect(await ltl.within(lease, () => ltl.append('mine'))).toBe(1n);
    expect((await ltl.within(lease, () => ltl.one(symDATA, 1n))).data).toBe('mine');
    lease.release();
    expect(await Promise.all([append, batch])).toEqual([2n, 3n]);
    expect([(await one).data, (await scan).value?.data]).toEqual(['before', 'before']);
    expect(ltl.locked()).toEqual([]);
    expect(() => ltl.within(lease, () => ltl.append('late'))).toThrow(code('E_LOCK_NOT_HELD'));
  });

  it('held soft lets readers on and stops those that write, in turn with the next lock', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    await ltl.append('before');
    const lease = await ltl.lock(1, symSOFT_LOCK);
    expect((await ltl.one(symDATA, 0n)).data).toBe('before');
    const append = ltl.append('a');
    const next = ltl.lock(1, symHARD_LOCK);
    const late = ltl.append('b');
    expect(await waits(append)).toBe(true);
    lease.release();
    expect(await append).toBe(1n);
    const second = await next;
    expect(await waits(late)).toBe(true);
    second.release();
    expect(await late).toBe(2n);
  });

  it('ends its waits when the instance is closed', async () => {
    const ltl = await open({ 'force-all.path': dir });
    await ltl.lock();
    const [lock, append] = [ltl.lock(), ltl.append('x')];
    const ends = Promise.allSettled([lock, append]);
    await ltl.close();
    expect((await ends).map((end) => end.status === 'rejected' && end.reason.code)).toEqual(['E_CLOSED', 'E_CLOSED']);
  });
});

describe('other keys', () => {
  it('are the users’ own: modes, owners, timeouts, and a release by key', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    const lease = await ltl.lock('report', symHARD_LOCK, { owner: 'anna' });
    expect(await ltl.append('goes on')).toBe(0n);
    await expect(ltl.lock('report', symHARD_LOCK, { owner: 'anna' })).rejects.toThrow(code('E_LOCK_REENTRANT'));
    await expect(ltl.lock('report', symSOFT_LOCK, { timeoutMs: 5 })).rejects.toThrow(code('E_TIMEOUT'));
    await expect(ltl.lock('report', symSOFT_LOCK, { signal: AbortSignal.abort() })).rejects.toThrow(code('E_ABORTED'));
    ltl.release('report');
    expect(lease.held).toBe(false);
    expect(() => ltl.release('report')).toThrow(code('E_LOCK_NOT_HELD'));
    await ltl.lock(7, symSOFT_LOCK);
    await ltl.lock(7, symSOFT_LOCK);
    expect(() => ltl.release(7)).toThrow(code('E_LOCK_AMBIGUOUS'));
    expect(ltl.locked()).toEqual([{ key: 7, mode: 'soft', holders: 2, waiting: 0 }]);
    expect(ltl.locked('nobody')).toEqual({ key: 'nobody', mode: 'free', holders: 0, waiting: 0 });
  });
});

describe('signals', () => {
  it('are one a name, with the reset they were made with', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    const waiting = ltl.SIGNAL('go').wait();
    ltl.SIGNAL('go').set();
    await waiting;
    ltl.SIGNAL('gate', { resets: 'manual' }).set();
    expect(Object.keys(ltl.SIGNALS)).toEqual(['go', 'gate']);
    expect([ltl.SIGNALS['gate']?.isSet, ltl.SIGNALS['go']?.isSet]).toEqual([true, false]);
    expect(() => ltl.SIGNAL('go', { resets: 'manual' })).toThrow(code('E_ARGUMENT'));
  });

  it('of the operating system nap, wake, announce and end an instance that was told to take them', async () => {
    const script = join(import.meta.dirname, 'os-signals.mjs');
    const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const hear = async (word: string): Promise<void> => {
      for (let i = 0; i < 4000 && !said.endsWith(`${word}\n`); i++) await pause(5);
      expect(said).toMatch(new RegExp(`${word}\n$`));
    };
    await hear('ready');
    for (const [signal, word] of [
      ['SIGUSR2', 'nap'],
      ['SIGUSR2', 'awake'],
      ['SIGHUP', 'reopen'],
    ] as const) {
      child.kill(signal);
      await hear(word);
    }
    child.kill('SIGTERM');
    const [, signal] = (await once(child, 'exit')) as [number | null, string];
    expect(signal).toBe('SIGTERM');
    await using ltl = await open({ 'force-all.path': dir });
    expect((await ltl.one(symDATA, 0n)).data).toBe('kept');
  });

  it('of the operating system find nothing to nap in an instance that only reads', async () => {
    await (await open({ 'force-all.path': dir })).close();
    await using reader = await open({ 'force-all.path': dir }, { readOnly: true, osSignals: true });
    const failures: unknown[] = [];
    const note = (reason: unknown): void => void failures.push(reason);
    process.on('unhandledRejection', note);
    process.kill(process.pid, 'SIGUSR2');
    await reader.SIGNAL('SIGUSR2').wait();
    await pause(20);
    process.off('unhandledRejection', note);
    expect([failures, reader.status().sleep.depth]).toEqual([[], 'awake']);
  });

  it('of the operating system are left alone unless asked for, and given back at the end', async () => {
    const before = process.listenerCount('SIGUSR2');
    await using ltl = await open({ 'force-all.path': dir });
    expect([process.listenerCount('SIGUSR2'), ltl.flags.ready]).toEqual([before, true]);
    await ltl.close();
    const taker = await open({ 'force-all.path': dir }, { osSignals: ['SIGUSR2'] });
    expect([process.listenerCount('SIGUSR2'), process.listenerCount('SIGHUP')]).toEqual([before + 1, 0]);
    await taker.close();
    expect(process.listenerCount('SIGUSR2')).toBe(before);
    await expect(open({ 'force-all.path': dir }, { osSignals: ['SIGUSR1' as 'SIGHUP'] })).rejects.toThrow(
      code('E_ARGUMENT'),
    );
  });
});
