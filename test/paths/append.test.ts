/** `ltl append` as a process: what is stored, what is acknowledged, what is refused, and how it ends. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { open, symDATA } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ended, ltl, MAIN, scratch, start } from './process.js';

let folder: string;
let store: string;
let remove: () => void;
beforeEach(() => {
  ({ folder, remove } = scratch());
  store = path.join(folder, 'store');
});
afterEach(() => remove());

interface Row {
  readonly seq: string;
  readonly timeMs: number;
  readonly data: unknown;
}

/** What `read --json` gives, parsed. */
async function stored(): Promise<Row[]> {
  const { status, stdout, stderr } = await ltl(['read', '--json', '--path', store]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Row);
}

/** What a reader in this process finds: cheaper than a process, where the text is not the question. */
async function data(): Promise<unknown[]> {
  const reader = await open({ 'force-all.path': store }, { readOnly: true });
  const found: unknown[] = [];
  for await (const block of reader.range(symDATA).blocks()) found.push(...block.map((record) => record.data));
  await reader.close();
  return found;
}

describe('ltl append', () => {
  it('refuses bytes that are not base64 instead of storing others', async () => {
    const lines = ['{"$bytes":"AAEC"}', '{"$bytes":""}', '[{"$bytes":"not base64!"}]', '1'];
    const { status, stdout, stderr } = await ltl(['append', '--json', '--ack', '--path', store], lines.join('\n'));
    expect({ status, stdout }).toEqual({ status: 65, stdout: '0\n1\n' });
    expect(stderr).toContain('line 3 cannot be stored: $bytes is not base64');
    expect(await data()).toEqual([new Uint8Array([0, 1, 2]), new Uint8Array()]);
  });

  it('stores a line a record, bytes and all, and acknowledges each on its own line', async () => {
    const lines = ['plain', '', 'with CR\r', 'nul \0 inside', '\uFEFFbom', 'grüße €🙂', 'last without LF'];
    const { status, stdout, stderr } = await ltl(['append', '--ack', '--path', store], lines.join('\n'));
    expect({ status, stdout }).toEqual({ status: 0, stdout: '0\n1\n2\n3\n4\n5\n6\n' });
    expect(stderr).toContain('appended 7 records, seq 0 to 6');
    expect(await data()).toEqual(lines);
    const text = await ltl(['read', '--path', store]);
    expect(text.stdout).toBe(`${lines.join('\n')}\n`);
  });

  it('goes on with the next seq in the next run, from a file too', async () => {
    const file = path.join(folder, 'lines');
    fs.writeFileSync(file, 'a\nb\n');
    expect((await ltl(['append', '--ack', file, '--path', store])).stdout).toBe('0\n1\n');
    expect((await ltl(['append', '--ack', '--path', store, '-'], 'c')).stdout).toBe('2\n');
    const rows = await stored();
    expect(rows.map((row) => `${row.seq} ${String(row.data)}`)).toEqual(['0 a', '1 b', '2 c']);
    expect(rows[2]?.timeMs ?? 0).toBeGreaterThanOrEqual(rows[0]?.timeMs ?? Number.POSITIVE_INFINITY);
  });

  it('stores JSON values as those values', async () => {
    const values = [null, true, -0.5, 'text', [1, [2]], { a: { b: [] } }, { $bytes: 'AAEC' }, 1e308, ''];
    const input = values.map((value) => `${JSON.stringify(value)}\n`).join('');
    expect((await ltl(['append', '--json', '--path', store], input)).status).toBe(0);
    expect((await stored()).map((row) => row.data)).toEqual(values);
  });

  it.each<[string, string[], string | Buffer, number, string[]]>([
    ['malformed JSON', ['--json'], '1\n2\n{"a":\n4\n', 3, ['1', '2']],
    ['an empty line as JSON', ['--json'], '1\n\n3\n', 2, ['1']],
    ['a number beyond all doubles', ['--json'], '1\n1e999\n3\n', 2, ['1']],
    ['a key that no object may have', ['--json'], '{"a":1}\n{"__proto__":1}\n', 2, ['{"a":1}']],
    ['a lone surrogate', ['--json'], '1\n"\\ud800"\n', 2, ['1']],
    ['no UTF-8', [], Buffer.from('6f6b0aff0a6f6b0a', 'hex'), 2, ['ok']],
    ['a surrogate in UTF-8', [], Buffer.from('6f6b0aeda0800a', 'hex'), 2, ['ok']],
    ['a character cut off at the end', [], Buffer.from('6f6b0ac3', 'hex'), 2, ['ok']],
  ])('ends at %s with status 65 and the line, and stores what came before', async (_, options, input, line, before) => {
    const { status, stdout, stderr } = await ltl(['append', '--ack', ...options, '--path', store], input);
    expect(stderr).toContain(`line ${line} `);
    expect({ status, stdout }).toEqual({ status: 65, stdout: before.map((__, seq) => `${seq}\n`).join('') });
    const kept = (await data()).map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
    expect(kept).toEqual(before);
  });

  it('ends at a bad line in the middle of many, with every line before it acknowledged', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `{"line":${index},"fill":"${'x'.repeat(40)}"}`);
    lines[43_210] = '{"line":}';
    const { status, stdout, stderr } = await ltl(['append', '--json', '--ack', '--path', store], lines.join('\n'));
    expect(status).toBe(65);
    expect(stderr).toContain('line 43211 ');
    expect(stdout).toBe(Array.from({ length: 43_210 }, (_, seq) => `${seq}\n`).join(''));
    expect(await data()).toHaveLength(43_210);
  });

  it('takes lines of a MiB, and refuses one beyond 16 MiB by its number', async () => {
    const long = 'é'.repeat(2 ** 19);
    const input = `${long}\nb\n${'x'.repeat(2 ** 24 + 1)}\nd\n`;
    const { status, stdout, stderr } = await ltl(['append', '--ack', '--path', store], input);
    expect(stderr).toContain('line 3 ');
    expect({ status, stdout }).toEqual({ status: 65, stdout: '0\n1\n' });
    expect(await data()).toEqual([long, 'b']);
  });

  it('makes nothing of an empty input, and no store for a file that is not there', async () => {
    const empty = await ltl(['append', '--path', store]);
    expect(empty).toMatchObject({ status: 0, stdout: '', stderr: 'appended nothing\n' });
    for (const file of ['missing', '.']) {
      const other = path.join(folder, 'other');
      const { status, stderr } = await ltl(['append', path.join(folder, file), '--path', other]);
      expect(status).toBe(66);
      expect(stderr).toContain('E_NO_INPUT');
      expect(fs.existsSync(other)).toBe(false);
    }
  });

  it('names the process that writes the folder and ends with status 75, while readers go on', async () => {
    const writer = start(['append', '--ack', '--path', store]);
    const end = ended(writer);
    writer.stdin.write('first\n');
    await once(writer.stdout, 'data');
    const second = await ltl(['append', '--path', store], 'x\n');
    expect(second.status).toBe(75);
    expect(second.stderr).toContain('E_LOCKED');
    expect(second.stderr).toContain(`process ${writer.pid} `);
    expect((await ltl(['read', '--path', store])).stdout).toBe('first\n');
    expect((await ltl(['status', '--path', store])).stdout).toContain(`written by  process ${writer.pid} on `);
    expect((await ltl(['verify', '--path', store])).status).toBe(0);
    writer.stdin.end('second\n');
    expect((await end).status).toBe(0);
    expect(await data()).toEqual(['first', 'second']);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('at %s keeps what was taken, drops half a line, and ends with %i', async (signal, expected) => {
    const child = start(['append', '--ack', '--path', store]);
    const end = ended(child);
    child.stdin.write('one\ntwo\nhalf a li');
    await once(child.stdout, 'data');
    child.kill(signal);
    const { status, stdout, stderr } = await end;
    expect({ status, stdout }).toEqual({ status: expected, stdout: '0\n1\n' });
    expect(stderr).toContain(`ended by ${signal}`);
    expect(await data()).toEqual(['one', 'two']);
  });

  it.each(['SIGUSR2', 'SIGHUP'] as const)('goes on after %s, and what comes then is kept', async (signal) => {
    const child = start(['append', '--ack', '--path', store]);
    const end = ended(child);
    for (const line of ['one', 'two', 'three']) {
      child.stdin.write(`${line}\n`);
      await once(child.stdout, 'data');
      child.kill(signal);
    }
    child.stdin.end('four\n');
    expect(await end).toMatchObject({ status: 0, signal: null, stdout: '0\n1\n2\n3\n' });
    expect(await data()).toEqual(['one', 'two', 'three', 'four']);
  });

  it('stops with status 74 when nobody reads the acknowledgements any more', async () => {
    const child = start(['append', '--ack', '--path', store]);
    child.stdin.write('one\n');
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const writing = setInterval(() => child.stdin.write('more\n'), 5);
    const [status] = (await once(child, 'close')) as [number];
    clearInterval(writing);
    expect(status).toBe(74);
    expect((await data())[0]).toBe('one');
  });

  it('keeps every printed acknowledgement when it is killed', async () => {
    let next = 0;
    for (const delayMs of [0, 20, 60]) {
      const child = start(['append', '--ack', '--path', store]);
      const end = ended(child);
      const killing = once(child.stdout, 'data').then(() => pause(delayMs, 'dead'));
      for (let line = next, state = ''; state !== 'dead'; line += 500) {
        child.stdin.write(Array.from({ length: 500 }, (_, index) => `line ${line + index}\n`).join(''));
        state = await Promise.race([killing, pause(1, 'alive')]);
      }
      child.kill('SIGKILL');
      const { stdout } = await end;
      // A last line without LF was not printed whole.
      const acknowledged = stdout.split('\n').slice(0, -1).map(Number);
      expect(acknowledged.length).toBeGreaterThan(0);
      const rows = await data();
      expect(acknowledged.filter((seq) => rows[seq] !== `line ${seq}`)).toEqual([]);
      next = rows.length;
    }
  });

  it('says with status 74 which lines a full disk has no room for, and keeps what it acknowledged', async () => {
    const file = path.join(folder, 'lines');
    fs.writeFileSync(file, Array.from({ length: 200_000 }, (_, index) => `line ${index}\n`).join(''));
    // A limit on the size of files, in KiB, is a full disk to those who write.
    const limited = (words: string): ChildProcessWithoutNullStreams =>
      spawn('bash', ['-c', `ulimit -f 1024; exec "${process.execPath}" "${MAIN}" ${words}`], { stdio: 'pipe' });
    const { status, stdout, stderr } = await ended(limited(`append --ack "${file}" --path "${store}"`));
    expect(status).toBe(74);
    expect(stderr).toContain('E_DISK_FULL');
    expect(stderr).toMatch(/lines \d+ to \d+ are not acknowledged/);
    // Of a block that did not fit whole, a part may be stored; it is not acknowledged.
    const kept = await data();
    const acknowledged = stdout.split('\n').slice(0, -1).map(Number);
    expect(acknowledged.length).toBeLessThanOrEqual(kept.length);
    expect(acknowledged.filter((seq, index) => seq !== index)).toEqual([]);
    expect(kept.filter((line, seq) => line !== `line ${seq}`)).toEqual([]);
    // And when it is stdout that has no room, that is what is said.
    const words = `append --ack "${file}" --path "${store}2" > /dev/full`;
    const other = await ended(
      spawn('bash', ['-c', `exec "${process.execPath}" "${MAIN}" ${words}`], { stdio: 'pipe' }),
    );
    expect(other).toMatchObject({ status: 74, stdout: '' });
    expect(other.stderr).toContain('E_OUTPUT');
  });
});
