/** The programs in the documentation: fenced blocks marked `js run`, and the output that the next block promises. */
import fs from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../..');

export interface Example {
  readonly file: string;
  /** Where the block begins, counted from 1. */
  readonly line: number;
  readonly code: string;
  /** What it prints, `…` for what differs from run to run; null when the page does not say. */
  readonly output: string | null;
}

const BLOCK = /^```js run\n([\s\S]*?)^```\n(?:\n?```text\n([\s\S]*?)^```\n)?/gm;

/** Examples of README.md and of every page in docs/. */
export function examples(): Example[] {
  const docs = fs.readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  const pages = docs.filter((name) => name.endsWith('.md')).map((name) => path.join('docs', name));
  return ['README.md', ...pages.sort()].flatMap((file) => {
    const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
    return [...text.matchAll(BLOCK)].map((match) => ({
      file,
      line: text.slice(0, match.index).split('\n').length,
      code: match[1] ?? '',
      output: match[2] ?? null,
    }));
  });
}

/** True when the text is what the page shows, `…` standing for anything on its line. */
export function isAsShown(text: string, shown: string): boolean {
  const parts = shown.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^\n]*')}$`).test(text);
}
