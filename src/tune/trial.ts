/**
 * One trial: a store of its own with one setting under three loads, each after some of its own kind to warm up, the heaviest
 * last, since index and audit work off for a while what it left. What each is for:
 *
 *   few    8 in flight, each followed by the next: how long an acknowledgement takes
 *   calm   one record a millisecond: what it costs in processor time to be there
 *   busy   1024 records in flight: how many a second can be acknowledged
 *
 * Latencies are those of whole loops (append to the promise's turn), as a caller sees them.
 */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { type Ltl, open } from '../ltl.js';
import { Histogram } from '../measure/histogram.js';
import { keysOf, type Setting } from './settings.js';

/** What one trial measured. */
export interface Figures {
  /** Records a second, with 1024 in flight. */
  readonly recordsPerSecond: number;
  /** Of an acknowledgement with 8 in flight, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor milliseconds of the whole process per 1000 records at a record a millisecond. */
  readonly calmCpuMs: number;
  /** Processor microseconds per record with 1024 in flight, of the caller's thread and of all others; 0 where the system does not say. */
  readonly callerUs: number;
  readonly runtimeUs: number;
}

/** How long each part of a trial takes, in milliseconds. */
export interface Lengths {
  readonly warmMs: number;
  readonly busyMs: number;
  readonly fewMs: number;
  readonly calmMs: number;
}

const BUSY_IN_FLIGHT = 1024;
const FEW_IN_FLIGHT = 8;

/** Measures one setting in a new folder below `root`, which is gone after. Null when the signal ended it. */
export async function runTrial(
  root: string,
  setting: Setting,
  lengths: Lengths,
  signal: AbortSignal,
): Promise<Figures | null> {
  const folder = fs.mkdtempSync(path.join(root, 'store-'));
  try {
    const ltl = await open({ ...keysOf(setting), 'force-all.path': folder });
    try {
      // Segments are written ahead after opening, once: that is not what is measured.
      await ltl.reserve(0);
      await closedLoop(ltl, FEW_IN_FLIGHT, lengths.warmMs, signal);
      const few = await closedLoop(ltl, FEW_IN_FLIGHT, lengths.fewMs, signal);
      const calmCpuMs = await calmLoad(ltl, lengths.calmMs, signal);
      await closedLoop(ltl, BUSY_IN_FLIGHT, lengths.warmMs, signal);
      const before = cpuTimes();
      const busy = await closedLoop(ltl, BUSY_IN_FLIGHT, lengths.busyMs, signal);
      const after = cpuTimes();
      if (signal.aborted) return null;
      return {
        recordsPerSecond: busy.recordsPerSecond,
        p50Ms: few.latency.percentileNs(0.5) / 1e6,
        p99Ms: few.latency.percentileNs(0.99) / 1e6,
        calmCpuMs,
        callerUs: (after.callerUs - before.callerUs) / Math.max(1, busy.latency.count),
        runtimeUs: (after.othersUs - before.othersUs) / Math.max(1, busy.latency.count),
      };
    } finally {
      await ltl.close();
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Processor time so far, of this thread and of the process's others; Linux says it in nanoseconds. */
function cpuTimes(): { callerUs: number; othersUs: number } {
  const file = `/proc/self/task/${process.pid}/schedstat`;
  if (!isMainThread || !fs.existsSync(file)) return { callerUs: 0, othersUs: 0 };
  const callerUs = Number(fs.readFileSync(file, 'utf8').split(' ')[0]) / 1000;
  const { user, system } = process.cpuUsage();
  return { callerUs, othersUs: user + system - callerUs };
}

interface Loop {
  readonly recordsPerSecond: number;
  readonly latency: Histogram;
}

/** So many loops, each of which appends its next record when its last is acknowledged. */
async function closedLoop(ltl: Ltl, inFlight: number, forMs: number, signal: AbortSignal): Promise<Loop> {
  const latency = new Histogram();
  const startMs = performance.now();
  const endMs = startMs + forMs;
  let count = 0;
  let nowMs = startMs;
  const loop = async (user: number): Promise<void> => {
    while (nowMs < endMs && !signal.aborted) {
      const fromMs = performance.now();
      await ltl.append(record(count, user));
      nowMs = performance.now();
      count += 1;
      latency.record((nowMs - fromMs) * 1e6);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, user) => loop(user)));
  return { recordsPerSecond: (1000 * count) / (performance.now() - startMs), latency };
}

/** One record after each pause of a millisecond; processor milliseconds per 1000 records. */
async function calmLoad(ltl: Ltl, forMs: number, signal: AbortSignal): Promise<number> {
  const endMs = performance.now() + forMs;
  const before = process.cpuUsage();
  let count = 0;
  while (performance.now() < endMs && !signal.aborted) {
    await ltl.append(record(count, 0));
    count += 1;
    await pause(1);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / Math.max(1, count);
}

/** About 100 bytes of MessagePack, a new object each time, as a program has them. */
function record(n: number, user: number): Record<string, string | number> {
  return {
    t: 1_763_800_000_000 + n,
    level: n % 8 === 0 ? 'warn' : 'info',
    user: `user${user}`,
    op: 'read',
    msg: 'a line of a log that says what happened here, as such lines do',
  };
}
