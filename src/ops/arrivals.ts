/**
 * What comes into a log, as a policy is told of it: records of this thread once a turn, as they are accepted; those of other
 * threads once a group, as it becomes durable, for that is when this thread can know. Nobody watches the board while no
 * other thread appends.
 *
 * Of the records on the board those are other threads' that this thread has not accepted: while some of its own are under
 * way, as many of the others' are counted late, never twice.
 */
import { WORD } from '../wire/board.js';
import type { Writing } from './writing.js';

interface Counts {
  readonly records: number;
  readonly bytes: number;
}

export class Arrivals {
  readonly #writing: Writing;
  readonly #tell: (records: number, bytes: number) => void;
  #own: Counts;
  /** On the board when it began, with what was under way then. */
  readonly #ownFrom: Counts;
  readonly #boardFrom: Counts;
  #others: Counts = { records: 0, bytes: 0 };
  #isWatching = false;
  #hasEnded = false;

  constructor(writing: Writing, tell: (records: number, bytes: number) => void) {
    this.#writing = writing;
    this.#tell = tell;
    this.#own = this.#accepted();
    this.#ownFrom = this.#own;
    const { records, bytes } = this.#durable();
    this.#boardFrom = { records: records + writing.pending, bytes };
    writing.appender.onTurn = () => this.#turn();
    if (writing.hasProducers) this.watchOthers();
  }

  /** Other threads append, from now on. */
  watchOthers(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    void this.#watch();
  }

  end(): void {
    this.#hasEnded = true;
    this.#writing.appender.onTurn = null;
  }

  #turn(): void {
    const { records, bytes } = this.#accepted();
    const came = records - this.#own.records;
    const size = Math.max(0, bytes - this.#own.bytes);
    this.#own = { records, bytes };
    // A batch that could not be encoded was taken back.
    if (came > 0) this.#tell(came, size);
  }

  /** A wait on the board keeps no process alive. */
  async #watch(): Promise<void> {
    const { board } = this.#writing;
    while (!this.#hasEnded) {
      const seen = Atomics.load(board.words, WORD.progress);
      this.#othersTurn();
      const wait = Atomics.waitAsync(board.words, WORD.progress, seen);
      if (wait.async) await wait.value;
    }
  }

  #othersTurn(): void {
    const own = this.#accepted();
    const all = this.#durable();
    const came = (name: keyof Counts): number =>
      Math.max(0, all[name] - this.#boardFrom[name] - (own[name] - this.#ownFrom[name]) - this.#others[name]);
    const records = came('records');
    if (records === 0) return;
    const bytes = came('bytes');
    this.#others = { records: this.#others.records + records, bytes: this.#others.bytes + bytes };
    this.#tell(records, bytes);
  }

  #accepted(): Counts {
    const { accepted, publishedBytes } = this.#writing.appender;
    return { records: accepted, bytes: publishedBytes };
  }

  #durable(): Counts {
    const { board } = this.#writing;
    return { records: board.nextSeq, bytes: board.counter('payloadBytes') };
  }
}
