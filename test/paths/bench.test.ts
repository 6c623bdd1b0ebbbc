/** `ltl bench append` as a person runs it: what it prints, what it writes, how it refuses, and that nothing is left behind. */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { type Ended, ended, ltl, scratch, start } from './process.js';

const { folder, remove } = scratch();
afterAll(remove);
const file = (name: string, text: string): string => {
  const at = path.join(folder, name);
  fs.writeFileSync(at, text);
  return at;
};
const disk = path.join(folder, 'disk');
fs.mkdirSync(disk);
const bench = (...words: readonly string[]): Promise<Ended> => ltl(['bench', 'append', '--path', disk, ...words]);

interface Report {
  readonly bench: string;
  readonly format: number;
  readonly machine: { readonly cores: number; readonly versions: Record<string, string> };
  readonly absent: readonly { readonly store: string }[];
  readonly notes: readonly string[];
  readonly results: readonly {
    readonly store: string;
    readonly rounds: number;
    readonly perSecond: number;
    readonly interrupted: boolean;
    readonly latencyMs: Record<'min' | 'p50' | 'p90' | 'p99' | 'p999' | 'p9999' | 'max' | 'count', number>;
    readonly cpuSecondsPerMillion: number;
    readonly bytesStoredPerByte: number;
    readonly windows: readonly { readonly count: number }[];
    readonly samples: readonly { readonly rssBytes: number }[];
    readonly overload: { readonly offeredPerSecond: number; readonly backlog: number } | null;
    readonly ratio: { readonly throughput: number } | null;
    readonly work: { readonly acknowledged: number; readonly found: number; readonly verified: boolean | null };
  }[];
}

async function report(...words: readonly string[]): Promise<Report> {
  const { status, stdout, stderr } = await bench('--json', ...words);
  expect(`${status} ${stderr}`).toMatch(/^0 (ltl bench: \w+ is left out.*\n)*$/);
  expect(fs.readdirSync(disk)).toEqual([]);
  return JSON.parse(stdout) as Report;
}

describe('ltl bench append', () => {
  it('prints every figure, and the check of the work, and leaves nothing behind', async () => {
    const html = path.join(folder, 'report.html');
    const svg = path.join(folder, 'report.svg');
    const { status, stdout, stderr } = await bench('--for', '300ms', '--html', html, '--svg', svg);
    expect([status, stderr]).toEqual([0, '']);
    for (const row of ['records a second', 'p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max'])
      expect(stdout).toMatch(new RegExp(`^${row} +[\\d.,]+`, 'm'));
    for (const row of ['CPU seconds per million records', 'bytes stored per byte given'])
      expect(stdout).toMatch(new RegExp(`^${row} +[\\d.]+$`, 'm'));
    expect(stdout).toMatch(/^every checksum verified +yes$/m);
    const [, acknowledged = ''] = /^acknowledged, with warm-up +([\d,]+)$/m.exec(stdout) ?? [];
    expect(stdout).toMatch(new RegExp(`^found when opened again +${acknowledged}$`, 'm'));
    expect(fs.readdirSync(disk)).toEqual([]);
    const page = fs.readFileSync(html, 'utf8');
    for (const name of ['results', 'throughput', 'percentiles', 'latency', 'memory'])
      expect(page).toContain(`id="${name}"`);
    // Nothing is loaded from elsewhere.
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|src=|@import/);
    expect(fs.readFileSync(svg, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  it('gives the same to machines, of several producer threads in an open loop, each record found again', async () => {
    const words = ['--for', '400ms', '--warm-up', '0', '--rate', '2000', '--arrivals', 'poisson', '--producers', '2'];
    const { bench: name, format, machine, results } = await report(...words, '--pace', 'timer');
    expect([name, format, results.length]).toEqual(['append', 1, 1]);
    expect(machine.cores).toBeGreaterThan(0);
    expect(Object.keys(machine.versions)).toEqual(['ltl']);
    const [own] = results;
    const { latencyMs, work, windows, samples } = own as Report['results'][0];
    // 800 are expected; the seed fixes them.
    expect(work.acknowledged).toBeGreaterThan(700);
    expect(work).toMatchObject({ found: work.acknowledged, verified: true });
    expect(latencyMs.count).toBe(work.acknowledged);
    const { min, p50, p90, p99, p999, p9999, max } = latencyMs;
    const rising = [0, min, p50, p90, p99, p999, p9999, max];
    expect(rising.toSorted((a, b) => a - b)).toEqual(rising);
    expect(windows.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(latencyMs.count);
    expect(samples[0]?.rssBytes).toBeGreaterThan(1e6);
  });

  it('takes a message shape, samples, batches and tickets', async () => {
    const shape = file('shape.json', '{"name":"order","fields":{"id":"number","who":"string","raw":"bytes?"}}');
    const sample = file('sample.json', '[{"id":1,"tags":["a"]},"text",17]');
    for (const words of [
      ['--shape', shape, '--size', '200', '--form', 'batch', '--batch', '50'],
      ['--shape', sample, '--form', 'ticket', '--batch', '20', '--producers', '1'],
    ]) {
      const { results } = await report('--for', '1s', '--warm-up', '0', '--in-flight', '2', ...words);
      expect(results[0]?.work.found).toBe(results[0]?.work.acknowledged);
      expect(results[0]?.work.found).toBeGreaterThan(0);
    }
  });

  it('replays a trace, csv or NDJSON, every arrival once', async () => {
    const csv = file(
      'trace.csv',
      `t_ms,bytes\n${Array.from({ length: 50 }, (_, at) => `${1000 + at * 20},${at * 9}`).join('\n')}\n`,
    );
    const ndjson = file('trace.ndjson', '{"t_ms":0,"bytes":10}\n{"t_ms":5,"bytes":3000}\n');
    const { results } = await report('--trace', csv, '--speed', '10');
    expect(results[0]?.work).toMatchObject({ acknowledged: 50, found: 50, verified: true });
    expect((await report('--trace', ndjson)).results[0]?.work.acknowledged).toBe(2);
  });

  it('stands beside other stores in interleaved rounds, and names those that are absent', async () => {
    const { results, absent } = await report('--for', '100ms', '--peers', 'plain,sqlite', '--rounds', '2');
    const stores = [...results.map(({ store }) => store), ...absent.map(({ store }) => store)];
    expect(stores.toSorted()).toEqual(['ltl', 'plain', 'sqlite']);
    const plain = results.find(({ store }) => store === 'plain');
    expect(plain?.rounds).toBe(2);
    expect(plain?.ratio?.throughput).toBeGreaterThan(0);
    expect(plain?.work.found).toBe(plain?.work.acknowledged);
  });

  it('says so when a rate is more than the store can do', async () => {
    const { results, notes } = await report('--for', '300ms', '--rate', '10000000', '--in-flight', '1000');
    expect(results[0]?.overload?.offeredPerSecond).toBeGreaterThan(9e6);
    expect(results[0]?.overload?.backlog).toBeGreaterThan(0);
    expect(notes.join()).toContain('OVERLOADED');
  });

  it.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('ends in order at %s: what there is is printed, the folder is gone', async (signal, status) => {
    const child = start(['bench', 'append', '--path', disk, '--for', '1h', '--warm-up', '0', '--json']);
    const watch = fs.watch(disk, { recursive: true });
    while (!fs.readdirSync(disk, { recursive: true, encoding: 'utf8' }).some((name) => name.endsWith('.seg')))
      await once(watch, 'change');
    watch.close();
    child.kill(signal);
    const end = await ended(child);
    expect(end.status).toBe(status);
    const { results } = JSON.parse(end.stdout) as Report;
    for (const { interrupted, work } of results) {
      expect(interrupted).toBe(true);
      expect(work.found).toBe(work.acknowledged);
    }
    expect(fs.readdirSync(disk)).toEqual([]);
  });

  it('stopped while it warms up, says that nothing was measured, and gives no figures', async () => {
    const child = start(['bench', 'append', '--path', disk, '--for', '1h', '--warm-up', '1h']);
    const files = (): string[] => fs.readdirSync(disk, { recursive: true, encoding: 'utf8' });
    while (!files().some((name) => name.endsWith('.seg'))) await pause(5);
    child.kill('SIGINT');
    const { status, stdout, stderr } = await ended(child);
    expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
    expect(stdout).toMatch(/\n\nStopped before anything was measured\.\n$/);
    expect(files()).toEqual([]);
  });

  it('that was killed, with the process that appends for it, leaves what the next run there removes', async () => {
    const child = start(['bench', 'append', '--path', disk, '--for', '1h', '--warm-up', '0']);
    const end = ended(child);
    const files = (): string[] => fs.readdirSync(disk, { recursive: true, encoding: 'utf8' });
    while (!files().some((name) => name.endsWith('.seg'))) await pause(5);
    const children = fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    // Frozen first, so that it cannot tidy up when its parent is gone.
    for (const pid of children) process.kill(Number(pid), 'SIGSTOP');
    child.kill('SIGKILL');
    for (const pid of children) process.kill(Number(pid), 'SIGKILL');
    await end;
    expect(files().some((name) => name.endsWith('.seg'))).toBe(true);
    await report('--for', '50ms');
  });

  it('refuses a folder that holds a store, unless told, and does not touch it', async () => {
    const store = path.join(folder, 'store');
    await ltl(['append', '--path', store], 'one\n');
    const words = ['bench', 'append', '--path', store, '--for', '50ms'];
    expect(await ltl(words)).toMatchObject({ status: 64, stdout: '' });
    expect((await ltl([...words, '--anyway'])).status).toBe(0);
    expect((await ltl(['read', '--path', store])).stdout).toBe('one\n');
  });

  it.each<[string[], number, string]>([
    [['--rate', 'NaN'], 64, 'above 0'],
    [['--prodcers', '2'], 64, 'did you mean --producers?'],
    [['--trace', '/nowhere.csv'], 66, '/nowhere.csv'],
    [['--html', '/nowhere/report.html'], 73, 'no folder /nowhere'],
    [['--html', import.meta.dirname], 73, 'is a folder'],
    [['--svg', '/proc/self/nothing/x.svg'], 73, 'no folder /proc/self/nothing'],
    [['--path', import.meta.filename], 66, 'is not a folder'],
    [['--path', '/nowhere'], 66, 'there is no such folder'],
    [['--rate', '5', '--seed', '1'], 64, '--seed goes with --arrivals poisson'],
    [['--for', '0s'], 64, '--for wants a duration from 1ms'],
    [['--rate', '1e300'], 64, 'at most 10000000'],
    [['--shape', '/nowhere.json'], 66, '/nowhere.json cannot be read'],
    [['surplus'], 64, 'unexpected argument surplus'],
  ])('%j ends with %i before anything is measured', async (words, status, message) => {
    const end = await ltl(['bench', 'append', ...words]);
    expect(end.stderr).toContain(message);
    expect(end).toMatchObject({ status, stdout: '' });
  });

  it('helps on stdout', async () => {
    const help = await ltl(['bench', 'append', '--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toContain('usage: ltl bench append');
    expect(help.stdout).toContain('--rate R');
  });
});

describe('docs/benchmarking-your-case.md', () => {
  const page = fs.readFileSync(path.join(import.meta.dirname, '../../docs/benchmarking-your-case.md'), 'utf8');
  const commands = [...page.matchAll(/^ltl (bench append.*)$/gm)].map((match) => match[1] ?? '');
  const [, order = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];

  it('shows commands that work', async () => {
    expect(commands.length).toBeGreaterThan(7);
    file('order.json', order);
    file('arrivals.csv', 't_ms,bytes\n0,100\n40,200\n');
    for (const command of commands) {
      // As shown, but short: the last word on an option counts.
      const words = [...command.split(' '), '--for', '60ms', '--rounds', '1', '--path', disk];
      const child = start(words, {}, folder);
      child.stdin.end();
      const end = await ended(child);
      expect(`${command}: ${end.status} ${end.stderr}`).toMatch(/: 0 (ltl bench: \w+ is left out.*\n)*$/);
    }
  });
});
