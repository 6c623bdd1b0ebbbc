/**
 * The promises of many records in a row, made from one: each is a `then` of it, and since what waits for one promise is
 * called in the order in which it came, one function that counts serves all. A promise made by itself takes two functions
 * and twice the memory, and where thousands wait at once most of the time goes into moving them about.
 *
 * In return the records of a slice learn together that they are durable; so slices are short.
 */
import type { LtlError } from '../words/errors.js';

interface Part {
  left: number;
  seq: bigint;
  readonly error: LtlError | null;
}

export class Slice {
  /** The first record's ticket. */
  readonly first: number;
  /** One after the last ticket. */
  end: number;
  /** What became of its records, in order, a part an acknowledgement; none before the slice is over. */
  readonly #parts: Part[] = [];
  #part = 0;
  /** It was told what became of those before this ticket. */
  #told: number;
  #over: () => void = () => undefined;
  readonly #settled: Promise<void> = new Promise((resolve) => {
    this.#over = resolve;
  });
  readonly #take = (): bigint => {
    let part = this.#parts[this.#part] as Part;
    if (part.left === 0) {
      this.#part += 1;
      part = this.#parts[this.#part] as Part;
    }
    part.left -= 1;
    if (part.error !== null) throw part.error;
    const { seq } = part;
    part.seq += 1n;
    return seq;
  };

  constructor(first: number) {
    this.first = first;
    this.end = first;
    this.#told = first;
  }

  /** The promise of the next record. */
  add(): Promise<bigint> {
    this.end += 1;
    return this.#settled.then(this.#take);
  }

  /**
   * What became of its records with tickets before `to`, of which it was not told yet: durable, each with the seq that is its
   * ticket and `offset`, or refused. Returns how many they were.
   */
  tell(to: number, offset: number, error: LtlError | null): number {
    const until = Math.min(to, this.end);
    const left = until - this.#told;
    if (left > 0) this.#parts.push({ left, seq: BigInt(this.#told + offset), error });
    this.#told = until;
    if (until === this.end) this.#over();
    return left;
  }
}
