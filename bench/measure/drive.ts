/**
 * Drives a store with appends in one of three forms: closed loops that each await their append, a burst with a promise
 * each, and batches with one promise for many. Returns when all of it is durable. A time limit ends it early, so that a slow
 * disk makes a bench less exact but not endless.
 */
import type { Store } from '../../src/bench/stores/store.js';
import type { Latency } from './latency.js';
import type { RecordPool } from './records.js';

/** How records are handed over. `post`: queued one by one without a promise, then one wait. */
export type Form = 'loop' | 'burst' | 'batch' | 'post';

export interface Drive {
  readonly form: Form;
  /** Loops, or batches, under way at a time; records of one burst. */
  readonly inFlight: number;
  /** Records of a batch; 1 in the other forms. */
  readonly batchSize: number;
}

/**
 * Appends the pool's records from number `from` on, in that order, `count` of them or as many as are begun within
 * `forMs`. Resolves to their number.
 */
export async function drive(
  store: Store,
  pool: RecordPool,
  { form, inFlight, batchSize }: Drive,
  from: number,
  count: number,
  latency: Latency,
  forMs: number,
): Promise<number> {
  let end = from + count;
  const untilMs = performance.now() + forMs;
  const { every } = latency;
  let next = from;

  const loop = async (): Promise<void> => {
    while (next < end) {
      const index = next++;
      if (index % every === 0) {
        const startedMs = performance.now();
        await store.append(pool.at(index));
        const endedMs = performance.now();
        latency.add(endedMs - startedMs);
        if (endedMs > untilMs) end = next;
      } else {
        await store.append(pool.at(index));
      }
    }
  };

  const burst = async (): Promise<void> => {
    while (next < end) {
      const size = Math.min(inFlight, end - next);
      const promises = new Array<Promise<unknown>>(size);
      for (let k = 0; k < size; k += 1) {
        const index = next++;
        const promise = store.append(pool.at(index));
        promises[k] = index % every === 0 ? timed(promise, latency) : promise;
      }
      await Promise.all(promises);
      if (performance.now() > untilMs) end = next;
    }
  };

  const batches = async (): Promise<void> => {
    while (next < end) {
      const size = Math.min(batchSize, end - next);
      const first = next;
      next += size;
      const startedMs = performance.now();
      if (form === 'batch') {
        await store.appendBatch(pool.slice(first, size));
      } else {
        for (let index = first; index < first + size; index += 1) store.post?.(pool.at(index));
        await store.settled?.();
      }
      const endedMs = performance.now();
      latency.add(endedMs - startedMs);
      if (endedMs > untilMs) end = next;
    }
  };

  if (form === 'burst') await burst();
  else await Promise.all(Array.from({ length: inFlight }, form === 'loop' ? loop : batches));
  return next - from;
}

async function timed(promise: Promise<unknown>, latency: Latency): Promise<void> {
  const startedMs = performance.now();
  await promise;
  latency.add(performance.now() - startedMs);
}
