/**
 * One writer a folder. `writer.lock.N` says who writes; N is the writer's life, one more at each open, and the highest N
 * rules. A life is taken by creating its file, whole and exclusively (a link to a finished file), only when the one before
 * was released or its owner is dead; then the lower ones are removed. The highest is never removed, so lives only grow.
 *
 * Safe between processes of one machine and between instances in one process. Processes that cannot see each other's pids
 * (containers, machines on a network folder) must not share a store.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { realDisk } from '../ports/disk.js';
import { isAlive, ownIdentity, type ProcessIdentity } from '../ports/identity.js';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { listSegments, segmentPath, storePaths } from './folder.js';
import { scanTail } from './tail-scan.js';

export interface WriterLock {
  /** Number of this writer's life, 1 for the first that ever wrote here. */
  readonly life: number;
  /** Lets the next writer in. Call it when nothing of this one can write any more; a second call does nothing. */
  release(): void;
}

/** What a lock file says. */
interface Holder extends ProcessIdentity {
  readonly openedMs: number;
  readonly released: boolean;
}

const NAME = /^writer\.lock\.(\d+)$/;
const SCRATCH = /^writer\.lock\.new-/;

/** Takes the folder `root`, which must exist. Throws LtlError E_LOCKED (its details name the holder) or E_PERMISSION. */
export function acquireWriterLock(root: string): WriterLock {
  try {
    for (let attempt = 0; attempt < LIMITS.lockTriesMax; attempt += 1) {
      const locked = livesIn(root).at(-1);
      const before = locked === undefined ? null : readHolder(root, locked);
      const highest = locked ?? lastLife(root);
      if (before === 'gone') continue;
      if (before !== null && !before.released && isAlive(before)) throw lockedBy(root, highest, before);
      const lock = tryLife(root, highest + 1);
      if (lock !== null) return lock;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') throw error;
    throw new LtlError('E_PERMISSION', `${root} cannot be locked for writing (${code})`, { cause: error });
  }
  throw new LtlError('E_LOCKED', `other processes took ${root} ${LIMITS.lockTriesMax} times in a row`);
}

/** Who writes the folder now; null when nobody does. Takes nothing and changes nothing. Throws E_LOCKED for a damaged lock. */
export function currentWriter(root: string): (ProcessIdentity & { readonly openedMs: number }) | null {
  const life = livesIn(root).at(-1);
  const holder = life === undefined ? null : readHolder(root, life);
  if (holder === null || holder === 'gone' || holder.released || !isAlive(holder)) return null;
  const { pid, startTime, bootId, host, openedMs } = holder;
  return { pid, startTime, bootId, host, openedMs };
}

function tryLife(root: string, life: number): WriterLock | null {
  const file = lockFile(root, life);
  const holder: Holder = { ...ownIdentity(), openedMs: Date.now(), released: false };
  if (!publish(root, holder, file, 'exclusive')) return null;
  // One who looked long ago finds the number free again when a later life has removed it: then the later one rules.
  const lives = livesIn(root);
  if (lives.some((other) => other > life)) {
    fs.rmSync(file, { force: true });
    return null;
  }
  for (const lower of lives) if (lower < life) fs.rmSync(lockFile(root, lower), { force: true });
  removeScratch(root);
  syncFolder(root);
  let released = false;
  return {
    life,
    release: () => {
      if (released) return;
      released = true;
      publish(root, { ...holder, released: true }, file, 'replace');
      syncFolder(root);
    },
  };
}

/** Puts a whole, synced file at `file`; false when another process was quicker. */
function publish(root: string, holder: Holder, file: string, how: 'exclusive' | 'replace'): boolean {
  const scratch = path.join(root, `writer.lock.new-${process.pid}-${randomBytes(6).toString('hex')}`);
  const text = JSON.stringify(holder);
  const fd = fs.openSync(scratch, 'wx', 0o644);
  try {
    fs.writeFileSync(fd, `${text}\n${crc32(text)}\n`);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  try {
    if (how === 'replace') fs.renameSync(scratch, file);
    else fs.linkSync(scratch, file);
    return true;
  } catch (error) {
    // Somebody was quicker (EEXIST), and has perhaps swept the scratch file away as well (ENOENT).
    const { code } = error as NodeJS.ErrnoException;
    if (how === 'exclusive' && (code === 'EEXIST' || code === 'ENOENT')) return false;
    throw error;
  } finally {
    fs.rmSync(scratch, { force: true });
  }
}

function readHolder(root: string, life: number): Holder | 'gone' {
  const file = lockFile(root, life);
  let lines: string[];
  try {
    lines = fs.readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
    throw error;
  }
  const [text = '', sum] = lines;
  // Lock files are published whole, so this is damage; who damaged bytes name may be alive, so nobody is let in.
  if (String(crc32(text)) !== sum)
    throw new LtlError('E_LOCKED', `${file} is damaged: remove it when no process writes this folder`, {
      details: { file },
    });
  return JSON.parse(text) as Holder;
}

/** The last life that wrote a batch: where somebody removed the lock files, lives must go on from there, not from 1. */
function lastLife(root: string): number {
  const paths = storePaths(root);
  for (const segmentId of listSegments(paths).reverse()) {
    const fd = realDisk.open(segmentPath(paths, segmentId), fs.constants.O_RDONLY);
    try {
      const last = scanTail(paths, realDisk, fd, segmentId, 0).batches.at(-1);
      if (last !== undefined) return Math.floor(last.header.epoch / LIMITS.startsPerLife);
    } finally {
      realDisk.close(fd);
    }
  }
  return 0;
}

function lockedBy(root: string, life: number, holder: Holder): LtlError {
  const { pid, startTime, bootId, host, openedMs } = holder;
  const since = new Date(openedMs).toISOString();
  const message = `${root} is written by process ${pid} since ${since} (start time ${startTime}, boot id ${bootId}, host ${host})`;
  return new LtlError('E_LOCKED', message, { details: { pid, startTime, bootId, host, openedMs, life } });
}

/** Lives that have a file, ascending. */
function livesIn(root: string): number[] {
  return fs
    .readdirSync(root)
    .map((name) => Number(NAME.exec(name)?.[1] ?? 0))
    .filter((life) => life > 0)
    .sort((a, b) => a - b);
}

/** Scratch files of those who died while publishing; one who is publishing right now misses his and looks again. */
function removeScratch(root: string): void {
  for (const name of fs.readdirSync(root)) {
    if (SCRATCH.test(name)) fs.rmSync(path.join(root, name), { force: true });
  }
}

const lockFile = (root: string, life: number): string => path.join(root, `writer.lock.${life}`);

function syncFolder(root: string): void {
  const fd = fs.openSync(root, fs.constants.O_RDONLY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
