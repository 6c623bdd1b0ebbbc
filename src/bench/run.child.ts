/**
 * One store under one load, once, in a process of its own, so that no heap disturbs another: opens an empty store, starts
 * the producers, warms up, measures, waits for what is under way, closes, opens again and checks that all is there. Answers its
 * parent with messages. Ends in order when it is told to stop; ends and removes its folder when its parent is gone.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Timeline, type Window } from '../measure/timeline.js';
import { toWireError } from '../words/errors.js';
import type { FromRun, ProducerDone, RunJob, RunResult } from './job.js';
import { COUNTERS, sharedMs } from './produce.js';
import { producersFor } from './producers.js';
import { RecordPool } from './records.js';
import { STORES } from './stores/registry.js';
import type { StoreKind } from './stores/store.js';
import { Watch } from './watch.js';

/** Time for threads to be told of the start. */
const START_MS = 20;
/** So many records are read back and compared; the rest is counted, and checked by the store itself where it can. */
const COMPARED_MAX = 200_000;

const job = JSON.parse(process.argv[2] ?? '{}') as RunJob;
const stopWord = new Int32Array(new SharedArrayBuffer(4));
const tell = (message: FromRun): void => void process.send?.(message);
/** Resolves when the parent has it: the process ends after that. */
const answer = (message: FromRun): Promise<void> =>
  new Promise((resolve) => void (process.send?.(message, () => resolve()) ?? resolve()));

// A terminal sends its signals to the whole group: the parent decides what they mean.
process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined);
process.on('message', () => Atomics.store(stopWord, 0, 1));
const leave = (): never => {
  if (job.removes) rmSync(job.folder, { recursive: true, force: true });
  process.exit(1);
};
process.once('disconnect', leave);

try {
  await answer({ kind: 'result', result: await run() });
} catch (error) {
  await answer({ kind: 'failed', error: toWireError(error) });
}
// Threads of a run that failed would keep the process alive.
process.off('disconnect', leave);
process.exit();

async function run(): Promise<RunResult> {
  const { load } = job;
  const kind = STORES[job.store] as StoreKind;
  const folder = join(job.folder, 'store');
  mkdirSync(folder);
  const store = await kind.open(folder, load.shape === null ? {} : { shape: load.shape });
  const counters = new Float64Array(new SharedArrayBuffer(8 * COUNTERS * Math.max(1, load.producers)));
  const timeline = new Timeline(load.windowMs);
  const windows: Window[] = [];
  const onWindow = (window: Window): void => {
    windows.push(window);
    timeline.add(window);
  };
  const isStopped = (): boolean => Atomics.load(stopWord, 0) !== 0;
  const producers = await producersFor(store, load, counters, stopWord, onWindow);
  const startShared = sharedMs() + START_MS;
  const watch = new Watch(job, counters, startShared, tell, () => Atomics.store(stopWord, 0, 1));
  let done: ProducerDone[];
  let endedMs: number;
  try {
    done = await Promise.all(producers.map((start) => start(startShared)));
    endedMs = sharedMs();
  } catch (error) {
    Atomics.store(stopWord, 0, 1);
    throw error;
  } finally {
    watch.end();
  }
  const sum = (of: (part: ProducerDone) => number): number => done.reduce((all, part) => all + of(part), 0);
  const total = sum((part) => part.total);
  const unsent = sum((part) => part.unsent);
  watch.tell('drain', null);
  await store.close();
  watch.tell('check', null);
  const checked = await check(kind, folder, isStopped());
  const tookMs = Math.max(1, endedMs - startShared - load.warmUpMs);
  const forMs = load.wholeTrace ? tookMs : Math.min(load.forMs, tookMs);
  return {
    ...(await kind.footprint(folder, total)),
    forMs,
    interrupted: isStopped() && !watch.diskLow,
    diskLow: watch.diskLow,
    acknowledged: sum((part) => part.inTime),
    bytesGiven: sum((part) => part.inTimeBytes),
    offered: Math.round(((total + unsent) * forMs) / (forMs + load.warmUpMs)),
    backlog: unsent + sum((part) => part.measured - part.inTime),
    latency: timeline.latency.toData(),
    windows,
    samples: watch.samples,
    kept: watch.kept,
    cpuSeconds: watch.cpuSeconds,
    bytesWritten: watch.bytesWritten,
    measuredBytes: sum((part) => part.measuredBytes),
    total,
    totalBytesGiven: sum((part) => part.totalBytes),
    ...checked,
  };
}

/** Opens the store again: what was acknowledged must be there, readable, and what was appended. */
async function check(
  kind: StoreKind,
  folder: string,
  isShort: boolean,
): Promise<Pick<RunResult, 'found' | 'compared' | 'verified'>> {
  const store = await kind.open(folder, { readOnly: true });
  const found = await store.count();
  const matches = new RecordPool(job.load.records).matcher();
  let compared = 0;
  await store.scan((record) => {
    if (!matches(record)) throw new Error(`${kind.label}: record ${compared} is not what was appended`);
    compared += 1;
    return compared < COMPARED_MAX;
  });
  if (!isShort) await store.verify?.();
  const verified = store.verify === undefined || isShort ? null : true;
  await store.close();
  return { found, compared, verified };
}
