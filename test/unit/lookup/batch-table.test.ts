import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { listSegments, segmentPath } from '../../../src/log/folder.js';
import { HeaderTables } from '../../../src/log/header-tables.js';
import type { LogReader } from '../../../src/log/reader.js';
import { BatchKeeper } from '../../../src/lookup/batch-keeper.js';
import { BatchTables, batchTableName } from '../../../src/lookup/batch-table.js';
import { Scanner } from '../../../src/lookup/scan.js';
import { RecordDecoder } from '../../../src/record/decoder.js';
import { LIMITS } from '../../../src/words/limits.js';
import { TestStore } from './store.js';

const stores: TestStore[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});

const record = (n: number): unknown =>
  n % 50 === 7 ? `text ${n}` : { n, even: n % 2 === 0, text: 'x'.repeat(n % 90) };

/** A store of several segments with groups of all sizes, and shapes that are learned late. */
function makeStore(): TestStore {
  const store = new TestStore({ segmentBytes: 16_384, learnAfter: 300 });
  stores.push(store);
  for (let group = 1; store.nextSeq < 1500; group += 1)
    store.append(Array.from({ length: 1 + ((group * 7) % 40) }, (_, index) => record(store.nextSeq + index)));
  fs.mkdirSync(store.paths.index, { recursive: true });
  return store;
}

function keep(store: TestStore): void {
  const keeper = new BatchKeeper(
    store.paths,
    store.reader(() => {}),
  );
  while (keeper.step());
}

/** A reader that keeps next to nothing in memory. */
function coldReader(store: TestStore, hops = false): { reader: LogReader; scanner: Scanner } {
  const decoder = new RecordDecoder();
  const written = new BatchTables(store.paths.index);
  const offsets = hops ? new HeaderTables(store.paths, written) : written;
  const reader = store.reader((payload) => void decoder.defineFrom(payload), { cacheBytesMax: 1, offsets });
  return { reader, scanner: new Scanner(reader, decoder) };
}

function readAll(store: TestStore, hops = false): { points: number; misses: number } {
  const { reader, scanner } = coldReader(store, hops);
  for (let step = 0, seq = 0; step < 300; step += 1, seq = (seq + 947) % 1500)
    expect(scanner.record(seq)).toMatchObject({ seq: BigInt(seq), data: record(seq) });
  const { points, misses } = reader;
  reader.close();
  return { points, misses };
}

const tables = (store: TestStore): string[] =>
  fs
    .readdirSync(store.paths.index)
    .filter((name) => name.endsWith('.batches'))
    .map((name) => path.join(store.paths.index, name));

describe('offset files', () => {
  it('lead to every record of a segment that is not in memory, without reading the segment', () => {
    const store = makeStore();
    const without = readAll(store);
    expect(without.points).toBe(0);
    keep(store);
    expect(tables(store).length).toBe(listSegments(store.paths).length - 1);
    const withTables = readAll(store);
    expect(withTables.points).toBeGreaterThan(200);
    expect(withTables.misses).toBeLessThan(without.misses / 10);
  });

  it('are done without where the batches’ headers can be hopped over instead, also behind a damaged one', () => {
    const store = makeStore();
    const { points, misses } = readAll(store, true);
    expect(points).toBeGreaterThan(200);
    expect(misses).toBeLessThan(10);
    const file = segmentPath(store.paths, 2);
    const bytes = fs.readFileSync(file);
    // The fourth batch of the segment says another length.
    let at: number = LIMITS.segmentDataOffset;
    for (let hop = 0; hop < 3; hop += 1) at += bytes.readUInt32LE(at + 12);
    bytes.writeUInt32LE(bytes.readUInt32LE(at + 12) + 8, at + 12);
    fs.writeFileSync(file, bytes);
    const { scanner } = coldReader(store, true);
    const damaged: number[] = [];
    for (let seq = 0; seq < 1500; seq += 1) {
      try {
        expect(scanner.record(seq).data).toEqual(record(seq));
      } catch (error) {
        expect(error).toMatchObject({ code: 'E_DAMAGED' });
        damaged.push(seq);
      }
    }
    expect(damaged.length).toBeGreaterThan(0);
    expect(damaged.length).toBeLessThan(50);
  });

  it('that are damaged, cut, foreign or missing cost time, never a record', () => {
    const store = makeStore();
    keep(store);
    const files = tables(store);
    const harms: ((file: string, bytes: Buffer) => void)[] = [
      (file, bytes) => fs.writeFileSync(file, bytes.subarray(0, bytes.length - 3)),
      (file, bytes) => {
        bytes[30] = (bytes[30] ?? 0) ^ 1;
        fs.writeFileSync(file, bytes);
      },
      (file) => fs.rmSync(file),
      (file) => fs.copyFileSync(files.at(-1) ?? '', file),
      (file) => fs.writeFileSync(file, ''),
    ];
    for (const [index, harm] of harms.entries())
      harm(files[index % files.length] ?? '', fs.readFileSync(files[index % files.length] ?? ''));
    readAll(store);
    keep(store);
    expect(readAll(store).points).toBeGreaterThan(200);
  });

  it('with a right checksum and wrong entries are not believed either', () => {
    const store = makeStore();
    keep(store);
    for (const [number, file] of tables(store).entries()) {
      const bytes = fs.readFileSync(file);
      for (let at = 24; at < bytes.length; at += 8)
        bytes.writeUInt32LE((bytes.readUInt32LE(at + 4) + [64, 8, 4096, 2 ** 31, 1][number % 5]!) >>> 0, at + 4);
      bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
      fs.writeFileSync(file, bytes);
    }
    readAll(store);
  });

  it('do not hide damage of the log', () => {
    const store = makeStore();
    keep(store);
    const file = segmentPath(store.paths, 2);
    const bytes = fs.readFileSync(file);
    const at = bytes.indexOf('xxxxxxxxxx');
    bytes[at] = 0;
    fs.writeFileSync(file, bytes);
    const { scanner } = coldReader(store);
    let damaged = 0;
    for (let seq = 0; seq < 1500; seq += 1) {
      try {
        expect(scanner.record(seq).data).toEqual(record(seq));
      } catch (error) {
        expect(error).toMatchObject({ code: 'E_DAMAGED' });
        damaged += 1;
      }
    }
    expect(damaged).toBeGreaterThan(0);
    expect(damaged).toBeLessThan(50);
  });

  it('go with the segments that retention drops', () => {
    const store = makeStore();
    keep(store);
    const [first = 0] = listSegments(store.paths);
    store.dropBefore(first + 1);
    keep(store);
    expect(fs.existsSync(path.join(store.paths.index, batchTableName(first)))).toBe(false);
    const { scanner } = coldReader(store);
    expect(() => scanner.record(0)).toThrow(expect.objectContaining({ code: 'E_GONE' }));
  });

  it('serve random reads of more than fits in memory, and a segment that becomes popular is read whole', () => {
    const store = makeStore();
    keep(store);
    const { reader, scanner } = coldReader(store);
    const segments = listSegments(store.paths).length;
    expect(segments).toBeGreaterThan(4);
    for (let step = 0, seq = 0; step < 20_000; step += 1, seq = (seq + 947) % 1500) scanner.record(seq);
    // Two fit. Each time that a segment has had its 256 reads it could come in for another one that is asked for as often.
    expect(reader.misses).toBeLessThan(10);
    const { misses, points } = reader;
    for (let step = 0; step < 40_000; step += 1) scanner.record(step % 20);
    expect(reader.misses).toBeLessThan(misses + 3);
    expect(reader.points - points).toBeLessThan(30_000);
    const late = reader.points;
    for (let step = 0; step < 1_000; step += 1) scanner.record(step % 20);
    expect(reader.points).toBe(late);
  });

  it('give way to the whole segment once single reads have cost as much', () => {
    const store = makeStore();
    keep(store);
    const { reader, scanner } = coldReader(store);
    for (let turn = 0; turn * 16 * 1024 < LIMITS.segmentBytes + 100_000; turn += 1) scanner.record(3);
    expect(reader.points).toBeLessThan(520);
    expect(reader.hits).toBeGreaterThan(0);
  });
});
