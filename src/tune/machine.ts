/**
 * This machine and disk by themselves, without the runtime: how long a sync takes by size and by way of writing, what it
 * costs to encode a record, to wake a thread, and to look once while spinning. Samples of all kinds are taken in turn, in a
 * random order, so that what else goes on meanwhile falls on all of them alike.
 */
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Dice } from '../policy/dice.js';
import { alignedBuffer } from '../ports/aligned.js';
import { RecordEncoder } from '../record/encoder.js';
import { LIMITS } from '../words/limits.js';
import { type Interval, medianInterval, quantile, shuffle } from './statistics.js';

/** Ways in which the log is, or could be, written. */
export const SYNC_WAYS = ['growing', 'written ahead', 'direct'] as const;
/** The last is a full group. */
const SIZES = [4096, 65_536, LIMITS.groupBytesMax] as const;

export interface SyncFigures {
  readonly way: (typeof SYNC_WAYS)[number];
  readonly bytes: number;
  /** Write and sync, in microseconds: the median with its interval, and the 99th percentile. */
  readonly us: Interval;
  readonly p99Us: number;
  readonly samples: number;
}

export interface MachineFigures {
  /** Ways that this file system has not are missing. */
  readonly syncs: readonly SyncFigures[];
  /** Encoding one record of 100 bytes, in nanoseconds. */
  readonly encodeNs: Interval;
  /** From a notify to the moment the other thread runs, one way, in microseconds; null where no answer came. */
  readonly wakeUs: Interval | null;
  /** The same while both spin; null on one core, where spinning only keeps the other from running. */
  readonly spinUs: Interval | null;
  /** One look while spinning, in nanoseconds. */
  readonly lookNs: Interval;
}

/** The file that is written round and round, in bytes. */
const FILE_BYTES = 8 * 1_048_576;
/** A growing file is begun anew beyond it. */
const GROWING_BYTES = 4 * FILE_BYTES;

/** Measures for about so long, in files below `root`. Null when the signal ended it. */
export async function measureMachine(
  root: string,
  forMs: number,
  dice: Dice,
  cores: number,
  signal: AbortSignal,
): Promise<MachineFigures | null> {
  const syncs = await measureSyncs(root, forMs * 0.7, dice, signal);
  if (signal.aborted) return null;
  const encodeNs = medianInterval(sampleEncode(forMs * 0.1), dice);
  const lookNs = medianInterval(sampleLooks(), dice);
  const wakes = await sampleWakes(cores > 1, forMs * 0.1);
  return {
    syncs,
    encodeNs,
    lookNs,
    wakeUs: wakes.parked.length === 0 ? null : medianInterval(wakes.parked, dice),
    spinUs: wakes.spinning.length === 0 ? null : medianInterval(wakes.spinning, dice),
  };
}

interface Probe {
  readonly way: SyncFigures['way'];
  readonly bytes: number;
  readonly samples: number[];
  readonly take: () => void;
}

async function measureSyncs(root: string, forMs: number, dice: Dice, signal: AbortSignal): Promise<SyncFigures[]> {
  const endMs = performance.now() + forMs;
  const opened: number[] = [];
  try {
    const probes = SYNC_WAYS.flatMap((way) => {
      const fd = openFor(way, path.join(root, `sync-${way.replace(' ', '-')}`));
      if (fd === null) return [];
      opened.push(fd);
      return probesOf(way, fd);
    });
    // The first round warms up and does not count.
    for (let round = 0; round < 4 || performance.now() < endMs; round += 1) {
      for (const { take, samples } of shuffle(probes, dice)) {
        if (signal.aborted) return [];
        const startMs = performance.now();
        take();
        if (round > 0) samples.push((performance.now() - startMs) * 1000);
      }
      await nextTurn();
    }
    return probes.map(({ way, bytes, samples }) => ({
      way,
      bytes,
      us: medianInterval(samples.slice(0, SAMPLES_MAX), dice),
      p99Us: quantile(
        samples.toSorted((left, right) => left - right),
        0.99,
      ),
      samples: samples.length,
    }));
  } finally {
    for (const fd of opened) fs.closeSync(fd);
  }
}

/** More would only make the bootstrap slow. */
const SAMPLES_MAX = 500;

function probesOf(way: SyncFigures['way'], fd: number): Probe[] {
  let position = 0;
  return SIZES.map((bytes) => {
    const buffer = alignedBuffer(bytes).subarray(0, bytes).fill(7);
    const take = (): void => {
      if (position + bytes > (way === 'growing' ? GROWING_BYTES : FILE_BYTES)) {
        position = 0;
        if (way === 'growing') fs.ftruncateSync(fd, 0);
      }
      fs.writeSync(fd, buffer, 0, bytes, position);
      if (way !== 'direct') fs.fdatasyncSync(fd);
      position += bytes;
    };
    return { way, bytes, samples: [], take };
  });
}

/** Null where the file system has no such way. */
function openFor(way: SyncFigures['way'], file: string): number | null {
  const { O_RDWR, O_CREAT, O_DIRECT, O_DSYNC } = fs.constants;
  if (way === 'growing') return fs.openSync(file, 'w+');
  const fd = fs.openSync(file, O_RDWR | O_CREAT);
  fs.writeSync(fd, Buffer.alloc(FILE_BYTES), 0, FILE_BYTES, 0);
  fs.fsyncSync(fd);
  if (way === 'written ahead') return fd;
  fs.closeSync(fd);
  if (O_DIRECT === undefined || O_DSYNC === undefined) return null;
  try {
    return fs.openSync(file, O_RDWR | O_DIRECT | O_DSYNC);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    return null;
  }
}

const ENCODED_AT_ONCE = 2000;

function sampleEncode(forMs: number): number[] {
  const encoder = new RecordEncoder({ allocateShapeId: () => 1 });
  const bytes = Buffer.alloc(512);
  const target = { bytes, view: new DataView(bytes.buffer), position: 0, limit: bytes.length };
  const user = 'somebody';
  const endMs = performance.now() + forMs;
  const samples: number[] = [];
  for (let round = 0; round < 8 || (performance.now() < endMs && round < SAMPLES_MAX); round += 1) {
    const startMs = performance.now();
    for (let n = 0; n < ENCODED_AT_ONCE; n += 1) {
      encoder.encode(
        target,
        { t: n, level: 'info', user, op: 'read', msg: 'a line of a log that says what happened' },
        0,
      );
      if (encoder.hasDefinitions) encoder.takeDefinitions();
    }
    if (round > 2) samples.push(((performance.now() - startMs) * 1e6) / ENCODED_AT_ONCE);
  }
  return samples;
}

const LOOKS_AT_ONCE = 20_000;

function sampleLooks(): number[] {
  const words = new Int32Array(new SharedArrayBuffer(4));
  return Array.from({ length: 20 }, () => {
    const startMs = performance.now();
    let seen = 0;
    for (let look = 0; look < LOOKS_AT_ONCE; look += 1)
      seen += Atomics.load(words, 0) + (performance.now() < 0 ? 1 : 0);
    return ((performance.now() - startMs) * 1e6) / LOOKS_AT_ONCE + seen;
  }).slice(5);
}

/** A ball that two threads give each other: half of its way there and back, in microseconds. */
async function sampleWakes(spins: boolean, forMs: number): Promise<{ parked: number[]; spinning: number[] }> {
  const words = new Int32Array(new SharedArrayBuffer(12));
  const worker = new Worker(new URL('./wake.worker.js', import.meta.url), { workerData: words, execArgv: [] });
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const ready = Atomics.waitAsync(words, 2, 0, START_MS_MAX);
  if (ready.async) await ready.value;
  const parked = sampleBall(words, 0, forMs / 2);
  const spinning = spins ? sampleBall(words, 1, forMs / 2) : [];
  Atomics.store(words, 0, -1);
  Atomics.notify(words, 0);
  await ended;
  return { parked, spinning };
}

const START_MS_MAX = 2000;
const BALL_MS_MAX = 50;

function sampleBall(words: Int32Array, mode: 0 | 1, forMs: number): number[] {
  Atomics.store(words, 1, mode);
  Atomics.notify(words, 0);
  const endMs = performance.now() + forMs;
  const samples: number[] = [];
  for (let round = 0; round < 20 || (performance.now() < endMs && round < SAMPLES_MAX); round += 1) {
    const ball = Atomics.load(words, 0) + 1;
    const startMs = performance.now();
    Atomics.store(words, 0, ball);
    Atomics.notify(words, 0);
    while (Atomics.load(words, 0) === ball) {
      if (performance.now() - startMs > BALL_MS_MAX) return samples;
      if (mode === 0) Atomics.wait(words, 0, ball, BALL_MS_MAX);
    }
    if (round > 4) samples.push(((performance.now() - startMs) * 1000) / 2);
  }
  return samples;
}
