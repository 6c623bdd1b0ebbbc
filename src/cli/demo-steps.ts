/** The demo's turns, each with what came of it: a nap, a failure, the way back, a query. */
import { setTimeout as pause } from 'node:timers/promises';
import { symDATA, symSLEEP_NAP } from '../words/symbols.js';
import { extendChecksum, type Feed } from './demo-feed.js';
import { type DemoQuery, textOf } from './demo-input.js';
import type { DemoView } from './demo-view.js';
import { duration, grouped, rate, size } from './numbers.js';
import type { Store } from './store.js';

/** Where the turns come: a share of an input whose size is known, a count of records where it is not. */
const NAP = { share: 0.35, count: 20_000 };
const AWAKE = { share: 0.6, count: 40_000 };
const FAILURE = { share: 0.75, count: 60_000 };

/** Appends that wait for each other: what one record costs that comes alone. Gives the median in ms. */
export async function oneByOne(feed: Feed, view: DemoView): Promise<number> {
  const medianMs = await feed.alone();
  if (feed.count > 0)
    view.step(
      'one by one',
      `${grouped(feed.count)} records, each after the last was on disk: p50 ${duration(medianMs)}`,
    );
  return medianMs;
}

export interface Nap {
  /** Records appended while napping. */
  readonly records: number;
  /** Records that no index knew when it was time to wake. */
  readonly backlog: number;
  /** Until all of them were indexed. */
  readonly catchUpMs: number;
}

/** Appends to the middle, naps, appends on, wakes, and waits until the index has caught up. */
export async function napAndWake(store: Store, feed: Feed, view: DemoView): Promise<Nap> {
  const before = await feed.until(NAP);
  view.step('together', `${grouped(before)} records, each promise resolved after the fdatasync of its group`);
  await store.idle();
  await store.sleep(symSLEEP_NAP);
  const records = await feed.until(AWAKE);
  const backlog = store.stat('backlog');
  const more = records === 0 ? 'nothing came in' : `${grouped(records)} more, on disk as before but not indexed`;
  view.step('nap', `${more}; the indexer and the auditor rested`);
  const wokenMs = performance.now();
  await store.awake();
  await store.idle();
  const catchUpMs = performance.now() - wokenMs;
  const caughtUp = backlog === 0 ? 'with nothing to catch up on' : `and the index caught up on ${grouped(backlog)}`;
  view.step('awake', `${caughtUp} in ${duration(catchUpMs)}`);
  return { records, backlog, catchUpMs };
}

export interface Failure {
  readonly actor: string;
  readonly restarts: number;
  /** Records accepted and not acknowledged when it failed. */
  readonly inFlight: number;
  /** Until all of them were acknowledged. */
  readonly tookMs: number;
}

/** The queue's thread throws while records are on their way: the worst moment there is. */
export async function failOnce(store: Store, feed: Feed, view: DemoView): Promise<Failure> {
  await feed.until(FAILURE);
  const restartsBefore = restartsOf(store);
  const startedMs = performance.now();
  const inFlight = await feed.rush();
  await store.drill('queue', 'throw');
  await feed.settle();
  while (restartsOf(store) === restartsBefore) await pause(1);
  const tookMs = performance.now() - startedMs;
  const restarts = restartsOf(store) - restartsBefore;
  const on = inFlight === 0 ? '' : `, with ${grouped(inFlight)} records on their way`;
  const then = inFlight === 0 ? `after ${duration(tookMs)}` : `and all were acknowledged after ${duration(tookMs)}`;
  view.step(
    'failure',
    `the thread that owns the log threw on purpose${on}: its supervisor started it again${inFlight === 0 ? ' ' : ', '}${then}`,
  );
  return { actor: 'queue', restarts, inFlight, tookMs };
}

/** Of the queue alone: those after it are started again with it. */
const restartsOf = (store: Store): number => store.status().actors.find(({ id }) => id === 'queue')?.restarts ?? 0;

export interface Verified {
  readonly clean: boolean;
  readonly damages: number;
  readonly segments: number;
  readonly tookMs: number;
}

/** Every checksum of the log, recomputed from the files, in several threads. */
export async function verifyAll(store: Store, view: DemoView, stop: AbortSignal): Promise<Verified> {
  const report = await store.verify({
    signal: stop,
    onProgress: ({ segmentsDone, segments }) => view.bar(segmentsDone / segments, segmentsDone, 'segments verified'),
  });
  const { clean, segments, bytes, tookMs } = report;
  const verdict = clean ? 'every checksum holds' : `${grouped(report.damages.length)} DAMAGES, see \`ltl verify\``;
  const count = segments === 1 ? '1 segment' : `${grouped(segments)} segments at once`;
  view.step('verify', `${count}, ${size(bytes)} in ${duration(tookMs)}: ${verdict}`);
  return { clean, damages: report.damages.length, segments, tookMs };
}

export interface ReadBack {
  readonly records: number;
  /** What came out is what went in. */
  readonly equal: boolean;
  readonly tookMs: number;
}

/** Everything appended in this run, read again and compared by checksum with what went in. */
export async function readBack(store: Store, feed: Feed, view: DemoView, stop: AbortSignal): Promise<ReadBack> {
  const startedMs = performance.now();
  let checksum = 0;
  let records = 0;
  if (feed.firstSeq !== null && feed.lastSeq !== null) {
    for await (const { data } of store.range(symDATA, { from: feed.firstSeq, to: feed.lastSeq + 1n })) {
      checksum = extendChecksum(checksum, textOf(data));
      records += 1;
      stop.throwIfAborted();
      if (records % 1024 === 0) view.bar(records / feed.count, records, 'records read back');
    }
  }
  const tookMs = performance.now() - startedMs;
  const equal = records === feed.count && checksum === feed.checksum;
  const verdict = equal ? 'equal to what went in: none lost, none twice' : 'NOT EQUAL to what went in';
  view.step('read back', `${grouped(records)} records in ${duration(tookMs)} (${rate(records, tookMs)}), ${verdict}`);
  return { records, equal, tookMs };
}

export interface Query {
  readonly field: string;
  readonly value: string;
  readonly found: number;
  readonly indexMs: number;
  /** The same question, answered by looking at every record. */
  readonly foundByScan: number;
  readonly scanMs: number;
}

/** One question, asked of the index and then of every record. */
export async function query(store: Store, { field, value }: DemoQuery, view: DemoView): Promise<Query> {
  await store.idle();
  const askedMs = performance.now();
  let found = 0;
  for await (const block of store.range(symDATA, { val_match: { [field]: value } }).blocks()) found += block.length;
  const indexMs = performance.now() - askedMs;
  const scannedMs = performance.now();
  let foundByScan = 0;
  for await (const block of store.range(symDATA).blocks())
    for (const { data } of block) if ((data as Record<string, unknown>)[field] === value) foundByScan += 1;
  const scanMs = performance.now() - scannedMs;
  const same = found === foundByScan ? 'the same' : `${grouped(foundByScan)}, NOT THE SAME,`;
  view.step(
    'query',
    `${field} = ${value}: ${grouped(found)} records by index in ${duration(indexMs)}, ${same} by looking at every ` +
      `record in ${duration(scanMs)}`,
  );
  return { field, value, found, indexMs, foundByScan, scanMs };
}
