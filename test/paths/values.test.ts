/** What goes in and comes out of the log through the door: sizes at the limit, values at the edge, and what is refused. */
import { isLtlError, type Ltl, open, symDATA } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scratch } from './process.js';

let folder: string;
let remove: () => void;
beforeEach(() => {
  ({ folder, remove } = scratch());
});
afterEach(() => remove());

const RECORD_BYTES_MAX = 16 * 1024 * 1024;
/** The MessagePack header of a long string or byte array. */
const HEADER_BYTES = 5;

describe('the largest records', () => {
  it('follow one another, and the byte more is refused by name', async () => {
    const ltl = await open({ 'force-all.path': folder });
    const largest = new Uint8Array(RECORD_BYTES_MAX - HEADER_BYTES).fill(7);
    for (const seq of [0n, 1n, 2n]) {
      largest[0] = Number(seq);
      expect(await ltl.append(largest)).toBe(seq);
      expect(Buffer.compare((await ltl.one(symDATA, seq)).data as Uint8Array, largest)).toBe(0);
    }
    const over = new Uint8Array(largest.length + 1);
    await expect(ltl.append(over)).rejects.toMatchObject({ code: 'E_TOO_LARGE' });
    await expect(ltl.appendBatch([1, over])).rejects.toMatchObject({ code: 'E_TOO_LARGE', details: { index: 1 } });
    expect(await ltl.append('after')).toBe(3n);
    await ltl.close();
  });
});

describe('a getter that calls the log while its record is being encoded', () => {
  /** What is refused is refused by name; what is not must do no harm. */
  const calls: Record<string, (ltl: Ltl) => unknown> = {
    append: (ltl) => ltl.append('from within'),
    appendBatch: (ltl) => ltl.appendBatch(['from within']),
    flush: (ltl) => ltl.flush(),
    durable: (ltl) => ltl.durable(0),
    idle: (ltl) => ltl.idle(),
    message: (ltl) => Promise.resolve().then(() => ltl.message('late', { a: 'any' })),
    'message at once': (ltl) => ltl.message('now', { a: 'any' }),
    one: (ltl) => ltl.one(symDATA, 0),
  };
  it.each(Object.entries(calls))(
    '%s: the batch is stored whole or, when another record is wrong, not at all',
    async (_, call) => {
      const ltl = await open({ 'force-all.path': folder });
      await ltl.append({ a: 0 });
      const refusals: unknown[] = [];
      const calling = {
        get a() {
          try {
            Promise.resolve(call(ltl)).catch((error: unknown) => refusals.push(error));
          } catch (error) {
            refusals.push(error);
          }
          return 2;
        },
      };
      // Enough for several shows to the queue, before and after.
      const many = Array.from({ length: 300 }, () => ({ a: 'x'.repeat(100) }));
      await expect(ltl.appendBatch([...many, calling, ...many, Number.NaN])).rejects.toMatchObject({
        code: 'E_UNENCODABLE',
      });
      expect(await ltl.appendBatch([{ a: 1 }, calling])).toBe(1n);
      expect(await ltl.append({ a: 3 })).toBe(3n);
      for (const refusal of refusals) expect(isLtlError(refusal)).toBe(true);
      expect((await ltl.some(symDATA, {}, 9)).map(({ data }) => data)).toEqual([
        { a: 0 },
        { a: 1 },
        { a: 2 },
        { a: 3 },
      ]);
      await ltl.close();
    },
  );
});
