/**
 * How a reader learns that the log has grown: from the shared words of the writer in this process, which wake it, or from
 * the files, which it has to look at again and again.
 */
import type { FileTail } from '../log/file-tail.js';
import { type Board, WORD } from '../wire/board.js';
import { LIMITS } from '../words/limits.js';

export interface Growth {
  /** Makes the tail as fresh as it can be. Cheap. */
  refresh(): void;
  /** Resolves when there may be more than before, when the signal aborts, and after `close()`. Rejects when looking fails. */
  wait(signal: AbortSignal | undefined): Promise<void>;
  /** True after `close()`. */
  readonly closed: boolean;
  /** Wakes everybody who waits, for good. */
  close(): void;
}

/** Waiters of one process share one look-out, so that a thousand followers cost as much as one. */
abstract class SharedWait implements Growth {
  readonly #waiters: Set<(error?: unknown) => void> = new Set();
  closed = false;

  abstract refresh(): void;
  /** Begins to look out, if that is not being done already, and calls `wake` when there is something. */
  protected abstract lookOut(): void;

  wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.closed || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (error?: unknown): void => {
        this.#waiters.delete(done);
        signal?.removeEventListener('abort', aborted);
        if (error === undefined) resolve();
        else reject(error);
      };
      const aborted = (): void => done();
      this.#waiters.add(done);
      signal?.addEventListener('abort', aborted, { once: true });
      this.lookOut();
    });
  }

  close(): void {
    this.closed = true;
    this.wake();
  }

  protected get waiting(): boolean {
    return this.#waiters.size > 0;
  }

  protected wake(error?: unknown): void {
    for (const done of this.#waiters) done(error);
  }
}

/** Parks on the board's progress word, which the queue notifies after every group. */
export class BoardGrowth extends SharedWait {
  readonly #board: Board;
  /** The progress when the followers were last woken: whatever came after it wakes them at once. */
  #seen = 0;
  #parked = false;

  constructor(board: Board) {
    super();
    this.#board = board;
  }

  refresh(): void {}

  protected lookOut(): void {
    if (this.#parked) return;
    const { words } = this.#board;
    const parked = Atomics.waitAsync(words, WORD.progress, this.#seen);
    if (!parked.async) {
      queueMicrotask(() => this.#woken());
      return;
    }
    this.#parked = true;
    void parked.value.then(() => this.#woken());
  }

  #woken(): void {
    this.#parked = false;
    this.#seen = Atomics.load(this.#board.words, WORD.progress);
    this.wake();
  }
}

/** Looks at the files again after a pause that grows while nothing happens. */
export class FileGrowth extends SharedWait {
  readonly #tail: FileTail;
  /** The end when the followers were last woken. Others may have moved the tail since, without waking anybody. */
  #seen = 0;
  #timer: NodeJS.Timeout | null = null;
  #pauseMs: number = LIMITS.followPauseMsMin;

  constructor(tail: FileTail) {
    super();
    this.#tail = tail;
  }

  refresh(): void {
    this.#tail.refresh();
  }

  protected lookOut(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => this.#look(), this.#pauseMs);
  }

  override close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    super.close();
  }

  #look(): void {
    this.#timer = null;
    try {
      this.#tail.refresh();
      const { nextSeq } = this.#tail.tail();
      if (nextSeq > this.#seen) {
        this.#seen = nextSeq;
        this.#pauseMs = LIMITS.followPauseMsMin;
        this.wake();
      } else if (this.waiting) {
        this.#pauseMs = Math.min(this.#pauseMs * 2, LIMITS.followPauseMsMax);
        this.lookOut();
      }
    } catch (error) {
      this.wake(error);
    }
  }
}
