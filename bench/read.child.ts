/**
 * The steps of `bench read`, each in a process of its own: fill a store, read it, append until killed, open it again.
 */
import { mkdirSync } from 'node:fs';
import { STORES } from '../src/bench/stores/registry.js';
import type { Footprint, Found, Recovery, Store, StoreKind } from '../src/bench/stores/store.js';
import { answer, job } from './measure/child.js';
import { drive } from './measure/drive.js';
import { Latency } from './measure/latency.js';
import { type LogLine, RecordPool, timeOf } from './measure/records.js';

export type ReadStep = 'fill' | 'read' | 'append-until-killed' | 'reopen';

export interface ReadJob {
  readonly step: ReadStep;
  readonly store: string;
  readonly folder: string;
  readonly records: number;
  readonly gets: number;
}

export interface ReadResult extends Footprint {
  readonly openMs: number;
  readonly openReaderMs: number;
  readonly getsPerSecond: number;
  readonly scannedPerSecond: number;
  /** By arrays of records, where the store has that; else the same again. */
  readonly scannedInBlocksPerSecond: number;
}

export interface ReopenResult {
  readonly openMs: number;
  /** As the store tells it; undefined when it does not. */
  readonly recovery?: Recovery;
  readonly count: number;
}

/** Records acknowledged so far, from the step that ends by SIGKILL. */
export interface Acknowledged {
  readonly acknowledged: number;
}

type Visit = (record: unknown) => void;

const MAP_BYTES = 98;
const IN_FLIGHT = 1024;

async function fill(kind: StoreKind, { folder, records }: ReadJob): Promise<object> {
  mkdirSync(folder);
  const store = await kind.open(folder, {});
  const form = { form: 'batch', inFlight: 16, batchSize: 1000 } as const;
  await drive(store, new RecordPool(MAP_BYTES, 'alike'), form, 0, records, new Latency(records), Infinity);
  await store.close();
  return {};
}

async function timedOpen(
  kind: StoreKind,
  folder: string,
  readOnly: boolean,
): Promise<{ store: Store; openMs: number }> {
  const startedMs = performance.now();
  const store = await kind.open(folder, { readOnly });
  return { store, openMs: performance.now() - startedMs };
}

async function read(kind: StoreKind, { folder, records, gets }: ReadJob): Promise<ReadResult> {
  const { store, openMs } = await timedOpen(kind, folder, false);
  await randomGets(store, records, Math.ceil(gets / 10), 1);
  const getSeconds = await randomGets(store, records, gets, 2);
  const one = (visit: Visit): Promise<void> => store.scan(visit);
  await scan(one, records);
  const scanSeconds = await scan(one, records);
  const blockSeconds =
    store.scanBlocks === undefined ? scanSeconds : await scan((visit) => store.scanBlocks?.(visit), records);
  await store.close();
  const reader = await timedOpen(kind, folder, true);
  await reader.store.get(records - 1);
  await reader.store.close();
  return {
    ...(await kind.footprint(folder, records)),
    openMs,
    openReaderMs: reader.openMs,
    getsPerSecond: gets / getSeconds,
    scannedPerSecond: records / scanSeconds,
    scannedInBlocksPerSecond: records / blockSeconds,
  };
}

/** Seconds for that many gets, one after the other, each compared with what was appended. */
async function randomGets(store: Store, records: number, gets: number, seed: number): Promise<number> {
  let state = seed;
  const startedMs = performance.now();
  for (let k = 0; k < gets; k += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const index = Math.floor((state / 2 ** 32) * records);
    const found = store.get(index);
    // A store that answers at once is not made to wait a turn.
    const record = (found instanceof Promise ? ((await found) as Found).data : found) as LogLine;
    if (record.t !== timeOf(index)) throw new Error(`record ${index} is not what was appended`);
  }
  return (performance.now() - startedMs) / 1000;
}

async function scan(each: (visit: Visit) => Promise<void> | undefined, records: number): Promise<number> {
  let count = 0;
  const startedMs = performance.now();
  await each((record) => {
    if ((record as LogLine).t !== timeOf(count)) throw new Error(`record ${count} is not what was appended`);
    count += 1;
  });
  const seconds = (performance.now() - startedMs) / 1000;
  if (count < records) throw new Error(`${records} records were appended, ${count} were scanned`);
  return seconds;
}

/** Appends in closed loops and tells its parent how far it is, until it is killed. */
async function appendUntilKilled(kind: StoreKind, { folder }: ReadJob): Promise<never> {
  const store = await kind.open(folder, {});
  const pool = new RecordPool(MAP_BYTES, 'alike');
  let next = await store.count();
  let acknowledged = next;
  const loop = async (): Promise<never> => {
    for (;;) {
      await store.append(pool.at(next++));
      acknowledged += 1;
      if (acknowledged % 1000 === 0) process.send?.({ acknowledged } satisfies Acknowledged);
    }
  };
  return Promise.race(Array.from({ length: IN_FLIGHT }, loop));
}

async function reopen(kind: StoreKind, { folder }: ReadJob): Promise<ReopenResult> {
  const { store, openMs } = await timedOpen(kind, folder, false);
  const recovery = store.recovery?.();
  const count = await store.count();
  await store.close();
  return { openMs, count, ...(recovery === undefined ? {} : { recovery }) };
}

const work = job() as ReadJob;
const kind = STORES[work.store] as StoreKind;
await kind.load?.();
const steps = { fill, read, 'append-until-killed': appendUntilKilled, reopen } as const;
answer(await steps[work.step](kind, work));
