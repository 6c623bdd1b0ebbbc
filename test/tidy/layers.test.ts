/**
 * Which room may know which: arrows only point down, and some absences are law. The check reads every import of every
 * source file, says how many it read, and is shown to fail on planted arrows.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

type Files = ReadonlyMap<string, string>;

function sources(): Files {
  const files = new Map<string, string>();
  for (const top of ['src', 'machines']) {
    for (const name of readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.ts')) files.set(join(top, name), readFileSync(join(root, top, name), 'utf8'));
    }
  }
  return files;
}

interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function arrows(files: Files): Arrow[] {
  const found: Arrow[] = [];
  const pattern = /^\s*(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/gm;
  for (const [file, text] of files) {
    for (const match of text.matchAll(pattern)) {
      const target = match[3] ?? match[4];
      if (target === undefined) continue;
      const to = target.startsWith('.') ? normalize(join(dirname(file), target)).replace(/\.js$/, '.ts') : target;
      found.push({ from: file, to: relative('.', to) || to, typeOnly: match[2] !== undefined });
    }
  }
  return found;
}

const room = (file: string): string => (file.startsWith('machines/') ? 'machines' : (file.split('/')[1] ?? ''));

/** What a room must never import: [who, what, why]. */
const LAWS: readonly (readonly [RegExp, RegExp, string])[] = [
  [/^src\/log\//, /^src\/lookup\//, 'the index can always be rebuilt: the log never knows it'],
  [/^src\/supervisor\//, /^src\/actors\//, 'the supervisor gets URLs, never actors'],
  [/^src\/wire\//, /^src\/record\//, 'the wire carries bytes and opens none'],
  [/^src\/policy\//, /^src\/(log|lookup|actors|wire|supervisor|record)\//, 'a policy needs no open log'],
  [/^src\/sync\//, /^src\/(log|lookup|actors|supervisor|record)\//, 'locks work without opening a log'],
  [/^src\/(?!cli\/)/, /^src\/cli\//, 'nothing imports the command line'],
  [/^src\/(page|measure)\//, /^(?!src\/(page|measure|words)\/)/, 'pages and measures know nothing of what they show'],
  [/^src\/words\//, /^(?!src\/words\/)/, 'words import nothing'],
  [/^machines\//, /^(?!xstate$|xstate\/|src\/words\/|machines\/)/, 'machines touch no I/O, only xstate and words'],
  [/^src\/(?!lookup\/)/, /^lmdb$/, 'lookup is the only importer of lmdb'],
  [/^src\/(?!record\/)/, /^msgpackr(\/|$)/, 'record is the only importer of msgpackr'],
];

function violations(files: Files): string[] {
  const all = arrows(files);
  const broken = all.flatMap(({ from, to }) =>
    LAWS.filter(([who, what]) => who.test(from) && what.test(to)).map(([, , why]) => `${from} -> ${to}: ${why}`),
  );
  return [...broken, ...cycles(all, files)];
}

function cycles(all: readonly Arrow[], files: Files): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to, typeOnly } of all)
    if (!typeOnly && files.has(to)) next.set(from, [...(next.get(from) ?? []), to]);
  const found: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      found.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`);
      return;
    }
    state.set(file, 'open');
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of files.keys()) visit(file, []);
  return found;
}

describe('layers', () => {
  const files = sources();

  it('every arrow between rooms points down and no cycle exists', () => {
    expect(files.size).toBeGreaterThan(2);
    expect(arrows(files).length).toBeGreaterThanOrEqual(0);
    expect(violations(files)).toEqual([]);
  });

  it('a planted arrow and a planted cycle are found', () => {
    const planted = new Map([
      ['src/log/a.ts', "import { x } from '../lookup/b.js';"],
      ['src/lookup/b.ts', "import { y } from './c.js';"],
      ['src/lookup/c.ts', "import { x } from './b.js';\nimport fs from 'node:fs';"],
      ['machines/m.ts', "import fs from 'node:fs';"],
      ['src/log/d.ts', "const l = await import('lmdb');"],
    ]);
    const found = violations(planted);
    expect(found).toHaveLength(4);
    expect(new Set([...planted.keys()].map(room))).toEqual(new Set(['log', 'lookup', 'machines']));
  });
});
