/** Where the records of an iteration come from when no index helps: a stretch of the log, or its tail for as long as it grows. */
import type { LogReader } from '../log/reader.js';
import type { Predicate } from './filter.js';
import type { Growth } from './growth.js';
import type { RecordSource } from './records.js';
import type { OnDamage, Scanner, Span, StoredRecord } from './scan.js';

/** A stretch of the log, in either direction. */
export class ScanSource implements RecordSource {
  readonly #scanner: Scanner;
  readonly #span: Span;
  readonly #reverse: boolean;
  readonly #matches: Predicate;
  readonly #onDamage: OnDamage;

  constructor(scanner: Scanner, span: Span, reverse: boolean, matches: Predicate, onDamage: OnDamage) {
    this.#scanner = scanner;
    this.#span = span;
    this.#reverse = reverse;
    this.#matches = matches;
    this.#onDamage = onDamage;
  }

  read(out: StoredRecord[], max: number): 'more' | 'done' {
    const span = this.#span;
    this.#scanner.read(span, this.#reverse, this.#matches, this.#onDamage, max, out);
    return span.from < span.to ? 'more' : 'done';
  }

  end(): void {}
}

/** The log from a seq on, and what comes. */
export class FollowSource implements RecordSource {
  readonly #reader: LogReader;
  readonly #scanner: Scanner;
  readonly #growth: Growth;
  readonly #span: Span;
  readonly #matches: Predicate;
  readonly #onDamage: OnDamage;
  readonly #ended: AbortController = new AbortController();

  constructor(
    reader: LogReader,
    scanner: Scanner,
    growth: Growth,
    from: number,
    matches: Predicate,
    onDamage: OnDamage,
  ) {
    this.#reader = reader;
    this.#scanner = scanner;
    this.#growth = growth;
    this.#span = { from, to: from };
    this.#matches = matches;
    this.#onDamage = onDamage;
  }

  read(out: StoredRecord[], max: number): 'more' | 'done' | Promise<'more' | 'done'> {
    const span = this.#span;
    span.to = Math.max(span.from, this.#reader.tail().nextSeq);
    if (span.from < span.to) {
      this.#scanner.read(span, false, this.#matches, this.#onDamage, max, out);
      return 'more';
    }
    if (this.#growth.closed || this.#ended.signal.aborted) return 'done';
    return this.#growth.wait(this.#ended.signal).then(() => 'more');
  }

  end(): void {
    this.#ended.abort();
  }
}
