/** What a policy is judged by. Cost is a vector: which of these count, and how much, is the user's to say. */
import { LtlError } from '../words/errors.js';
import { nearest } from '../words/nearest.js';
import { readNumber } from './grammar.js';
import type { Outcome } from './outcome.js';

interface Metric {
  readonly doc: string;
  of(outcome: Outcome): number | null;
}

export const METRICS = {
  cost: { doc: 'idle cost: power times time plus wake-ups', of: (outcome) => outcome.cost.total },
  wakes: { doc: 'wake-ups', of: (outcome) => outcome.wakes },
  delayMeanMs: { doc: 'mean wait until service begins', of: (outcome) => outcome.delayMeanMs },
  delayP99Ms: { doc: '99th percentile of that wait', of: (outcome) => outcome.delayP99Ms },
  delayMaxMs: { doc: 'longest wait', of: (outcome) => outcome.delayMaxMs },
  backlogMax: { doc: 'most records waiting at once', of: (outcome) => outcome.backlogMax },
  backlogBytesMax: { doc: 'most bytes waiting at once', of: (outcome) => outcome.backlogBytesMax },
  catchUpMaxMs: { doc: 'longest time from wake-up until the backlog was gone', of: (outcome) => outcome.catchUpMaxMs },
  flushes: { doc: 'batches committed', of: (outcome) => outcome.flushes },
  refusals: { doc: 'records refused', of: (outcome) => outcome.refusals },
  busyMs: { doc: 'time spent working', of: (outcome) => outcome.busyMs },
  awakeMs: { doc: 'time awake, idle or working', of: (outcome) => (outcome.stateMs['awake'] ?? 0) + outcome.busyMs },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;

export function metricNames(): MetricName[] {
  return Object.keys(METRICS) as MetricName[];
}

/** Throws E_USAGE naming the nearest metric. */
export function metricNamed(name: string): MetricName {
  if (Object.hasOwn(METRICS, name)) return name as MetricName;
  const near = nearest(name, metricNames());
  throw new LtlError('E_USAGE', `no metric is named '${name}'${near === null ? '' : `; did you mean ${near}?`}`);
}

/** Weights per metric, as `cost=1,delayMeanMs=20`. */
export type Weights = ReadonlyMap<MetricName, number>;

export function parseWeights(text: string): Weights {
  const weights = new Map<MetricName, number>();
  for (const part of text.split(',')) {
    const [name = '', weight = ''] = part.split('=');
    weights.set(metricNamed(name), readNumber(weight, `the weight of ${name}`, `--weights ${text}`));
  }
  return weights;
}

/** The weighted sum of an outcome; null when a weighted metric has no value for this policy. */
export function score(outcome: Outcome, weights: Weights): number | null {
  let sum = 0;
  for (const [name, weight] of weights) {
    const value = METRICS[name].of(outcome);
    if (value === null) return null;
    sum += weight * value;
  }
  return sum;
}
