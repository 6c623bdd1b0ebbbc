/**
 * When each record of an open loop is meant to arrive, in ms from the start, whatever became of those before it. Several
 * producers share the arrivals: each takes every n-th of an even or recorded stream, or a Poisson stream of its own share.
 */
import { exponential, rollDice } from '../policy/dice.js';
import type { ArrivalBlock } from '../policy/trace.js';

/** The coming arrival. After `advance` the next one; `nextMs` is Infinity behind the last. */
export interface Schedule {
  readonly nextMs: number;
  /** Its size; 0 where the records have a size of their own. */
  readonly bytes: number;
  advance(): void;
  /** Set when more arrivals must be read before `nextMs` means anything; resolves when they are. */
  readonly load: (() => Promise<void>) | null;
}

/** Even arrivals: number n at n / rate. */
export class ConstantSchedule implements Schedule {
  readonly #stepMs: number;
  readonly #producers: number;
  #number: number;
  nextMs: number;
  readonly bytes = 0;
  readonly load = null;

  constructor(perSecond: number, producer = 0, producers = 1) {
    this.#stepMs = 1000 / perSecond;
    this.#producers = producers;
    this.#number = producer;
    this.nextMs = producer * this.#stepMs;
  }

  advance(): void {
    // Multiplied, not summed: rounding must not drift over a long run.
    this.#number += this.#producers;
    this.nextMs = this.#number * this.#stepMs;
  }
}

/** Random arrivals without memory; a seed and a producer always give the same ones. */
export class PoissonSchedule implements Schedule {
  readonly #meanMs: number;
  readonly #dice: () => number;
  nextMs = 0;
  readonly bytes = 0;
  readonly load = null;

  constructor(perSecond: number, seed: number, producer = 0, producers = 1) {
    this.#meanMs = (1000 * producers) / perSecond;
    this.#dice = rollDice(seed, producer);
    this.advance();
  }

  advance(): void {
    this.nextMs += exponential(this.#meanMs, this.#dice());
  }
}

/** Recorded arrivals, `speed` times as fast as they were. The first comes at once, whatever time it bears. */
export class TraceSchedule implements Schedule {
  readonly #blocks: AsyncIterator<ArrivalBlock>;
  readonly #speed: number;
  readonly #producers: number;
  #block: ArrivalBlock | null = null;
  #at: number;
  #originMs: number | null = null;
  nextMs = 0;
  bytes = 0;
  load: (() => Promise<void>) | null = () => this.#load();

  constructor(blocks: AsyncIterable<ArrivalBlock>, speed: number, producer = 0, producers = 1) {
    this.#blocks = blocks[Symbol.asyncIterator]();
    this.#speed = speed;
    this.#producers = producers;
    this.#at = producer;
  }

  advance(): void {
    this.#at += this.#producers;
    this.#show();
  }

  #show(): void {
    const block = this.#block;
    if (block === null || this.#at >= block.count) {
      this.load = () => this.#load();
      return;
    }
    this.nextMs = ((block.atMs[this.#at] ?? 0) - (this.#originMs ?? 0)) / this.#speed;
    this.bytes = block.bytes[this.#at] ?? 0;
  }

  async #load(): Promise<void> {
    this.load = null;
    if (this.#block !== null) this.#at -= this.#block.count;
    const { done, value } = await this.#blocks.next();
    if (done === true) {
      this.nextMs = Number.POSITIVE_INFINITY;
      return;
    }
    this.#block = value;
    this.#originMs ??= value.atMs[0] ?? 0;
    this.#show();
  }
}
