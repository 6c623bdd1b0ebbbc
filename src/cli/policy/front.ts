/** Which two metrics a Pareto front is drawn in, and which policies stand on it. */
import { type MetricName, metricNamed } from '../../policy/metrics.js';
import type { StudyRow } from '../../policy/study.js';
import { paretoFront } from '../../policy/sweep.js';
import { LtlError } from '../../words/errors.js';
import type { PolicyArguments } from './options.js';

/** As asked for, else cost (wake-ups where a policy has no cost) against the mean delay, or wake-ups when no delay differs. */
export function objectivesOf(given: PolicyArguments, rows: readonly StudyRow[]): [MetricName, MetricName] {
  const text = given.one('objectives');
  if (text !== null) {
    const [first = '', second = '', ...more] = text.split(',');
    if (more.length > 0 || second === '')
      throw new LtlError('E_USAGE', '--objectives names two metrics, as cost,wakes');
    return [metricNamed(first), metricNamed(second)];
  }
  const varies = (metric: MetricName): boolean =>
    new Set(rows.map((row) => row.estimates[metric]?.mean ?? null)).size > 1;
  const price = rows.every((row) => row.estimates.cost !== null) ? 'cost' : 'wakes';
  return [price, price === 'wakes' || varies('delayMeanMs') ? 'delayMeanMs' : 'wakes'];
}

/** The policies that no other beats in both metrics, in order of the first; one that knows the future is no choice. */
export function frontRows(rows: readonly StudyRow[], [first, second]: readonly [MetricName, MetricName]): StudyRow[] {
  const points = rows.flatMap((row) => {
    const [x, y] = [row.estimates[first], row.estimates[second]];
    return x === null || y === null || row.policy.clairvoyant ? [] : [{ row, at: [x.mean, y.mean] as const }];
  });
  return paretoFront(points.map(({ at }) => at)).flatMap((index) => points[index]?.row ?? []);
}
