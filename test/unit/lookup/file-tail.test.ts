import fs from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { FileTail } from '../../../src/log/file-tail.js';
import { segmentPath } from '../../../src/log/folder.js';
import { LogReader } from '../../../src/log/reader.js';
import { FileGrowth } from '../../../src/lookup/growth.js';
import { Queries } from '../../../src/lookup/queries.js';
import { RecordDecoder } from '../../../src/record/decoder.js';
import { symDATA } from '../../../src/words/symbols.js';
import { TestStore } from './store.js';

const stores: TestStore[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});

function makeStore(): TestStore {
  const store = new TestStore();
  stores.push(store);
  return store;
}

const group = (from: number): unknown[] =>
  Array.from({ length: 20 }, (_, index) => ({ n: from + index, text: 'x'.repeat(50) }));

function readOnly(store: TestStore): { tail: FileTail; queries: Queries } {
  const tail = new FileTail(store.paths);
  const decoder = new RecordDecoder();
  const reader = new LogReader(store.paths, tail.tail, (payload) => void decoder.defineFrom(payload));
  return { tail, queries: new Queries({ reader, decoder, growth: new FileGrowth(tail), gate: () => {}, index: null }) };
}

describe('FileTail', () => {
  it('agrees with the writer after every group, across segments', () => {
    const store = makeStore();
    const tail = new FileTail(store.paths);
    expect(tail.tail().nextSeq).toBe(0);
    for (let from = 0; from < 2000; from += 20) {
      store.append(group(from));
      expect(tail.refresh()).toBe(true);
      expect(tail.refresh()).toBe(false);
      const { nextSeq, segmentId, offset } = store.board.tail();
      expect(tail.tail()).toEqual({ nextSeq, segmentId, offset });
      expect(new FileTail(store.paths).tail()).toEqual(tail.tail());
    }
    expect(tail.tail().segmentId).toBeGreaterThan(3);
    tail.close();
  });

  it('does not count a batch that is torn, and counts it once it is whole', () => {
    const store = makeStore();
    store.append(group(0));
    const file = segmentPath(store.paths, 1);
    const before = store.board.tail().offset;
    store.append(group(20));
    const whole = fs.readFileSync(file);
    const tail = ((): FileTail => {
      fs.writeFileSync(file, whole.subarray(0, before + 300));
      return new FileTail(store.paths);
    })();
    expect(tail.tail().nextSeq).toBe(20);
    fs.writeFileSync(file, Buffer.concat([whole.subarray(0, before + 300), Buffer.alloc(5000)]));
    expect(tail.refresh()).toBe(false);
    fs.writeFileSync(file, whole);
    expect(tail.refresh()).toBe(true);
    expect(tail.tail().nextSeq).toBe(40);
    tail.close();
  });

  it('looks behind damage when it opens', () => {
    const store = makeStore();
    for (let from = 0; from < 60; from += 20) store.append(group(from));
    const file = segmentPath(store.paths, 1);
    const bytes = fs.readFileSync(file);
    bytes[4096 + 200] = (bytes[4096 + 200] ?? 0) ^ 0xff;
    fs.writeFileSync(file, bytes);
    expect(new FileTail(store.paths).tail().nextSeq).toBe(60);
  });
});

describe('a reader in another process', () => {
  it('follows the writer from an empty folder on', async () => {
    const store = makeStore();
    const { queries, tail } = readOnly(store);
    await expect(queries.one(symDATA, 0)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    const found: unknown[] = [];
    const follower = (async () => {
      for await (const { data } of queries.stream({ follow: true })) if (found.push(data) === 1000) break;
    })();
    for (let from = 0; from < 1000; from += 20) {
      store.append(group(from));
      if (from % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
    }
    await follower;
    expect(found).toEqual(Array.from({ length: 50 }, (_, index) => group(index * 20)).flat());
    store.append(group(1000));
    expect((await queries.one(symDATA, 1019n)).data).toEqual(group(1000)[19]);
    store.append(group(1020));
    let count = 0;
    for await (const _record of queries.range(symDATA)) count += 1;
    expect(count).toBe(1040);
    queries.close();
    tail.close();
  });

  it('that follows hears of records that another call of it has seen first', async () => {
    const store = makeStore();
    const { queries, tail } = readOnly(store);
    const follower = queries.stream({ follow: true });
    const next = follower.next();
    await new Promise((resolve) => setTimeout(resolve, 10));
    store.append(group(0));
    expect(tail.refresh()).toBe(true);
    expect((await next).value?.data).toEqual(group(0)[0]);
    queries.close();
    tail.close();
  });
});
