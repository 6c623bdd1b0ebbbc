/** The ways of writing, and of hearing of an acknowledgement, as a program meets them: status() tells which, and all is there. */
import { open, symDATA } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scratch } from './process.js';

let folder: string;
let remove: () => void;
beforeEach(() => {
  ({ folder, remove } = scratch());
});
afterEach(() => remove());

const SEGMENT_BYTES = 64 * 1024;

describe.each(['buffered', 'direct'] as const)('log.write: %s', (way) => {
  it.each([0, 300])('with append.poll.us %i keeps records of all sizes, over several segments', async (pollUs) => {
    const config = {
      'force-all.path': folder,
      'log.write': way,
      'append.poll.us': pollUs,
      'log.segment.bytes': SEGMENT_BYTES,
    };
    const ltl = await open(config);
    const records: string[] = [];
    const append = (record: string): Promise<bigint> => {
      records.push(record);
      return ltl.append(record);
    };
    const seqs = [await append('alone in a new store')];
    // A spare may be there already, when this thread was slow: then the first segment is direct, too.
    expect(ltl.status().writer).toMatchObject({
      way: expect.stringMatching(/^(?:buffered|direct)/) as string,
      why: expect.stringContaining(`log.write is ${way}`) as string,
    });
    await ltl.reserve(2 * SEGMENT_BYTES);
    for (let number = 0; number < 30; number += 1) seqs.push(await append(`one at a time ${number}`));
    seqs.push(...(await Promise.all(Array.from({ length: 2000 }, (_, number) => append(`together ${number}`)))));
    seqs.push(await append('x'.repeat(SEGMENT_BYTES)));
    seqs.push(await append('last'));
    expect(seqs).toEqual(records.map((_, index) => BigInt(index)));
    expect(ltl.stat('segments')).toBeGreaterThan(1);
    await ltl.close();

    const again = await open(config);
    const found: unknown[] = [];
    for await (const block of again.range(symDATA).blocks()) found.push(...block.map((record) => record.data));
    expect(again.status().recovery).toMatchObject({ tornBytes: 0, damages: [] });
    await again.close();
    expect(found).toEqual(records);
  });
});
