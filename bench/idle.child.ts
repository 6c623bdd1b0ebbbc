/** An open instance that nobody uses: its CPU time over a while, by process.cpuUsage(), all threads counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { STORES } from '../src/bench/stores/registry.js';
import { answer, job } from './measure/child.js';
import { RecordPool } from './measure/records.js';

export interface IdleJob {
  readonly folder: string;
  readonly store: string;
  /** Between its use and what is measured. */
  readonly settleMs: number;
  readonly forMs: number;
}

/** Processor time of a while. */
export interface IdleSpan {
  readonly forMs: number;
  readonly userMs: number;
  readonly systemMs: number;
}

export interface IdleResult {
  /** The time after its use, in which V8 collects the garbage of that once in each thread. */
  readonly settling: IdleSpan;
  readonly idle: IdleSpan;
}

const { folder, store, settleMs, forMs } = job() as IdleJob;
const instance = await STORES[store]?.open(folder, {});
// Once used, so that every thread has run; then left alone.
await instance?.appendBatch(new RecordPool(98, 'alike').slice(0, 1000));
const settling = await spanOf(settleMs);
const idle = await spanOf(forMs);
await instance?.close();
answer({ settling, idle } satisfies IdleResult);

async function spanOf(spanMs: number): Promise<IdleSpan> {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  await sleep(spanMs);
  const { user, system } = process.cpuUsage(before);
  return { forMs: performance.now() - startedMs, userMs: user / 1000, systemMs: system / 1000 };
}
