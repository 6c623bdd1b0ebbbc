/**
 * `ltl demo`, which is `npm start`: the runtime at work on real input. It appends, naps in the middle and wakes, makes a
 * worker fail on purpose, verifies, reads everything back, queries, and sums up. What it prints was measured in this run.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Arguments, Run } from './command.js';
import { Feed, RECORDS_IN_FLIGHT } from './demo-feed.js';
import { type DemoInput, demoInput } from './demo-input.js';
import {
  type Failure,
  failOnce,
  type Nap,
  napAndWake,
  oneByOne,
  type Query,
  query,
  type ReadBack,
  readBack,
  type Verified,
  verifyAll,
} from './demo-steps.js';
import { DemoView } from './demo-view.js';
import { duration, grouped } from './numbers.js';
import { writeAll } from './output.js';
import { StopRequest } from './signals.js';
import { openWriter, type Store } from './store.js';

const EX_DATAERR = 65;

/** What the demo found; printed as it is with --json. */
interface Findings {
  readonly input: string;
  readonly records: number;
  readonly recordsPerSecond: number;
  /** From append() to the acknowledgement, with others on their way and alone. */
  readonly acknowledgedMs: { readonly p50: number; readonly p99: number; readonly aloneP50: number };
  readonly bytesPerRecord: number;
  readonly openMs: number;
  readonly nap: Nap;
  readonly failure: Failure;
  readonly verify: Verified;
  readonly readBack: ReadBack;
  readonly query: Query | null;
  readonly tookMs: number;
}

export const demo: Run = async ({ values, operands: [file] }, io) => {
  const startedMs = performance.now();
  const input = await demoInput(file, io);
  const given = values['path'];
  // Before the folder is made, which a signal would leave behind otherwise.
  using stop = new StopRequest();
  const folder = typeof given === 'string' ? given : fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-demo-'));
  stop.signal.addEventListener('abort', () => input.stop());
  const view = new DemoView(io, values['json'] === true);
  try {
    const where = given === undefined ? `${folder}, removed at the end` : folder;
    view.title(`ltl on Node ${process.version}, ${os.availableParallelism()} cores, in ${where}`);
    const found = await run({ ...values, path: folder }, input, view, stop.signal);
    if (stop.received !== null) return stop.exitStatus;
    const findings = { ...found, tookMs: performance.now() - startedMs };
    if (values['json'] === true) await writeAll(io.stdout, `${JSON.stringify(findings, null, 2)}\n`);
    else sumUp(findings, view, given === undefined ? null : folder);
    await view.end();
    const sound =
      findings.verify.clean && findings.readBack.equal && findings.query?.found === findings.query?.foundByScan;
    return sound ? 0 : EX_DATAERR;
  } catch (error) {
    if (stop.received === null) throw error;
    await view.end();
    return stop.exitStatus;
  } finally {
    if (given === undefined) fs.rmSync(folder, { recursive: true, force: true });
  }
};

/** All steps in order. Throws when a signal ends them. */
async function run(
  values: Arguments['values'],
  input: DemoInput,
  view: DemoView,
  stop: AbortSignal,
): Promise<Omit<Findings, 'tookMs'>> {
  const startedMs = performance.now();
  const store = await openWriter(values);
  try {
    const openMs = performance.now() - startedMs;
    view.step('open', `the log in ${duration(openMs)}, owned by a thread of its own under a supervisor`);
    view.step('input', input.about);
    if (input.query !== null) await store.index({ val_match: [input.query.field] });
    const feed = new Feed(store, input.blocks, (share, count) => view.bar(share, count));
    const aloneP50 = await oneByOne(feed, view);
    const nap = await napAndWake(store, feed, view);
    const failure = await failOnce(store, feed, view);
    await feed.until({ share: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY });
    stop.throwIfAborted();
    return {
      input: input.about,
      ...figures(store, feed, aloneP50),
      openMs,
      nap,
      failure,
      verify: await verifyAll(store, view, stop),
      readBack: await readBack(store, feed, view, stop),
      query: input.query === null ? null : await query(store, input.query, view),
    };
  } finally {
    await store.close();
  }
}

function figures(
  store: Store,
  feed: Feed,
  aloneP50: number,
): Pick<Findings, 'records' | 'recordsPerSecond' | 'acknowledgedMs' | 'bytesPerRecord'> {
  return {
    records: feed.count,
    recordsPerSecond: feed.recordsPerSecond,
    acknowledgedMs: { p50: feed.percentileMs(50), p99: feed.percentileMs(99), aloneP50 },
    bytesPerRecord: feed.count === 0 ? 0 : store.stat('bytes') / feed.count,
  };
}

function sumUp(findings: Findings, view: DemoView, kept: string | null): void {
  const { acknowledgedMs, bytesPerRecord, failure, records, recordsPerSecond } = findings;
  view.heading(`In short, after ${duration(findings.tookMs)}`);
  const inFlight = `at most ${grouped(RECORDS_IN_FLIGHT)} of them on their way`;
  view.step('speed', `${grouped(recordsPerSecond)} records/s, a promise each, ${inFlight}`);
  view.step(
    'latency',
    `p50 ${duration(acknowledgedMs.p50)}, p99 ${duration(acknowledgedMs.p99)}, alone p50 ${duration(acknowledgedMs.aloneP50)}, from append() to on disk`,
  );
  view.step('size', `${bytesPerRecord.toFixed(1)} bytes a record on disk, headers included`);
  view.step(
    'recovered',
    `${failure.restarts} failed thread; ${grouped(failure.inFlight)} records were on their way, 0 lost`,
  );
  view.heading('Try next');
  const ltl = fs.existsSync(new URL('../../../src', import.meta.url)) ? 'npm run ltl --' : 'npx ltl';
  const folder = kept ?? '/tmp/mine';
  view.lines([
    kept === null ? `${ltl} append FILE --path ${folder}` : `${ltl} read --path ${folder}`,
    `${ltl} read --follow --path ${folder}`,
    `${ltl} machines sleep`,
    `${ltl} help`,
  ]);
  if (records === 0) view.lines(['(the input was empty)']);
}
