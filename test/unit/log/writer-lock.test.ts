import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storePaths } from '../../../src/log/folder.js';
import { recover } from '../../../src/log/recover.js';
import { LogWriter } from '../../../src/log/writer.js';
import { acquireWriterLock } from '../../../src/log/writer-lock.js';
import { realDisk } from '../../../src/ports/disk.js';
import { isAlive, ownIdentity } from '../../../src/ports/identity.js';
import { LIMITS } from '../../../src/words/limits.js';

const PROCESSES = 8;
const ROUNDS = 50;

interface Answer {
  readonly life?: number;
  readonly refusedBy?: number | null;
  readonly lives?: readonly number[];
}

/** A process that can be told to take or release a lock. */
class Racer {
  readonly child: ChildProcess = spawn(process.execPath, [path.join(import.meta.dirname, 'lock-racer.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  readonly #answers = readline.createInterface({ input: this.child.stdout ?? process.stdin })[Symbol.asyncIterator]();

  async ask(command: string, folder: string, times = 1): Promise<Answer> {
    this.child.stdin?.write(`${JSON.stringify({ command, folder, times })}\n`);
    const { value } = await this.#answers.next();
    return JSON.parse(String(value)) as Answer;
  }

  async end(): Promise<void> {
    if (this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

let folder = '';
let racers: Racer[] = [];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-lock-'));
});

afterEach(async () => {
  await Promise.all(racers.map((racer) => racer.end()));
  racers = [];
  fs.rmSync(folder, { recursive: true, force: true });
});

function startRacers(count: number): Racer[] {
  const started = Array.from({ length: count }, () => new Racer());
  racers.push(...started);
  return started;
}

describe('writer lock', () => {
  it('a second open is refused by name, in the same process too, until the first releases', () => {
    const first = acquireWriterLock(folder);
    expect(first.life).toBe(1);
    const { pid, bootId, startTime } = ownIdentity();
    expect(() => acquireWriterLock(folder)).toThrow(
      expect.objectContaining({
        code: 'E_LOCKED',
        message: expect.stringMatching(`process ${pid} .*start time ${startTime}, boot id ${bootId}`),
        details: expect.objectContaining({ pid, startTime, bootId, host: os.hostname(), life: 1 }),
      }),
    );
    first.release();
    first.release();
    expect(acquireWriterLock(folder).life).toBe(2);
  });

  it('lives only grow, and a released lock stays as the only file', () => {
    for (let life = 1; life <= 5; life += 1) {
      const lock = acquireWriterLock(folder);
      expect(lock.life).toBe(life);
      lock.release();
      expect(fs.readdirSync(folder)).toEqual([`writer.lock.${life}`]);
    }
  });

  it('another boot, another start time of the same pid, and an ended pid are dead owners', async () => {
    const own = ownIdentity();
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, bootId: 'another' })).toBe(false);
    expect(isAlive({ ...own, startTime: (own.startTime ?? 0) + 1 })).toBe(own.startTime === null);
    const [racer] = startRacers(1);
    if (racer === undefined) throw new Error('no racer');
    const pid = racer.child.pid ?? 0;
    await racer.ask('acquire', folder);
    expect(isAlive({ ...own, pid, startTime: null })).toBe(true);
    await racer.end();
    expect(isAlive({ ...own, pid, startTime: null })).toBe(false);
  });

  it('what died while it published a lock is swept away and locks nobody out', () => {
    fs.writeFileSync(path.join(folder, 'writer.lock.new-1-abc'), '{"pid"');
    expect(acquireWriterLock(folder).life).toBe(1);
    expect(fs.readdirSync(folder)).toEqual(['writer.lock.1']);
  });

  it('a damaged lock file lets nobody in and names itself, whichever byte is damaged', () => {
    acquireWriterLock(folder).release();
    const file = path.join(folder, 'writer.lock.1');
    const whole = fs.readFileSync(file);
    for (let at = 0; at < whole.length - 1; at += 1) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 4;
      fs.writeFileSync(file, damaged);
      expect(() => acquireWriterLock(folder)).toThrow(/E_LOCKED: .*writer\.lock\.1 is damaged/);
    }
    fs.writeFileSync(file, whole);
    expect(acquireWriterLock(folder).life).toBe(2);
  });

  it('lives go on from those in the log when somebody removed the lock files', () => {
    const paths = storePaths(folder);
    fs.mkdirSync(paths.log);
    const recovered = recover(paths, realDisk, null);
    const options = { paths, disk: realDisk, logId: 'ab'.repeat(16), epoch: 7 * LIMITS.startsPerLife + 3 };
    const writer = new LogWriter({ ...options, segmentBytes: LIMITS.segmentBytes, recovered });
    writer.addBatch(1, 0, (copy) => {
      copy(Buffer.from([1, 0, 0, 0, 0xc0]), 0, 5);
      return { bytes: 5, count: 1, definitions: [] };
    });
    writer.commitGroup(1);
    writer.close();
    expect(acquireWriterLock(folder).life).toBe(8);
  });

  it('a holder that was killed is taken over, again and again', async () => {
    for (let life = 1; life <= 4; life += 1) {
      const [racer] = startRacers(1);
      expect(await racer?.ask('acquire', folder)).toEqual({ life });
      expect(() => acquireWriterLock(folder)).toThrow(
        expect.objectContaining({ details: expect.objectContaining({ pid: racer?.child.pid }) }),
      );
      await racer?.end();
    }
    expect(acquireWriterLock(folder).life).toBe(5);
  });

  it(`exactly one of ${PROCESSES} processes wins each of ${ROUNDS} races, for new folders and dead holders' ones`, async () => {
    const [dead] = startRacers(1);
    const folders: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const root = path.join(folder, String(round));
      fs.mkdirSync(root);
      folders.push(root);
      if (round % 2 === 1) await dead?.ask('acquire', root);
    }
    await dead?.end();
    const all = startRacers(PROCESSES);
    for (const [round, root] of folders.entries()) {
      const answers = await Promise.all(all.map((racer) => racer.ask('acquire', root)));
      const winners = answers.filter((answer) => answer.life !== undefined);
      expect(winners).toEqual([{ life: 1 + (round % 2) }]);
    }
  });

  it(`${PROCESSES} processes that contend for one folder are never inside together and get lives without a gap`, async () => {
    const all = startRacers(PROCESSES);
    const answers = await Promise.all(all.map((racer) => racer.ask('contend', folder, 8)));
    const lives = answers.flatMap((answer) => answer.lives ?? []).sort((a, b) => a - b);
    expect(lives).toEqual(Array.from({ length: PROCESSES * 8 }, (_, index) => index + 1));
  });
});
