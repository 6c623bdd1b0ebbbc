/** `ltl read`, `one`, `verify`, `status` and `stat` as processes, over stores that the library made. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { open } from 'ltl';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ended, ltl, MAIN, scratch, start } from './process.js';

let store: string;
let remove: () => void;
beforeEach(() => {
  const made = scratch();
  store = path.join(made.folder, 'store');
  remove = made.remove;
});
afterEach(() => remove());

async function fill(records: readonly unknown[]): Promise<void> {
  const writer = await open({ 'force-all.path': store, 'log.segment.bytes': 64 * 1024 });
  if (records.length > 0) await writer.appendBatch(records);
  await writer.close();
}

const at = (...words: string[]): string[] => [...words, '--path', store];
const seqsOf = (stdout: string): number[] =>
  [...stdout.matchAll(/^\{"seq":"(\d+)"/gm)].map((match) => Number(match[1]));

describe('ltl read', () => {
  it('prints what JSON has no word for as the documentation says', async () => {
    const moment = new Date(1_763_800_000_123);
    await fill([
      { big: 2n ** 64n - 1n, bytes: new Uint8Array([0, 1, 2]), at: moment, list: [null, true, -0], text: 'a\n"' },
    ]);
    const { stdout } = await ltl(at('read', '--json'));
    const { seq, timeMs, data } = JSON.parse(stdout) as Record<string, unknown>;
    expect(seq).toBe('0');
    expect(Number.isSafeInteger(timeMs)).toBe(true);
    expect(data).toEqual({
      big: '18446744073709551615',
      bytes: { $bytes: 'AAEC' },
      at: '2025-11-22T08:26:40.123Z',
      list: [null, true, 0],
      text: 'a\n"',
    });
    expect((await ltl(at('read'))).stdout).toBe(`${JSON.stringify(data)}\n`);
  });

  it('takes a range by seq and turns it round', async () => {
    await fill(Array.from({ length: 3000 }, (_, index) => ({ index, fill: 'x'.repeat(50) })));
    expect(seqsOf((await ltl(at('read', '--json', '--from', '5', '--to', '8'))).stdout)).toEqual([5, 6, 7]);
    expect(seqsOf((await ltl(at('read', '--json', '--from', '2997'))).stdout)).toEqual([2997, 2998, 2999]);
    const reverse = await ltl(at('read', '--json', '--from', '5', '--to', '8', '--reverse'));
    expect(seqsOf(reverse.stdout)).toEqual([7, 6, 5]);
    expect((await ltl(at('read', '--from', '3000'))).stdout).toBe('');
    expect(await ltl(at('read', '--from', '9007199254740993'))).toMatchObject({ status: 0, stdout: '' });
    expect(await ltl(at('one', '9007199254740993'))).toMatchObject({ status: 66, stdout: '' });
    expect((await ltl(at('read', '--from', '9', '--to', '3'))).stdout).toBe('');
    expect(seqsOf((await ltl(at('read', '--json'))).stdout)).toEqual(Array.from({ length: 3000 }, (_, seq) => seq));
  });

  it('takes a range by time', async () => {
    const writer = await open({ 'force-all.path': store });
    await writer.append('before');
    await new Promise((resolve) => setTimeout(resolve, 15));
    const middleMs = Date.now();
    await writer.append('after');
    await writer.close();
    const iso = new Date(middleMs).toISOString();
    expect((await ltl(at('read', '--since', iso))).stdout).toBe('after\n');
    expect((await ltl(at('read', '--until', String(middleMs)))).stdout).toBe('before\n');
    expect((await ltl(at('read', '--since', '0', '--until', '2999-01-01'))).stdout).toBe('before\nafter\n');
  });

  it('follows what another process writes, until a signal ends it with status 0', async () => {
    await fill(['old']);
    const follower = start(at('read', '--follow', '--from', '0'));
    const end = ended(follower);
    await once(follower.stdout, 'data');
    let seen = '';
    follower.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    // Neither of these, meant for whoever keeps logs or sleeps, ends a follower.
    follower.kill('SIGUSR2');
    follower.kill('SIGHUP');
    await ltl(at('append'), 'new\nnewer\n');
    while (!seen.endsWith('newer\n')) await once(follower.stdout, 'data');
    follower.kill('SIGINT');
    expect(await end).toMatchObject({ status: 0, stdout: 'old\nnew\nnewer\n', stderr: '' });
  });

  it('ends quietly when its reader goes away', async () => {
    await fill(Array.from({ length: 20_000 }, (_, index) => `record ${index} ${'x'.repeat(80)}`));
    const child = start(at('read'));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [status] = (await once(child, 'close')) as [number];
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.runIf(fs.existsSync('/dev/full'))('says with status 74 that what stdout leads to is full', async () => {
    await fill(['a']);
    for (const command of ['read', 'one 0', 'stat', 'help']) {
      const words = `exec "${process.execPath}" "${MAIN}" ${command} --path "${store}" > /dev/full`;
      const { status, stderr } = await ended(
        spawn('bash', ['-c', words.replace(/(help) --path \S+/, '$1')], { stdio: 'pipe' }),
      );
      expect({ command, status }).toEqual({ command, status: 74 });
      expect(stderr).toContain('E_OUTPUT');
    }
  });

  it('says so when there is no store, and makes none', async () => {
    for (const command of [['read'], ['one', '0'], ['verify'], ['status'], ['stat']]) {
      const { status, stderr } = await ltl(at(...command));
      expect({ command, status }).toEqual({ command, status: 66 });
      expect(stderr).toContain('E_NO_STORE');
    }
    expect(fs.existsSync(store)).toBe(false);
  });
});

describe('ltl one', () => {
  it('prints one record, or says with status 66 that there is none', async () => {
    await fill(['a', { b: 1 }]);
    expect((await ltl(at('one', '0'))).stdout).toBe('a\n');
    expect(JSON.parse((await ltl(at('one', '1', '--json'))).stdout)).toMatchObject({ seq: '1', data: { b: 1 } });
    expect(await ltl(at('one', '2'))).toMatchObject({ status: 66, stdout: '' });
    expect(await ltl(at('one', 'x'))).toMatchObject({ status: 64, stdout: '' });
    expect(await ltl(at('one'))).toMatchObject({ status: 64, stdout: '' });
  });
});

describe('ltl verify', () => {
  it('finds nothing in a sound store', async () => {
    await fill(Array.from({ length: 5000 }, (_, index) => ({ index, fill: 'x'.repeat(50) })));
    const { status, stdout } = await ltl(at('verify', '--json'));
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ clean: true, records: 5000, damages: [] });
    expect((await ltl(at('verify'))).status).toBe(0);
  });

  it('names a flipped bit by segment, offset and seq, with status 65', async () => {
    await fill(Array.from({ length: 5000 }, (_, index) => ({ index, fill: 'x'.repeat(50) })));
    const segment = path.join(store, 'log', '0000000001.seg');
    const bytes = fs.readFileSync(segment);
    bytes[5000] = (bytes[5000] ?? 0) ^ 1;
    fs.writeFileSync(segment, bytes);
    const { status, stdout } = await ltl(at('verify', '--json'));
    expect(status).toBe(65);
    const { damages } = JSON.parse(stdout) as { damages: { segmentId: number; offset: number; seqFrom: number }[] };
    expect(damages[0]).toMatchObject({ segmentId: 1, offset: 4096, seqFrom: 0 });
    const text = await ltl(at('verify'));
    expect(text.status).toBe(65);
    expect(text.stdout).toMatch(/segment 1.*offset 4096.*seq 0/);
    expect((await ltl(at('read'))).status).toBe(65);
  });

  it('misses a segment that is gone, the last one too', async () => {
    await fill(Array.from({ length: 5000 }, (_, index) => ({ index, fill: 'x'.repeat(50) })));
    await fill(Array.from({ length: 5000 }, (_, index) => ({ index, fill: 'x'.repeat(50) })));
    const segments = fs.readdirSync(path.join(store, 'log')).filter((name) => name.endsWith('.seg'));
    expect(segments.length).toBeGreaterThan(1);
    fs.rmSync(path.join(store, 'log', segments.at(-1) ?? ''));
    expect((await ltl(at('verify'))).status).toBe(65);
    expect(await ltl(at('read', '--reverse'))).toMatchObject({ status: 65, stdout: '' });
  });
});

describe('ltl status and stat', () => {
  it('tell of a store at rest, for people and for machines', async () => {
    await fill(['a', 'b']);
    expect(JSON.parse((await ltl(at('stat', '--json'))).stdout)).toMatchObject({ records: 2 });
    expect((await ltl(at('stat'))).stdout).toMatch(/^records +2$/m);
    const { status, stdout } = await ltl(at('status', '--json'));
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ nextSeq: '2', writtenBy: null, recovery: { tornBytes: 0, lastSeq: 1 } });
    expect((await ltl(at('status'))).stdout).toMatch(/^written by +nobody now$/m);
  });

  it('tell of a torn tail, which the next writer cuts', async () => {
    await fill(['a', 'b']);
    const before = fs.readFileSync(path.join(store, 'log/0000000001.seg'));
    before[before.length - 1] = 1;
    fs.writeFileSync(path.join(store, 'log/0000000001.seg'), Buffer.concat([before, Buffer.from('torn')]));
    expect((await ltl(at('status'))).stdout).toContain('bytes behind seq 1 are torn');
    expect((await ltl(at('append'), 'c\n')).stderr).toContain('cut a torn tail');
    expect((await ltl(at('read'))).stdout).toBe('a\nb\nc\n');
  });
});
