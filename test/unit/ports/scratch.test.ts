/** Folders to be thrown away: gone at the end, and those of killed processes at the next start; nobody else's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ownIdentity } from '../../../src/ports/identity.js';
import { makeScratch } from '../../../src/ports/scratch.js';

const MODULE = new URL('../../../dist/src/ports/scratch.js', import.meta.url).href;
let parent: string;
beforeEach(() => {
  parent = fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-scratch-'));
});
afterEach(() => fs.rmSync(parent, { recursive: true, force: true }));
const names = (): string[] => fs.readdirSync(parent).toSorted();

it('is there and empty but for its owner, and gone when it is let go, with all that is in it', () => {
  {
    using scratch = makeScratch(parent, 'x-');
    expect(fs.readdirSync(scratch.folder)).toEqual(['owner.json']);
    fs.mkdirSync(path.join(scratch.folder, 'store', 'deep'), { recursive: true });
    expect(names()).toEqual([path.basename(scratch.folder)]);
  }
  expect(names()).toEqual([]);
});

it('of a killed process is removed by the next of its kind, that of one that lives is not', async () => {
  const program = `
    const { makeScratch } = await import(${JSON.stringify(MODULE)});
    makeScratch(process.argv[1], 'x-');
    process.stdout.write('made');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, parent], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const [theirs = ''] = names();
  fs.writeFileSync(path.join(parent, theirs, 'work'), 'half done');
  const first = makeScratch(parent, 'x-');
  expect(names()).toContain(theirs);
  child.kill('SIGKILL');
  await once(child, 'exit');
  makeScratch(parent, 'y-').remove();
  expect(names()).toContain(theirs);
  const second = makeScratch(parent, 'x-');
  expect(names()).toEqual([path.basename(first.folder), path.basename(second.folder)].toSorted());
});

it.each<[string, string | object | null, boolean]>([
  ['of an earlier boot', { ...ownIdentity(), bootId: 'another' }, true],
  ['of another host', { ...ownIdentity(), bootId: 'another', host: 'elsewhere' }, false],
  ['of this process', ownIdentity(), false],
  ['that does not say whose it is', null, false],
  ['whose owner is not whole', '{"pid":1', false],
  ['whose owner is nonsense', [17], false],
])('one %s: removed only when it is certainly forsaken', (_, owner, isRemoved) => {
  const folder = path.join(parent, 'x-left');
  fs.mkdirSync(folder);
  if (owner !== null)
    fs.writeFileSync(path.join(folder, 'owner.json'), typeof owner === 'string' ? owner : JSON.stringify(owner));
  makeScratch(parent, 'x-').remove();
  expect(names()).toEqual(isRemoved ? [] : ['x-left']);
});
