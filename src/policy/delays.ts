/**
 * Delays and their percentiles by nearest rank. Up to a million delays are kept and ranked exactly; beyond that they go
 * into a histogram whose buckets are narrower than 0.1 % of their value, so that memory no longer grows with the trace.
 */

/** Delays ranked exactly before the histogram takes over, unless another number is asked for. */
export const EXACT_DELAYS_MAX = 1_000_000;

/** Buckets per octave: a bucket spans 1/1024 of its lower bound at most, its middle is within 0.05 % of any value in it. */
const BUCKETS_PER_OCTAVE = 1024;
/** The octaves kept are 2^-10 ms (about 1 µs) to 2^53 ms; smaller delays count as zero. */
const OCTAVE_LEAST = -10;
const OCTAVES = 64;

export class Delays {
  count = 0;
  sum = 0;
  max = 0;
  #exact: Float64Array | null;
  #ranked = true;
  #buckets: Float64Array | null;
  readonly #exactMax: number;
  #zeros = 0;
  readonly #bits = new DataView(new ArrayBuffer(8));

  /** With `exactMax` 0 it is a histogram from the beginning: of one size, and quick to take the same delay many times. */
  constructor(exactMax: number = EXACT_DELAYS_MAX) {
    this.#exactMax = exactMax;
    this.#exact = exactMax === 0 ? null : new Float64Array(Math.min(1024, exactMax));
    this.#buckets = exactMax === 0 ? new Float64Array(OCTAVES * BUCKETS_PER_OCTAVE) : null;
  }

  add(delay: number): void {
    this.sum += delay;
    if (delay > this.max) this.max = delay;
    if (this.#exact === null) this.#bucket(delay, 1);
    else this.#keep(delay, this.#exact);
    this.count++;
  }

  /** The same delay of several records. */
  addMany(delay: number, times: number): void {
    if (this.#exact !== null) {
      for (let time = 0; time < times; time++) this.add(delay);
      return;
    }
    this.sum += delay * times;
    if (delay > this.max) this.max = delay;
    this.#bucket(delay, times);
    this.count += times;
  }

  /** The least delay that at least the share `p` of all delays does not exceed; null when there is none. */
  percentile(p: number): number | null {
    if (this.count === 0) return null;
    const rank = Math.max(1, Math.ceil(p * this.count));
    if (this.#exact === null) return this.#bucketOfRank(rank);
    if (!this.#ranked) {
      this.#exact.subarray(0, this.count).sort();
      this.#ranked = true;
    }
    return this.#exact[rank - 1] ?? null;
  }

  /** The share of delays that do not exceed each of `points` evenly spaced ranks, as [delay, share] pairs. */
  distribution(points: number): (readonly [number, number])[] {
    const shares = Array.from({ length: points }, (_, index) => (index + 1) / points);
    return shares.map((share) => [this.percentile(share) ?? 0, share] as const);
  }

  #keep(delay: number, exact: Float64Array): void {
    if (this.count === this.#exactMax) {
      this.#buckets = new Float64Array(OCTAVES * BUCKETS_PER_OCTAVE);
      this.#exact = null;
      for (const kept of exact.subarray(0, this.count)) this.#bucket(kept, 1);
      this.#bucket(delay, 1);
      return;
    }
    let room = exact;
    if (this.count === exact.length) {
      room = new Float64Array(Math.min(2 * exact.length, this.#exactMax));
      room.set(exact);
      this.#exact = room;
    }
    room[this.count] = delay;
    this.#ranked = false;
  }

  #bucket(delay: number, times: number): void {
    if (this.#buckets === null || delay < 2 ** OCTAVE_LEAST) this.#zeros += times;
    else {
      const index = this.#bucketIndex(delay);
      this.#buckets[index] = (this.#buckets[index] ?? 0) + times;
    }
  }

  /** Octave and place inside it, read from the bits of the number: exponent, then the ten highest mantissa bits. */
  #bucketIndex(delay: number): number {
    this.#bits.setFloat64(0, delay);
    const high = this.#bits.getUint32(0);
    const octave = (high >>> 20) - 1023 - OCTAVE_LEAST;
    return Math.min(octave, OCTAVES - 1) * BUCKETS_PER_OCTAVE + ((high >>> 10) & (BUCKETS_PER_OCTAVE - 1));
  }

  #bucketOfRank(rank: number): number {
    let seen = this.#zeros;
    if (seen >= rank || this.#buckets === null) return 0;
    for (let index = 0; index < this.#buckets.length; index++) {
      seen += this.#buckets[index] ?? 0;
      if (seen >= rank) return bucketMiddle(index);
    }
    return this.max;
  }
}

/** Whole numbers below 2^11 have a bucket of their own and come out exactly; others come out as the bucket's middle. */
function bucketMiddle(index: number): number {
  const octave = Math.floor(index / BUCKETS_PER_OCTAVE) + OCTAVE_LEAST;
  const width = 2 ** octave / BUCKETS_PER_OCTAVE;
  const low = 2 ** octave + (index % BUCKETS_PER_OCTAVE) * width;
  return width <= 1 && Number.isInteger(low) ? low : low + width / 2;
}
