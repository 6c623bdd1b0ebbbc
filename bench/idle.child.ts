/** An open instance that nobody uses: its CPU seconds over a while, by process.cpuUsage(), all threads counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { STORES } from '../src/bench/stores/registry.js';
import { answer, job } from './measure/child.js';
import { RecordPool } from './measure/records.js';

export interface IdleJob {
  readonly folder: string;
  readonly store: string;
  readonly forMs: number;
}

export interface IdleResult {
  readonly cpuShare: number;
  readonly userMs: number;
  readonly systemMs: number;
}

const { folder, store, forMs } = job() as IdleJob;
const instance = await STORES[store]?.open(folder, {});
// Once used, so that every thread has run; then left alone.
await instance?.appendBatch(new RecordPool(98, 'alike').slice(0, 1000));
await sleep(Math.min(1000, forMs));
const before = process.cpuUsage();
const startedMs = performance.now();
await sleep(forMs);
const { user, system } = process.cpuUsage(before);
const elapsedMs = performance.now() - startedMs;
await instance?.close();
answer({
  cpuShare: (user + system) / 1000 / elapsedMs,
  userMs: user / 1000,
  systemMs: system / 1000,
} satisfies IdleResult);
