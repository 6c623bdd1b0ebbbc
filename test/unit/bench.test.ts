/** The benches at tiny sizes: that they run, check what they did, clean up and end in a table that a program can read. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'ltl-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a bench with a temporary folder of its own, so that what it leaves behind is seen. */
function bench(...args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/bench/main.js'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: folder },
  });
  return { status, stdout, stderr };
}

/** The rows of the closing table: name, reached, wanted, against, verdict. */
function closingRows(stdout: string): string[][] {
  const lines = stdout.trimEnd().split('\n');
  const head = lines.findLastIndex((line) => line.startsWith('target '));
  return lines.slice(head + 2).map((line) => line.trim().split(/ {2,}/));
}

describe('bench', () => {
  it('append runs each form at a tiny size, reads every record back, and closes with a verdict a target', () => {
    const json = join(folder, 'append.json');
    const ran = bench('append', '--quick', '--peers', 'plain', '--only', '1024,burst,batch-shape', '--json', json);
    expect(ran.stderr).not.toMatch(/error/i);
    expect(ran.status).toBe(0);
    const rows = closingRows(ran.stdout);
    expect(rows.map(([name]) => name)).toEqual([
      '1024 in flight',
      'bursts of 200 000, a promise each',
      'batches of 1000, registered shape',
      'batches of 1000, registered shape: bytes a record',
    ]);
    for (const row of rows) expect(row.at(-1)).toMatch(/^(met|MISSED)$/);
    const results = JSON.parse(readFileSync(json, 'utf8')) as {
      summaries: {
        label: string;
        perSecond: number;
        rounds: { compared: number; records: number; warmUpRecords: number }[];
      }[];
    };
    expect(results.summaries.length).toBeGreaterThanOrEqual(6);
    for (const { perSecond, rounds } of results.summaries) {
      expect(perSecond).toBeGreaterThan(0);
      const { compared = 0, records = 0, warmUpRecords = 0 } = rounds[0] ?? {};
      expect(Math.min(records, warmUpRecords)).toBeGreaterThan(0);
      expect(compared).toBe(records + warmUpRecords);
    }
    expect(readdirSync(folder)).toEqual(['append.json']);
  });

  it('read finds every record in order, and every acknowledged one after SIGKILL', () => {
    const svg = join(folder, 'read.svg');
    const ran = bench('read', '--quick', '--peers', 'plain', '--svg', svg);
    expect(ran.stderr).not.toMatch(/error/i);
    expect(ran.status).toBe(0);
    const rows = closingRows(ran.stdout);
    expect(rows.map(([name]) => name?.split(',')[0])).toEqual([
      'scan',
      'scan',
      'recovery after SIGKILL',
      'recovery after SIGKILL',
      'open of a writer',
      'open of a writer after SIGKILL',
      'open of a reader',
    ]);
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  it('actors counts what arrived in each task, and closes with a verdict a target', () => {
    const json = join(folder, 'actors.json');
    const ran = bench('actors', '--quick', '--json', json);
    expect(ran.stderr).not.toMatch(/error/i);
    expect(ran.status).toBe(0);
    const rows = closingRows(ran.stdout);
    expect(rows).toHaveLength(7);
    for (const row of rows) expect(row.at(-1)).toMatch(/^(met|MISSED)$/);
    const { microseconds } = JSON.parse(readFileSync(json, 'utf8')) as {
      microseconds: Record<string, Record<string, number>>;
    };
    for (const task of Object.values(microseconds)) expect(task['ltl']).toBeGreaterThan(0);
    expect(readFileSync(`${json}.md`, 'utf8').match(/\b(met|MISSED)\b/g)).toHaveLength(7);
    for (const file of [json, `${json}.md`]) rmSync(file);
  });

  it('an unknown bench, workload or store is a usage error that names what there is', () => {
    expect(bench('nothing')).toMatchObject({ status: 64 });
    expect(bench('nothing').stderr).toMatch(/append/);
    // Nothing is installed for it: what is wrong is told first.
    expect(bench('append', '--only', 'nothing').stderr).toMatch(/batch-shape/);
    expect(bench('append', '--peers', 'nothing').stderr).toMatch(/lmdb/);
    expect(bench('append', '--peers', 'nothing').status).toBe(64);
  });

  it('help names every bench and its options', () => {
    expect(bench().stdout).toMatch(/^ +append .*(\n.*)*^ +read /m);
    expect(bench('append', '--help').stdout).toMatch(/--rounds/);
    expect(existsSync(join(root, 'dist/bench/append.js'))).toBe(true);
  });

  it('policy simulates, parses and measures memory at a tiny size, the same work each time', () => {
    const [first, second] = [bench('policy', '--quick'), bench('policy', '--quick')];
    expect(first.status).toBe(0);
    const sums = ({ stdout }: Ran): string[] => [...stdout.matchAll(/ ([0-9a-f]{8})$/gm)].map(([, sum]) => sum ?? '');
    expect(sums(first)).toHaveLength(13);
    expect(sums(second)).toEqual(sums(first));
    expect(first.stdout).toMatch(/parsing csv: [\d.]+ M records\/s/);
  });

  it('live runs policies beside always-awake at a tiny size, and says what they save or why nothing', () => {
    const before = readdirSync(folder);
    const { status, stdout } = bench('live', '--quick');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^always-awake +\d.*\ntimeout:500 +\d/m);
    expect(stdout).toMatch(/saves [\d.]+ % of the CPU time|None saves CPU time beyond doubt/);
    expect(bench('live', '--rounds', '0').status).toBe(64);
    expect(readdirSync(folder)).toEqual(before);
  });
});
