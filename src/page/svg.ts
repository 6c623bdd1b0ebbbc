/** SVG by hand: elements as text, and the look that the figures of all reports share. Nothing is loaded from outside. */

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

/** Colours for lines and bars of one figure, told apart also by those who see colours differently (Okabe and Ito). */
const SERIES_COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#000000', '#8a8a00'];

export function seriesColour(index: number): string {
  return SERIES_COLOURS[index % SERIES_COLOURS.length] ?? '#000000';
}

/** Figures one below the other in one picture, under a title and a few lines of text. */
export function stackFigures(title: string, notes: readonly string[], figures: readonly Figure[]): string {
  const margin = 24;
  let y = 40;
  const parts = [element('text', { x: margin, y, style: 'font-size:20px;font-weight:600' }, escapeText(title))];
  for (const note of notes.flatMap((text) => linesOf(text, NOTE_CHARACTERS)))
    parts.push(label(margin, (y += 18), note, 's'));
  for (const figure of figures) {
    y += 44;
    parts.push(element('text', { x: margin, y, style: 'font-size:15px;font-weight:600' }, escapeText(figure.title)));
    const height = Number(/viewBox="0 0 \d+ ([\d.]+)"/.exec(figure.svg)?.[1] ?? 0);
    parts.push(element('svg', { x: 0, y: y + 6, width: FIGURE_WIDTH, height }, figure.svg));
    y += height;
  }
  return `${figureSvg(y + margin, title, ...parts)}\n`;
}

const NOTE_CHARACTERS = 140;

function linesOf(text: string, characters: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length >= characters) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
