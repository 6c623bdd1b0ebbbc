/** Policies that learn from past idle periods: a typical interval, a histogram, advice taken with a pinch of salt, dice. */
import { AWAKE, type Policy, type SleepState } from '../contract.js';
import { uniformAt } from '../dice.js';
import { cheapestState } from '../idleCost.js';
import { ln } from '../numerics.js';
import { descendingPolicy, type Step } from './descent.js';
import { envelopeSteps } from './envelope.js';

interface Learner {
  readonly spec: string;
  readonly states: readonly SleepState[];
}

/** Idle lengths remembered by the typical interval, and the fewest that must agree, as in Linux. */
const INTERVALS = 8;
const AGREEING_LEAST = 6;

const remember = (recent: readonly number[], idleMs: number): readonly number[] => [
  ...recent.slice(recent.length === INTERVALS ? 1 : 0),
  idleMs,
];

/**
 * The typical interval of Linux cpuidle's menu governor (drivers/cpuidle/governors/menu.c, get_typical_interval): the mean
 * of the last eight idle lengths when they agree (standard deviation at most a sixth of the mean), leaving out the longest
 * while at least six remain; null when they do not agree.
 */
export function typicalInterval(recent: readonly number[]): number | null {
  if (recent.length < INTERVALS) return null;
  let longestKept = Number.POSITIVE_INFINITY;
  for (;;) {
    let count = 0;
    let sum = 0;
    let longest = 0;
    for (const value of recent) {
      if (value >= longestKept) continue;
      count++;
      sum += value;
      if (value > longest) longest = value;
    }
    if (count < AGREEING_LEAST) return null;
    const mean = sum / count;
    let squares = 0;
    for (const value of recent) if (value < longestKept) squares += (value - mean) * (value - mean);
    if (36 * squares <= mean * mean * count) return mean;
    longestKept = longest;
  }
}

/**
 * As Linux's menu: goes at once to the state that is cheapest for the typical interval; when it shows no pattern, or when
 * the prediction has run out, the lower envelope guards. No ratio is proven: a wrong prediction may cost any multiple.
 */
export function menuPolicy({ spec, states }: Learner): Policy {
  const guard = envelopeSteps(states);
  return descendingPolicy<readonly number[]>({
    spec,
    states,
    worstRatio: null,
    lesson: [],
    learn: remember,
    plan: (recent) => {
      const typical = typicalInterval(recent);
      const state = typical === null ? AWAKE : cheapestState(states, typical);
      if (state === AWAKE) return guard;
      return [{ afterMs: 0, state, reason: 'prediction' }, ...guard.filter((step) => step.state > state)];
    },
  });
}

/**
 * Ski rental with advice (Purohit, Svitkina, Kumar, "Improving online algorithms via ML predictions", NeurIPS 2018,
 * algorithm 2): sleeps after λB when a long idle period is predicted, after B/λ when a short one is. The ratio is at most
 * 1 + 1/λ whatever the advice, and 1 + λ when it is right. The advice here: the typical interval, else the last one.
 */
export function learnedPolicy({ spec, states }: Learner, breakEvenMs: number, lambda: number): Policy {
  return descendingPolicy<readonly number[]>({
    spec,
    states,
    worstRatio: 1 + 1 / lambda,
    lesson: [],
    learn: remember,
    plan: (recent) => {
      const predictedMs = typicalInterval(recent) ?? recent.at(-1) ?? 0;
      const afterMs = predictedMs >= breakEvenMs ? lambda * breakEvenMs : breakEvenMs / lambda;
      return [{ afterMs, state: 1, reason: 'timeout' }];
    },
  });
}

/**
 * Randomised ski rental (Karlin, Manasse, McGeoch, Owicki, "Competitive randomized algorithms for nonuniform problems",
 * Algorithmica 11, 1994): the timeout is drawn with density e^(x/B) / (B (e - 1)) on [0, B]; the expected cost is at most
 * e / (e - 1) times the optimum against every adversary that does not see the dice.
 */
export function randomisedPolicy({ spec, states }: Learner, breakEvenMs: number, seed: number): Policy {
  return descendingPolicy<number>({
    spec,
    states,
    worstRatio: Math.E / (Math.E - 1),
    lesson: 0,
    learn: (draws) => draws + 1,
    plan: (draws) => {
      const afterMs = breakEvenMs * ln(1 + (Math.E - 1) * uniformAt(seed, draws));
      return [{ afterMs, state: 1, reason: 'timeout' }];
    },
  });
}

export interface HistogramOptions {
  readonly bucketMs: number;
  /** Sleep until this share of past idle periods had ended, then wake ahead of the arrival. */
  readonly headShare: number;
  /** Stay awake until this share had ended, then sleep again. */
  readonly tailShare: number;
}

interface Lengths {
  /** Idle periods by length in buckets; the last bucket holds all that are longer. */
  readonly counts: readonly number[];
  readonly total: number;
}

const BUCKETS = 240;
/** Idle periods seen before the histogram is believed. */
const BELIEF_PERIODS = 20;

/**
 * As serverless platforms keep functions alive (Shahrad et al., "Serverless in the wild", USENIX ATC 2020): sleeps at once,
 * wakes ahead of the shortest idle lengths seen, stays awake until the longest have passed. The lower envelope stands in
 * until enough is known, or when too many periods are longer than the histogram. No ratio is proven.
 */
export function histogramPolicy({ spec, states }: Learner, options: HistogramOptions): Policy {
  const guard = envelopeSteps(states);
  return descendingPolicy<Lengths>({
    spec,
    states,
    worstRatio: null,
    lesson: { counts: [], total: 0 },
    learn: ({ counts, total }, idleMs) => {
      const bucket = Math.min(BUCKETS - 1, Math.floor(idleMs / options.bucketMs));
      const next = counts.slice();
      while (next.length <= bucket) next.push(0);
      next[bucket] = (next[bucket] ?? 0) + 1;
      return { counts: next, total: total + 1 };
    },
    plan: (lengths) => {
      const beyond = lengths.counts[BUCKETS - 1] ?? 0;
      if (lengths.total < BELIEF_PERIODS || 2 * beyond > lengths.total) return guard;
      return keepAlive(lengths, options, states.length - 1);
    },
  });
}

function keepAlive(lengths: Lengths, { bucketMs, headShare, tailShare }: HistogramOptions, deepest: number): Step[] {
  const headMs = bucketMs * bucketOfShare(lengths, headShare);
  const tailMs = bucketMs * (bucketOfShare(lengths, tailShare) + 1);
  const asleep: Step = { afterMs: tailMs, state: deepest, reason: 'keep-alive' };
  if (headMs === 0) return [asleep];
  return [
    { afterMs: 0, state: deepest, reason: 'prediction' },
    { afterMs: headMs, state: AWAKE, reason: 'pre-wake' },
    asleep,
  ];
}

/** The bucket in which that share of the periods is reached. */
function bucketOfShare({ counts, total }: Lengths, share: number): number {
  let seen = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    seen += counts[bucket] ?? 0;
    if (seen >= share * total) return bucket;
  }
  return counts.length;
}
