/** A picture of a bench: one panel a question, a bar a contender, readable in any browser without a script. */
import { digits } from './table.js';

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly role: 'ours' | 'peer' | 'limit';
  /** Lowest and highest of the rounds. */
  readonly range?: readonly [number, number];
}

export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
  /** The target in the panel's unit, drawn as a line. */
  readonly target?: number;
}

const WIDTH = 1060;
const COLUMNS = 2;
const GAP = 28;
const PANEL_WIDTH = (WIDTH - GAP * (COLUMNS + 1)) / COLUMNS;
const LABEL_WIDTH = 178;
const VALUE_WIDTH = 74;
const BAR_HEIGHT = 18;
const BAR_STEP = 24;
const TITLE_HEIGHT = 34;
const HEAD_HEIGHT = 124;
const COLOURS = { ours: '#0b6e4f', peer: '#8fa3b8', limit: '#e3d5b8' } as const;

export function picture(title: string, notes: readonly string[], panels: readonly Panel[]): string {
  const parts: string[] = [];
  let top = HEAD_HEIGHT;
  for (let at = 0; at < panels.length; at += COLUMNS) {
    const row = panels.slice(at, at + COLUMNS);
    row.forEach((panel, column) => {
      parts.push(drawPanel(panel, GAP + column * (PANEL_WIDTH + GAP), top));
    });
    top += TITLE_HEIGHT + BAR_STEP * Math.max(...row.map(({ bars }) => bars.length)) + GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" font-family="system-ui, sans-serif" font-size="12.5">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${top}" fill="#fff"/>`,
    text(GAP, 32, title, 'font-size="19" font-weight="600"'),
    ...notes.map((note, line) => text(GAP, 54 + line * 17, note, 'fill="#555"')),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function drawPanel(panel: Panel, left: number, top: number): string {
  const most = Math.max(panel.target ?? 0, ...panel.bars.map(({ value, range }) => range?.[1] ?? value));
  const room = PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const scale = (value: number): number => (value / (most || 1)) * room;
  const barsLeft = left + LABEL_WIDTH;
  const firstTop = top + TITLE_HEIGHT - 12;
  const bars = panel.bars.map(({ label, value, role, range }, index) => {
    const y = firstTop + index * BAR_STEP;
    const weight = role === 'ours' ? 'font-weight="600"' : '';
    const whisker = range
      ? `<line x1="${n(barsLeft + scale(range[0]))}" x2="${n(barsLeft + scale(range[1]))}" y1="${y + 9}" y2="${y + 9}" stroke="#222" stroke-width="1.2"/>`
      : '';
    const end = Math.max(scale(value), range ? scale(range[1]) : 0);
    return [
      text(barsLeft - 8, y + 13, label, `text-anchor="end" ${weight}`),
      `<rect x="${barsLeft}" y="${y}" width="${n(Math.max(1, scale(value)))}" height="${BAR_HEIGHT}" fill="${COLOURS[role]}"/>`,
      whisker,
      text(barsLeft + end + 6, y + 13, digits(value), weight),
    ].join('');
  });
  const target =
    panel.target === undefined
      ? ''
      : `<line x1="${n(barsLeft + scale(panel.target))}" x2="${n(barsLeft + scale(panel.target))}" y1="${firstTop - 5}" y2="${firstTop + panel.bars.length * BAR_STEP - 2}" stroke="#c0392b" stroke-dasharray="4 3"/>`;
  return [text(left, top, `${panel.title}, ${panel.unit}`, 'font-size="14" font-weight="600"'), ...bars, target].join(
    '\n',
  );
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${n(x)}" y="${n(y)}" ${attributes}>${escape(content)}</text>`;
}

const n = (value: number): string => value.toFixed(1);

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
