/**
 * What a comparison of noisy figures may claim: intervals of ratios that were measured in pairs, of medians, and the
 * points that no other point beats. Pure functions of their arguments.
 */
import type { Dice } from '../policy/dice.js';
import { pairedDifference } from '../policy/statistics.js';

/** An estimate with its 95 % confidence interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The ratio of two figures that were measured side by side, one of each pair from each list: the mean of the logarithms of
 * the pairs' ratios, with Student's t. Fewer than two pairs have no interval: it reaches from 0 to Infinity.
 */
export function pairedRatio(values: readonly number[], base: readonly number[]): Interval {
  const pairs = values.map((value, index) => [value, base[index] ?? Number.NaN] as const);
  const sound = pairs.filter(([value, other]) => value > 0 && other > 0);
  const { mean, ci95 } = pairedDifference(
    sound.map(([value]) => Math.log(value)),
    sound.map(([, other]) => Math.log(other)),
  );
  if (sound.length === 0) return { value: 1, low: 0, high: Number.POSITIVE_INFINITY };
  if (ci95 === null) return { value: Math.exp(mean), low: 0, high: Number.POSITIVE_INFINITY };
  return { value: Math.exp(mean), low: Math.exp(mean - ci95), high: Math.exp(mean + ci95) };
}

const RESAMPLES = 400;

/** The median with a bootstrap interval: medians of so many samples drawn from the sample with replacement. */
export function medianInterval(values: readonly number[], dice: Dice): Interval {
  const sorted = values.toSorted((left, right) => left - right);
  const medians = Array.from({ length: RESAMPLES }, () =>
    quantile(
      Array.from(sorted, () => sorted[Math.floor(dice() * sorted.length)] ?? 0).sort((left, right) => left - right),
      0.5,
    ),
  ).sort((left, right) => left - right);
  return { value: quantile(sorted, 0.5), low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}

/** The quantile of values in ascending order, between neighbours where it lies between; NaN of none. */
export function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? 0;
  return low + (high - low) * (at - Math.floor(at));
}

/**
 * Indices of the points that no other point beats in both figures, more of `gain` and less of `cost` being better, by
 * falling gain. Of equal points the first is there.
 */
export function paretoFront(points: readonly { readonly gain: number; readonly cost: number }[]): number[] {
  const order = points
    .map((point, index) => ({ ...point, index }))
    .sort((left, right) => right.gain - left.gain || left.cost - right.cost || left.index - right.index);
  let least = Number.POSITIVE_INFINITY;
  return order.flatMap(({ cost, index }) => {
    if (!(cost < least)) return [];
    least = cost;
    return [index];
  });
}

/** The items in an order drawn from the dice (Fisher and Yates). */
export function shuffle<Item>(items: readonly Item[], dice: Dice): Item[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const at = Math.floor(dice() * (last + 1));
    [order[last], order[at]] = [order[at] as Item, order[last] as Item];
  }
  return order;
}
