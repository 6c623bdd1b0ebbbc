/**
 * Whether records are shown to the queue in the middle of a turn of the event loop. That is worth it when the turn takes
 * longer than what a sync costs whatever it writes: the first records are synced while the others are encoded. In a shorter
 * turn the queue would sync a few of them, and all others would wait for that.
 *
 * How long a turn takes is guessed from the last ones; one that has gone on for longer counts as long. So a program that
 * goes on appending has nothing held back for more than a millisecond and 8 KiB.
 */
import type { Board } from '../wire/board.js';

/** The clock is looked at once in so many bytes. Less splits the groups of 64 records in flight. */
const LOOK_BYTES = 8 * 1024;
/** A group of so many bytes takes twice the time of a sync of next to nothing. */
const FIXED_BYTES = 128 * 1024;
/** How much the latest turn, and the latest syncs, count in their averages. */
const WEIGHT = 1 / 8;
/** One sync in a hundred takes ten times as long: it counts as little more than the others. */
const OUTLIER = 1.5;
const SYNC_MS_MAX = 1;

interface Groups {
  readonly count: number;
  readonly ms: number;
  readonly bytes: number;
}

export class Showing {
  readonly #board: Board;
  readonly #now: () => number;
  #turnMs = 0;
  #beganMs = 0;
  #lookAt = LOOK_BYTES;
  /** What a sync costs by itself. */
  #syncMs = 0;
  #seen: Groups = { count: 0, ms: 0, bytes: 0 };

  constructor(board: Board, now: () => number = () => performance.now()) {
    this.#board = board;
    this.#now = now;
  }

  /** The first record of a turn was accepted. */
  begin(): void {
    this.#beganMs = this.#now();
  }

  /** The turn is over, and all was shown. */
  end(): void {
    this.#turnMs += (this.#now() - this.#beganMs - this.#turnMs) * WEIGHT;
  }

  /** All that there is was shown. */
  shown(): void {
    this.#lookAt = LOOK_BYTES;
  }

  /** Asked before each record, with the bytes that were not shown yet. */
  isDue(bytes: number): boolean {
    if (bytes < this.#lookAt) return false;
    this.#lookAt = bytes + LOOK_BYTES;
    this.#learn();
    return Math.max(this.#turnMs, this.#now() - this.#beganMs) >= this.#syncMs;
  }

  #learn(): void {
    const board = this.#board;
    const count = board.counter('fsyncs');
    const groups = count - this.#seen.count;
    if (groups <= 0) return;
    const now = { count, ms: board.counter('syncMs'), bytes: board.counter('bytes') };
    const bytes = (now.bytes - this.#seen.bytes) / groups;
    const ms = ((now.ms - this.#seen.ms) / groups) * (FIXED_BYTES / (FIXED_BYTES + bytes));
    this.#seen = now;
    const isFirst = this.#syncMs === 0;
    const most = isFirst ? SYNC_MS_MAX : Math.min(OUTLIER * this.#syncMs, SYNC_MS_MAX);
    this.#syncMs += (Math.min(ms, most) - this.#syncMs) * (isFirst ? 1 : WEIGHT);
  }
}
