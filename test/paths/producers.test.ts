/** Several threads append through rings of their own; each keeps its order, and no seq is given twice. */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { attach, open, symDATA } from 'ltl';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ltl-producers-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Said {
  readonly seqs: bigint[];
  readonly refused: string | null;
}

function produce(workerData: object): Promise<Said> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('../fixtures/producer.mjs', import.meta.url), { workerData });
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}

describe('producers in other threads', () => {
  it('a thread that ends without closing its producer gives its place back, once what it published is stored', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    const handle = ltl.producer();
    expect(() => {
      for (;;) ltl.producer();
    }).toThrow('E_LIMIT');
    const program = `
      import { workerData } from 'node:worker_threads';
      const { attach } = await import(workerData.ltl);
      const producer = attach(workerData.handle);
      for (let n = 0; n < 1000; n += 1) producer.enqueue({ n });
      await null;
      process.exit(3);`;
    const workerData = { handle, ltl: import.meta.resolve('ltl') };
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), { workerData });
    expect((await once(worker, 'exit'))[0]).toBe(3);
    await expect.poll(() => ltl.status().nextSeq).toBe('1000');
    const next = await vi.waitFor(() => attach(ltl.producer()));
    expect(await next.append('after')).toBe(1000n);
    expect(() => ltl.producer()).toThrow('E_LIMIT');
    await next.close();
  });

  it('refuse to be attached twice', async () => {
    await using ltl = await open({ 'force-all.path': dir });
    const handle = ltl.producer();
    const producer = attach(handle);
    expect(() => attach(handle)).toThrow('E_ARGUMENT');
    await producer.close();
  });

  it('three threads and the caller append at once, while the queue is killed: all is stored once and in each one’s order', async () => {
    await using ltl = await open({ 'force-all.path': dir, 'log.segment.bytes': 256 * 1024 });
    const count = 3000;
    const threads = ['a', 'b', 'c'].map((who) => produce({ handle: ltl.producer(), who, count, inFlight: 32 }));
    const own = Array.from({ length: count }, (_, n) => ltl.append({ who: 'caller', n }));
    await ltl.drill('queue', 'throw');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await ltl.drill('queue', 'terminate').catch(() => undefined);
    const all = [...(await Promise.all(threads)), { seqs: await Promise.all(own), refused: 'E_CLOSED' }];
    for (const { seqs, refused } of all) {
      expect(seqs).toHaveLength(count);
      expect(seqs.every((seq, n) => n === 0 || seq > (seqs[n - 1] as bigint))).toBe(true);
      expect(refused).toBe('E_CLOSED');
    }
    const every = all.flatMap(({ seqs }) => seqs);
    expect(new Set(every).size).toBe(4 * count);
    expect(every.reduce((most, seq) => (seq > most ? seq : most))).toBe(BigInt(4 * count - 1));
    for (const [index, who] of ['a', 'b', 'c', 'caller'].entries()) {
      for (const n of [0, 1, 999, count - 1]) {
        expect((await ltl.one(symDATA, all[index]?.seqs[n] as bigint)).data).toEqual({ who, n });
      }
    }
  });
});
