/** `ltl tune` as a person runs it: it ends, tells what it found, changes nothing unasked, and leaves nothing behind. */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/config.js';
import { writeConfigFile } from '../../src/config/file.js';
import { assertRoom } from '../../src/tune/place.js';
import type { TuneReport } from '../../src/tune/tune.js';
import { ended, ltl, scratch, start } from './process.js';

let folder: string;
let remove: () => void;
beforeEach(() => {
  ({ folder, remove } = scratch());
});
afterEach(() => remove());

describe('ltl tune', () => {
  it('ends with a report in JSON and one as a page, recommends only what won, and leaves nothing behind', async () => {
    const store = path.join(folder, 'store');
    fs.mkdirSync(store);
    const html = path.join(folder, 'tune.html');
    const { status, stdout, stderr } = await ltl(['tune', '--for', '4s', '--path', store, '--json', '--html', html]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const report = JSON.parse(stdout) as TuneReport & { applied: string | null };
    expect(report).toMatchObject({ goal: 'throughput', forMs: 4000, applied: null });
    expect(report.alone.syncs.map(({ way }) => way)).toContain('written ahead');
    const { recommended, comparison, verdict, settings } = report;
    // However short: each setting has the default of its round beside it.
    expect(settings.map(({ name }) => name)).toEqual(expect.arrayContaining(['default', 'default again']));
    expect(settings.length).toBeGreaterThan(2);
    if (recommended.name !== 'default') {
      expect(verdict).toBe('clear');
      expect(comparison?.name).toBe(recommended.name);
      expect(comparison?.benefits.throughput.low).toBeGreaterThan(1);
    }
    expect(recommended.why).not.toBe('');
    expect(fs.readdirSync(store)).toEqual([]);
    const page = fs.readFileSync(html, 'utf8');
    expect(page).toContain('<svg');
    expect(page).not.toMatch(/(src|href)=/);
  });

  it('is ended by SIGINT with its status, without a recommendation, and leaves nothing behind', async () => {
    const child = start(['tune', '--for', '10m', '--path', folder, '--json', '--apply']);
    const stores = (): string[] =>
      fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('store-'));
    child.stdin.end();
    const end = ended(child);
    // The machine by itself takes a share of ten minutes: it is ended there.
    while (!fs.readdirSync(folder).some((name) => name.startsWith('.ltl-tune-'))) await pause(20);
    await pause(300);
    expect(stores()).toEqual([]);
    child.kill('SIGINT');
    const { status, stdout, stderr } = await end;
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
    expect(stderr).toContain('ended by SIGINT; nothing is recommended and nothing was changed');
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('is ended by SIGTERM in the midst of a trial just as well', async () => {
    const child = start(['tune', '--for', '20s', '--path', folder]);
    child.stdin.end();
    const end = ended(child);
    const hasStore = (): boolean =>
      fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((name) => name.includes('.seg'));
    while (!hasStore()) await pause(5);
    child.kill('SIGTERM');
    expect(await end).toMatchObject({ status: 143, stdout: '' });
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('that was killed has its folder removed by the next run there', async () => {
    const child = start(['tune', '--for', '20s', '--path', folder]);
    child.stdin.end();
    const end = ended(child);
    const left = (): string[] => fs.readdirSync(folder).filter((name) => name.startsWith('.ltl-tune-'));
    const isOwned = (): boolean => left().some((name) => fs.existsSync(path.join(folder, name, 'owner.json')));
    while (!isOwned()) await pause(5);
    child.kill('SIGKILL');
    expect((await end).signal).toBe('SIGKILL');
    const [forsaken] = left();
    const next = start(['tune', '--for', '20s', '--path', folder]);
    next.stdin.end();
    const nextEnd = ended(next);
    while (left().includes(forsaken ?? '') || left().length === 0) await pause(5);
    next.kill('SIGINT');
    expect((await nextEnd).status).toBe(130);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it.each([
    [['--for', '0s'], 64, '--for is from 3s'],
    [['--for', 'soon'], 64, '--for wants a duration such as'],
    [['--goal', 'speed'], 64, '--goal is one of throughput, latency, quiet'],
    [['--seed', '-'], 64, '--seed wants a whole number'],
    [['--path', '/no/such/folder'], 66, 'E_NO_FOLDER: there is no folder /no/such/folder'],
    [['--path', import.meta.filename], 66, 'is not a folder'],
    [['--html', '/no/such/folder/x.html'], 73, 'there is no folder /no/such/folder'],
    [['--html', import.meta.dirname], 73, 'is a folder'],
  ])('refuses by name before it measures anything: %j', async (words, expected, message) => {
    const { status, stdout, stderr } = await ltl(['tune', ...words]);
    expect({ status, stdout }).toEqual({ status: expected, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(2);
  });

  it.skipIf(process.getuid?.() === 0)('refuses a folder that must not be written', async () => {
    fs.chmodSync(folder, 0o555);
    const { status, stderr } = await ltl(['tune', '--path', folder]);
    fs.chmodSync(folder, 0o755);
    expect(status).toBe(77);
    expect(stderr).toContain('E_PERMISSION');
  });

  it('refuses a disk with too little room, in numbers', () => {
    expect(() => assertRoom('/small', { bavail: 1024, bsize: 4096 })).toThrow(
      'E_DISK_FULL: tune needs 256 MiB in /small, 4 MiB are free',
    );
    assertRoom('/large', { bavail: 65_536, bsize: 4096 });
  });
});

describe('what --apply writes', () => {
  it('is what the next open reads, beside the keys that stood there', () => {
    writeConfigFile(folder, { 'queue.stall.ms': 500, 'queue.spin.us': 7 });
    const name = writeConfigFile(folder, { 'log.write': 'direct', 'queue.spin.us': 0 });
    expect(name).toBe(path.join(folder, 'config.json'));
    expect(fs.readdirSync(folder)).toEqual(['config.json']);
    expect(resolveConfig({ 'force-all.path': folder }, {})).toMatchObject({
      'log.write': 'direct',
      'queue.spin.us': 0,
      'queue.stall.ms': 500,
    });
    expect(resolveConfig({ 'force-all.path': folder, 'log.write': 'buffered' }, {})['log.write']).toBe('buffered');
  });

  it('is refused by name where the file that stands there is broken, which stays as it is', () => {
    fs.writeFileSync(path.join(folder, 'config.json'), '{');
    expect(() => writeConfigFile(folder, { cores: 1 })).toThrow('E_CONFIG');
    expect(fs.readFileSync(path.join(folder, 'config.json'), 'utf8')).toBe('{');
  });
});
