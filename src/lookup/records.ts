/**
 * The iterator that range() and stream() give: it reads block by block and hands out one record at a time, each in a promise
 * that is resolved already, because a tick of the microtask queue is all that `for await` should cost. After some
 * milliseconds it lets the event loop turn, so that acknowledgements and timers go on beside a long scan.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import type { StoredRecord } from './scan.js';

/** Where the records of an iteration come from. */
export interface RecordSource {
  /**
   * Adds up to `max` records to `out` and tells how to go on: `more` at once, `done` never. It may add none. When it throws,
   * what it has added before still counts.
   */
  read(out: StoredRecord[], max: number): 'more' | 'done' | Promise<'more' | 'done'>;
  /** Settles a read that waits: nobody wants its records any more. */
  end(): void;
}

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true };

export class Records implements AsyncIterableIterator<StoredRecord, undefined, undefined> {
  readonly #source: RecordSource;
  readonly #gate: () => void;
  readonly #turn: () => Promise<void> | undefined;
  readonly #signal: AbortSignal | undefined;
  #block: StoredRecord[] = [];
  #at = 0;
  #size: number = LIMITS.queryBlockMin;
  #state: 'more' | 'done' | 'ended' = 'more';
  #failure: { readonly error: unknown } | null = null;
  #sliceEndMs = 0;
  /** The read under way, in which further calls of next() line up. */
  #reading: Promise<unknown> | null = null;

  /** `turn` is what each block waits for, where somebody keeps readers out for a while. */
  constructor(
    source: RecordSource,
    gate: () => void,
    signal: AbortSignal | undefined,
    turn: () => Promise<void> | undefined,
  ) {
    this.#source = source;
    this.#gate = gate;
    this.#turn = turn;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => this.#source.end();

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<StoredRecord, undefined>> {
    if (this.#reading === null && this.#at < this.#block.length) {
      const value = this.#block[this.#at] as StoredRecord;
      this.#at += 1;
      return Promise.resolve({ value, done: false });
    }
    return this.#line(() => this.#next());
  }

  /** Ends the iteration; `break` in a `for await` calls it. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.#end();
    return Promise.resolve(DONE);
  }

  /** The rest in arrays of up to some hundred records: the cheapest way through many. None of them is empty. */
  async *blocks(): AsyncGenerator<readonly StoredRecord[], undefined, undefined> {
    try {
      for (;;) {
        const block = await this.#line(() => this.#nextBlock());
        if (block === null) return undefined;
        yield block;
      }
    } finally {
      this.#end();
    }
  }

  async #next(): Promise<IteratorResult<StoredRecord, undefined>> {
    while (this.#at >= this.#block.length) if (!(await this.#refill())) return DONE;
    const value = this.#block[this.#at] as StoredRecord;
    this.#at += 1;
    return { value, done: false };
  }

  async #nextBlock(): Promise<readonly StoredRecord[] | null> {
    while (this.#at >= this.#block.length) if (!(await this.#refill())) return null;
    const rest = this.#at === 0 ? this.#block : this.#block.slice(this.#at);
    this.#block = [];
    this.#at = 0;
    return rest;
  }

  /** Lets calls that overlap take their turns, in order. */
  #line<T>(act: () => Promise<T>): Promise<T> {
    const before = this.#reading;
    const mine: Promise<T> = before === null ? act() : before.then(act, act);
    const settled: Promise<void> = mine.then(
      () => this.#leave(settled),
      () => this.#leave(settled),
    );
    this.#reading = settled;
    return mine;
  }

  #leave(last: Promise<unknown>): void {
    if (this.#reading === last) this.#reading = null;
  }

  /** Reads the next block; false at the end. What was read before a failure is handed out before the failure. */
  async #refill(): Promise<boolean> {
    if (this.#failure !== null) {
      const { error } = this.#failure;
      this.#end();
      throw error;
    }
    if (this.#state !== 'more') {
      this.#end();
      return false;
    }
    const block: StoredRecord[] = [];
    this.#block = block;
    this.#at = 0;
    try {
      this.#assertOpen();
      const turn = this.#turn();
      if (turn !== undefined) await turn;
      await this.#slice();
      const read = this.#source.read(block, this.#size);
      const state = typeof read === 'string' ? read : await read;
      this.#size = Math.min(this.#size * 2, LIMITS.queryBlockMax);
      if (this.#stopped()) return false;
      this.#state = state;
      this.#assertOpen();
    } catch (error) {
      this.#failure = { error };
    }
    return true;
  }

  /** Lets the event loop turn when this iteration has had its time. */
  async #slice(): Promise<void> {
    if (performance.now() <= this.#sliceEndMs) return;
    if (this.#sliceEndMs > 0) await nextTurn();
    this.#sliceEndMs = performance.now() + LIMITS.querySliceMs;
  }

  /** True when return() was called meanwhile: what was read then is not wanted. */
  #stopped(): boolean {
    if (this.#state !== 'ended') return false;
    this.#block = [];
    return true;
  }

  #assertOpen(): void {
    if (this.#signal?.aborted === true)
      throw new LtlError('E_ABORTED', 'the signal ended the iteration', { cause: this.#signal.reason });
    this.#gate();
  }

  #end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#source.end();
    this.#failure = null;
    this.#block = [];
    this.#at = 0;
  }
}
