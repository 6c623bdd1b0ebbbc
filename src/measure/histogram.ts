/**
 * Latencies by the thousand million in 45 kB: a histogram whose buckets are 128 to the octave, so that any percentile is
 * within 0.4 % of the true value whatever its size. Recording costs a few nanoseconds: the bucket is read off the high bits
 * of the number's floating-point form. Histograms of several threads merge without loss.
 *
 * Nanoseconds from 1 to 2^43 (two hours and a half); what lies beyond counts in the first and last bucket, while `minNs`,
 * `maxNs` and the mean stay exact.
 */

const BITS = 7;
const OCTAVES = 43;
const PER_OCTAVE = 2 ** BITS;
const BUCKETS = OCTAVES * PER_OCTAVE;
/** The high word of 1.0, cut to the exponent and the first bits of the fraction: bucket 0. */
const FIRST = (1023 << 20) >>> (20 - BITS);
const SHIFT = 20 - BITS;

/** By how much of itself a percentile may be off. */
export const RELATIVE_ERROR: number = 1 / (2 * PER_OCTAVE);

const value = new Float64Array(1);
const words = new Uint32Array(value.buffer);
/** Which of the two words holds sign and exponent on this machine. */
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** A histogram as plain data, for another thread or a file: pairs of bucket and count. */
export interface HistogramData {
  readonly buckets: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
  readonly sumNs: number;
  readonly minNs: number;
  readonly maxNs: number;
}

export class Histogram {
  readonly #counts: Float64Array = new Float64Array(BUCKETS);
  count = 0;
  /** Infinity and 0 while it is empty. */
  minNs: number = Number.POSITIVE_INFINITY;
  maxNs = 0;
  #sumNs = 0;

  /** Counts one latency, or `times` of the same. Below 0 counts as 0. */
  record(ns: number, times = 1): void {
    const at = bucketOf(ns);
    this.#counts[at] = (this.#counts[at] ?? 0) + times;
    this.count += times;
    this.#sumNs += ns * times;
    if (ns < this.minNs) this.minNs = ns < 0 ? 0 : ns;
    if (ns > this.maxNs) this.maxNs = ns;
  }

  get meanNs(): number {
    return this.count === 0 ? 0 : this.#sumNs / this.count;
  }

  /** The value that a share of all is not above, in ns: within RELATIVE_ERROR. 0 when empty; 1 gives the exact maximum. */
  percentileNs(share: number): number {
    if (this.count === 0) return 0;
    const wanted = Math.max(1, Math.ceil(share * this.count - 1e-9));
    if (wanted >= this.count) return this.maxNs;
    let seen = 0;
    for (let at = 0; at < BUCKETS; at += 1) {
      seen += this.#counts[at] ?? 0;
      if (seen >= wanted) return Math.min(this.maxNs, Math.max(this.minNs, middleOf(at)));
    }
    return this.maxNs;
  }

  /** Adds what another counted. */
  merge(other: Histogram | HistogramData): void {
    if (other instanceof Histogram) return this.merge(other.toData());
    for (const [index, at] of other.buckets.entries())
      this.#counts[at] = (this.#counts[at] ?? 0) + (other.counts[index] ?? 0);
    this.count += other.count;
    this.#sumNs += other.sumNs;
    this.minNs = Math.min(this.minNs, other.minNs);
    this.maxNs = Math.max(this.maxNs, other.maxNs);
  }

  clear(): void {
    this.#counts.fill(0);
    this.count = 0;
    this.#sumNs = 0;
    this.minNs = Number.POSITIVE_INFINITY;
    this.maxNs = 0;
  }

  toData(): HistogramData {
    const buckets: number[] = [];
    const counts: number[] = [];
    for (const [at, count] of this.#counts.entries())
      if (count > 0) {
        buckets.push(at);
        counts.push(count);
      }
    return { buckets, counts, count: this.count, sumNs: this.#sumNs, minNs: this.minNs, maxNs: this.maxNs };
  }

  static from(data: HistogramData): Histogram {
    const histogram = new Histogram();
    histogram.merge(data);
    return histogram;
  }
}

function bucketOf(ns: number): number {
  if (!(ns > 1)) return 0;
  value[0] = ns;
  const at = ((words[HIGH] ?? 0) >>> SHIFT) - FIRST;
  return at < BUCKETS ? at : BUCKETS - 1;
}

function middleOf(bucket: number): number {
  const octave = Math.floor(bucket / PER_OCTAVE);
  return 2 ** octave * (1 + ((bucket % PER_OCTAVE) + 0.5) / PER_OCTAVE);
}
