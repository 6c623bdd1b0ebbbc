/** Lines over time or over any other axis, one a series, with a legend below. */
import { axisFrom, duration, shortNumber, timeTicks } from './scale.js';
import { element, type Figure, figureSvg, label, MARGIN_LEFT, PLOT_WIDTH, pixels, seriesColour } from './svg.js';

export interface Series {
  readonly name: string;
  /** [x, y] in order of x. A y that is not finite leaves a gap. */
  readonly points: readonly (readonly [number, number])[];
  /** Default: the colour of the series' place. */
  readonly colour?: string;
  readonly dashed?: boolean;
}

/** One axis: what it says, and how its numbers are written. */
export interface LineAxis {
  readonly label: string;
  /** Default: shortNumber. */
  readonly format?: (value: number) => string;
  /** Default: logarithmic where all values are above 0 and span more than a factor of 20. `zero`: linear from 0. */
  readonly scale?: 'zero' | 'auto';
  /** Places of ticks, with their text; default: round numbers of the range. */
  readonly ticks?: readonly (readonly [number, string])[];
}

export interface Lines {
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly series: readonly Series[];
  /** `time`: milliseconds from 0. */
  readonly x: LineAxis | 'time';
  readonly y: LineAxis;
  readonly height?: number;
}

const TOP = 34;
const HEIGHT = 260;

/** The figure of one series or more that hold at least one point. */
export function lineFigure({ name, title, caption, series, x, y, height = HEIGHT }: Lines): Figure {
  const bottom = TOP + height;
  const xs = series.flatMap(({ points }) => points.map(([at]) => at));
  const ys = series.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  const across = xAxis(x, xs);
  const up = axisFrom(ys.length === 0 ? [0] : ys, bottom, TOP, y.scale === 'zero');
  const formatUp = y.format ?? shortNumber;
  const upTicks = y.ticks ?? up.ticks.map((tick) => [tick, formatUp(tick)] as const);
  const svg = figureSvg(
    bottom + 56 + 18 * Math.ceil(series.length / 2),
    title,
    label(MARGIN_LEFT - 8, TOP - 14, `${y.label}${up.note}`, 's'),
    ...upTicks.flatMap(([tick, text]) => [
      element('line', { x1: MARGIN_LEFT, x2: MARGIN_LEFT + PLOT_WIDTH, y1: up.at(tick), y2: up.at(tick), class: 'g' }),
      label(MARGIN_LEFT - 8, up.at(tick) + 4, text, 'e s'),
    ]),
    element('line', { x1: MARGIN_LEFT, x2: MARGIN_LEFT + PLOT_WIDTH, y1: bottom, y2: bottom, class: 'a' }),
    ...across.ticks.flatMap(([tick, text]) => [
      element('line', { x1: across.at(tick), x2: across.at(tick), y1: bottom, y2: bottom + 4, class: 'a' }),
      label(across.at(tick), bottom + 18, text, 'm s'),
    ]),
    label(MARGIN_LEFT + PLOT_WIDTH / 2, bottom + 38, across.label, 'm s'),
    ...series.flatMap((one, index) => seriesLines(one, index, across.at, up.at)),
    ...series.map((one, index) => legend(one, index, bottom + 60)),
  );
  return { name, title, caption, svg };
}

interface Across {
  readonly ticks: readonly (readonly [number, string])[];
  readonly label: string;
  readonly at: (value: number) => number;
}

function xAxis(x: LineAxis | 'time', xs: readonly number[]): Across {
  if (x !== 'time') {
    const { ticks, note, at } = axisFrom(
      xs.length === 0 ? [0] : xs,
      MARGIN_LEFT,
      MARGIN_LEFT + PLOT_WIDTH,
      x.scale === 'zero',
    );
    const format = x.format ?? shortNumber;
    return { ticks: x.ticks ?? ticks.map((tick) => [tick, format(tick)] as const), label: `${x.label}${note}`, at };
  }
  const most = Math.max(1, ...xs);
  return {
    ticks: timeTicks(most, 8).map((tick) => [tick, duration(tick)] as const),
    label: '',
    at: (value) => MARGIN_LEFT + (value / most) * PLOT_WIDTH,
  };
}

const colourOf = ({ colour }: Series, index: number): string => colour ?? seriesColour(index);

function seriesLines(one: Series, index: number, x: (value: number) => number, y: (value: number) => number): string[] {
  const stretches: string[][] = [[]];
  for (const [at, value] of one.points) {
    if (Number.isFinite(value)) stretches.at(-1)?.push(`${pixels(x(at))},${pixels(y(value))}`);
    else stretches.push([]);
  }
  const colour = colourOf(one, index);
  return stretches
    .filter((points) => points.length > 0)
    .map((points) => {
      const [cx = 0, cy = 0] = (points[0] ?? '').split(',').map(Number);
      if (points.length === 1) return element('circle', { cx, cy, r: 3, fill: colour });
      const line = { points: points.join(' '), fill: 'none', stroke: colour, 'stroke-width': '1.8' };
      return element('polyline', one.dashed === true ? { ...line, 'stroke-dasharray': '5 4' } : line);
    });
}

function legend(one: Series, index: number, top: number): string {
  const x = MARGIN_LEFT + (index % 2) * (PLOT_WIDTH / 2);
  const y = top + 18 * Math.floor(index / 2);
  const line = { x1: x, x2: x + 22, y1: y - 4, y2: y - 4, stroke: colourOf(one, index), 'stroke-width': '3' };
  return (
    element('line', one.dashed === true ? { ...line, 'stroke-dasharray': '5 4' } : line) + label(x + 30, y, one.name)
  );
}
