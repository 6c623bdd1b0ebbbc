/** Links between the pages lead somewhere, and the README begins with the two commands. */
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '../..');

function pages(): string[] {
  const docs = fs.readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  return ['README.md', ...docs.filter((name) => name.endsWith('.md')).map((name) => path.join('docs', name))];
}

/** Links of a page that lead to no file. */
function dead(page: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  // Figures of a bench are written by its run, on the machine that they are about.
  const local = targets
    .filter((target) => !/^[a-z]+:|^#|^bench\//.test(target))
    .map((target) => target.replace(/#.*$/, ''));
  return local.filter((target) => !fs.existsSync(path.join(root, path.dirname(page), target)));
}

describe('documentation', () => {
  it('links only to files that exist', () => {
    const found = pages().flatMap((page) =>
      dead(page, fs.readFileSync(path.join(root, page), 'utf8')).map((target) => `${page}: ${target}`),
    );
    expect(pages().length).toBeGreaterThan(5);
    expect(found).toEqual([]);
  });

  it('a link that leads nowhere is found', () => {
    expect(dead('README.md', '[a](docs/FORMAT.md) [b](docs/missing.md#x) [c](https://example.org)')).toEqual([
      'docs/missing.md',
    ]);
  });

  it('begins in the README with the two commands', () => {
    const text = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
    expect(text.split('```')[1]).toBe('sh\nnpm install && npm start\nnpm install && npm test\n');
  });
});
