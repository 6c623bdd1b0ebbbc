import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { KINDS } from '../../../src/policy/kinds.js';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/choosing-a-sleep-policy.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'ltl-docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the page on choosing a sleep policy', () => {
  it('has an example of one’s own policy that runs as it stands, in ten lines', () => {
    const [, code = ''] = /<!-- executed by a test -->\n```js\n([^`]*(?:`[^`]+`[^`]*)*)```/.exec(page) ?? [];
    const definition = code.slice(code.indexOf('const afterBurst'), code.indexOf('});') + 3);
    expect(definition.split('\n').length).toBeLessThanOrEqual(10);
    const trace = join(folder, 'trace.csv');
    const times = [...Array.from({ length: 200 }, (_, index) => index), 3000, 3400, 20_000];
    writeFileSync(trace, `t_ms,bytes\n${times.map((time) => `${time},1`).join('\n')}\n`);
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', code, 'after-burst.mjs', trace], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(ran.stderr).toBe('');
    // Gaps: 199 of 1, then 2801, 400, 16600. After the burst it stays awake for 3 s, else for half a second.
    expect(ran.stdout.split('\n')).toEqual([
      `after-burst ${199 + 2801 + 400 + 3000 + 5000} ${(199 + 2801 + 400 + 8000) / (199 + 2801 + 400 + 5000)}`,
      `break-even:5000 ${199 + 2801 + 400 + 10_000} ${(199 + 2801 + 400 + 10_000) / (199 + 2801 + 400 + 5000)}`,
      `oracle:5000 ${199 + 2801 + 400 + 5000} 1`,
      '',
    ]);
  });

  it('names every policy, and every picture that it shows is there', () => {
    for (const { name } of KINDS) expect(page).toContain(`\`${name}`);
    const pictures = [...page.matchAll(/\]\((sleep-policy\/[^)]+)\)/g)].map(([, path]) => path ?? '');
    expect(pictures.length).toBeGreaterThan(5);
    for (const path of pictures) expect(existsSync(join(root, 'docs', path)), path).toBe(true);
  });
});
