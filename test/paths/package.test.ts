/** What users get: the packed package, installed in an empty project, runs the README's first program and its command. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { examples, isAsShown } from './examples.js';
import { scratch } from './process.js';

const run = promisify(execFile);
const ROOT = path.join(import.meta.dirname, '../..');
const QUIET = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

it('the packed package runs the first program of the README in an empty project', { timeout: 180_000 }, async () => {
  const { folder, remove } = scratch();
  try {
    // Built already; building again would take dist away from the tests beside this one.
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder, ...QUIET], { cwd: ROOT });
    const tarball = fs.readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    const project = path.join(folder, 'project');
    fs.mkdirSync(project);
    fs.writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
    await run('npm', ['install', path.join(folder, tarball), ...QUIET], { cwd: project });
    const [first] = examples();
    if (first === undefined || first.output === null)
      throw new Error('the README has no first program with its output');
    fs.writeFileSync(path.join(project, 'first.js'), first.code);
    const program = await run(process.execPath, ['first.js'], { cwd: project });
    if (!isAsShown(program.stdout, first.output)) expect(program.stdout).toBe(first.output);
    const main = path.join(project, 'node_modules/.bin/ltl');
    const command = await run(main, ['--version'], { cwd: project });
    const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(command.stdout).toBe(`${version}\n`);
    // Its own case can be measured anywhere; the benches of ltl itself stay behind, and it says where they are.
    const bench = await run(main, ['bench', 'append', '--for', '100ms', '--json'], { cwd: project });
    expect(JSON.parse(bench.stdout)).toMatchObject({ bench: 'append', results: [{ work: { verified: true } }] });
    await expect(run(main, ['bench', 'read'], { cwd: project })).rejects.toMatchObject({
      code: 69,
      stderr: expect.stringContaining('checkout') as string,
    });
  } finally {
    remove();
  }
});
