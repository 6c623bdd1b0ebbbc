/** The walk of a control event: sleep and waking, phases, refusals by name, through the public door. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { open, symDATA, symREADS, symSLEEP_DEEP, symSLEEP_NAP, symWRITES } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ltl-control-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('sleep', () => {
  it('in NAP appends are durable and readable by seq, nothing is verified, and awake() catches up', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    await ltl.append('before');
    await ltl.sleep(symSLEEP_NAP);
    const verified = ltl.stat('verifiedSeq');
    expect(ltl.flags.sleeping).toBe(true);
    expect(await ltl.append('napping')).toBe(1n);
    expect((await ltl.one(symDATA, 1n)).data).toBe('napping');
    await pause(150);
    expect(ltl.stat('verifiedSeq')).toBe(verified);
    expect(ltl.stat('unverified')).toBeGreaterThan(0);
    expect(ltl.status().sleep).toMatchObject({
      depth: 'nap',
      reads: 'open',
      writes: 'open',
      why: 'sleep(symSLEEP_NAP) was called',
    });
    await ltl.awake();
    while (ltl.stat('verifiedSeq') < 2) await pause(10);
    expect(ltl.status().sleep).toMatchObject({ depth: 'awake', why: 'awake() was called', wakeAtMs: null });
    expect(ltl.flags.sleeping).toBe(false);
  });

  it('in DEEP appends and reads are refused by name and status() answers', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    await ltl.append('before');
    await ltl.sleep(symSLEEP_DEEP);
    await expect(ltl.append('x')).rejects.toMatchObject({ code: 'E_SLEEPING_DEEP' });
    await expect(ltl.appendBatch(['x'])).rejects.toMatchObject({ code: 'E_SLEEPING_DEEP' });
    expect(() => ltl.impl.append('x')).toThrow(expect.objectContaining({ code: 'E_SLEEPING_DEEP' }));
    await expect(ltl.one(symDATA, 0n)).rejects.toMatchObject({ code: 'E_SLEEPING_DEEP' });
    expect(ltl.status().sleep.depth).toBe('deep');
    expect(ltl.flags.write).toBe(false);
    await ltl.awake();
    expect(await ltl.append('after')).toBe(1n);
  });

  it('depth, reads and writes are orthogonal: each side is refused alone, and a NAP leaves a sleeping side asleep', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    await ltl.append('before');
    await ltl.sleep(symREADS);
    await expect(ltl.one(symDATA, 0n)).rejects.toMatchObject({ code: 'E_SLEEPING_READS' });
    expect(() => ltl.range(symDATA)).toThrow(expect.objectContaining({ code: 'E_SLEEPING_READS' }));
    expect(await ltl.append('reads sleep')).toBe(1n);
    await ltl.sleep(symWRITES);
    await ltl.sleep(symSLEEP_NAP);
    await expect(ltl.append('x')).rejects.toMatchObject({ code: 'E_SLEEPING_WRITES' });
    expect(ltl.status().sleep).toMatchObject({ depth: 'nap', reads: 'asleep', writes: 'asleep' });
    await ltl.awake();
    expect((await ltl.one(symDATA, 1n)).data).toBe('reads sleep');
    expect(await ltl.append('awake')).toBe(2n);
  });

  it('every sleep ends at its wake-up time, and only then by itself', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    // Gates and status follow at once; the promise waits for the actors.
    const asleep = ltl.sleep(symSLEEP_DEEP, { wakeAfterMs: 120 });
    const { wakeAtMs, sinceMs } = ltl.status().sleep;
    expect((wakeAtMs as number) - (sinceMs as number)).toBeGreaterThanOrEqual(115);
    await expect(ltl.append('x')).rejects.toMatchObject({ code: 'E_SLEEPING_DEEP' });
    while (ltl.status().sleep.depth !== 'awake') await pause(10);
    await asleep;
    expect(ltl.status().sleep.why).toBe('its wake-up time came');
    expect(await ltl.append('after')).toBe(0n);
    await ltl.sleep(symSLEEP_NAP, { wakeAfterMs: Number.POSITIVE_INFINITY });
    expect(ltl.status().sleep.wakeAtMs).toBe(null);
  });

  it('ends with the instance', async () => {
    const ltl = await open({ 'force-all.path': dir });
    await ltl.sleep(symSLEEP_DEEP);
    await ltl.sleep(symREADS);
    const closed = ltl.close();
    await expect(ltl.append('x')).rejects.toThrow(/E_(SLEEPING_DEEP|CLOSED)/);
    await closed;
    expect(ltl.status().sleep).toEqual({
      depth: 'awake',
      reads: 'open',
      writes: 'open',
      sinceMs: null,
      wakeAtMs: null,
      why: 'the instance was closed',
      by: null,
    });
    expect(ltl.flags.sleeping).toBe(false);
    await expect(ltl.append('x')).rejects.toMatchObject({ code: 'E_CLOSED' });
  });

  it('a wrong symbol or time is refused by name', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    await expect(ltl.sleep(symDATA)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    await expect(ltl.sleep(symSLEEP_NAP, { wakeAfterMs: 0 })).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    await expect(ltl.sleep(symSLEEP_NAP, { wakeAfterMs: Number.NaN })).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    expect(ltl.flags.sleeping).toBe(false);
  });
});

describe('phases', () => {
  it('close() makes everything accepted durable, then refuses by name; a second close is the same', async () => {
    const ltl = await open({ 'force-all.path': dir });
    const promises = Array.from({ length: 500 }, (_, n) => ltl.append(n));
    await Promise.all([ltl.close(), ltl.close()]);
    expect(await Promise.all(promises)).toEqual(Array.from({ length: 500 }, (_, n) => BigInt(n)));
    await expect(ltl.append('late')).rejects.toMatchObject({ code: 'E_CLOSED' });
    await expect(ltl.one(symDATA, 0n)).rejects.toMatchObject({ code: 'E_CLOSED' });
    expect(ltl.status().phase).toBe('closed');
    await using again = await open({ 'force-all.path': dir });
    expect(await again.append('next')).toBe(500n);
    expect(again.status().writer?.life).toBe(2);
  });

  it('a folder that a live writer holds is refused, with who it is; closing frees it', async () => {
    const ltl = await open({ 'force-all.path': dir });
    await expect(open({ 'force-all.path': dir })).rejects.toMatchObject({
      code: 'E_LOCKED',
      details: { pid: process.pid },
    });
    await ltl.append('still writing');
    await ltl.close();
    await (await open({ 'force-all.path': dir })).close();
  });

  it('a reader sees what a writer acknowledged, cannot write, and needs a store', async () => {
    await expect(open({ 'force-all.path': join(dir, 'none') }, { readOnly: true })).rejects.toMatchObject({
      code: 'E_NO_STORE',
    });
    await using ltl = await open({ 'force-all.path': dir });
    await ltl.appendBatch(['a', 'b']);
    await using reader = await open({ 'force-all.path': dir }, { readOnly: true });
    expect((await reader.one(symDATA, 1n)).data).toBe('b');
    await ltl.append('c');
    expect((await reader.one(symDATA, 2n)).data).toBe('c');
    await expect(reader.append('x')).rejects.toMatchObject({ code: 'E_READ_ONLY' });
    await expect(reader.sleep(symSLEEP_NAP)).rejects.toMatchObject({ code: 'E_READ_ONLY' });
    expect(reader.status()).toMatchObject({ readOnly: true, nextSeq: '3' });
  });

  it('an unknown key or a bad value is refused and names the nearest key', async () => {
    await expect(open({ 'force-al.path': dir } as object)).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining('force-all.path'),
    });
    await expect(open({ 'force-all.path': '' })).rejects.toMatchObject({ code: 'E_CONFIG' });
    // Direct writing moves whole pages.
    await expect(open({ 'force-all.path': dir, 'log.segment.bytes': 100_000 })).rejects.toThrow('multiple of 4096');
    await expect(open({ 'force-all.path': dir, 'can.index': 2 as 1 })).rejects.toMatchObject({ code: 'E_CONFIG' });
  });

  it('a batch with one bad record queues none of it, and the next batch is whole', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    const bad = [...Array.from({ length: 40 }, (_, n) => ({ n, text: 'some' })), { n: 1, text: () => 1 }];
    await expect(ltl.appendBatch(bad)).rejects.toMatchObject({
      code: 'E_UNENCODABLE',
      details: { index: 40, path: '$.text' },
    });
    expect(await ltl.appendBatch(bad.slice(0, 40))).toBe(0n);
    expect(await ltl.append({ n: 40, text: 'other' })).toBe(40n);
    expect((await ltl.one(symDATA, 39n)).data).toEqual({ n: 39, text: 'some' });
    expect((await ltl.one(symDATA, 40n)).data).toEqual({ n: 40, text: 'other' });
  });

  it('tickets: the cheap form is durable when durable() says so, and unknown tickets are refused', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    const tickets = Array.from({ length: 100 }, (_, n) => ltl.impl.append({ n }));
    await ltl.durable(tickets.at(-1) as number);
    await ltl.durable(tickets[3] as number);
    expect(ltl.status().nextSeq).toBe('100');
    await expect(ltl.durable(100)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    await ltl.flush();
  });
});
