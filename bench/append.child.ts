/**
 * One store, one workload, once, in a process of its own, so that no heap disturbs another: opens an empty store, warms
 * up, measures, closes, opens again and checks that every record is there in order. Answers its parent with a message.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { STORES } from '../src/bench/stores/registry.js';
import type { Footprint, StoreKind } from '../src/bench/stores/store.js';
import { answer, job } from './measure/child.js';
import { type Drive, drive } from './measure/drive.js';
import { Latency, type Percentiles } from './measure/latency.js';
import { LINE_SHAPE, type Likeness, type LogLine, RecordPool, timeOf } from './measure/records.js';

export interface AppendJob {
  readonly store: string;
  readonly folder: string;
  readonly drive: Drive;
  readonly mapBytes: number;
  readonly likeness: Likeness;
  readonly registered: boolean;
  readonly records: number;
  readonly warmUp: number;
  /** The warm-up, and the measured part, end after that time even if records are left. */
  readonly warmUpMs: number;
  readonly forMs: number;
  /** Read everything back and compare, not only count. */
  readonly check: boolean;
}

export interface AppendResult extends Percentiles, Footprint {
  /** Measured ones: fewer than asked for when the time was up. */
  readonly records: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Appended before the clock started, and how quickly: with code that nobody had run yet. */
  readonly warmUpRecords: number;
  readonly warmUpPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly bytesPerRecord: number;
  /** Records read back and compared; 0 when they were only counted. */
  readonly compared: number;
}

async function run(work: AppendJob): Promise<AppendResult> {
  const kind = STORES[work.store] as StoreKind;
  const folder = join(work.folder, 'store');
  mkdirSync(folder);
  const pool = new RecordPool(work.mapBytes, work.likeness);
  const store = await kind.open(folder, {
    ...(work.registered ? { shape: LINE_SHAPE } : {}),
    unlike: work.likeness === 'unlike',
    slow: work.records < 20_000,
    expectedBytes: (work.warmUp + work.records) * (work.mapBytes + 40),
  });
  const warmedMs = performance.now();
  const warmed = await drive(store, pool, work.drive, 0, work.warmUp, new Latency(work.warmUp), work.warmUpMs);
  const warmUpPerSecond = (warmed * 1000) / (performance.now() - warmedMs);

  const latency = new Latency(work.records / work.drive.batchSize);
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const records = await drive(store, pool, work.drive, warmed, work.records, latency, work.forMs);
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  await store.close();

  const total = warmed + records;
  const compared = await check(kind, folder, total, work.check);
  const footprint = await kind.footprint(folder, total);
  return {
    ...latency.percentiles(),
    ...footprint,
    records,
    seconds,
    perSecond: records / seconds,
    warmUpRecords: warmed,
    warmUpPerSecond,
    cpuSecondsPerMillion: (cpu.user + cpu.system) / records,
    bytesPerRecord: footprint.dataBytes / total,
    compared,
  };
}

/** Opens the store again: the count must be right, and with `compare` every record, in order. */
async function check(kind: StoreKind, folder: string, total: number, compare: boolean): Promise<number> {
  const store = await kind.open(folder, {});
  const count = await store.count();
  let compared = 0;
  if (compare) {
    await store.scan((record) => {
      if ((record as LogLine).t !== timeOf(compared))
        throw new Error(`${kind.label}: record ${compared} is not what was appended`);
      compared += 1;
    });
  }
  await store.close();
  if (count !== total || (compare && compared !== total))
    throw new Error(`${kind.label}: ${total} records were acknowledged, ${count} are there, ${compared} were read`);
  return compared;
}

answer(await run(job() as AppendJob));
