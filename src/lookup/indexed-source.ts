/**
 * Records that match, found by an index as far as there is one and by reading the log where there is none: behind the
 * index's watermark, where it knows nothing, and everywhere once the indexer does not answer. Each candidate is read from
 * the log and checked again.
 */
import { isLtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import type { CompiledFilter } from './filter.js';
import type { IndexClient } from './index-client.js';
import type { CandidatesPage } from './protocol.js';
import type { RecordSource } from './records.js';
import type { OnDamage, Scanner, Span, StoredRecord } from './scan.js';

/** From so large a share of candidates on, reading everything is cheaper than asking. */
const DENSE = 1 / 4;
/** Of what no index covers so many records are read before looking again: one that is being opened, or built, may know them by then. */
const SCANNED_AT_ONCE = 65_536;

export class IndexedSource implements RecordSource {
  readonly #scanner: Scanner;
  readonly #client: IndexClient;
  readonly #filter: CompiledFilter;
  /** What has not been given to `#part` or `#seqs` yet. */
  readonly #rest: Span;
  readonly #reverse: boolean;
  readonly #onDamage: OnDamage;
  /** A stretch that is being scanned. */
  #part: Span | null = null;
  /** Candidates that are being read. */
  #seqs: Float64Array = new Float64Array(0);
  #at = 0;
  #useIndex = true;
  #limit: number = LIMITS.candidatesMin;

  constructor(
    scanner: Scanner,
    client: IndexClient,
    filter: CompiledFilter,
    span: Span,
    reverse: boolean,
    onDamage: OnDamage,
  ) {
    this.#scanner = scanner;
    this.#client = client;
    this.#filter = filter;
    this.#rest = span;
    this.#reverse = reverse;
    this.#onDamage = onDamage;
  }

  read(out: StoredRecord[], max: number): 'more' | 'done' | Promise<'more' | 'done'> {
    const rest = this.#rest;
    if (this.#at < this.#seqs.length) this.#readCandidates(out, max);
    else if (this.#part !== null) this.#scan(this.#part, out, max);
    else if (rest.from >= rest.to) return 'done';
    else return this.#plan();
    return 'more';
  }

  end(): void {}

  #readCandidates(out: StoredRecord[], max: number): void {
    while (this.#at < this.#seqs.length && out.length < max) {
      const seq = this.#seqs[this.#at] as number;
      this.#at += 1;
      try {
        const record = this.#scanner.record(seq);
        if (this.#filter.matches(record.data)) out.push(record);
      } catch (error) {
        if (this.#onDamage === 'throw' || !isLtlError(error, 'E_DAMAGED')) throw error;
      }
    }
  }

  #scan(part: Span, out: StoredRecord[], max: number): void {
    this.#scanner.read(part, this.#reverse, this.#filter.matches, this.#onDamage, max, out);
    if (part.from >= part.to) this.#part = null;
  }

  /** Decides how the next stretch is read. */
  #plan(): 'more' | Promise<'more'> {
    const rest = this.#rest;
    const covered = this.#useIndex ? this.#client.covered(this.#filter.conditions) : 0;
    const first = Math.max(rest.from, covered);
    if (this.#reverse && rest.to > first) this.#take({ from: Math.max(first, rest.to - SCANNED_AT_ONCE), to: rest.to });
    else if (rest.from === first) this.#take({ from: rest.from, to: Math.min(rest.from + SCANNED_AT_ONCE, rest.to) });
    else return this.#ask();
    return 'more';
  }

  async #ask(): Promise<'more'> {
    const { from, to } = this.#rest;
    const { conditions } = this.#filter;
    const page = await this.#client.candidates({ conditions, from, to, limit: this.#limit, reverse: this.#reverse });
    this.#limit = Math.min(this.#limit * 4, LIMITS.candidatesMax);
    if (page === null || !this.#leads(page)) {
      this.#useIndex = false;
      return 'more';
    }
    if (page.seqs === null) {
      this.#take({ from: page.from, to: page.to });
      return 'more';
    }
    this.#seqs = page.seqs;
    this.#at = 0;
    this.#useIndex = page.seqs.length < (page.to - page.from) * DENSE || page.to - page.from < LIMITS.candidatesMin;
    this.#shorten(page);
    return 'more';
  }

  /** True when the page begins where the rest does, and is not empty. */
  #leads({ from, to }: CandidatesPage): boolean {
    return (
      from < to &&
      (this.#reverse
        ? to === this.#rest.to && from >= this.#rest.from
        : from === this.#rest.from && to <= this.#rest.to)
    );
  }

  #take(part: Span): void {
    this.#part = part;
    this.#shorten(part);
  }

  #shorten({ from, to }: Readonly<Span>): void {
    if (this.#reverse) this.#rest.to = from;
    else this.#rest.from = to;
  }
}
