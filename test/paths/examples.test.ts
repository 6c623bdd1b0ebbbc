/** Every program in the documentation runs as it stands, and prints what the page says. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examples, isAsShown } from './examples.js';
import { scratch } from './process.js';

const run = promisify(execFile);
// Inside the package, so that 'ltl' means this package.
const programs = path.join(import.meta.dirname, '../../.tmp', `examples-${process.pid}`);
const found = examples();

beforeAll(() => {
  fs.mkdirSync(programs, { recursive: true });
});
afterAll(() => fs.rmSync(programs, { recursive: true, force: true }));

describe('documentation', () => {
  it('has programs, the README first', () => {
    expect(found[0]?.file).toBe('README.md');
  });

  it.each(found)('$file, line $line runs', async ({ file, line, code, output }) => {
    const program = path.join(programs, `${file.replaceAll(/\W/g, '-')}-${line}.mjs`);
    fs.writeFileSync(program, code);
    const { folder, remove } = scratch();
    try {
      const { stdout, stderr } = await run(process.execPath, [program], { cwd: folder });
      expect(stderr).toBe('');
      if (output !== null && !isAsShown(stdout, output)) expect(stdout).toBe(output);
    } finally {
      remove();
    }
  });

  it('an output that differs is noticed', () => {
    expect(isAsShown('a 12 b\n', 'a … b\n')).toBe(true);
    expect(isAsShown('a 12 c\n', 'a … b\n')).toBe(false);
    expect(isAsShown('a\nb\n', '…\n')).toBe(false);
  });
});
