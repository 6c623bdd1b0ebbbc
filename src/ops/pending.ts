/**
 * What one producer has accepted and not settled yet: promises of single records, waits for a ticket, and failures that a
 * later wait must hear of. Tickets count the producer's records from 0; acknowledgements come in their order, in bulk.
 */
import { LtlError } from '../words/errors.js';
import { Slice } from './slice.js';

/** Failures that a later `when` may still ask about. */
const FAILURES_KEPT = 64;
const FIRST_LENGTH = 1024;
/** From so many promises on, further ones are made in slices of so many: a quarter of a ring's group. */
const SLICES_FROM = 4096;
const SLICE_RECORDS = 128;

/** Takes a record's seq, or a rejected promise that says why it was not stored. */
export type Settle = (value: bigint | Promise<never>) => void;

interface Waiter {
  readonly ticket: number;
  readonly settle: (failure: Promise<never> | null) => void;
}

interface Failure {
  readonly from: number;
  readonly to: number;
  readonly error: LtlError;
}

export class Pending {
  /** Records accepted, and records acknowledged or refused. */
  accepted = 0;
  settled = 0;
  /** Promises of single records: two parallel circular arrays, a power of two long. */
  #settles: (Settle | undefined)[] = new Array<Settle | undefined>(FIRST_LENGTH);
  #tickets: Float64Array = new Float64Array(FIRST_LENGTH);
  #first = 0;
  #count = 0;
  readonly #slices: Slice[] = [];
  #open: Slice | null = null;
  readonly #waiters: Waiter[] = [];
  readonly #failures: Failure[] = [];
  #failuresAskedTo = 0;
  #settle: Settle = () => undefined;
  readonly #slicesFrom: number;
  readonly #executor = (resolve: (value: bigint | PromiseLike<bigint>) => void): void => {
    this.#settle = resolve;
  };

  /** From `slicesFrom` single promises on, further ones share. */
  constructor(slicesFrom: number = SLICES_FROM) {
    this.#slicesFrom = slicesFrom;
  }

  /** The promise of the record accepted last. */
  promise(): Promise<bigint> {
    if (this.#count >= this.#slicesFrom || this.#slices.length > 0) return this.#sliceFor(this.accepted - 1).add();
    // One executor for all promises: a closure for each costs as much as the record's encoding.
    const promise = new Promise<bigint>(this.#executor);
    this.keep(this.accepted - 1, this.#settle);
    return promise;
  }

  /** Has `settle` called for that ticket. Tickets must not decrease from call to call. */
  keep(ticket: number, settle: Settle): void {
    if (this.#count === this.#settles.length) this.#grow();
    const at = (this.#first + this.#count) & (this.#settles.length - 1);
    this.#settles[at] = settle;
    this.#tickets[at] = ticket;
    this.#count += 1;
  }

  /** Resolves when that ticket and all before it are durable; rejects if one of those not asked about before failed. */
  when(ticket: number): Promise<void> {
    if (ticket < this.settled) return this.#failureUpTo(ticket) ?? Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle: Waiter['settle'] = (failure) => (failure === null ? resolve() : void failure.catch(reject));
      let at = this.#waiters.length;
      while (at > 0 && (this.#waiters[at - 1]?.ticket ?? 0) > ticket) at -= 1;
      this.#waiters.splice(at, 0, { ticket, settle });
    });
  }

  /** What is accepted from now on is shown to the queue later: it gets slices of its own. */
  cut(): void {
    this.#open = null;
  }

  /** The next `count` records are durable, the first of them as `seq`. */
  durable(count: number, seq: number): void {
    const from = this.settled;
    const to = from + count;
    this.settled = to;
    let expected = -1;
    let next = 0n;
    for (let ticket = this.#ticket; ticket < to; ticket = this.#ticket) {
      this.#tellSlices(ticket, seq - from, null);
      if (ticket !== expected) next = BigInt(seq + ticket - from);
      this.#shift()(next);
      next += 1n;
      expected = ticket + 1;
    }
    this.#tellSlices(to, seq - from, null);
    this.#wake(to);
  }

  /** The next `count` records were not stored. */
  failed(count: number, error: LtlError): void {
    const from = this.settled;
    const to = from + count;
    this.settled = to;
    const rejected = Promise.reject(error);
    // The promises that adopt it report it; this one is only the carrier.
    rejected.catch(() => undefined);
    let told = 0;
    for (let ticket = this.#ticket; ticket < to; ticket = this.#ticket) {
      told += this.#tellSlices(ticket, 0, error) + 1;
      this.#shift()(rejected);
    }
    told += this.#tellSlices(to, 0, error);
    if (told < count) {
      this.#failures.push({ from, to, error });
      if (this.#failures.length > FAILURES_KEPT) this.#failures.shift();
    }
    this.#wake(to);
  }

  /** What failed first of the records from one ticket to another, as far as it was told while not all of them had promises. */
  firstFailure(first: number, last: number): LtlError | undefined {
    return this.#failures.find(({ from, to }) => from <= last && to > first)?.error;
  }

  /** The ticket of the first single promise, Infinity without one. */
  get #ticket(): number {
    return this.#count === 0 ? Infinity : (this.#tickets[this.#first] ?? 0);
  }

  #shift(): Settle {
    const settle = this.#settles[this.#first] as Settle;
    this.#settles[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#settles.length - 1);
    this.#count -= 1;
    return settle;
  }

  #sliceFor(ticket: number): Slice {
    const open = this.#open;
    if (open !== null && open.end === ticket && ticket - open.first < SLICE_RECORDS) return open;
    const slice = new Slice(ticket);
    this.#open = slice;
    this.#slices.push(slice);
    return slice;
  }

  /** What became of the slices' records before a ticket; how many they were. */
  #tellSlices(to: number, offset: number, error: LtlError | null): number {
    let told = 0;
    let over = 0;
    for (const slice of this.#slices) {
      if (slice.first >= to) break;
      told += slice.tell(to, offset, error);
      if (slice.end > to) break;
      over += 1;
      if (slice === this.#open) this.#open = null;
    }
    if (over > 0) this.#slices.splice(0, over);
    return told;
  }

  #wake(to: number): void {
    while ((this.#waiters[0]?.ticket ?? to) < to) {
      const waiter = this.#waiters.shift() as Waiter;
      waiter.settle(this.#failureUpTo(waiter.ticket));
    }
  }

  #failureUpTo(ticket: number): Promise<never> | null {
    const failure = this.#failures.find(({ from, to }) => from <= ticket && to > this.#failuresAskedTo);
    this.#failuresAskedTo = Math.max(this.#failuresAskedTo, ticket + 1);
    return failure === undefined ? null : Promise.reject(failure.error);
  }

  #grow(): void {
    const { length } = this.#settles;
    const settles = new Array<Settle | undefined>(length * 2);
    const tickets = new Float64Array(length * 2);
    for (let index = 0; index < length; index += 1) {
      const from = (this.#first + index) & (length - 1);
      settles[index] = this.#settles[from];
      tickets[index] = this.#tickets[from] ?? 0;
    }
    this.#settles = settles;
    this.#tickets = tickets;
    this.#first = 0;
  }
}
