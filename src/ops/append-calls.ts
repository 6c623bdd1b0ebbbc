/**
 * The door's calls that append records.
 */
import type { Queries } from '../lookup/queries.js';
import type { FieldType } from '../record/shape.js';
import { type AppendOptions, withOptions } from './append-options.js';
import { readOnlyRefusal } from './gate.js';
import type { RuntimeLocks } from './locks.js';
import type { ProducerHandle } from './producers.js';
import { ReadCalls } from './read-calls.js';
import type { UserActors } from './user-actors.js';
import type { Writing } from './writing.js';

export class AppendCalls extends ReadCalls {
  /** Direct calls, the cheapest form: no promise a record. */
  readonly impl: {
    /** Queues and returns a ticket for `durable`. Throws what `append` rejects with. */
    append(data: unknown, pr?: number): number;
  };
  readonly #locks: RuntimeLocks;
  readonly #writing: Writing | null;

  /** `writing` null: an instance that only reads. */
  constructor(actors: UserActors, locks: RuntimeLocks, queries: () => Queries, writing: Writing | null) {
    super(actors, locks, queries);
    this.#locks = locks;
    this.#writing = writing;
    this.impl = {
      append: (data, pr = 0) => {
        this.#locks.assertWritable();
        return this.#writer.appender.enqueue(data, pr);
      },
    };
  }

  /**
   * Appends one record; resolves with its seq (the first is 0n, without gaps) when its bytes are on disk. Rejects with
   * E_UNENCODABLE, E_TOO_LARGE or E_MISFIT before anything is queued; with E_DISK_FULL, E_IO, E_FATAL, E_CLOSED,
   * E_SLEEPING_DEEP or E_SLEEPING_WRITES when it was not stored. The second argument is the priority, or options.
   */
  append(data: unknown, options: number | AppendOptions = 0): Promise<bigint> {
    const writing = this.#writing;
    if (writing === null) return Promise.reject(readOnlyRefusal());
    if (!this.#locks.open) return this.#locks.writing(() => this.append(data, options));
    if (typeof options === 'number') return writing.appender.append(data, options);
    return withOptions(options, (pr, message) => writing.appender.append(data, pr, message));
  }

  /** Appends all or, when one of them cannot be encoded, none; one promise for all: the seq of the first. */
  appendBatch(data: readonly unknown[], options: number | AppendOptions = 0): Promise<bigint> {
    const writing = this.#writing;
    if (writing === null) return Promise.reject(readOnlyRefusal());
    if (!this.#locks.open) return this.#locks.writing(() => this.appendBatch(data, options));
    if (typeof options === 'number') return writing.appender.appendBatch(data, options);
    return withOptions(options, (pr, message) => writing.appender.appendBatch(data, pr, message));
  }

  /** Resolves when the record of that ticket, and all before it, are on disk. */
  async durable(ticket: number): Promise<void> {
    return this.#writer.appender.durable(ticket);
  }

  /** Resolves when everything appended before is on disk. */
  async flush(): Promise<void> {
    return this.#writer.appender.flush();
  }

  /** A way into the log for another thread: post the handle there and `attach` it. Throws E_LIMIT beyond 63 that are open. */
  producer(): ProducerHandle {
    return this.#writer.producer();
  }

  /**
   * Registers a shape under a name: `{ field: type }` with types any, null, boolean, number, bigint, string, date, bytes,
   * array, object; a trailing `?` allows null. Records of that shape are stored as arrays. Throws E_SHAPE, E_CLOSED, E_FATAL.
   */
  message(name: string, shape: Readonly<Record<string, FieldType>>): void {
    this.#writer.register(name, shape);
  }

  get #writer(): Writing {
    if (this.#writing === null) throw readOnlyRefusal();
    return this.#writing;
  }
}
