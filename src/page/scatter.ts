/** Dots by two figures, with the Pareto front joined: for any report that weighs one figure against another. */
import { axis, shortNumber } from './scale.js';
import { element, type Figure, figureSvg, label, MARGIN_LEFT, PLOT_WIDTH, pixels } from './svg.js';

export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
  readonly name: string;
  /** Shown, but not to be had: drawn hollow. */
  readonly hollow?: boolean;
}

export interface Scatter {
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly points: readonly ScatterPoint[];
  /** Indices of points that are joined and named, in the order of the line. */
  readonly front: readonly number[];
}

const TOP = 20;
const HEIGHT = 380;

/** The figure of at least one point. An axis is logarithmic where its values span more than a factor of 20. */
export function scatterFigure({ name, title, caption, xLabel, yLabel, points, front }: Scatter): Figure {
  const bottom = TOP + HEIGHT;
  const x = axis(
    points.map((point) => point.x),
    MARGIN_LEFT,
    MARGIN_LEFT + PLOT_WIDTH,
  );
  const y = axis(
    points.map((point) => point.y),
    bottom,
    TOP,
  );
  const joined = front.flatMap((index) => points[index] ?? []);
  const svg = figureSvg(
    bottom + 48,
    title,
    ...x.ticks.flatMap((tick) => [
      element('line', { x1: x.at(tick), x2: x.at(tick), y1: TOP, y2: bottom, class: 'g' }),
      label(x.at(tick), bottom + 16, shortNumber(tick), 'm s'),
    ]),
    ...y.ticks.flatMap((tick) => [
      element('line', { x1: MARGIN_LEFT, x2: MARGIN_LEFT + PLOT_WIDTH, y1: y.at(tick), y2: y.at(tick), class: 'g' }),
      label(MARGIN_LEFT - 8, y.at(tick) + 4, shortNumber(tick), 'e s'),
    ]),
    element('polyline', {
      points: joined.map((point) => `${pixels(x.at(point.x))},${pixels(y.at(point.y))}`).join(' '),
      fill: 'none',
      stroke: '#d55e00',
      'stroke-width': '2',
    }),
    ...points.map((point, index) => dot(x.at(point.x), y.at(point.y), point, front.includes(index))),
    ...frontLabels(joined.map((point) => [x.at(point.x), y.at(point.y), point.name])),
    label(MARGIN_LEFT + PLOT_WIDTH / 2, bottom + 38, `${xLabel}${x.note}`, 'm'),
    label(12, TOP + 12, yLabel),
    label(12, TOP + 30, y.note.trim(), 's'),
  );
  return { name, title, caption, svg };
}

function dot(cx: number, cy: number, { name, hollow }: ScatterPoint, onFront: boolean): string {
  const shown = element('title', {}, name);
  if (hollow === true) return element('circle', { cx, cy, r: 5, fill: '#fff', stroke: '#111827' }, shown);
  return element('circle', { cx, cy, r: onFront ? 5 : 3.5, fill: onFront ? '#d55e00' : '#9aa1ab' }, shown);
}

/** Names beside the dots of the front, left out where they would lie on one another. */
function frontLabels(points: readonly (readonly [number, number, string])[]): string[] {
  const placed: { x: number; y: number; width: number }[] = [];
  const labels: string[] = [];
  for (const [px, py, name] of points) {
    const width = 6.6 * name.length;
    const fits = px + 10 + width < MARGIN_LEFT + PLOT_WIDTH + 56;
    const x = fits ? px + 9 : px - 9 - width;
    const y = py - 7;
    if (placed.some((other) => Math.abs(other.y - y) < 13 && x < other.x + other.width && other.x < x + width))
      continue;
    placed.push({ x, y, width });
    labels.push(label(x, y, name));
  }
  return labels;
}
