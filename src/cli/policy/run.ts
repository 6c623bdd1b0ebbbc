/**
 * `ltl policy run`: appends records of a trace's sizes at a trace's times to a real instance under a policy. When the trace
 * is over the instance is woken and waited for, so that work which a policy has put off is paid for like any other.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Ltl, open, symSLEEP_NAP } from '../../ltl.js';
import type { Policy } from '../../policy/contract.js';
import { Delays } from '../../policy/delays.js';
import type { ArrivalBlock } from '../../policy/trace.js';
import { makeScratch } from '../../ports/scratch.js';
import { LtlError } from '../../words/errors.js';
import { LONG_RUNNING } from '../store.js';
import type { PolicyIo } from './io.js';
import type { PolicyArguments } from './options.js';
import { policyMaker } from './own.js';
import { readCalibration, readSources } from './source.js';

/** Delays from the time at which a record was to come until it was acknowledged, in ms. */
export interface Acknowledged {
  readonly records: number;
  readonly meanMs: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
}

export interface TraceRun {
  readonly recordPath: string;
  readonly source: string;
  readonly acknowledged: Acknowledged;
  /** Removes what was temporary. */
  readonly remove: () => void;
}

const CAUGHT_UP_PAUSE_MS = 2;
/** Before anything is measured the code is run through, so that it is compiled. */
const WARM_UPS = 6;
const WARM_UP_RECORDS = 2000;
/** The spare segments of a new store are made before the run, not in it. */
const SPARE_BYTES = 16 * 1024 * 1024;
const PROGRESS_MS = 500;
/** A record holds little beside its text. */
const TEXT_BYTES_MAX = 16 * 1024 * 1024 - 1024;

/** Null when the signal ended it before the policy began; later it ends the trace. Throws what the words, files and policy are not. */
export async function runTrace(
  given: PolicyArguments,
  io: PolicyIo,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<TraceRun | null> {
  const [source, ...more] = readSources(given, io);
  if (source === undefined || more.length > 0) throw new LtlError('E_USAGE', 'run takes one --trace');
  const speed = given.positive('speed') ?? 1;
  const forMs = given.time('for') ?? Number.POSITIVE_INFINITY;
  const spec = given.needed('policy');
  const make = await policyMaker([spec, ...given.all('shadow')], null);
  const [policy, ...shadows] = make(given.seed()) as [Policy, ...Policy[]];
  const calibration = readCalibration(given);
  const { folder: scratch, remove } = makeScratch(tmpdir(), 'ltl-policy-');
  const recordPath = given.one('record') ?? join(scratch, 'record.ndjson');
  try {
    await using ltl = await open({ 'force-all.path': given.one('path') ?? join(scratch, 'store') }, LONG_RUNNING);
    await ltl.index({ val_match: ['kind'] });
    await ltl.reserve(SPARE_BYTES);
    progress('warming up');
    await warmUp(ltl, signal);
    // Opening and unpacking the trace is no work of the runtime: its beginning is read before anything is measured.
    const arrivals = await begun(source.arrivals(0));
    await quiet(signal);
    if (signal.aborted) {
      progress('');
      remove();
      return null;
    }
    await ltl.policy(policy, {
      shadows,
      record: recordPath,
      seed: given.seed(),
      ...(calibration === null ? {} : { calibration }),
    });
    const feeding = new Feeding(ltl, speed, forMs, signal, progress);
    for await (const block of arrivals) if (!(await feeding.feed(block))) break;
    await feeding.settled();
    progress('');
    await ltl.awake();
    await caughtUp(ltl);
    await ltl.policy(null);
    return { recordPath, source: source.name, acknowledged: feeding.acknowledged(), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

const QUIET_MS = 100;
const QUIET_CPU_MS = 5;
const QUIET_WAITS_MAX = 30;

/** Resolves when what the warm-up left to be compiled and collected is done, as far as the processor time shows it. */
async function quiet(signal: AbortSignal): Promise<void> {
  for (let wait = 0; wait < QUIET_WAITS_MAX && !signal.aborted; wait++) {
    const before = process.cpuUsage();
    await pause(QUIET_MS);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 < QUIET_CPU_MS) return;
  }
}

/** The same blocks, the first of which is there already. */
async function begun(
  blocks: Iterable<ArrivalBlock> | AsyncIterable<ArrivalBlock>,
): Promise<AsyncIterable<ArrivalBlock>> {
  const iterator = toAsync(blocks);
  const first = await iterator.next();
  return (async function* () {
    if (first.done !== true) yield first.value;
    yield* iterator;
  })();
}

async function* toAsync(blocks: Iterable<ArrivalBlock> | AsyncIterable<ArrivalBlock>): AsyncGenerator<ArrivalBlock> {
  yield* blocks;
}

async function warmUp(ltl: Ltl, signal: AbortSignal): Promise<void> {
  for (let round = 0; round < WARM_UPS && !signal.aborted; round++) {
    await ltl.sleep(symSLEEP_NAP);
    for (let record = 0; record < WARM_UP_RECORDS; record++)
      ltl.impl.append({ kind: KINDS[record % KINDS.length], text: 'x'.repeat(record % 256) });
    await ltl.flush();
    await ltl.awake();
    await caughtUp(ltl);
  }
}

/** Resolves when everything is verified and indexed, and the policy that runs has heard of it. Throws what ended the policy. */
export async function caughtUp(ltl: Ltl): Promise<void> {
  for (;;) {
    const failure = ltl.status().policy?.failure ?? null;
    if (failure !== null) throw new LtlError('E_POLICY', failure.message);
    const isBusy = ltl.status().policy?.isBusy ?? false;
    if (!isBusy && ltl.stat('unverified') === 0 && ltl.stat('backlog') === 0) return;
    await pause(CAUGHT_UP_PAUSE_MS);
  }
}

/** Appends arrivals at their times. What is due together is appended in one turn. */
class Feeding {
  readonly #ltl: Ltl;
  readonly #speed: number;
  readonly #untilMs: number;
  readonly #signal: AbortSignal;
  readonly #progress: (text: string) => void;
  readonly #startMs = performance.now();
  readonly #delays = new Delays(0);
  readonly #texts = new Map<number, string>();
  #failure: unknown = null;
  #shownMs = 0;
  #records = 0;

  constructor(ltl: Ltl, speed: number, forMs: number, signal: AbortSignal, progress: (text: string) => void) {
    this.#ltl = ltl;
    this.#speed = speed;
    this.#untilMs = forMs;
    this.#signal = signal;
    this.#progress = progress;
  }

  /** False when the run is over before its trace. */
  async feed({ atMs, bytes, count }: ArrivalBlock): Promise<boolean> {
    for (let next = 0; next < count; ) {
      const dueMs = (atMs[next] ?? 0) / this.#speed;
      if (dueMs > this.#untilMs || this.#signal.aborted) return false;
      const waitMs = dueMs - this.#nowMs;
      if (waitMs > 0) await pause(waitMs, undefined, { signal: this.#signal }).catch(() => undefined);
      if (this.#signal.aborted) return false;
      next = this.#turn(atMs, bytes, next, count);
      if (this.#failure !== null) throw this.#failure;
      // A trace that is behind its time is not to keep acknowledgements from being seen.
      if (waitMs <= 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return true;
  }

  async settled(): Promise<void> {
    await this.#ltl.flush();
    // Those who wait for the same acknowledgement are told one after another.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#failure !== null) throw this.#failure;
  }

  acknowledged(): Acknowledged {
    const { count, sum, max } = this.#delays;
    const [p50Ms, p99Ms] = [this.#delays.percentile(0.5), this.#delays.percentile(0.99)];
    return { records: count, meanMs: count === 0 ? null : sum / count, p50Ms, p99Ms, maxMs: count === 0 ? null : max };
  }

  get #nowMs(): number {
    return performance.now() - this.#startMs;
  }

  /** Appends what is due by now; the index of the next. A deep sleep's refusals are counted by the policy. */
  #turn(atMs: Float64Array, bytes: Float64Array, from: number, count: number): number {
    const nowMs = this.#nowMs;
    const dues: number[] = [];
    let ticket = -1;
    let next = from;
    for (; next < count && next - from < TURN_RECORDS_MAX && (atMs[next] ?? 0) / this.#speed <= nowMs; next++) {
      try {
        ticket = this.#ltl.impl.append({
          kind: KINDS[this.#records++ % KINDS.length],
          text: this.#text(bytes[next] ?? 0),
        });
        dues.push((atMs[next] ?? 0) / this.#speed);
      } catch (error) {
        if (!(error instanceof LtlError) || error.code !== 'E_SLEEPING_DEEP') throw error;
      }
    }
    if (ticket >= 0) void this.#acknowledge(ticket, dues);
    if (nowMs - this.#shownMs > PROGRESS_MS) {
      this.#shownMs = nowMs;
      this.#progress(
        `${this.#records.toLocaleString('en')} records, ${(nowMs / 1000).toFixed(0)} s, ${this.#ltl.status().sleep.depth}`,
      );
    }
    return next;
  }

  async #acknowledge(ticket: number, dues: readonly number[]): Promise<void> {
    try {
      await this.#ltl.durable(ticket);
      const nowMs = this.#nowMs;
      for (const dueMs of dues) this.#delays.add(nowMs - dueMs);
    } catch (error) {
      this.#failure ??= error;
    }
  }

  #text(bytes: number): string {
    const length = Math.min(bytes, TEXT_BYTES_MAX);
    const known = this.#texts.get(length);
    if (known !== undefined) return known;
    const text = 'x'.repeat(length);
    if (this.#texts.size < TEXTS_KEPT) this.#texts.set(length, text);
    return text;
  }
}

const KINDS = ['read', 'write', 'open', 'close', 'fail'] as const;
const TURN_RECORDS_MAX = 1024;
const TEXTS_KEPT = 4096;
