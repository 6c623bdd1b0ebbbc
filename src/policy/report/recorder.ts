/**
 * What the figures need of the arrivals: the first million of them one by one for the close-up, and a histogram over the
 * whole time whose buckets double in width whenever the trace outgrows them.
 */
import type { ArrivalBlock } from '../trace.js';

const TIMES_MAX = 1_000_000;
const BUCKETS = 2048;

export class ArrivalRecorder {
  #times = new Float64Array(4096);
  #kept = 0;
  count = 0;
  bytes = 0;
  lastMs = 0;
  bucketMs = 1;
  readonly buckets: Float64Array = new Float64Array(BUCKETS);

  add({ atMs, bytes, count }: ArrivalBlock): void {
    for (let index = 0; index < count; index++) {
      const at = atMs[index] ?? 0;
      this.#keep(at);
      while (at >= BUCKETS * this.bucketMs) this.#widen();
      const bucket = Math.floor(at / this.bucketMs);
      this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
      this.bytes += bytes[index] ?? 0;
      this.lastMs = at;
    }
    this.count += count;
  }

  /** The arrivals that were kept one by one, in order. */
  get times(): Float64Array {
    return this.#times.subarray(0, this.#kept);
  }

  #keep(at: number): void {
    if (this.#kept === TIMES_MAX) return;
    if (this.#kept === this.#times.length) {
      const longer = new Float64Array(Math.min(2 * this.#kept, TIMES_MAX));
      longer.set(this.#times);
      this.#times = longer;
    }
    this.#times[this.#kept++] = at;
  }

  #widen(): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const pair = bucket < BUCKETS / 2 ? (this.buckets[2 * bucket] ?? 0) + (this.buckets[2 * bucket + 1] ?? 0) : 0;
      this.buckets[bucket] = pair;
    }
    this.bucketMs *= 2;
  }
}
