/**
 * The door's calls that read records; see docs/queries.md.
 */
import type { Filter } from '../lookup/filter.js';
import type { Queries, RangeOptions, SeqLike, StreamOptions } from '../lookup/queries.js';
import type { Records } from '../lookup/records.js';
import type { StoredRecord } from '../lookup/scan.js';
import type { symDATA } from '../words/symbols.js';
import { LockCalls } from './lock-calls.js';
import type { RuntimeLocks } from './locks.js';
import type { UserActors } from './user-actors.js';

export class ReadCalls extends LockCalls {
  readonly #locks: RuntimeLocks;
  readonly #queries: () => Queries;

  /** `queries` throws E_CLOSED while the instance is not open. */
  constructor(actors: UserActors, locks: RuntimeLocks, queries: () => Queries) {
    super(actors, locks);
    this.#locks = locks;
    this.#queries = queries;
  }

  /** The record with that seq; rejects with E_NOT_FOUND, E_GONE, E_DAMAGED. With a filter: the first match, or undefined. */
  one(symbol: typeof symDATA, seq: SeqLike): Promise<StoredRecord>;
  one(symbol: typeof symDATA, filter: Filter): Promise<StoredRecord | undefined>;
  one(symbol: typeof symDATA, which: SeqLike | Filter): Promise<StoredRecord | undefined> {
    try {
      const queries = this.#queries();
      return this.#locks.reading(() => queries.one(symbol, which as SeqLike));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** The first `n` matches in order of their seqs. Rejects with E_FILTER, E_ARGUMENT. */
  async some(symbol: typeof symDATA, filter: Filter, n: number): Promise<StoredRecord[]> {
    const queries = this.#queries();
    return this.#locks.reading(() => queries.some(symbol, filter, n));
  }

  /**
   * Records in order, async-iterable: from and since (inclusive), to and until (exclusive), reverse, and a filter. Throws
   * E_ARGUMENT, E_FILTER, E_GONE, and what refuses reads now; an iteration ends with E_DAMAGED at a damaged record.
   */
  range(symbol: typeof symDATA, options: RangeOptions = {}): Records {
    return this.#queries().range(symbol, options);
  }

  /** Records from `from` on and, with `follow`, those to come, until it is returned, aborted by its signal, or closed. */
  stream(options: StreamOptions = {}): Records {
    return this.#queries().stream(options);
  }

  /** The frame of a record as it is on disk (docs/FORMAT.md); rejects as `one` does. */
  async raw(seq: SeqLike): Promise<Buffer> {
    const queries = this.#queries();
    return this.#locks.reading(() => queries.raw(seq));
  }
}
