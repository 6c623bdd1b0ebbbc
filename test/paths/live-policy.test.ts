/** Policies on a real instance, through the public door and with real threads. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Ltl, open, symSLEEP_DEEP, symSLEEP_NAP } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { definePolicy } from '../../src/policy/define.js';
import { parseRecord } from '../../src/policy/record.js';
import { replay } from '../../src/policy/replay.js';
import { parsePolicy } from '../../src/policy/spec.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ltl-live-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const store = (): Promise<Ltl> => open({ 'force-all.path': join(dir, 'store') });

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(5);
}

const depthOf = (ltl: Ltl): string => ltl.status().sleep.depth;

describe('ltl.policy', () => {
  it('naps by itself when all is verified and indexed, wakes at an arrival, and status() says why', async () => {
    await using ltl = await store();
    await ltl.index({ val_match: ['user'] });
    await ltl.policy('timeout:30');
    await ltl.append({ user: 'ann' });
    expect(ltl.status().policy).toMatchObject({ policy: 'timeout:30', state: 'awake', isBusy: true });
    await until(() => depthOf(ltl) === 'nap');
    expect(ltl.stat('unverified')).toBe(0);
    expect(ltl.status().policy).toMatchObject({ state: 'asleep', reason: 'timeout', isBusy: false, nextTimerMs: null });
    expect(ltl.status().sleep).toMatchObject({ by: 'policy', why: 'policy timeout:30: timeout', wakeAtMs: null });
    expect(ltl.flags.sleeping).toBe(true);
    await ltl.append({ user: 'bob' });
    expect(ltl.status().policy).toMatchObject({ state: 'awake', reason: 'arrival' });
    expect(ltl.status().sleep).toMatchObject({ depth: 'awake', by: null });
    await ltl.idle();
    await until(() => depthOf(ltl) === 'nap');
    const report = await ltl.policy(null);
    expect(report).toMatchObject({ policy: 'timeout:30', failure: null, actual: { records: 2, wakes: 1, sleeps: 2 } });
    expect(report?.actual.visibilityMaxMs).toBeGreaterThan(0);
    expect(depthOf(ltl)).toBe('awake');
    expect(ltl.status().policy).toBe(null);
    expect(ltl.policyReport()).toBe(null);
  });

  it('lets work gather: a count policy sleeps through single records and wakes for the third', async () => {
    await using ltl = await store();
    await ltl.policy('count:3');
    expect(depthOf(ltl)).toBe('nap');
    await ltl.append('one');
    await ltl.append('two');
    await pause(60);
    expect(ltl.stat('verifiedSeq')).toBe(0);
    expect(ltl.status().policy).toMatchObject({ state: 'asleep', blockedBy: ['2 records are not verified yet'] });
    await ltl.append('three');
    await until(() => ltl.stat('verifiedSeq') === 3 && depthOf(ltl) === 'nap');
    expect((await ltl.policy(null))?.reasons).toEqual({ start: 1, full: 1, drained: 1 });
  });

  it('a user’s sleep is nobody else’s to end, and a user’s awake() ends the policy’s nap', async () => {
    await using ltl = await store();
    await ltl.policy('timeout:10');
    await ltl.append('x');
    await until(() => depthOf(ltl) === 'nap');
    await ltl.sleep(symSLEEP_NAP, { wakeAfterMs: 60_000 });
    expect(ltl.status().sleep.by).toBe('user');
    await ltl.append('y');
    await pause(40);
    expect(depthOf(ltl)).toBe('nap');
    expect(ltl.status().policy).toMatchObject({ state: 'awake', reason: 'arrival', isBusy: true });
    expect(ltl.status().policy?.blockedBy).toContain('your own sleep lasts: sleep(symSLEEP_NAP) was called');
    await ltl.awake();
    expect(depthOf(ltl)).toBe('awake');
    await until(() => depthOf(ltl) === 'nap');
    await ltl.awake();
    expect(ltl.status().policy).toMatchObject({ state: 'awake', reason: 'user' });
    await until(() => depthOf(ltl) === 'nap');
  });

  it('verify() and a lock of key 1 keep it awake, and it naps when they are over', async () => {
    await using ltl = await store();
    const lease = await ltl.lock();
    await ltl.policy('every:50');
    expect(ltl.status().policy).toMatchObject({ state: 'asleep', blockedBy: ['lock 1 is held or waited for'] });
    expect(depthOf(ltl)).toBe('awake');
    lease.release();
    await until(() => depthOf(ltl) === 'nap');
    const woken = ltl.awake();
    const verified = ltl.verify();
    expect(ltl.status().policy?.blockedBy).toContain('verify() is under way');
    let isOver = false;
    const over = verified.finally(() => (isOver = true));
    while (!isOver) {
      expect(depthOf(ltl)).toBe('awake');
      await new Promise((resolve) => setImmediate(resolve));
    }
    await woken;
    expect((await over).damages).toEqual([]);
    await until(() => depthOf(ltl) === 'nap');
  });

  it('a state that refuses is a deep sleep: the record that finds it is lost and wakes it', async () => {
    await using ltl = await store();
    await ltl.policy('timeout:10+states:deep=0/50/1/refuse');
    await ltl.append('x');
    await until(() => depthOf(ltl) === 'deep');
    await expect(ltl.append('lost')).rejects.toMatchObject({ code: 'E_SLEEPING_DEEP' });
    expect(await ltl.append('kept')).toBe(1n);
    expect((await ltl.policy(null))?.actual).toMatchObject({ records: 2, refusals: 1, wakes: 1 });
    await ltl.policy('timeout:10');
    await ltl.sleep(symSLEEP_DEEP);
    await expect(ltl.append('not the policy’s')).rejects.toMatchObject({ code: 'E_SLEEPING_DEEP' });
    expect((await ltl.policy(null))?.actual).toMatchObject({ records: 0, refusals: 0 });
  });

  it('records of other threads are arrivals too', async () => {
    await using ltl = await store();
    await ltl.policy('timeout:20');
    const handle = ltl.producer();
    const code = `import { workerData, parentPort } from 'node:worker_threads';
      const { attach } = await import(workerData.door);
      const producer = attach(workerData.handle);
      parentPort.on('message', async (count) => {
        if (count === 0) { await producer.close(); parentPort.close(); return; }
        for (let n = 0; n < count; n++) await producer.append({ n });
        parentPort.postMessage('done');
      });`;
    const door = new URL('../../dist/src/ltl.js', import.meta.url).href;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
      workerData: { handle, door },
    });
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    for (const count of [5, 7]) {
      const done = new Promise((resolve) => worker.once('message', resolve));
      worker.postMessage(count);
      await done;
      await until(() => depthOf(ltl) === 'nap');
    }
    await ltl.append('mine');
    await until(() => ltl.policyReport()?.actual.records === 13);
    expect((await ltl.policy(null))?.actual.wakes).toBeGreaterThanOrEqual(1);
    worker.postMessage(0);
    await exited;
  });

  it('what a run records, the simulator replays to the identical log; shadows and prediction stand beside it', async () => {
    const path = join(dir, 'record.ndjson');
    const ltl = await store();
    const calibration = {
      service: 'each:0.01,0',
      wakeMs: { asleep: 5 },
      pickUpMs: 30,
      syncMs: 0.5,
      cpu: { recordMs: 0.01, groupMs: 0.1, turnMs: 1, passMs: 1, wakeMs: 1 },
    };
    await ltl.policy('timeout:15,40', { record: path, shadows: ['count:4', 'oracle:40'], calibration });
    await ltl.append('first');
    await until(() => depthOf(ltl) === 'nap');
    for (let burst = 0; burst < 6; burst++) {
      await Promise.all(Array.from({ length: 5 }, (_, n) => ltl.append({ burst, n })));
      await pause([5, 60, 150][burst % 3]);
    }
    await until(() => depthOf(ltl) === 'nap');
    const live = ltl.policyReport();
    expect(live?.shadows.map(({ policy }) => policy)).toEqual(['count:4', 'oracle:40']);
    expect(live?.shadows[0]?.outcome).toMatchObject({ records: 31 });
    expect(live?.predicted).toMatchObject({ records: 31 });
    expect(live?.predicted?.cpuMs).toBeGreaterThan(1);
    await ltl.close();
    const record = parseRecord(readFileSync(path, 'utf8'), path);
    expect(record.events.at(-1)).toMatchObject({ event: 'end', actual: { records: 31 } });
    const found = replay(record, parsePolicy('timeout:15,40'), 60_000);
    expect(found.difference).toBe(null);
    expect(found.changes.length).toBeGreaterThan(1);
    expect(replay(record, parsePolicy('timeout:16,40'), 60_000).difference).toMatch(/the run had .* the simulator has/);
  });

  it('a policy that throws is ended by name: the instance goes on awake', async () => {
    await using ltl = await store();
    const broken = definePolicy({
      spec: 'broken',
      memory: null,
      decide: ({ kind }) => {
        if (kind === 'drained') throw new Error('out of ideas');
        return { state: 0, timerMs: Infinity, reason: 'stay', memory: null };
      },
    });
    await ltl.policy(broken);
    await ltl.append('x');
    await until(() => ltl.status().policy?.failure !== null);
    expect(ltl.status().policy?.failure).toEqual({ code: 'E_POLICY', message: 'broken failed: out of ideas' });
    expect(await ltl.append('goes on')).toBe(1n);
    expect(depthOf(ltl)).toBe('awake');
    expect((await ltl.policy('timeout:50'))?.failure).toMatchObject({ code: 'E_POLICY' });
    expect(ltl.status().policy?.failure).toBe(null);
  });

  it('calls that overlap take effect in their order', async () => {
    await using ltl = await store();
    const reports = await Promise.all(['timeout:50', 'count:5', null, 'every:40'].map((spec) => ltl.policy(spec)));
    expect(reports.map((report) => report?.policy ?? null)).toEqual([null, 'timeout:50', 'count:5', null]);
    expect(ltl.status().policy?.policy).toBe('every:40');
  });

  it('closing while it naps loses nothing, and ends the record', async () => {
    const path = join(dir, 'record.ndjson');
    const ltl = await store();
    await ltl.policy('count:1000', { record: path });
    const seqs = await Promise.all(Array.from({ length: 50 }, (_, n) => ltl.append(n)));
    expect(seqs.at(-1)).toBe(49n);
    expect(depthOf(ltl)).toBe('nap');
    await ltl.close();
    expect(parseRecord(readFileSync(path, 'utf8'), path).events.at(-1)).toMatchObject({ event: 'end' });
    await expect(ltl.policy('timeout:5')).rejects.toMatchObject({ code: 'E_CLOSED' });
    await using again = await store();
    await again.idle();
    expect(again.status().nextSeq).toBe('50');
  });

  it('an actor that dies while a policy runs is waited for: the policy goes on', async () => {
    await using ltl = await store();
    await ltl.policy('timeout:20');
    await ltl.append('x');
    await ltl.drill('auditor', 'throw');
    await ltl.drill('indexer', 'exit');
    await until(() => depthOf(ltl) === 'nap');
    await ltl.append('y');
    await until(() => depthOf(ltl) === 'nap' && ltl.stat('unverified') === 0);
    expect(ltl.status().policy?.failure).toBe(null);
  });

  it('mistakes are refused by name, and the policy that runs goes on', async () => {
    await using ltl = await store();
    await ltl.policy('timeout:1000');
    const cases: [unknown, object | undefined, string, RegExp][] = [
      ['tmeout:50', undefined, 'E_POLICY', /no policy is named 'tmeout'; did you mean timeout\?/],
      ['timeout:-5', undefined, 'E_POLICY', /T is a number from 0, not '-5'/],
      ['oracle:50', undefined, 'E_POLICY', /can be simulated, not run/],
      [5, undefined, 'E_ARGUMENT', /a policy is a text/],
      [{}, undefined, 'E_ARGUMENT', /a policy is a text/],
      ['timeout:5', { shadows: ['never'] }, 'E_POLICY', /no policy is named 'never'/],
      ['timeout:5', { shadows: 'timeout:5' }, 'E_ARGUMENT', /shadows must be an array/],
      ['timeout:5', { seed: 0.5 }, 'E_ARGUMENT', /seed must be a whole number/],
      ['timeout:5', { calibration: join(dir, 'absent.json') }, 'E_NO_INPUT', /absent.json cannot be read/],
      ['timeout:5', { record: join(dir, 'no', 'where') }, 'E_PERMISSION', /cannot be written/],
      ['calendar:absent', undefined, 'E_NO_INPUT', /absent cannot be read/],
    ];
    for (const [policy, options, code, message] of cases)
      await expect(ltl.policy(policy as string, options as never), String(policy)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
    expect(ltl.status().policy).toMatchObject({ policy: 'timeout:1000', failure: null });
    await using reader = await open({ 'force-all.path': join(dir, 'store') }, { readOnly: true });
    await expect(reader.policy('timeout:5')).rejects.toMatchObject({ code: 'E_READ_ONLY' });
    expect(reader.status().policy).toBe(null);
  });
});
