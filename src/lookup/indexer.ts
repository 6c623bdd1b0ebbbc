/**
 * Builds the index folder from the log, step by step: offset files and secondary indices; and answers from these. It knows nothing of threads or time: the
 * actor around it decides when the next step is due.
 *
 * Each index follows the log from its own watermark, those with the same one together. When one is declared later, its steps
 * alternate with those that keep the others up to date.
 */
import fs from 'node:fs';
import type { StorePaths } from '../log/folder.js';
import type { LogReader } from '../log/reader.js';
import { framePlace } from '../log/view.js';
import { isLtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { BatchKeeper } from './batch-keeper.js';
import { findCandidates } from './candidates.js';
import { Catalog, type CatalogIndex, type CatalogMark, type Hole } from './catalog.js';
import { readDeclarations, writeDeclarations } from './declarations.js';
import { Extractor } from './extract.js';
import type { CandidatesPage, CandidatesQuery, IndexSpec, IndexState } from './protocol.js';
import type { Decoder } from './scan.js';

export interface IndexerOptions {
  readonly paths: StorePaths;
  readonly logId: string;
  readonly boot: string | null;
  readonly reader: LogReader;
  readonly decoder: Decoder;
  /** Records of one step, when not the default. */
  readonly stepRecords?: number;
  /** The catalog is built anew, and why. */
  readonly onRebuilt: (why: string) => void;
}

export class Indexer {
  readonly #options: IndexerOptions;
  readonly #reader: LogReader;
  readonly #place = framePlace();
  readonly #keeper: BatchKeeper;
  /** Null until an index is declared: LMDB costs nothing to those who do not use it. */
  #catalog: Catalog | null = null;
  #behindTurn = false;
  #sweeping = true;

  private constructor(options: IndexerOptions) {
    this.#options = options;
    this.#reader = options.reader;
    this.#keeper = new BatchKeeper(options.paths, options.reader);
    fs.mkdirSync(options.paths.index, { recursive: true });
  }

  /** With the indices that were declared once, and `specs`. Reads the whole catalog once, to check it. */
  static async open(options: IndexerOptions, specs: readonly IndexSpec[]): Promise<Indexer> {
    const indexer = new Indexer(options);
    await indexer.declare([...readDeclarations(options.paths.index), ...specs]);
    return indexer;
  }

  get states(): IndexState[] {
    return (this.#catalog?.indices ?? []).map(({ kind, field, watermark }) => ({ kind, field, watermark }));
  }

  /** The seq below which every index is complete. */
  get watermark(): number {
    return Math.min(Infinity, ...(this.#catalog?.indices ?? []).map((index) => index.watermark));
  }

  async declare(specs: readonly IndexSpec[]): Promise<void> {
    if (specs.length === 0) return;
    this.#catalog ??= await this.#open();
    this.#catalog.declare(specs, this.#reader.firstSeq());
    writeDeclarations(this.#options.paths.index, this.#catalog.indices);
  }

  drop(specs: readonly IndexSpec[]): void {
    if (this.#catalog === null) return;
    this.#catalog.drop(specs);
    writeDeclarations(this.#options.paths.index, this.#catalog.indices);
    this.#sweeping = true;
  }

  candidates(query: CandidatesQuery): Promise<CandidatesPage | null> {
    return this.#catalog === null ? Promise.resolve(null) : findCandidates(this.#catalog, query);
  }

  /**
   * Writes an offset file that is due and indexes some more records; false when there is nothing to do. Takes some tens of milliseconds. Throws E_DISK_FULL, after
   * which it may be tried again; after any other error the catalog is built anew when it is opened next.
   */
  step(): boolean {
    const kept = this.#keeper.step();
    const catalog = this.#catalog;
    if (catalog === null) return kept;
    try {
      return this.#step(catalog) || kept;
    } catch (error) {
      if (!isLtlError(error, 'E_DISK_FULL')) catalog.distrust();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#catalog?.close();
    this.#catalog = null;
  }

  #step(catalog: Catalog): boolean {
    const { nextSeq } = this.#reader.tail();
    const behind = catalog.indices.filter((index) => index.watermark < nextSeq);
    if (behind.length === 0) {
      this.#sweeping = this.#sweeping && catalog.sweep();
      return this.#sweeping;
    }
    this.#behindTurn = !this.#behindTurn;
    const watermarks = behind.map((index) => index.watermark);
    const from = this.#behindTurn ? Math.min(...watermarks) : Math.max(...watermarks);
    const ends = watermarks.filter((watermark) => watermark > from);
    const group = behind.filter((index) => index.watermark === from);
    this.#index(
      catalog,
      group,
      from,
      Math.min(nextSeq, from + (this.#options.stepRecords ?? LIMITS.indexStepRecords), ...ends),
    );
    return true;
  }

  #index(catalog: Catalog, indices: readonly CatalogIndex[], from: number, to: number): void {
    const first = this.#reader.firstSeq();
    if (from < first) {
      // Retention was quicker: what is gone need not be indexed.
      catalog.add(indices, [], from, first, null, []);
      return;
    }
    const extractor = new Extractor(indices, from);
    const holes: Hole[] = [];
    for (let seq = from; seq < to; seq += 1) {
      try {
        extractor.add(seq, this.#data(seq));
      } catch (error) {
        if (isLtlError(error, 'E_GONE')) return;
        // What cannot be read is left to the queries, which meet it and say so.
        if (!isLtlError(error, 'E_DAMAGED')) throw error;
        holes.push([seq, seq + 1]);
      }
    }
    catalog.add(indices, extractor.postings, from, to, this.#mark(to - 1), holes);
  }

  #data(seq: number): unknown {
    const place = this.#place;
    this.#reader.locate(seq, place);
    return this.#options.decoder.decode(place.bytes, place.start, place.end, place.kind, place.shapeId);
  }

  async #open(): Promise<Catalog> {
    const { paths, logId, boot, onRebuilt } = this.#options;
    const catalog = await Catalog.open(paths.index, logId, boot, onRebuilt);
    const fault = this.#logFault(catalog);
    if (fault !== null) {
      onRebuilt(fault);
      catalog.reset(this.#reader.firstSeq());
    }
    return catalog;
  }

  /** Why the catalog does not belong to the log as it is now, or null. */
  #logFault(catalog: Catalog): string | null {
    const { mark } = catalog;
    const { nextSeq } = this.#reader.tail();
    if (catalog.indices.some((index) => index.watermark > nextSeq))
      return 'it knows records that the log does not have';
    const first = this.#reader.firstSeq();
    if (mark !== null && mark.seq >= first) {
      const now = this.#mark(mark.seq);
      if (
        now !== null &&
        (now.segmentId !== mark.segmentId || now.offset !== mark.offset || now.timeMs !== mark.timeMs)
      )
        return 'the log holds other records than those that were indexed';
    }
    return first - catalog.firstSeq > nextSeq - first ? 'most of what it knows was dropped by retain()' : null;
  }

  /** The batch that holds a seq; null where it is damaged. */
  #mark(seq: number): CatalogMark | null {
    try {
      const view = this.#reader.viewOf(seq);
      const batch = view.batchAt(seq);
      return batch === null ? null : { seq, segmentId: view.segmentId, offset: batch.offset, timeMs: batch.timeMs };
    } catch (error) {
      if (!isLtlError(error, 'E_DAMAGED')) throw error;
      return null;
    }
  }
}
