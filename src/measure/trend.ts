/** Whether a figure stays where it is over a long run: medians and slopes that single spikes do not move. */

/** The middle value; the mean of the two in the middle for an even count; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const high = sorted[Math.ceil((sorted.length - 1) / 2)] ?? Number.NaN;
  return (low + high) / 2;
}

/** More points than these are thinned evenly: every pair of them is looked at. */
const POINTS_MAX = 300;

/** By how much y grows as x grows by one: the median over all pairs of points (Theil and Sen). 0 for fewer than two. */
export function slope(points: readonly (readonly [number, number])[]): number {
  const step = Math.max(1, Math.ceil(points.length / POINTS_MAX));
  const kept = points.filter((_, index) => index % step === 0);
  const slopes: number[] = [];
  for (const [at, [x1, y1]] of kept.entries())
    for (const [x2, y2] of kept.slice(at + 1)) if (x2 !== x1) slopes.push((y2 - y1) / (x2 - x1));
  return slopes.length === 0 ? 0 : median(slopes);
}
