/**
 * A run of tune: the machine by itself, settings one key at a time, the best changes together, and at the end the setting
 * that looks best for the goal beside the default once more, in fresh pairs. Only what wins there is recommended: the best of
 * many is best by luck as well.
 *
 * Everything it writes lies in one folder below the given one, which is gone at the end; when the process is killed, at the
 * start of the next run there. It keeps to its time: each part knows when it must be over, and no trial begins that would not fit.
 */
import os, { availableParallelism } from 'node:os';
import { rollDice } from '../policy/dice.js';
import { makeScratch } from '../ports/scratch.js';
import { LIMITS } from '../words/limits.js';
import {
  benefits,
  type Comparison,
  candidateFor,
  type Recommendation,
  recommend,
  report,
  type SettingReport,
  type Verdict,
  verdictOf,
  worthTogether,
} from './judge.js';
import { type MachineFigures, measureMachine } from './machine.js';
import { TUNE_PREFIX } from './place.js';
import { type Projected, project } from './projection.js';
import { DEFAULT, type Setting, settingOf, singles, TWIN, together } from './settings.js';
import { quantile } from './statistics.js';
import { GOAL_NAMES, type Goal, type Round, Sweep } from './sweep.js';
import type { Lengths } from './trial.js';

export interface TuneOptions {
  /** An existing folder on the disk to be measured. */
  readonly folder: string;
  readonly goal: Goal;
  readonly forMs: number;
  /** Order of the trials and of the bootstrap. */
  readonly seed: number;
  readonly signal: AbortSignal;
  /** What is going on, and which share of the time is over. */
  readonly onProgress: (share: number, text: string) => void;
}

export interface TuneReport {
  readonly goal: Goal;
  readonly seed: number;
  readonly forMs: number;
  readonly tookMs: number;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly system: string;
    readonly node: string;
    readonly folder: string;
    /** Load average of the minute before. */
    readonly loadBefore: number;
  };
  readonly alone: MachineFigures;
  readonly settings: readonly SettingReport[];
  readonly verdict: Verdict;
  /** What looked best in the sweep, by goal; null where nothing was worth a closer look. */
  readonly candidates: Readonly<Record<Goal, string | null>>;
  readonly comparison: Comparison | null;
  /** On paper, by a model: no measurement. Empty where it could not be fed. */
  readonly projection: readonly Projected[];
  readonly recommended: Recommendation;
}

/** Shares of the time. */
const ALONE = 0.13;
const SWEEP_END = 0.72;
const SINGLES_END = 0.5;
/** Rounds that settings are chosen for. */
const ROUNDS_WANTED = 3;
/** A trial's parts for a run of a minute, in milliseconds; shorter and longer runs scale them, within bounds. */
const LENGTHS: Lengths = { warmMs: 120, busyMs: 280, fewMs: 200, calmMs: 160 };
const MINUTE_MS = 60_000;

/** Resolves with what was found; null when the signal ended the run. Rejects with what opening a store there rejects with. */
export async function tune(options: TuneOptions): Promise<TuneReport | null> {
  using scratch = makeScratch(options.folder, TUNE_PREFIX);
  return await measure(scratch.folder, options);
}

async function measure(root: string, options: TuneOptions): Promise<TuneReport | null> {
  const { goal, forMs, seed, signal, onProgress } = options;
  const startMs = performance.now();
  const at = (share: number): number => startMs + share * forMs;
  const tell = (text: string): void => onProgress((performance.now() - startMs) / forMs, text);
  const loadBefore = os.loadavg()[0] ?? 0;
  tell('the machine by itself');
  const cores = availableParallelism();
  const alone = await measureMachine(root, forMs * ALONE, rollDice(seed, 0), cores, signal);
  if (alone === null) return null;
  const sweep = new Sweep({
    root,
    lengths: lengthsFor(forMs),
    dice: rollDice(seed, 1),
    signal,
    onTrial: ({ name }) => tell(name),
  });
  await sweep.warmUp();
  const settings = await sweepSettings(sweep, goal, at);
  const judged = report(settings, sweep.rounds, rollDice(seed, 2));
  const verdict = verdictOf(judged, goal);
  const candidate = verdict === 'clear' ? candidateFor(judged, goal) : null;
  const comparison = candidate === null ? null : await compare(sweep, candidate, at(0.98));
  if (signal.aborted) return null;
  return {
    goal,
    seed,
    forMs,
    tookMs: performance.now() - startMs,
    machine: {
      cpu: os.cpus()[0]?.model ?? 'unknown',
      cores,
      system: `${os.type()} ${os.release()} ${os.arch()}`,
      node: process.version,
      folder: options.folder,
      loadBefore,
    },
    alone,
    settings: judged,
    verdict,
    candidates: Object.fromEntries(GOAL_NAMES.map((one) => [one, candidateFor(judged, one)?.name ?? null])) as Record<
      Goal,
      string | null
    >,
    comparison,
    projection: projections(sweep.rounds, alone),
    recommended: recommend(goal, verdict, candidate, comparison),
  };
}

/** First one key at a time, then what was worth it together with the front so far. Returns all settings that were measured. */
async function sweepSettings(sweep: Sweep, goal: Goal, at: (share: number) => number): Promise<Setting[]> {
  const trials = (at(SINGLES_END) - performance.now()) / sweep.trialMs;
  const room = Math.max(1, Math.floor(trials / ROUNDS_WANTED) - 2);
  const first = singles().slice(0, room);
  await sweep.run(first, at(SINGLES_END), Number.POSITIVE_INFINITY);
  const rows = report([DEFAULT, TWIN, ...first], sweep.rounds, () => 0);
  const combined = combinations(rows, goal).filter(({ name }) => !first.some((one) => one.name === name));
  const kept = first.filter(({ name }) =>
    [...GOAL_NAMES.map((one) => candidateFor(rows, one)), ...rows.filter(({ onFront }) => onFront)].some(
      (row) => row?.name === name,
    ),
  );
  await sweep.run([...combined, ...kept], at(SWEEP_END), Number.POSITIVE_INFINITY);
  return [DEFAULT, TWIN, ...first, ...combined];
}

/** All changes that were worth it for one goal, together: for the goal that was asked for first. */
function combinations(rows: readonly SettingReport[], goal: Goal): Setting[] {
  const goals = [goal, ...GOAL_NAMES.filter((one) => one !== goal)];
  const settings = goals.map((one) => together(worthTogether(rows, one)));
  return settings.filter(
    (setting, index) =>
      setting.name !== DEFAULT.name && settings.findIndex(({ name }) => name === setting.name) === index,
  );
}

async function compare(sweep: Sweep, { name, changes }: SettingReport, endMs: number): Promise<Comparison> {
  const rounds = await sweep.compare(settingOf(changes), endMs);
  return { name, pairs: rounds.length, benefits: benefits(rounds, name) };
}

const PROJECTED_CORES = [1, 2, 4, 8, 16, 32];
/** Bytes of a trial's record on disk. */
const RECORD_BYTES = 100;

/** From the default's work per record, and the sync of a group as large as groups become. */
function projections(rounds: readonly Round[], { syncs }: MachineFigures): Projected[] {
  const figures = rounds.flatMap((round) => round.get(DEFAULT.name) ?? []);
  const middle = (values: readonly number[]): number =>
    quantile(
      values.toSorted((left, right) => left - right),
      0.5,
    );
  const callerUs = middle(figures.map((one) => one.callerUs));
  const runtimeUs = middle(figures.map((one) => one.runtimeUs));
  const group = syncs.find(({ way, bytes }) => way === 'written ahead' && bytes === LIMITS.groupBytesMax);
  if (!(callerUs > 0) || !(runtimeUs > 0) || group === undefined) return [];
  const work = { callerUs, runtimeUs, groupRecords: group.bytes / RECORD_BYTES, groupUs: group.us.value };
  return PROJECTED_CORES.map((cores) => project(work, cores));
}

function lengthsFor(forMs: number): Lengths {
  const scale = Math.min(3, Math.max(0.3, forMs / MINUTE_MS));
  const { warmMs, busyMs, fewMs, calmMs } = LENGTHS;
  return { warmMs: warmMs * scale, busyMs: busyMs * scale, fewMs: fewMs * scale, calmMs: calmMs * scale };
}
