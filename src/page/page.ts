/** The page of a report: one HTML file with everything inside it, for a person to read and to pass on. */
import { escapeText, type Figure } from './svg.js';

/** A part of the page: a heading, what is to be seen, and the thing itself as HTML. */
export interface Section {
  /** Anchor. */
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly html: string;
}

export interface Page {
  /** As the browser's tab shows it. */
  readonly title: string;
  readonly heading: string;
  /** What was measured or simulated, in a sentence or two. */
  readonly facts: readonly string[];
  /** What a reader must know before the figures; stands out. */
  readonly warnings?: readonly string[];
  readonly sections: readonly Section[];
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;color:#2b2f36;background:#f5f6f8;margin:0}
main{max-width:1040px;margin:0 auto;padding:24px}h1{font-size:24px;margin:8px 0}h2{font-size:17px;margin:0 0 4px}
section{background:#fff;border:1px solid #e3e6ea;border-radius:8px;padding:16px 20px;margin:16px 0;overflow-x:auto}
p{margin:0 0 10px;color:#555c66;max-width:75ch}svg{width:100%;min-width:600px;height:auto;display:block}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px;width:100%}
th,td{text-align:right;padding:4px 8px;border-bottom:1px solid #eceef1;white-space:nowrap}
th{font-weight:600;color:#555c66}th:first-child,td:first-child{text-align:left}
p.w{background:#fff4e5;border-left:4px solid #d55e00;padding:8px 12px;color:#2b2f36}
td:first-child{white-space:normal;overflow-wrap:anywhere;min-width:12em}`;

export function htmlPage({ title, heading, facts, warnings = [], sections }: Page): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeText(title)}</title><style>${STYLE}</style></head><body><main>
<h1>${escapeText(heading)}</h1>${facts.map((fact) => `<p>${escapeText(fact)}</p>`).join('')}${warnings.map((text) => `<p class="w">${escapeText(text)}</p>`).join('')}
${sections.map(sectionHtml).join('\n')}
</main></body></html>
`;
}

/** A figure as a part of a page. */
export function figureSection({ name, title, caption, svg }: Figure): Section {
  return { name, title, caption, html: svg };
}

/** A table; the first column is text to the left, the others stand to the right. */
export function tableHtml(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, line: readonly string[]): string =>
    `<tr>${line.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${cells('th', head)}</thead><tbody>${rows.map((row) => cells('td', row)).join('')}</tbody></table>`;
}

function sectionHtml({ name, title, caption, html }: Section): string {
  return `<section id="${name}"><h2>${escapeText(title)}</h2><p>${escapeText(caption)}</p>${html}</section>`;
}
