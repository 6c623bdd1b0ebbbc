/** What the rounds of a comparison come to: medians, merged percentiles, ratios, and whether a long run stayed level. */
import { Histogram } from '../measure/histogram.js';
import { Timeline, type WindowFigures } from '../measure/timeline.js';
import { median, slope } from '../measure/trend.js';
import type { Kept, Load, RunResult, Sample } from './job.js';

/** In ms. */
export interface LatencyFigures {
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
  readonly max: number;
  readonly count: number;
}

/** An open loop that asked for more than the store could do. */
export interface Overload {
  readonly offeredPerSecond: number;
  readonly achievedPerSecond: number;
  /** Records due and not acknowledged when the time was up. */
  readonly backlog: number;
  /** By how much the sender was behind its schedule at the end. */
  readonly lateMs: number;
}

/** How memory and latency went over the run, its first quarter left out. */
export interface Trend {
  readonly overMs: number;
  /** The process's own memory where the system tells it apart from mapped files, else all of it: the median. */
  readonly memoryBytes: number;
  /** That memory after collections of all garbage, in order, which the verdict is made from; none in runs too short for it. */
  readonly keptBytes: readonly number[];
  readonly memoryBytesPerHour: number;
  readonly memoryIsFlat: boolean;
  /** Medians of the windows' p99, of the first and of the last third. */
  readonly p99MsFirst: number;
  readonly p99MsLast: number;
  readonly latencyIsFlat: boolean;
}

export interface Summary {
  readonly store: string;
  readonly label: string;
  readonly how: string;
  readonly role: 'ours' | 'peer' | 'limit';
  readonly rounds: number;
  readonly interrupted: boolean;
  readonly diskLow: boolean;
  /** Measured time of all rounds. */
  readonly measuredMs: number;
  readonly perSecond: number;
  readonly perSecondRange: readonly [number, number];
  readonly bytesPerSecond: number;
  readonly latencyMs: LatencyFigures;
  readonly cpuSecondsPerMillion: number;
  /** Bytes handed to the system to write for each byte given, room written ahead and index included; null where unknown. */
  readonly bytesWrittenPerByte: number | null;
  /** Bytes that hold the records, for each byte given. */
  readonly bytesStoredPerByte: number;
  readonly overload: Overload | null;
  /** Of the round in the middle; null when it was too short to tell. */
  readonly trend: Trend | null;
  readonly windows: readonly WindowFigures[];
  readonly samples: readonly Sample[];
  readonly work: {
    readonly acknowledged: number;
    readonly found: number;
    readonly compared: number;
    readonly verified: boolean | null;
  };
  /** Throughput and p99 of ours over this one's; null for ours. */
  readonly ratio: { readonly throughput: number; readonly p99: number } | null;
}

export interface Contender {
  readonly store: string;
  readonly label: string;
  readonly how: string;
  readonly role: 'ours' | 'peer' | 'limit';
  readonly rounds: readonly RunResult[];
}

/** One summary a contender that has a round; ratios are to the first of role `ours`. */
export function summarise(load: Load, contenders: readonly Contender[]): Summary[] {
  const all = contenders.filter(({ rounds }) => rounds.length > 0).map((contender) => summaryOf(load, contender));
  const ours = all.find(({ role }) => role === 'ours');
  return all.map((summary) =>
    ours === undefined || summary === ours
      ? summary
      : {
          ...summary,
          ratio: {
            throughput: ours.perSecond / summary.perSecond,
            p99: ours.latencyMs.p99 / summary.latencyMs.p99,
          },
        },
  );
}

function summaryOf(load: Load, { rounds, ...who }: Contender): Summary {
  const latency = new Histogram();
  for (const round of rounds) latency.merge(round.latency);
  const rates = rounds.map(rateOf);
  const perSecond = median(rates);
  const sum = (of: (round: RunResult) => number): number => rounds.reduce((all, round) => all + of(round), 0);
  const given = sum((round) => round.totalBytesGiven);
  const written = rounds.every((round) => round.bytesWritten !== null) ? sum((round) => round.bytesWritten ?? 0) : null;
  const middle = rounds.toSorted((a, b) => rateOf(a) - rateOf(b))[Math.floor((rounds.length - 1) / 2)];
  const windows = middle === undefined ? [] : wholeWindows(load, middle);
  return {
    ...who,
    rounds: rounds.length,
    interrupted: rounds.some(({ interrupted }) => interrupted),
    diskLow: rounds.some(({ diskLow }) => diskLow),
    measuredMs: sum(({ forMs }) => forMs),
    perSecond,
    perSecondRange: [Math.min(...rates), Math.max(...rates)],
    bytesPerSecond: median(rounds.map(({ bytesGiven, forMs }) => (1000 * bytesGiven) / forMs)),
    latencyMs: latencyFigures(latency),
    // Of every record that was measured: those that came in late took CPU too.
    cpuSecondsPerMillion: median(rounds.map((round) => (1e6 * round.cpuSeconds) / Math.max(1, round.latency.count))),
    bytesWrittenPerByte:
      written === null
        ? null
        : written /
          Math.max(
            1,
            sum((round) => round.measuredBytes),
          ),
    bytesStoredPerByte: sum((round) => round.dataBytes) / Math.max(1, given),
    overload: overloadOf(load, rounds),
    trend: middle === undefined ? null : trendOf(windows, middle.samples, middle.kept),
    windows,
    samples: middle?.samples ?? [],
    work: {
      acknowledged: sum(({ total }) => total),
      found: sum(({ found }) => found),
      compared: sum(({ compared }) => compared),
      verified: rounds.some(({ verified }) => verified === null) ? null : true,
    },
    ratio: null,
  };
}

const rateOf = ({ acknowledged, forMs }: RunResult): number => (1000 * acknowledged) / forMs;

export function latencyFigures(latency: Histogram): LatencyFigures {
  const at = (share: number): number => latency.percentileNs(share) / 1e6;
  return {
    min: latency.count === 0 ? 0 : latency.minNs / 1e6,
    mean: latency.meanNs / 1e6,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    p999: at(0.999),
    p9999: at(0.9999),
    max: latency.maxNs / 1e6,
    count: latency.count,
  };
}

/** Windows that lay wholly within the measured time. */
function wholeWindows(load: Load, { windows, forMs }: RunResult): WindowFigures[] {
  const timeline = new Timeline(load.windowMs);
  for (const window of windows) timeline.add(window);
  return timeline.figures().filter(({ atMs }) => atMs + load.windowMs <= forMs + 1);
}

/** So much less than offered, or so late at the end, and the store did not keep up. */
const ACHIEVED_SHARE = 0.98;
const LATE_SHARE = 0.05;
const LATE_MS = 100;

function overloadOf(load: Load, rounds: readonly RunResult[]): Overload | null {
  if (load.arrivals.kind === 'closed') return null;
  const ms = rounds.reduce((sum, { forMs }) => sum + forMs, 0);
  const offered = rounds.reduce((sum, round) => sum + round.offered, 0);
  const achieved = rounds.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  const lateMs = median(rounds.map(({ samples }) => samples.at(-1)?.lateMs ?? 0));
  const isLate = lateMs > Math.max(LATE_MS, LATE_SHARE * (ms / rounds.length));
  if (!isLate && (achieved >= ACHIEVED_SHARE * offered || offered - achieved < 100)) return null;
  return {
    offeredPerSecond: (1000 * offered) / ms,
    achievedPerSecond: (1000 * achieved) / ms,
    backlog: rounds.reduce((sum, { backlog }) => sum + backlog, 0),
    lateMs,
  };
}

/** Fewer points say nothing about a trend. */
const POINTS_MIN = 20;
/** Growth over the time looked at that still counts as level: this share of what there is, or so many bytes. */
const FLAT_SHARE = 0.05;
const FLAT_BYTES = 8 * 1024 * 1024;
/** The last third's p99 may be so many times the first's. */
const FLAT_FACTOR = 1.5;

/** Fewer looks at what stays say nothing about a trend. */
const KEPT_MIN = 3;

export function trendOf(
  windows: readonly WindowFigures[],
  samples: readonly Sample[],
  kept: readonly Kept[] = [],
): Trend | null {
  const late = samples.slice(Math.floor(samples.length / 4));
  const busy = windows.slice(Math.floor(windows.length / 4)).filter(({ count }) => count > 0);
  if (late.length < POINTS_MIN || busy.length < POINTS_MIN) return null;
  const memory =
    kept.length >= KEPT_MIN
      ? kept.map(({ atMs, bytes }) => [atMs, bytes] as const)
      : late.map(({ atMs, ownBytes, rssBytes }) => [atMs, ownBytes ?? rssBytes] as const);
  const overMs = (late.at(-1)?.atMs ?? 0) - (late[0]?.atMs ?? 0);
  const memoryBytes = median(memory.map(([, bytes]) => bytes));
  const perMs = slope(memory);
  const third = Math.floor(busy.length / 3);
  const p99MsFirst = median(busy.slice(0, third).map(({ p99Ms }) => p99Ms));
  const p99MsLast = median(busy.slice(-third).map(({ p99Ms }) => p99Ms));
  return {
    overMs,
    memoryBytes,
    keptBytes: kept.map(({ bytes }) => bytes),
    memoryBytesPerHour: perMs * 3_600_000,
    memoryIsFlat: perMs * overMs <= Math.max(FLAT_SHARE * memoryBytes, FLAT_BYTES),
    p99MsFirst,
    p99MsLast,
    latencyIsFlat: p99MsLast <= FLAT_FACTOR * p99MsFirst,
  };
}
