/** A reader that uses the memory of a dropped segment for the next one: it shows the same, and asks for no more memory as it goes. */
import fs from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { listSegments, segmentPath } from '../../../src/log/folder.js';
import type { LogReader } from '../../../src/log/reader.js';
import { RecordDecoder } from '../../../src/record/decoder.js';
import { isLtlError } from '../../../src/words/errors.js';
import { TestStore } from './store.js';

const SEGMENT_BYTES = 64 * 1024;
const GROUPS = 120;
const IN_GROUP = 100;
const text = (seq: number): string => `${seq} ${'.'.repeat(seq % 400)}`;

let store: TestStore;
beforeEach(() => {
  store = new TestStore({ segmentBytes: SEGMENT_BYTES });
  for (let group = 0; group < GROUPS; group += 1)
    store.append(Array.from({ length: IN_GROUP }, (_, n) => ({ text: text(group * IN_GROUP + n) })));
});
afterEach(() => store.close());

function readerOf(recyclesMemory: boolean): { reader: LogReader; read: (seq: number) => unknown } {
  const decoder = new RecordDecoder();
  const reader = store.reader((payload) => void decoder.defineFrom(payload), { cacheBytesMax: 1, recyclesMemory });
  const read = (seq: number): unknown => {
    try {
      const { bytes, start, end, kind, shapeId } = reader.frame(seq);
      return decoder.decode(bytes, start, end, kind, shapeId);
    } catch (error) {
      if (!isLtlError(error, 'E_DAMAGED')) throw error;
      return 'damaged';
    }
  };
  return { reader, read };
}

it('shows every record as one that does not, in any order, the damaged ones among them too', () => {
  const [, second = 0, third = 0] = listSegments(store.paths);
  for (const [segmentId, at] of [
    [second, 20_000],
    [third, 60],
  ] as const) {
    const fd = fs.openSync(segmentPath(store.paths, segmentId), 'r+');
    fs.writeSync(fd, Buffer.alloc(9, 0xa5), 0, 9, at + 4096);
    fs.closeSync(fd);
  }
  const plain = readerOf(false);
  const all = Array.from({ length: GROUPS * IN_GROUP }, (_, seq) => plain.read(seq));
  expect(all.filter((one) => one === 'damaged').length).toBeGreaterThanOrEqual(IN_GROUP);
  expect(all[0]).toEqual({ text: text(0) });
  const { read } = readerOf(true);
  fc.assert(
    fc.property(fc.array(fc.nat(all.length - 1), { minLength: 1, maxLength: 60 }), (seqs) => {
      for (const seq of seqs) expect(read(seq)).toEqual(all[seq]);
    }),
  );
});

it('asks for no more memory than two segments take, however many it reads', () => {
  expect(listSegments(store.paths).length).toBeGreaterThan(30);
  const held = (recycles: boolean): number => {
    const { reader, read } = readerOf(recycles);
    const before = process.memoryUsage().arrayBuffers;
    for (let seq = 0; seq < GROUPS * IN_GROUP; seq += 50) read(seq);
    const after = process.memoryUsage().arrayBuffers;
    reader.close();
    return after - before;
  };
  // Beside the two segments there is a page for each header that is looked at.
  expect(held(true)).toBeLessThan(1_000_000);
  // The same measure sees what lies about without it.
  expect(held(false)).toBeGreaterThan(30 * SEGMENT_BYTES);
});
