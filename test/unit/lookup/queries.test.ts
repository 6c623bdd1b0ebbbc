import fs from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { segmentPath } from '../../../src/log/folder.js';
import type { Queries } from '../../../src/lookup/queries.js';
import type { StoredRecord } from '../../../src/lookup/scan.js';
import { LtlError } from '../../../src/words/errors.js';
import { symDATA, symREADS } from '../../../src/words/symbols.js';
import { TestStore } from './store.js';

const stores: TestStore[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});

function makeStore(groups: number, perGroup = 10): TestStore {
  const store = new TestStore();
  stores.push(store);
  for (let group = 0; group < groups; group += 1) store.append(records(group * perGroup, perGroup), 1000 + group * 10);
  return store;
}

const record = (n: number): unknown => ({
  n,
  level: ['debug', 'info', 'warn'][n % 3],
  text: `text of ${n} `.repeat(4),
});
const records = (from: number, count: number): unknown[] =>
  Array.from({ length: count }, (_, index) => record(from + index));

async function seqs(iterable: AsyncIterable<StoredRecord>): Promise<number[]> {
  const found: number[] = [];
  for await (const { seq } of iterable) found.push(Number(seq));
  return found;
}

const count = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);

function segmentsOf(store: TestStore): number[] {
  const reader = store.reader(() => {});
  const { first, last } = reader.segments();
  return count(first, last + 1);
}

describe('one', () => {
  it('finds every record of several segments by bigint or number', async () => {
    const store = makeStore(100);
    const queries = store.queries();
    expect(segmentsOf(store).length).toBeGreaterThan(3);
    for (let seq = 0; seq < 1000; seq += 7) {
      expect(await queries.one(symDATA, seq)).toEqual({
        seq: BigInt(seq),
        timeMs: 1000 + Math.floor(seq / 10) * 10,
        data: record(seq),
      });
      expect((await queries.one(symDATA, BigInt(seq))).data).toEqual(record(seq));
    }
  });

  it('a seq beyond the tail is E_NOT_FOUND, until it is appended', async () => {
    const store = makeStore(1);
    const queries = store.queries();
    await expect(queries.one(symDATA, 10n)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    store.append([record(10)]);
    expect((await queries.one(symDATA, 10n)).data).toEqual(record(10));
  });

  it('a seq that is none is E_ARGUMENT', async () => {
    const queries = makeStore(1).queries();
    for (const seq of [-1, -1n, 1.5, NaN, 2 ** 53, 2n ** 60n, '1', undefined, null])
      await expect(queries.one(symDATA, seq as number)).rejects.toMatchObject({
        code: seq === null ? 'E_FILTER' : 'E_ARGUMENT',
      });
    await expect(queries.one(symREADS as unknown as typeof symDATA, 1)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  });

  it('with a filter gives the first match, or undefined', async () => {
    const queries = makeStore(20).queries();
    expect((await queries.one(symDATA, { val_match: { n: 57n } }))?.seq).toBe(57n);
    expect(await queries.one(symDATA, { val_match: { n: 5000 } })).toBeUndefined();
    await expect(queries.one(symDATA, { prop_match: 'n' } as never)).rejects.toMatchObject({ code: 'E_FILTER' });
  });

  it('a segment that retention removed is E_GONE, the rest is there', async () => {
    const store = makeStore(100);
    const queries = store.queries();
    const [first = 0, second = 0] = segmentsOf(store);
    const kept = store.reader(() => {}).view(second).baseSeq;
    store.dropBefore(first + 1);
    await expect(queries.one(symDATA, 0)).rejects.toMatchObject({ code: 'E_GONE' });
    expect((await queries.one(symDATA, kept)).data).toEqual(record(kept));
    expect(await seqs(queries.range(symDATA))).toEqual(count(kept, 1000));
    expect(() => queries.range(symDATA, { from: 0 })).toThrow(expect.objectContaining({ code: 'E_GONE' }));
  });
});

describe('retention under a reader', () => {
  it('ends a range that it overtakes with E_GONE, and one that is ahead of it not at all', async () => {
    const store = makeStore(200);
    const queries = store.queries();
    const behind = queries.range(symDATA);
    const ahead = queries.range(symDATA, { from: 1500 });
    const reader = store.reader(() => {});
    expect((await behind.next()).value?.seq).toBe(0n);
    expect((await ahead.next()).value?.seq).toBe(1500n);
    const gone = segmentsOf(store).filter((id) => reader.view(id).nextSeq <= 1500);
    expect(gone.length).toBeGreaterThan(3);
    store.dropBefore((gone.at(-1) ?? 0) + 1);
    await expect(seqs(behind)).rejects.toMatchObject({ code: 'E_GONE' });
    expect(await seqs(ahead)).toEqual(count(1501, 2000));
    await expect(seqs(queries.range(symDATA, { reverse: true }))).resolves.toHaveLength(2000 - reader.firstSeq());
    expect(() => queries.stream({ from: 0, follow: true })).toThrow(expect.objectContaining({ code: 'E_GONE' }));
  });
});

describe('raw', () => {
  it('gives the bytes of the frame as they are on disk', async () => {
    const store = makeStore(3);
    const queries = store.queries();
    const file = fs.readFileSync(segmentPath(store.paths, 1));
    const raw = await queries.raw(25n);
    expect(file.includes(raw)).toBe(true);
    expect(raw.includes('text of 25')).toBe(true);
    raw.fill(0);
    expect((await queries.one(symDATA, 25)).data).toEqual(record(25));
    await expect(queries.raw(99)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });
});

describe('range', () => {
  it('gives [from, to) in order, either way', async () => {
    const queries = makeStore(100).queries();
    expect(await seqs(queries.range(symDATA))).toEqual(count(0, 1000));
    expect(await seqs(queries.range(symDATA, { from: 5n, to: 700 }))).toEqual(count(5, 700));
    expect(await seqs(queries.range(symDATA, { from: 5n, to: 700, reverse: true }))).toEqual(
      count(5, 700).toReversed(),
    );
    expect(await seqs(queries.range(symDATA, { from: 990, to: 2000 }))).toEqual(count(990, 1000));
    expect(await seqs(queries.range(symDATA, { from: 7, to: 7 }))).toEqual([]);
    expect(await seqs(queries.range(symDATA, { from: 3000 }))).toEqual([]);
  });

  it('since is inclusive, until exclusive, both by the time of the group', async () => {
    const queries = makeStore(100).queries();
    expect(await seqs(queries.range(symDATA, { since: 1100, until: 1200 }))).toEqual(count(100, 200));
    expect(await seqs(queries.range(symDATA, { since: new Date(1101), until: new Date(1201) }))).toEqual(
      count(110, 210),
    );
    expect(await seqs(queries.range(symDATA, { since: 0, until: 1000 }))).toEqual([]);
    expect(await seqs(queries.range(symDATA, { since: 1991 }))).toEqual([]);
    expect(await seqs(queries.range(symDATA, { since: 1900, to: 903, reverse: true }))).toEqual([902, 901, 900]);
  });

  it('does not grow with the log', async () => {
    const store = makeStore(2);
    const range = store.queries().range(symDATA);
    store.append(records(20, 5));
    expect(await seqs(range)).toEqual(count(0, 20));
  });

  it('hands out records in order to callers that do not wait for each other', async () => {
    const range = makeStore(30).queries().range(symDATA);
    const results = await Promise.all(Array.from({ length: 305 }, () => range.next()));
    expect(results.map((result) => (result.done === true ? null : Number(result.value.seq)))).toEqual([
      ...count(0, 300),
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  it('blocks give the same records, also after some were taken one by one', async () => {
    const range = makeStore(50)
      .queries()
      .range(symDATA, { val_match: { level: 'warn' } });
    const found = [Number((await range.next()).value?.seq)];
    for await (const block of range.blocks()) {
      expect(block.length).toBeGreaterThan(0);
      found.push(...block.map(({ seq }) => Number(seq)));
    }
    expect(found).toEqual(count(0, 500).filter((seq) => seq % 3 === 2));
    expect(await range.next()).toEqual({ value: undefined, done: true });
  });

  it('lets the event loop turn during a long scan', async () => {
    const queries = makeStore(500, 100).queries();
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await seqs(queries.range(symDATA, { val_match: { n: -1 } }));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  it('refuses what it does not know', () => {
    const queries = makeStore(1).queries();
    const bad: unknown[] = [
      { form: 1 },
      { from: -1 },
      { to: 1.5 },
      { since: 'today' },
      { until: NaN },
      { onDamage: 'ignore' },
    ];
    for (const options of bad)
      expect(() => queries.range(symDATA, options as object)).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
  });

  it('asks the gate at the start and as it goes on', async () => {
    const refusal = new LtlError('E_SLEEPING_READS', 'reads sleep');
    let closed = false;
    const queries: Queries = makeStore(100).queries(() => {
      if (closed) throw refusal;
    });
    const range = queries.range(symDATA);
    for (let taken = 0; taken < 500; taken += 1) await range.next();
    closed = true;
    await expect(seqs(range)).rejects.toBe(refusal);
    expect(() => queries.range(symDATA)).toThrow(refusal);
    await expect(queries.one(symDATA, 1)).rejects.toBe(refusal);
    await expect(queries.raw(1)).rejects.toBe(refusal);
    await expect(queries.some(symDATA, {}, 1)).rejects.toBe(refusal);
    expect(() => queries.stream()).toThrow(refusal);
  });
});

describe('damage', () => {
  it('ends a range where it is reached, is left out when asked, and one() names it', async () => {
    const store = makeStore(100);
    const file = segmentPath(store.paths, 2);
    const bytes = fs.readFileSync(file);
    const at = bytes.indexOf('text of 3');
    const seq = Number(/text of (\d+)/.exec(bytes.toString('latin1', at, at + 20))?.[1]);
    bytes[at + 3] = (bytes[at + 3] ?? 0) ^ 1;
    fs.writeFileSync(file, bytes);
    const damaged = count(seq - (seq % 10), seq - (seq % 10) + 10);
    const queries = store.queries();
    await expect(queries.one(symDATA, seq)).rejects.toMatchObject({
      code: 'E_DAMAGED',
      details: { seq, segmentId: 2 },
    });
    await expect(queries.raw(seq)).rejects.toMatchObject({ code: 'E_DAMAGED' });
    const before: number[] = [];
    const forwards = async (): Promise<void> => {
      for await (const found of queries.range(symDATA)) before.push(Number(found.seq));
    };
    await expect(forwards()).rejects.toMatchObject({ code: 'E_DAMAGED', details: { seq: damaged[0] } });
    expect(before).toEqual(count(0, damaged[0] ?? 0));
    const kept = count(0, 1000).filter((one) => !damaged.includes(one));
    expect(await seqs(queries.range(symDATA, { onDamage: 'skip' }))).toEqual(kept);
    expect(await seqs(queries.range(symDATA, { onDamage: 'skip', reverse: true }))).toEqual(kept.toReversed());
    await expect(seqs(queries.range(symDATA, { reverse: true }))).rejects.toMatchObject({
      details: { seq: damaged.at(-1) },
    });
  });

  it('a segment that is missing in the middle is damage, not the end', async () => {
    const store = makeStore(100);
    fs.unlinkSync(segmentPath(store.paths, 2));
    await expect(seqs(store.queries().range(symDATA))).rejects.toMatchObject({ code: 'E_DAMAGED' });
  });
});

describe('stream', () => {
  it('without follow ends at the tail', async () => {
    const queries = makeStore(10).queries();
    expect(await seqs(queries.stream({ from: 90n }))).toEqual(count(90, 100));
    expect(await seqs(queries.stream({ val_match: { level: 'info' } }))).toEqual(
      count(0, 100).filter((seq) => seq % 3 === 1),
    );
  });

  it('with follow goes on as records come, across segments', async () => {
    const store = makeStore(1);
    const found: number[] = [];
    const follower = (async () => {
      for await (const { seq, data } of store.queries().stream({ follow: true })) {
        expect(data).toEqual(record(Number(seq)));
        if (found.push(Number(seq)) === 1000) break;
      }
    })();
    for (let from = 10; from < 1000; from += 10) {
      store.append(records(from, 10));
      if (from % 30 === 10) await new Promise(setImmediate);
    }
    await follower;
    expect(found).toEqual(count(0, 1000));
  });

  it('a signal ends it with E_ABORTED, return() and close() quietly', async () => {
    const store = makeStore(1);
    const queries = store.queries();
    const controller = new AbortController();
    const aborted = queries.stream({ from: 10, follow: true, signal: controller.signal });
    const returned = queries.stream({ from: 10, follow: true });
    const closed = queries.stream({ from: 10, follow: true });
    const pending = [aborted.next(), returned.next(), closed.next()] as const;
    await new Promise(setImmediate);
    controller.abort(new Error('enough'));
    await expect(pending[0]).rejects.toMatchObject({ code: 'E_ABORTED' });
    expect(await aborted.next()).toEqual({ value: undefined, done: true });
    await returned.return();
    expect(await pending[1]).toEqual({ value: undefined, done: true });
    queries.close();
    expect(await pending[2]).toEqual({ value: undefined, done: true });
    expect(() => AbortSignal.abort()).not.toThrow();
    await expect(queries.stream({ follow: true, signal: AbortSignal.abort() }).next()).rejects.toMatchObject({
      code: 'E_ABORTED',
    });
  });
});
