/**
 * `ltl policy calibrate`: measures the runtime on this machine through its public door, and gives what the simulator needs to
 * speak of it. Rounds of everything are interleaved and medians are taken, so that one disturbance does not decide.
 */
import { mkdirSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Ltl, open, symSLEEP_DEEP, symSLEEP_NAP } from '../../ltl.js';
import type { Calibration } from '../../policy/calibration.js';
import { makeScratch, type Scratch } from '../../ports/scratch.js';
import { LtlError } from '../../words/errors.js';
import { caughtUp } from './run.js';

/** What the file holds beside what the simulator reads. */
export interface MeasuredCalibration extends Calibration {
  readonly measuredAt: string;
  readonly machine: string;
  readonly folder: string;
  readonly rounds: number;
}

/** Records of a backlog that is caught up with: enough to see the pace, small enough to fit in several rounds. */
const BACKLOG_RECORDS = 5000;
const SMALL_BYTES = 100;
const LARGE_BYTES = 500;
const SINGLES = 40;
const NAPS = 20;
/** Single records come so far apart that each is a pass of its own. */
const TRICKLE_RECORDS = 6;
const TRICKLE_MS = 220;
const KINDS = ['read', 'write', 'open', 'close', 'fail'] as const;

interface Round {
  readonly syncMs: number;
  readonly groupCpuMs: number;
  readonly small: Batch;
  readonly large: Batch;
  readonly napMs: number;
  readonly deepMs: number;
  /** From waking until a single record that waited is visible. */
  readonly wakeOneMs: number;
  readonly napCpuMs: number;
  readonly pickUpMs: number;
  readonly turnCpuMs: number;
  readonly passCpuMs: number;
}

/** Appended while napping, then caught up with. */
interface Batch {
  readonly catchUpMs: number;
  readonly cpuMs: number;
}

/** Measures in a new store below `folder` (default: the system's temporary folder), and removes it. Null when the signal ended it. Throws E_CANNOT_CREATE. */
export async function calibrate(
  folder: string | null,
  count: number,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<MeasuredCalibration | null> {
  const parent = folder ?? os.tmpdir();
  using scratch = scratchIn(parent);
  await using ltl = await open({ 'force-all.path': join(scratch.folder, 'store') });
  await ltl.index({ val_match: ['kind'] });
  await ltl.reserve(4 * BACKLOG_RECORDS * LARGE_BYTES);
  await backlog(ltl, SMALL_BYTES);
  const rounds: Round[] = [];
  for (let round = 0; round < count && !signal.aborted; round++) {
    progress(`calibrating, round ${round + 1} of ${count}`);
    rounds.push(await measured(ltl));
  }
  progress('');
  return rounds.length < count ? null : { ...calibrationOf(rounds), ...facts(parent, count) };
}

function scratchIn(parent: string): Scratch {
  try {
    mkdirSync(parent, { recursive: true });
    return makeScratch(parent, 'ltl-calibrate-');
  } catch (cause) {
    throw new LtlError('E_CANNOT_CREATE', `${parent}: ${(cause as Error).message}`, { cause });
  }
}

async function measured(ltl: Ltl): Promise<Round> {
  const singles = await single(ltl);
  const small = await backlog(ltl, SMALL_BYTES);
  const large = await backlog(ltl, LARGE_BYTES);
  const naps = await napping(ltl);
  const deepMs = await wakeMs(ltl, symSLEEP_DEEP);
  const wakeOneMs = (await backlog(ltl, SMALL_BYTES, 1)).catchUpMs;
  const asleep = await trickle(ltl, true);
  const awake = await trickle(ltl, false);
  return {
    ...singles,
    small,
    large,
    ...naps,
    deepMs,
    wakeOneMs,
    pickUpMs: awake.visibilityMs,
    turnCpuMs: asleep.cpuMs / TRICKLE_RECORDS,
    passCpuMs: Math.max(0, (awake.cpuMs - asleep.cpuMs) / TRICKLE_RECORDS),
  };
}

/** One record after the other while napping: each is a group. */
async function single(ltl: Ltl): Promise<Pick<Round, 'syncMs' | 'groupCpuMs'>> {
  await ltl.sleep(symSLEEP_NAP);
  const times: number[] = [];
  const fromCpuMs = cpuMs();
  for (let count = 0; count < SINGLES; count++) {
    const fromMs = performance.now();
    await ltl.append(recordOf(count, SMALL_BYTES));
    times.push(performance.now() - fromMs);
  }
  const groupCpuMs = (cpuMs() - fromCpuMs) / SINGLES;
  await ltl.awake();
  await caughtUp(ltl);
  return { syncMs: median(times), groupCpuMs };
}

async function backlog(ltl: Ltl, bytes: number, records = BACKLOG_RECORDS): Promise<Batch> {
  const fromCpuMs = cpuMs();
  await ltl.sleep(symSLEEP_NAP);
  await ltl.appendBatch(Array.from({ length: records }, (_, index) => recordOf(index, bytes)));
  const fromMs = performance.now();
  await ltl.awake();
  await caughtUp(ltl);
  return { catchUpMs: performance.now() - fromMs, cpuMs: cpuMs() - fromCpuMs };
}

async function napping(ltl: Ltl): Promise<Pick<Round, 'napMs' | 'napCpuMs'>> {
  const fromCpuMs = cpuMs();
  const times: number[] = [];
  for (let nap = 0; nap < NAPS; nap++) times.push(await wakeMs(ltl, symSLEEP_NAP));
  return { napMs: median(times), napCpuMs: (cpuMs() - fromCpuMs) / NAPS };
}

async function wakeMs(ltl: Ltl, symbol: symbol): Promise<number> {
  await ltl.sleep(symbol);
  const fromMs = performance.now();
  await ltl.awake();
  return performance.now() - fromMs;
}

/** Records far apart, awake or napping: what it takes to follow each, and how long until it is visible. */
async function trickle(ltl: Ltl, napping: boolean): Promise<{ readonly cpuMs: number; readonly visibilityMs: number }> {
  if (napping) await ltl.sleep(symSLEEP_NAP);
  else await ltl.policy('always-awake');
  const fromCpuMs = cpuMs();
  for (let count = 0; count < TRICKLE_RECORDS; count++) {
    await ltl.append(recordOf(count, SMALL_BYTES));
    await pause(TRICKLE_MS);
  }
  const usedMs = cpuMs() - fromCpuMs;
  const report = napping ? null : await ltl.policy(null);
  await ltl.awake();
  await caughtUp(ltl);
  return { cpuMs: usedMs, visibilityMs: report?.actual.visibilityMeanMs ?? 0 };
}

/** Two sizes give the cost of a record and of a byte; what noise makes negative is none. */
function calibrationOf(rounds: readonly Round[]): Calibration {
  const of = (read: (round: Round) => number): number => median(rounds.map(read));
  const [small, large] = [of((round) => round.small.catchUpMs), of((round) => round.large.catchUpMs)];
  const byteMs = Math.max(0, (large - small) / BACKLOG_RECORDS / (LARGE_BYTES - SMALL_BYTES));
  const wakeMs = of((round) => round.wakeOneMs);
  const recordMs = Math.max(0, (small - wakeMs) / BACKLOG_RECORDS - byteMs * SMALL_BYTES);
  const deeper = of((round) => round.deepMs - round.napMs);
  return {
    service: `each:${plain(recordMs)},${plain(byteMs)}`,
    wakeMs: {
      ...Object.fromEntries(['asleep', 'nap', 'sleep1', 'sleep2', 'sleep3'].map((name) => [name, figure(wakeMs)])),
      deep: figure(Math.max(0, wakeMs + deeper)),
    },
    pickUpMs: figure(of((round) => round.pickUpMs)),
    syncMs: figure(of((round) => round.syncMs)),
    cpu: {
      recordMs: figure(of((round) => round.small.cpuMs) / BACKLOG_RECORDS),
      groupMs: figure(of((round) => round.groupCpuMs)),
      turnMs: figure(of((round) => round.turnCpuMs)),
      passMs: figure(of((round) => round.passCpuMs)),
      wakeMs: figure(of((round) => round.napCpuMs)),
    },
  };
}

function facts(folder: string, rounds: number) {
  const cpus = os.cpus();
  return {
    measuredAt: new Date().toISOString(),
    machine: `${cpus[0]?.model ?? 'unknown'}, ${cpus.length} cores, Node ${process.version}`,
    folder,
    rounds,
  };
}

const recordOf = (index: number, bytes: number) => ({ kind: KINDS[index % KINDS.length], text: 'x'.repeat(bytes) });

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

const figure = (value: number): number => Number(value.toPrecision(4));

/** The grammar of laws has no small exponents. */
const plain = (value: number): string => figure(value).toFixed(9);
