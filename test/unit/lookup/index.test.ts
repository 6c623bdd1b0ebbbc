import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { listSegments, segmentPath } from '../../../src/log/folder.js';
import { compileFilter, type Filter } from '../../../src/lookup/filter.js';
import { IndexClient } from '../../../src/lookup/index-client.js';
import { Indexer } from '../../../src/lookup/indexer.js';
import type { IndexerReply, IndexSpec } from '../../../src/lookup/protocol.js';
import type { Queries, RangeOptions } from '../../../src/lookup/queries.js';
import { RecordDecoder } from '../../../src/record/decoder.js';
import { symDATA } from '../../../src/words/symbols.js';
import { TestStore } from './store.js';

const SPECS: IndexSpec[] = [
  { kind: 'prop', field: 'user' },
  { kind: 'val', field: 'level' },
  { kind: 'val', field: 'user' },
  { kind: 'int', field: 't' },
];

/** An indexer in this thread, and a client that asks it directly. */
class Bench {
  readonly indexer: Indexer;
  readonly client: IndexClient;
  readonly queries: Queries;
  readonly rebuilt: string[];
  asked = 0;

  static async open(store: TestStore, logId: string = store.logId, boot: string | null = 'boot'): Promise<Bench> {
    const decoder = new RecordDecoder();
    const rebuilt: string[] = [];
    const options = {
      paths: store.paths,
      logId,
      boot,
      reader: store.reader((payload) => void decoder.defineFrom(payload)),
      decoder,
      stepRecords: 1500,
      onRebuilt: (why: string) => rebuilt.push(why),
    };
    return new Bench(store, await Indexer.open(options, []), rebuilt);
  }

  private constructor(store: TestStore, indexer: Indexer, rebuilt: string[]) {
    this.indexer = indexer;
    this.rebuilt = rebuilt;
    this.client = new IndexClient(async (build): Promise<IndexerReply> => {
      const message = build(1);
      if (message.kind !== 'candidates') throw new Error(`unexpected ${message.kind}`);
      this.asked += 1;
      return { kind: 'reply', id: 1, page: await this.indexer.candidates(structuredClone(message.query)) };
    });
    this.queries = store.queries(() => {}, this.client);
    this.report();
  }

  step(): boolean {
    const more = this.indexer.step();
    this.report();
    return more;
  }

  catchUp(): void {
    while (this.step());
  }

  report(): void {
    this.client.receive({ kind: 'progress', indices: this.indexer.states, nextSeq: 0 });
  }
}

const open: { store: TestStore; bench: Bench }[] = [];
afterEach(async () => {
  for (const { store, bench } of open.splice(0)) {
    await bench.indexer.close();
    store.close();
  }
});

async function make(
  options: ConstructorParameters<typeof TestStore>[0] = {},
): Promise<{ store: TestStore; bench: Bench }> {
  const store = new TestStore(options);
  const made = { store, bench: await Bench.open(store) };
  open.push(made);
  return made;
}

async function reopen(made: { store: TestStore; bench: Bench }, boot: string | null = 'boot'): Promise<void> {
  await made.bench.indexer.close();
  made.bench = await Bench.open(made.store, made.store.logId, boot);
}

const LEVELS = [
  'debug',
  'info',
  'warn',
  'error',
  7,
  7n,
  null,
  new Date(5),
  new Uint8Array([1, 2]),
  [1, 'a'],
  { a: 1, b: [2] },
];

const records = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      {
        t: fc.oneof(
          fc.integer({ min: -50, max: 50 }),
          fc.bigInt(-5n, 5n),
          fc.double({ min: -50, max: 50, noNaN: true }),
        ),
        level: fc.constantFrom(...LEVELS),
        user: fc.constantFrom('ann', 'bob', 'x'.repeat(2000), ''),
      },
      { requiredKeys: ['level'] },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>('text', 5, null, [1, 2], {}) },
);

const filters: fc.Arbitrary<Filter> = fc.record(
  {
    prop_match: fc.constantFrom(['user'], ['user', 't'], ['none'], []),
    val_match: fc.oneof(
      fc.constantFrom(...LEVELS).map((level) => ({ level })),
      fc.constantFrom('ann', 'bob', 'x'.repeat(2000), 'carl').map((user) => ({ user })),
      fc.constant({ user: 'bob', level: 'warn' }),
    ),
    int_match: fc
      .tuple(fc.integer({ min: -60, max: 60 }), fc.integer({ min: 0, max: 30 }))
      .map(([low, size]) => ({ t: [low, low + size] as const })),
  },
  { requiredKeys: [] },
);

async function seqs(queries: Queries, options: RangeOptions): Promise<number[]> {
  const found: number[] = [];
  for await (const { seq } of queries.range(symDATA, options)) found.push(Number(seq));
  return found;
}

describe('an index', () => {
  it('gives what reading everything gives, at any watermark, in both directions', async () => {
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(records, { minLength: 5, maxLength: 40 }),
        fc.array(fc.record({ count: fc.nat({ max: 2500 }), steps: fc.nat({ max: 3 }) }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.array(
          fc.record({
            filter: filters,
            from: fc.nat({ max: 6000 }),
            size: fc.nat({ max: 8000 }),
            reverse: fc.boolean(),
          }),
          { minLength: 6, maxLength: 6 },
        ),
        async (kinds, groups, questions) => {
          const { store, bench } = await make({ segmentBytes: 65_536 });
          await bench.indexer.declare(SPECS.slice(0, 2));
          const all: unknown[] = [];
          for (const [number, { count, steps }] of groups.entries()) {
            if (number === 1) await bench.indexer.declare(SPECS);
            const group = Array.from(
              { length: count },
              (_, index) => kinds[(all.length + index * index) % kinds.length],
            );
            if (count > 0) store.append(group);
            all.push(...group);
            for (let step = 0; step < steps; step += 1) bench.step();
          }
          for (const { filter, from, size, reverse } of questions) {
            const { matches } = compileFilter(filter);
            const expected = all.flatMap((data, seq) =>
              seq >= from && seq < from + size && matches(data) ? [seq] : [],
            );
            const found = await seqs(bench.queries, { ...filter, from, to: from + size, reverse });
            expect(found).toEqual(reverse ? expected.toReversed() : expected);
          }
          asked += bench.asked;
          open.pop();
          await bench.indexer.close();
          store.close();
        },
      ),
      { numRuns: 15 },
    );
    expect(asked).toBeGreaterThan(20);
  });

  it('reads only candidates', async () => {
    const { store, bench } = await make({ segmentBytes: 1 << 20 });
    await bench.indexer.declare(SPECS);
    for (let from = 0; from < 20_000; from += 1000)
      store.append(
        Array.from({ length: 1000 }, (_, index) => ({
          t: from + index,
          level: (from + index) % 5000 === 0 ? 'rare' : 'common',
        })),
      );
    bench.catchUp();
    expect(await seqs(bench.queries, { val_match: { level: 'rare' } })).toEqual([0, 5000, 10_000, 15_000]);
    expect(await seqs(bench.queries, { int_match: { t: [9998, 10_001] }, reverse: true })).toEqual([
      10_001, 10_000, 9999, 9998,
    ]);
    expect((await bench.queries.some(symDATA, { val_match: { level: 'rare' } }, 2)).map(({ seq }) => seq)).toEqual([
      0n,
      5000n,
    ]);
    expect(bench.asked).toBe(3);
    const before = bench.asked;
    expect((await seqs(bench.queries, { val_match: { level: 'common' } })).length).toBe(19_996);
    expect(bench.asked - before).toBe(1);
  });

  it.each([false, true])(
    'that is opened while a query reads the log helps with the rest: reverse %s',
    async (reverse) => {
      const { store, bench } = await make({ segmentBytes: 8 << 20 });
      await bench.indexer.declare(SPECS);
      for (let from = 0; from < 150_000; from += 10_000)
        store.append(
          Array.from({ length: 10_000 }, (_, index) => ({ level: (from + index) % 50_000 === 0 ? 'rare' : 'common' })),
        );
      while (bench.indexer.step());
      const found: bigint[] = [];
      for await (const { seq } of bench.queries.range(symDATA, { val_match: { level: 'rare' }, reverse })) {
        if (found.push(seq) === 1) {
          expect(bench.asked).toBe(0);
          bench.report();
        }
      }
      expect(found).toEqual(reverse ? [100_000n, 50_000n, 0n] : [0n, 50_000n, 100_000n]);
      expect(bench.asked).toBe(1);
    },
  );

  it('an indexer that fails, or does not know, makes a query slower, not shorter', async () => {
    const { store, bench } = await make();
    await bench.indexer.declare(SPECS);
    store.append(Array.from({ length: 3000 }, (_, index) => ({ t: index % 10, level: 'a' })));
    bench.catchUp();
    const failing = new IndexClient(() => Promise.reject(new Error('down')));
    failing.receive({ kind: 'progress', indices: bench.indexer.states, nextSeq: 3000 });
    expect(
      (
        await seqs(
          store.queries(() => {}, failing),
          { int_match: { t: [3, 3] } },
        )
      ).length,
    ).toBe(300);
    expect(failing.silent).toBe(true);
    bench.indexer.drop([{ kind: 'int', field: 't' }]);
    expect((await seqs(bench.queries, { int_match: { t: [3, 3] } })).length).toBe(300);
  });

  it('meets a damaged record though it knows nothing of its fields', async () => {
    const made = await make({ segmentBytes: 65_536 });
    const { store } = made;
    for (let from = 0; from < 4000; from += 10)
      store.append(Array.from({ length: 10 }, (_, index) => ({ t: from + index, level: `text${from + index}` })));
    const file = segmentPath(store.paths, 2);
    const bytes = fs.readFileSync(file);
    const at = bytes.indexOf('text');
    const seq = Number(/text(\d+)/.exec(bytes.toString('latin1', at, at + 10))?.[1]);
    bytes[at + 1] = 0;
    fs.writeFileSync(file, bytes);
    await reopen(made);
    await made.bench.indexer.declare(SPECS);
    made.bench.catchUp();
    const { queries } = made.bench;
    await expect(seqs(queries, { val_match: { level: 'text3999' } })).rejects.toMatchObject({
      code: 'E_DAMAGED',
      details: { seq },
    });
    await expect(seqs(queries, { int_match: { t: [0, 1] }, reverse: true })).rejects.toMatchObject({
      code: 'E_DAMAGED',
    });
    expect(await seqs(queries, { val_match: { level: 'text3999' }, onDamage: 'skip' })).toEqual([3999]);
    expect(await seqs(queries, { val_match: { level: 'text5' }, to: seq })).toEqual([5]);
    expect(await seqs(queries, { int_match: { t: [0, 5] }, reverse: true, onDamage: 'skip' })).toEqual([
      5, 4, 3, 2, 1, 0,
    ]);
    expect(made.bench.asked).toBeGreaterThan(4);
  });
});

describe('a catalog', () => {
  const group = (from: number): unknown[] =>
    Array.from({ length: 1000 }, (_, index) => ({ t: from + index, level: index % 100 }));
  const question: RangeOptions = { val_match: { level: 42 } };
  const answer = (records: number): number[] => Array.from({ length: records / 100 }, (_, index) => index * 100 + 42);

  async function indexed(): Promise<{ store: TestStore; bench: Bench }> {
    const made = await make({ segmentBytes: 20_000 });
    await made.bench.indexer.declare(SPECS);
    for (let from = 0; from < 5000; from += 1000) made.store.append(group(from));
    made.bench.catchUp();
    expect(await seqs(made.bench.queries, question)).toEqual(answer(5000));
    return made;
  }

  it('goes on where it stopped, also after a kill and in another boot after an orderly end', async () => {
    const made = await indexed();
    await reopen(made, 'another boot');
    expect(made.bench.indexer.watermark).toBe(5000);
    made.store.append(group(5000));
    made.bench.step();
    expect(made.bench.rebuilt).toEqual([]);
    // What a killed process leaves: the files as they are now, with the times of their last change.
    const root = `${made.store.paths.root}-killed`;
    execFileSync('cp', ['-a', made.store.paths.root, root]);
    const killed = new TestStore({ root });
    const bench = await Bench.open(killed, killed.logId, 'another boot');
    expect(bench.rebuilt).toEqual([]);
    expect(bench.indexer.watermark).toBe(6000);
    expect(await seqs(bench.queries, question)).toEqual(answer(6000));
    await bench.indexer.close();
    killed.close();

    execFileSync('cp', ['-a', made.store.paths.root, root]);
    const cut = new TestStore({ root });
    const afterPowerCut = await Bench.open(cut, cut.logId, 'third boot');
    expect(afterPowerCut.rebuilt).toEqual(['the system was restarted before it was sealed']);
    expect(await seqs(afterPowerCut.queries, question)).toEqual(answer(6000));
    await afterPowerCut.indexer.close();
    cut.close();
  });

  const data = (store: TestStore): string => path.join(store.paths.index, 'catalog', 'data.mdb');
  const harms: [string, (store: TestStore) => void, boolean][] = [
    ['deleted', ({ paths }) => fs.rmSync(paths.index, { recursive: true }), false],
    ['cut short', (store) => fs.truncateSync(data(store), 40_960), true],
    ['all zeros', (store) => fs.writeFileSync(data(store), Buffer.alloc(fs.statSync(data(store)).size)), true],
    [
      'with one bit changed',
      (store) => {
        const bytes = fs.readFileSync(data(store));
        const at = Math.floor(bytes.length / 2);
        bytes[at] = (bytes[at] ?? 0) ^ 4;
        fs.writeFileSync(data(store), bytes);
      },
      true,
    ],
    ['without its seal', ({ paths }) => fs.rmSync(path.join(paths.index, 'catalog', 'seal.json')), true],
    [
      'with a seal that is no JSON',
      ({ paths }) => fs.writeFileSync(path.join(paths.index, 'catalog', 'seal.json'), '{"crc":'),
      true,
    ],
    ['without its data', (store) => fs.rmSync(data(store)), false],
  ];
  it.each(harms)('%s is built anew, and no query is wrong meanwhile', async (_name, harm, told) => {
    const made = await indexed();
    await made.bench.indexer.close();
    harm(made.store);
    made.bench = await Bench.open(made.store);
    expect(made.bench.rebuilt.length).toBe(told ? 1 : 0);
    expect(await seqs(made.bench.queries, question)).toEqual(answer(5000));
    await made.bench.indexer.declare(SPECS);
    made.bench.step();
    made.bench.report();
    expect(await seqs(made.bench.queries, question)).toEqual(answer(5000));
    made.bench.catchUp();
    const before = made.bench.asked;
    expect(await seqs(made.bench.queries, question)).toEqual(answer(5000));
    expect(made.bench.asked).toBeGreaterThan(before);
  });

  it('of another log, or of a log that was set back, is not believed', async () => {
    const made = await indexed();
    await made.bench.indexer.close();
    made.bench = await Bench.open(made.store, 'cd'.repeat(16));
    expect(made.bench.rebuilt).toEqual(['it belongs to another log']);
    await made.bench.indexer.declare(SPECS);
    made.bench.catchUp();
    await made.bench.indexer.close();

    const shorter = new TestStore({ segmentBytes: 65_536, logId: 'cd'.repeat(16) });
    shorter.append(group(0));
    fs.cpSync(made.store.paths.index, shorter.paths.index, { recursive: true });
    const setBack = await Bench.open(shorter, shorter.logId);
    expect(setBack.rebuilt).toEqual(['it knows records that the log does not have']);
    expect(await seqs(setBack.queries, question)).toEqual(answer(1000));
    await setBack.indexer.close();

    const other = new TestStore({ segmentBytes: 65_536, logId: 'cd'.repeat(16) });
    for (let from = 0; from < 6000; from += 1000) other.append(group(from + 1));
    fs.rmSync(other.paths.index, { recursive: true, force: true });
    fs.cpSync(made.store.paths.index, other.paths.index, { recursive: true });
    const foreign = await Bench.open(other, other.logId);
    expect(foreign.rebuilt).toEqual(['the log holds other records than those that were indexed']);
    await foreign.indexer.close();
    other.close();
    shorter.close();
    made.bench = await Bench.open(made.store);
  });

  it('forgets an index that is dropped, and builds it again when it is declared again', async () => {
    const { bench } = await indexed();
    bench.indexer.drop([{ kind: 'val', field: 'level' }]);
    bench.catchUp();
    expect(bench.indexer.states.map(({ field }) => field)).toEqual(['user', 'user', 't']);
    expect(await seqs(bench.queries, question)).toEqual(answer(5000));
    await bench.indexer.declare([{ kind: 'val', field: 'level' }]);
    bench.step();
    expect(await seqs(bench.queries, question)).toEqual(answer(5000));
    bench.catchUp();
    expect(bench.indexer.watermark).toBe(5000);
  });

  it('survives retention', async () => {
    const made = await indexed();
    const [first = 0] = listSegments(made.store.paths);
    fs.unlinkSync(segmentPath(made.store.paths, first));
    const found = await seqs(made.bench.queries, question);
    expect(found.length).toBeLessThan(50);
    expect(found).toEqual(answer(5000).slice(-found.length));
    await reopen(made);
    expect(made.bench.rebuilt).toEqual([]);
    expect(await seqs(made.bench.queries, question)).toEqual(found);
  });
});
