/** From values to places on a figure: round ticks, linear and logarithmic axes, numbers and times in few characters. */

/** About `count` round values that cover a range. */
export function ticks(from: number, to: number, count: number): number[] {
  if (!(to > from)) return [from];
  const rough = (to - from) / count;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = decade * ([1, 2, 5, 10].find((factor) => factor * decade >= rough) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** A count or cost in few characters. */
export function shortNumber(value: number): string {
  for (const [size, unit] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e4, 'k'],
  ] as const) {
    const shown = unit === 'k' ? value / 1e3 : value / size;
    if (Math.abs(value) >= size) return `${Number(shown.toPrecision(3))}${unit}`;
  }
  return String(Number(value.toPrecision(4)));
}

const DURATIONS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const;

/** A time in ms in the unit that suits it. */
export function duration(ms: number): string {
  for (const [size, unit] of DURATIONS) if (ms >= size) return `${Number((ms / size).toPrecision(3))} ${unit}`;
  return `${Number(ms.toPrecision(3))} ms`;
}

/** Steps that divide seconds, minutes, hours and days evenly. */
const TIME_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500].concat(
  [1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  [1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  [1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
);

/** Round times that cover a range that begins at 0. */
export function timeTicks(toMs: number, count: number): number[] {
  const stepMs = TIME_STEPS.find((step) => toMs / step <= count);
  if (stepMs === undefined) return ticks(0, toMs / 86_400_000, count).map((days) => days * 86_400_000);
  return Array.from({ length: Math.floor(toMs / stepMs) + 1 }, (_, index) => index * stepMs);
}

/** One axis of a figure. */
export interface Axis {
  readonly ticks: readonly number[];
  /** What a reader must know of it: that it is logarithmic, or nothing. */
  readonly note: string;
  readonly at: (value: number) => number;
}

/** Logarithmic where all values are above 0 and they span more than a factor of 20. */
export function axis(values: readonly number[], start: number, end: number): Axis {
  return axisFrom(values, start, end, false);
}

/** The same, or with `zero` linear from 0 whatever the values. Needs one value. */
export function axisFrom(values: readonly number[], start: number, end: number, zero: boolean): Axis {
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  if (zero) return linear(0, most > 0 ? 1.06 * most : 1, start, end);
  if (least > 0 && most / least > 20) {
    const from = Math.floor(Math.log10(least) + 1e-9);
    const to = Math.max(from + 1, Math.ceil(Math.log10(most) - 1e-9));
    return {
      ticks: Array.from({ length: to - from + 1 }, (_, index) => Number(`1e${from + index}`)),
      note: ' (log scale)',
      at: (value) => start + ((Math.log10(value) - from) / (to - from)) * (end - start),
    };
  }
  const margin = most > least ? 0.06 * (most - least) : Math.max(1, most * 0.1);
  return linear(least >= 0 ? Math.max(0, least - margin) : least - margin, most + margin, start, end);
}

function linear(from: number, to: number, start: number, end: number): Axis {
  return { ticks: ticks(from, to, 6), note: '', at: (value) => start + ((value - from) / (to - from)) * (end - start) };
}
