/** `ltl status` and `ltl stat`: a store as it is found, for people or as JSON. Neither changes anything, nor disturbs a writer. */
import fs from 'node:fs';
import { knownDurable } from '../log/checkpoint.js';
import { listSegments, segmentPath, storePaths } from '../log/folder.js';
import { type RecoveryReport, recover } from '../log/recover.js';
import { currentWriter } from '../log/writer-lock.js';
import type { Status } from '../ltl.js';
import { type Disk, realDisk } from '../ports/disk.js';
import { symDATA } from '../words/symbols.js';
import type { Run } from './command.js';
import { duration, grouped, size } from './numbers.js';
import { writeAll } from './output.js';
import { openReader, type Store } from './store.js';

export const status: Run = async ({ values }, io) => {
  const store = await openReader(values);
  try {
    const found = store.status();
    const paths = storePaths(found.path);
    const writtenBy = currentWriter(found.path);
    // A living writer's tail is always in motion; only a resting one can be judged.
    const recovery = writtenBy === null ? recover(paths, DRY_DISK, knownDurable(paths)).report : null;
    if (values['json'] === true)
      await writeAll(io.stdout, `${JSON.stringify({ ...found, writtenBy, recovery }, null, 2)}\n`);
    else await writeAll(io.stdout, rows(statusForPeople(found, writtenBy, recovery)));
  } finally {
    await store.close();
  }
  return 0;
};

/** Recovery as the next writer will do it, without its changes: what it would cut is told, and stays. */
const DRY_DISK: Disk = {
  ...realDisk,
  open: (file) => fs.openSync(file, 'r'),
  write: (_fd, _bytes, _offset, length) => length,
  sync: () => undefined,
  syncFolder: () => undefined,
  truncate: () => undefined,
  rename: () => undefined,
  remove: () => undefined,
};

function statusForPeople(
  { path, firstSeq, nextSeq }: Status,
  writtenBy: ReturnType<typeof currentWriter>,
  recovery: RecoveryReport | null,
): [string, string][] {
  const count = BigInt(nextSeq) - BigInt(firstSeq);
  const writer =
    writtenBy === null
      ? 'nobody now'
      : `process ${writtenBy.pid} on ${writtenBy.host} since ${new Date(writtenBy.openedMs).toISOString()}`;
  const pairs: [string, string][] = [
    ['path', path],
    ['records', count === 0n ? 'none' : `${grouped(count)}, seq ${firstSeq} to ${BigInt(nextSeq) - 1n}`],
    ['written by', writer],
  ];
  if (recovery === null) return pairs;
  const { tornBytes, lastSeq, damages, scannedBytes, scanMs } = recovery;
  const torn =
    tornBytes === 0 ? 'whole' : `${grouped(tornBytes)} bytes behind seq ${lastSeq} are torn; the next writer cuts them`;
  pairs.push(['tail', torn]);
  pairs.push([
    'damage',
    damages.length === 0 ? 'none in the last segment; `ltl verify` looks at all of them' : 'see `ltl verify`',
  ]);
  pairs.push([
    'recovery',
    `${duration(scanMs)} to scan the last segment, of which ${size(scannedBytes)} had to be read`,
  ]);
  return pairs;
}

export const stat: Run = async ({ values }, io) => {
  const store = await openReader(values);
  try {
    const figures = await figuresOf(store);
    const text = values['json'] === true ? `${JSON.stringify(figures, null, 2)}\n` : rows(forPeople(figures));
    await writeAll(io.stdout, text);
  } finally {
    await store.close();
  }
  return 0;
};

/** Sizes and spans of a store. Times are in ms since 1970, null when there is no record. */
interface Figures {
  readonly path: string;
  readonly records: number;
  readonly firstSeq: string;
  readonly nextSeq: string;
  readonly firstTimeMs: number | null;
  readonly lastTimeMs: number | null;
  readonly segments: number;
  /** Of the segments' files, free room included. */
  readonly logBytes: number;
  readonly indexBytes: number;
}

async function figuresOf(store: Store): Promise<Figures> {
  const { path, firstSeq, nextSeq } = store.status();
  const paths = storePaths(path);
  const segments = listSegments(paths);
  return {
    path,
    records: Number(BigInt(nextSeq) - BigInt(firstSeq)),
    firstSeq,
    nextSeq,
    firstTimeMs: await timeOf(store, false),
    lastTimeMs: await timeOf(store, true),
    segments: segments.length,
    logBytes: segments.reduce((sum, id) => sum + fs.statSync(segmentPath(paths, id)).size, 0),
    indexBytes: folderBytes(paths.index),
  };
}

async function timeOf(store: Store, reverse: boolean): Promise<number | null> {
  for await (const { timeMs } of store.range(symDATA, { reverse, onDamage: 'skip' })) return timeMs;
  return null;
}

function folderBytes(folder: string): number {
  if (!fs.existsSync(folder)) return 0;
  const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + fs.statSync(`${parentPath}/${name}`).size, 0);
}

function forPeople(figures: Figures): [string, string][] {
  const time = (timeMs: number | null): string => (timeMs === null ? 'none' : new Date(timeMs).toISOString());
  return [
    ['path', figures.path],
    ['records', grouped(figures.records)],
    ['seqs', figures.records === 0 ? 'none' : `${figures.firstSeq} to ${BigInt(figures.nextSeq) - 1n}`],
    ['first', time(figures.firstTimeMs)],
    ['last', time(figures.lastTimeMs)],
    ['segments', grouped(figures.segments)],
    ['log', size(figures.logBytes)],
    ['index', size(figures.indexBytes)],
  ];
}

function rows(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join('');
}
