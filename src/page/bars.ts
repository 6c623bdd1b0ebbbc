/** Horizontal bars with a name at the left and a number at the end; whiskers where a range is known. */
import { shortNumber, ticks } from './scale.js';
import { element, type Figure, figureSvg, label, MARGIN_LEFT, PLOT_WIDTH, rowName } from './svg.js';

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Lowest and highest, as a line over the bar's end. */
  readonly range?: readonly [number, number];
  /** Text at the bar's end; default: the value. */
  readonly text?: string;
  readonly colour?: string;
}

export interface Bars {
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly bars: readonly Bar[];
  readonly format?: (value: number) => string;
}

const TOP = 20;
const BAR = 22;
const GAP = 12;

export function barFigure({ name, title, caption, bars, format = shortNumber }: Bars): Figure {
  const most = Math.max(...bars.map(({ value, range }) => range?.[1] ?? value), 1e-9);
  // Room at the end for the number.
  const scale = (PLOT_WIDTH - 40) / most;
  const bottom = TOP + bars.length * (BAR + GAP);
  const svg = figureSvg(
    bottom + 30,
    title,
    ...ticks(0, most, 6).flatMap((tick) => {
      const x = MARGIN_LEFT + tick * scale;
      return [
        element('line', { x1: x, x2: x, y1: TOP, y2: bottom, class: 'g' }),
        label(x, bottom + 16, format(tick), 'm s'),
      ];
    }),
    ...bars.map((bar, index) => drawBar(bar, TOP + 6 + index * (BAR + GAP), scale, format)),
  );
  return { name, title, caption, svg };
}

function drawBar(bar: Bar, y: number, scale: number, format: (value: number) => string): string {
  const { name, value, range, colour = '#8fa3b8', text = format(value) } = bar;
  const end = MARGIN_LEFT + (range?.[1] ?? value) * scale;
  const parts = [
    rowName(y + 15, name),
    element('rect', { x: MARGIN_LEFT, y, width: Math.max(1, value * scale), height: BAR, fill: colour }),
    label(end + 8, y + 15, text),
  ];
  if (range !== undefined) {
    const [x1, x2] = range.map((at) => MARGIN_LEFT + at * scale) as [number, number];
    parts.push(element('line', { x1, x2, y1: y + BAR / 2, y2: y + BAR / 2, stroke: '#111827', 'stroke-width': '1.5' }));
  }
  return parts.join('');
}
