/**
 * The walk of a failure, through the public door: an actor dies in the middle of appends, and nothing acknowledged is
 * lost, nothing is stored twice, and every promise settles.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, symDATA } from 'ltl';
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
