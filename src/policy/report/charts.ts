/** The figures of results: cost bars beside the optimum, the Pareto front, the distribution of delays. */
import { duration, shortNumber, ticks } from '../../page/scale.js';
import { scatterFigure } from '../../page/scatter.js';
import {
  element,
  type Figure,
  figureSvg,
  label,
  MARGIN_LEFT,
  PLOT_WIDTH,
  pixels,
  rowName,
  seriesColour,
} from '../../page/svg.js';
import type { MetricName } from '../metrics.js';
import { METRICS } from '../metrics.js';
import type { StudyRow } from '../study.js';
import { paretoFront } from '../sweep.js';
import { stateColour, stateLegend } from './states.js';

const TOP = 20;
const BAR = 22;
const BAR_GAP = 12;
const BARS_MAX = 24;

/** Cost by state, one bar a policy, with a mark at the offline optimum; null when no policy has a cost model. */
export function costFigure(rows: readonly StudyRow[]): Figure | null {
  const costed = rows.filter((row) => row.outcomes[0]?.cost.total !== null).slice(0, BARS_MAX);
  if (costed.length === 0) return null;
  const most = Math.max(...costed.map((row) => row.outcomes[0]?.cost.total ?? 0), 1);
  const scale = PLOT_WIDTH / most;
  const bottom = TOP + costed.length * (BAR + BAR_GAP);
  const title = 'Cost of idleness';
  const svg = figureSvg(
    bottom + 60,
    title,
    ...ticks(0, most, 6).flatMap((tick) => {
      const x = MARGIN_LEFT + tick * scale;
      return [
        element('line', { x1: x, x2: x, y1: TOP, y2: bottom, class: 'g' }),
        label(x, bottom + 16, shortNumber(tick), 'm s'),
      ];
    }),
    ...costed.map((row, index) => costBar(row, TOP + 6 + index * (BAR + BAR_GAP), scale)),
    stateLegend(
      bottom + 44,
      costed.map((row) => row.policy),
    ),
    optimumLegend(bottom + 44),
  );
  return {
    name: 'cost',
    title,
    svg,
    caption:
      'Idle cost by state: power times time, and the wake-ups out of it. The black mark is the offline optimum over the same idle periods; the number is the ratio to it.',
  };
}

function costBar(row: StudyRow, y: number, scale: number): string {
  const outcome = row.outcomes[0];
  if (outcome === undefined) return '';
  const states = row.policy.states;
  let x = MARGIN_LEFT;
  const parts = [rowName(y + 15, row.policy.spec)];
  for (const [state, { name }] of states.entries()) {
    const cost = outcome.cost.byState[name] ?? 0;
    const fill = stateColour(state, states.length);
    const text = element('title', {}, `${name}: ${shortNumber(cost)}`);
    parts.push(element('rect', { x, y, width: cost * scale, height: BAR, fill }, text));
    x += cost * scale;
  }
  if (outcome.optimum !== null) {
    const at = MARGIN_LEFT + outcome.optimum * scale;
    parts.push(element('rect', { x: at - 1.5, y: y - 4, width: 3, height: BAR + 8, fill: '#111827' }));
  }
  const ratio = outcome.ratio === null ? shortNumber(outcome.cost.total ?? 0) : `${outcome.ratio.toFixed(2)}×`;
  parts.push(label(x + 8, y + 15, ratio));
  return parts.join('');
}

function optimumLegend(y: number): string {
  const x = MARGIN_LEFT + PLOT_WIDTH - 110;
  return (
    element('rect', { x, y: y - 12, width: 3, height: 16, fill: '#111827' }) + label(x + 10, y, 'offline optimum', 's')
  );
}

/** All policies by two metrics; those that no other beats in both are joined. */
export function paretoFigure(rows: readonly StudyRow[], objectives: readonly [MetricName, MetricName]): Figure | null {
  const [first, second] = objectives;
  const known = rows.filter((row) => row.estimates[first] !== null && row.estimates[second] !== null);
  if (known.length < 2) return null;
  const points = known.map((row) => ({
    x: row.estimates[first]?.mean ?? 0,
    y: row.estimates[second]?.mean ?? 0,
    name: row.policy.spec,
    hollow: row.policy.clairvoyant,
  }));
  // An oracle shows what could be had at best; it is no choice, so it takes no place on the front.
  const choices = points.flatMap((point, index) => (point.hollow ? [] : [{ point, index }]));
  const front = paretoFront(choices.map(({ point }) => [point.x, point.y])).map((at) => choices[at]?.index ?? 0);
  return scatterFigure({
    name: 'pareto',
    title: 'Pareto front',
    caption: `${first} against ${second}; less is better in both. No other policy beats those on the line in both at once. Point at a dot to read its name; a hollow dot knows the future.`,
    xLabel: `${first}: ${METRICS[first].doc}`,
    yLabel: second,
    points,
    front,
  });
}

const DELAY_HEIGHT = 300;
const DELAY_POLICIES_MAX = 8;

/** Delay at each share of the records, one line a policy, on a scale of decades with 0 at the bottom. */
export function delayFigure(rows: readonly StudyRow[]): Figure | null {
  const waited = rows.filter((row) => (row.outcomes[0]?.delayMaxMs ?? 0) > 0).slice(0, DELAY_POLICIES_MAX);
  if (waited.length === 0) return null;
  const most = Math.max(...waited.map((row) => row.outcomes[0]?.delayMaxMs ?? 0));
  const decades = Math.max(1, Math.ceil(Math.log10(most + 1)));
  const bottom = TOP + DELAY_HEIGHT;
  const yOf = (delay: number): number => bottom - (Math.log10(delay + 1) / decades) * DELAY_HEIGHT;
  const xOf = (share: number): number => MARGIN_LEFT + share * PLOT_WIDTH;
  const title = 'Delays';
  const svg = figureSvg(
    bottom + 52 + 18 * Math.ceil(waited.length / 2),
    title,
    ...[0, ...Array.from({ length: decades }, (_, index) => Number(`1e${index + 1}`))].flatMap((tick) => [
      element('line', { x1: MARGIN_LEFT, x2: MARGIN_LEFT + PLOT_WIDTH, y1: yOf(tick), y2: yOf(tick), class: 'g' }),
      label(MARGIN_LEFT - 8, yOf(tick) + 4, duration(tick), 'e s'),
    ]),
    ...[0, 0.25, 0.5, 0.75, 0.9, 0.99].flatMap((share) => [
      element('line', { x1: xOf(share), x2: xOf(share), y1: TOP, y2: bottom, class: 'g' }),
      label(xOf(share), bottom + 16, `${100 * share} %`, 'm s'),
    ]),
    ...waited.map((row, index) => {
      const points = [[0, 0] as const, ...row.delays.map(([delay, share]) => [share, delay] as const)];
      const line = points.map(([share, delay]) => `${pixels(xOf(share))},${pixels(yOf(delay))}`).join(' ');
      return element('polyline', { points: line, fill: 'none', stroke: seriesColour(index), 'stroke-width': '2' });
    }),
    ...waited.map((row, index) => {
      const x = MARGIN_LEFT + (index % 2) * (PLOT_WIDTH / 2);
      const y = bottom + 44 + 18 * Math.floor(index / 2);
      const line = { x1: x, x2: x + 22, y1: y - 4, y2: y - 4, stroke: seriesColour(index), 'stroke-width': '3' };
      return element('line', line) + label(x + 30, y, row.policy.spec);
    }),
    label(12, TOP + 12, 'delay'),
  );
  return {
    name: 'delays',
    title,
    svg,
    caption:
      'Read from below: so many per cent of the records waited no longer than this from arrival until service began.',
  };
}
