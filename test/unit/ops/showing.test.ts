import { expect, it } from 'vitest';
import { Showing } from '../../../src/ops/showing.js';
import { Board } from '../../../src/wire/board.js';

const KIB = 1024;

/** A producer on a clock that stands still but for what is said here. */
class Turns {
  readonly #board = new Board();
  readonly #showing = new Showing(this.#board, () => this.#nowMs);
  #nowMs = 1000;

  synced(ms: number, bytes: number, count = 1): void {
    this.#board.add('fsyncs', count);
    this.#board.add('syncMs', ms * count);
    this.#board.add('bytes', bytes * count);
  }

  /** A turn in which 64 KiB are encoded in so many milliseconds; how many there were when the queue was shown some of them. */
  turn(ms: number): number[] {
    const shown: number[] = [];
    this.#showing.begin();
    for (let kib = 1; kib <= 64; kib += 1) {
      this.#nowMs += ms / 64;
      const bytes = (kib - (shown.at(-1) ?? 0)) * KIB;
      if (!this.#showing.isDue(bytes)) continue;
      this.#showing.shown();
      shown.push(kib);
    }
    this.#showing.shown();
    this.#showing.end();
    return shown;
  }

  /** The same often enough for the averages. */
  turns(ms: number): number[] {
    let shown: number[] = [];
    for (let n = 0; n < 40; n += 1) shown = this.turn(ms);
    return shown;
  }
}

it('shows every 8 KiB as long as no sync was seen', () => {
  expect(new Turns().turn(0.1)).toEqual([8, 16, 24, 32, 40, 48, 56, 64]);
});

it('shows a turn whole that is shorter than a sync, and every 8 KiB of one that is longer', () => {
  const turns = new Turns();
  turns.synced(0.3, KIB);
  expect(turns.turns(0.2)).toEqual([]);
  expect(turns.turns(0.4)).toEqual([8, 16, 24, 32, 40, 48, 56, 64]);
  expect(turns.turns(0.2)).toEqual([]);
});

it('shows what there is when a turn turns out to be long', () => {
  const turns = new Turns();
  turns.synced(0.3, KIB);
  turns.turns(0.2);
  // A sync's time is over after 19 of the 64.
  expect(turns.turn(1)).toEqual([24, 32, 40, 48, 56, 64]);
});

it('counts of a large group only what a small one would take', () => {
  const turns = new Turns();
  turns.synced(1, 384 * KIB);
  expect(turns.turns(0.24)).toEqual([]);
  expect(turns.turns(0.26)).toContain(8);
});

it('is not impressed by single syncs that take long, nor by a disk that stalls for ever', () => {
  const turns = new Turns();
  turns.synced(0.3, KIB);
  turns.turns(0.4);
  turns.synced(500, KIB);
  expect(turns.turn(0.4)).toContain(8);
  for (let n = 0; n < 100; n += 1) {
    turns.synced(500, KIB);
    turns.turn(0.4);
  }
  expect(turns.turn(0.4)).toEqual([]);
  expect(turns.turns(1.01)).toContain(8);
});
