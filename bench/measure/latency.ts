/** Latencies taken from every n-th operation into memory set aside beforehand, so that the loop is hardly disturbed. */
const SAMPLES_MAX = 1 << 16;

export interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly samples: number;
}

export class Latency {
  readonly #samples: Float64Array = new Float64Array(SAMPLES_MAX);
  #count = 0;
  /** Every so many operations one is to be timed. */
  readonly every: number;

  /** @param operations how many are to come; some ten thousand of them are sampled, evenly */
  constructor(operations: number) {
    this.every = Math.max(1, Math.floor(operations / 20_000));
  }

  add(ms: number): void {
    if (this.#count < SAMPLES_MAX) this.#samples[this.#count++] = ms;
  }

  percentiles(): Percentiles {
    const sorted = this.#samples.slice(0, this.#count).sort();
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted.at(-1) ?? 0, samples: sorted.length };
  }
}
