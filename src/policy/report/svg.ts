/** SVG by hand: elements as text, scales, ticks, and the look that all figures share. Nothing is loaded from outside. */

/** Width of every figure in its own units; the page scales it. */
export const FIGURE_WIDTH = 960;
/** Space for names at the left and for the last label at the right. */
export const MARGIN_LEFT = 216;
export const MARGIN_RIGHT = 64;
export const PLOT_WIDTH: number = FIGURE_WIDTH - MARGIN_LEFT - MARGIN_RIGHT;

export interface Figure {
  /** Short name, for anchors and file names. */
  readonly name: string;
  readonly title: string;
  /** What is to be seen, in a sentence or two. */
  readonly caption: string;
  readonly svg: string;
}

const STYLE =
  'text{font:12px system-ui,sans-serif;fill:#2b2f36}.s{fill:#6b7280}.e{text-anchor:end}.m{text-anchor:middle}' +
  '.g{stroke:#e3e6ea;stroke-width:1}.a{stroke:#9aa1ab;stroke-width:1}';

export type Attributes = Readonly<Record<string, string | number>>;

export function element(tag: string, attributes: Attributes, ...children: readonly string[]): string {
  const text = Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${typeof value === 'number' ? pixels(value) : escapeText(value)}"`)
    .join('');
  return children.length === 0 ? `<${tag}${text}/>` : `<${tag}${text}>${children.join('')}</${tag}>`;
}

export function figureSvg(height: number, title: string, ...children: readonly string[]): string {
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${FIGURE_WIDTH} ${pixels(height)}`,
      role: 'img',
      'aria-label': title,
    },
    element('style', {}, STYLE),
    element('rect', { width: FIGURE_WIDTH, height, fill: '#fff' }),
    ...children,
  );
}

export function label(x: number, y: number, text: string, kind = ''): string {
  return element('text', kind === '' ? { x, y } : { x, y, class: kind }, escapeText(text));
}

const NAME_CHARACTERS = 34;
const NAME_CHARACTERS_LARGE = 28;

/** A name in the left margin, on two lines when it is long and cut when it is longer; the whole shows when pointed at. */
export function rowName(y: number, text: string): string {
  const x = MARGIN_LEFT - 10;
  const title = element('title', {}, escapeText(text));
  if (text.length <= NAME_CHARACTERS_LARGE) return element('text', { x, y, class: 'e' }, escapeText(text), title);
  const small = { x, y, class: 'e', style: 'font-size:11px' };
  if (text.length <= NAME_CHARACTERS) return element('text', small, escapeText(text), title);
  const rest = text.slice(NAME_CHARACTERS);
  const second = rest.length > NAME_CHARACTERS ? `${rest.slice(0, NAME_CHARACTERS - 1)}…` : rest;
  const lines = [text.slice(0, NAME_CHARACTERS), second].map((line, index) =>
    element('tspan', { x, y: y - 6 + 12 * index }, escapeText(line)),
  );
  return element('text', small, ...lines, title);
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Coordinates need no more than a hundredth. */
export function pixels(value: number): string {
  return String(Math.round(value * 100) / 100);
}

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

/** Awake is warm; the deeper a sleep the darker its blue. */
export function stateColour(state: number, states: number): string {
  if (state === 0) return '#e8a13a';
  const shades = ['#a9cbea', '#5f94c8', '#2f5f99', '#173a66'];
  if (states <= 2) return '#5f94c8';
  return (
    shades[Math.min(shades.length - 1, Math.round(((state - 1) / (states - 2)) * (shades.length - 1)))] ?? '#5f94c8'
  );
}

/** Colours for policies, told apart also by those who see colours differently (Okabe and Ito). */
const POLICY_COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#000000', '#8a8a00'];

export function policyColour(index: number): string {
  return POLICY_COLOURS[index % POLICY_COLOURS.length] ?? '#000000';
}

/** Names of states with their colours, in a row; where policies name their states differently, only what the colours mean. */
export function stateLegend(
  y: number,
  policies: readonly { readonly states: readonly { readonly name: string }[] }[],
): string {
  const lists = policies.map(({ states }) => states.map(({ name }) => name)).toSorted((a, b) => b.length - a.length);
  const widest = lists[0] ?? [];
  const same = lists.every((list) => list.length === 1 || list.join() === widest.join());
  const names = same ? widest : ['awake', '', '', 'asleep: the darker, the deeper'];
  let x = MARGIN_LEFT;
  return names
    .map((name, state) => {
      const swatch = element('rect', { x, y: y - 10, width: 12, height: 12, fill: stateColour(state, names.length) });
      const text = name === '' ? '' : label(x + 18, y, name, 's');
      x += name === '' ? 14 : 40 + 7 * name.length;
      return swatch + text;
    })
    .join('');
}
