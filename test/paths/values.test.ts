/** What goes in and comes out of the log through the door: sizes at the limit, values at the edge, and what is refused. */
import { open, symDATA } from 'ltl';
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
