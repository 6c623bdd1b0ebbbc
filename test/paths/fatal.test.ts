/** The end of patience: an actor that fails again and again makes the runtime refuse appends by name, and nobody hangs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { attach, open, symDATA } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ltl-fatal-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('a queue that fails beyond its restart budget', () => {
  it('ends in the fatal state: appends are refused, pending ones rejected by name, reads go on, the folder can be opened again', async () => {
    const ltl = await open({ 'force-all.path': dir });
    await ltl.append('stored');
    const producer = attach(ltl.producer());
    await producer.append('stored too');
    const outcomes: Promise<unknown>[] = [];
    while (!ltl.flags.fatal) {
      const outcome = Promise.all([ltl.append('perhaps'), producer.append('perhaps')]).catch((error: unknown) => error);
      outcomes.push(outcome);
      // The last one finds nobody to drill.
      await Promise.allSettled([ltl.drill('queue', 'throw')]);
      await pause(20);
    }
    for (const outcome of await Promise.all(outcomes)) {
      if (!Array.isArray(outcome)) expect(outcome).toMatchObject({ code: 'E_FATAL' });
    }
    await expect(ltl.append('x')).rejects.toMatchObject({ code: 'E_FATAL' });
    await expect(producer.append('x')).rejects.toMatchObject({ code: 'E_FATAL' });
    // The actors behind the queue went with it: nobody waits for them.
    await expect(ltl.index({ val_match: ['level'] })).rejects.toMatchObject({ code: 'E_FATAL' });
    await expect(ltl.idle()).rejects.toMatchObject({ code: 'E_FATAL' });
    await expect(ltl.reserve(1)).rejects.toMatchObject({ code: 'E_FATAL' });
    expect((await ltl.one(symDATA, 0n)).data).toBe('stored');
    expect(ltl.status()).toMatchObject({ phase: 'failed', failure: { code: 'E_FATAL' } });
    await ltl.close();
    await using again = await open({ 'force-all.path': dir });
    expect((await again.one(symDATA, 1n)).data).toBe('stored too');
    await again.append('goes on');
  });

  it('a producer whose runtime closes before its record is acknowledged is told so', async () => {
    const ltl = await open({ 'force-all.path': dir });
    const producer = attach(ltl.producer());
    await producer.append('first');
    const closing = ltl.close();
    const late = producer.append('late').then(
      (seq) => seq,
      (error: { code: string }) => error.code,
    );
    await closing;
    expect([1n, 'E_CLOSED']).toContain(await late);
  });
});
