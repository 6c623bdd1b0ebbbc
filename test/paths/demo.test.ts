/** `ltl demo`, which is `npm start`: on a file, on stdin, and ended by a signal. */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ended, ltl, scratch, start } from './process.js';

let folder: string;
let remove: () => void;
beforeEach(() => {
  ({ folder, remove } = scratch());
});
afterEach(() => remove());

const lines = (count: number): string => Array.from({ length: count }, (_, index) => `line ${index}\n`).join('');

/** What temporary folders there are, when the children make them in `folder`. */
const leftOver = (): string[] => fs.readdirSync(folder).filter((name) => name.startsWith('ltl-demo-'));

describe('ltl demo', () => {
  it('appends a file, survives its failure, reads everything back, and keeps the store it was given', async () => {
    const file = path.join(folder, 'lines');
    fs.writeFileSync(file, lines(5000));
    const store = path.join(folder, 'store');
    const { status, stdout, stderr } = await ltl(['demo', file, '--path', store, '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const found = JSON.parse(stdout) as Record<string, unknown>;
    expect(found).toMatchObject({
      records: 5000,
      failure: { restarts: 1 },
      verify: { clean: true, damages: 0 },
      readBack: { records: 5000, equal: true },
    });
    expect((found['nap'] as { records: number }).records).toBeGreaterThan(0);
    expect((await ltl(['read', '--path', store])).stdout).toBe(lines(5000));
  });

  it('talks plainly into a pipe, and removes its temporary folder', async () => {
    const { status, stdout, stderr } = await ltl(['demo', '-'], 'one\ntwo\n', { TMPDIR: folder });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toContain('\u001b');
    for (const label of ['together', 'nap', 'failure', 'verify', 'read back', 'speed', 'latency'])
      expect(stdout).toContain(`  ${label} `);
    expect(leftOver()).toEqual([]);
  });

  it('takes an empty input, and names a missing one', async () => {
    expect(await ltl(['demo', '-'], '', { TMPDIR: folder })).toMatchObject({ status: 0 });
    expect(await ltl(['demo', path.join(folder, 'missing')], '', { TMPDIR: folder })).toMatchObject({ status: 66 });
    expect(leftOver()).toEqual([]);
  });

  it('ends in order at SIGINT, with status 130', async () => {
    const child = start(['demo'], { TMPDIR: folder });
    const end = ended(child);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect((await end).status).toBe(130);
    expect(leftOver()).toEqual([]);
  });
});
