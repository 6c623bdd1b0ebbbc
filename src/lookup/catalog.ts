/**
 * The secondary indices on disk, in LMDB. Forgettable: whatever is doubtful about it is thrown away and built anew from the
 * log. Each index has a watermark, stored in the transaction that stored the entries below it, so that an indexer that dies at
 * any point goes on where it stopped.
 *
 * Owned by the indexer's thread. Nothing is synced: a power cut is noticed by the seal.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { LtlError } from '../words/errors.js';
import { BLOCK_RECORDS, blockOf, encodePostings, mergePostings, postingKey } from './postings.js';
import type { IndexSpec } from './protocol.js';
import { breakSeal, sealFault, writeSeal } from './seal.js';

/** An index as the catalog remembers it. */
export interface CatalogIndex extends IndexSpec {
  /** First part of its entries' keys; never given twice in one catalog. */
  readonly id: number;
  watermark: number;
}

/** The batch that holds the last indexed record: another log, or one that was set back, has another there. */
export interface CatalogMark {
  readonly seq: number;
  readonly segmentId: number;
  readonly offset: number;
  readonly timeMs: number;
}

/** Seqs that could not be read: nobody knows what they hold. */
export type Hole = readonly [from: number, to: number];

interface Meta {
  lastId: number;
  firstSeq: number;
  mark: CatalogMark | null;
  holes: Hole[];
  indices: CatalogIndex[];
}

/** One block's share of one index: seqs within the block by point. */
export type BlockPostings = ReadonlyMap<number, readonly number[]>;

interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Keys removed in one transaction when an index is dropped. */
const REMOVE_KEYS = 10_000;

export class Catalog {
  readonly #folder: string;
  readonly #logId: string;
  readonly #boot: string | null;
  readonly #root: RootDatabase<unknown, string>;
  readonly #meta: Database<Meta, string>;
  readonly #entries: Database<Buffer, Buffer>;
  #state: Meta;

  private constructor(folder: string, logId: string, boot: string | null, root: RootDatabase<unknown, string>) {
    this.#folder = folder;
    this.#logId = logId;
    this.#boot = boot;
    this.#root = root;
    this.#meta = root.openDB({ name: 'meta', encoding: 'json' });
    this.#entries = root.openDB({ name: 'entries', keyEncoding: 'binary', encoding: 'binary' });
    this.#state = this.#meta.get('meta') ?? emptyMeta();
    this.#sealNow(false);
  }

  /** Opens the catalog below `indexFolder`, or begins one. `rebuilt` is told why, when what stood there was not to be trusted. */
  static async open(
    indexFolder: string,
    logId: string,
    boot: string | null,
    rebuilt: (why: string) => void,
  ): Promise<Catalog> {
    // Loaded when it is needed: it takes longer than starting the thread.
    const lmdb = await import('lmdb');
    const folder = path.join(indexFolder, 'catalog');
    const fault = sealFault(folder, logId, boot);
    if (fault !== null) {
      fs.rmSync(folder, { recursive: true, force: true });
      if (fault !== 'absent') rebuilt(fault);
    }
    fs.mkdirSync(folder, { recursive: true });
    const root = lmdb.open<unknown, string>({ path: folder, maxDbs: 4, noSync: true, overlappingSync: false });
    return new Catalog(folder, logId, boot, root);
  }

  get indices(): readonly CatalogIndex[] {
    return this.#state.indices;
  }
  get mark(): CatalogMark | null {
    return this.#state.mark;
  }
  /** The first seq there was when the catalog was begun. */
  get firstSeq(): number {
    return this.#state.firstSeq;
  }
  /** In order. */
  get holes(): readonly Hole[] {
    return this.#state.holes;
  }
  get entries(): Database<Buffer, Buffer> {
    return this.#entries;
  }

  find(spec: IndexSpec): CatalogIndex | undefined {
    return this.#state.indices.find(({ kind, field }) => kind === spec.kind && field === spec.field);
  }

  /** Adds an index that begins at `firstSeq`; what there is already stays as it is. */
  declare(specs: readonly IndexSpec[], firstSeq: number): void {
    const state = this.#state;
    for (const { kind, field } of specs) {
      if (this.find({ kind, field }) !== undefined) continue;
      if (state.indices.length === 0) state.firstSeq = firstSeq;
      state.lastId += 1;
      state.indices.push({ id: state.lastId, kind, field, watermark: firstSeq });
    }
    this.#commit(() => {});
  }

  /** Forgets an index and removes its entries, `REMOVE_KEYS` in a transaction: call `sweep` until it returns false. */
  drop(specs: readonly IndexSpec[]): void {
    const dropped = new Set(specs.map((spec) => this.find(spec)));
    this.#state.indices = this.#state.indices.filter((index) => !dropped.has(index));
    this.#commit(() => {});
  }

  /** Removes some entries of indices that were dropped; false when there is none. */
  sweep(): boolean {
    const known = new Set(this.#state.indices.map(({ id }) => id));
    for (let id = 1; id <= this.#state.lastId; id += 1) {
      if (known.has(id)) continue;
      const bounds = { start: postingKey(id, -Infinity, 0), end: postingKey(id + 1, -Infinity, 0) };
      const keys = [...this.#entries.getKeys({ ...bounds, limit: REMOVE_KEYS })];
      if (keys.length === 0) continue;
      this.#commit(() => {
        for (const key of keys) this.#entries.removeSync(key);
      });
      return true;
    }
    return false;
  }

  /** Begins all indices again, at `firstSeq`. */
  reset(firstSeq: number): void {
    this.#commit(() => {
      this.#entries.clearSync();
      this.#state.firstSeq = firstSeq;
      this.#state.mark = null;
      this.#state.holes = [];
      for (const index of this.#state.indices) index.watermark = firstSeq;
    });
  }

  /**
   * Adds the records `[from, to)` to indices that are all built up to `from`: for each index, in the same order, its postings
   * block by block, beginning with the block of `from`.
   */
  add(
    indices: readonly CatalogIndex[],
    postings: readonly (readonly BlockPostings[])[],
    from: number,
    to: number,
    mark: CatalogMark | null,
    holes: readonly Hole[],
  ): void {
    // Made ready beforehand: a thread that runs out of memory had better not do so inside a transaction.
    const entries = indices.flatMap((index, position) =>
      (postings[position] ?? []).flatMap((points, number) =>
        this.#entriesOf(index.id, blockOf(from) + number, points, number === 0 && from % BLOCK_RECORDS !== 0),
      ),
    );
    this.#commit(() => {
      for (const { key, value } of entries) this.#entries.putSync(key, value);
      for (const index of indices) index.watermark = to;
      this.#state.holes = joinHoles([...this.#state.holes, ...holes]);
      if (mark !== null && mark.seq > (this.#state.mark?.seq ?? -1)) this.#state.mark = mark;
    });
  }

  /** Something is wrong with it: whoever opens it next builds it anew. */
  distrust(): void {
    breakSeal(this.#folder);
  }

  /** Ends in an orderly way: sealed with a checksum. */
  async close(): Promise<void> {
    await this.#root.close();
    this.#sealNow(true);
  }

  /** A block's entries in the order of their keys, so that LMDB touches each page once. */
  #entriesOf(indexId: number, block: number, points: BlockPostings, merge: boolean): Entry[] {
    return Array.from(Float64Array.from(points.keys()).sort(), (point) => {
      const key = postingKey(indexId, point, block);
      const offsets = points.get(point) ?? [];
      const before = merge ? this.#entries.get(key) : undefined;
      return { key, value: encodePostings(before === undefined ? offsets : mergePostings(before, offsets)) };
    });
  }

  /** One transaction with the state in it. When it fails the state in memory is what the disk has. */
  #commit(act: () => void): void {
    try {
      this.#root.transactionSync(() => {
        act();
        this.#meta.putSync('meta', this.#state);
      });
    } catch (error) {
      this.#state = this.#meta.get('meta') ?? emptyMeta();
      if ((error as { code?: unknown }).code === ENOSPC)
        throw new LtlError('E_DISK_FULL', 'no space for the index', { cause: error });
      throw error;
    }
    this.#sealNow(false);
  }

  #sealNow(whole: boolean): void {
    writeSeal(this.#folder, this.#logId, this.#boot, whole);
  }
}

const emptyMeta = (): Meta => ({ lastId: 0, firstSeq: 0, mark: null, holes: [], indices: [] });

/** LMDB passes the system's error number on. */
const ENOSPC = 28;

/** Sorted, and those that touch made one. */
function joinHoles(holes: readonly Hole[]): Hole[] {
  const joined: Hole[] = [];
  for (const hole of holes.toSorted((left, right) => left[0] - right[0])) {
    const last = joined.at(-1);
    if (last !== undefined && hole[0] <= last[1]) joined[joined.length - 1] = [last[0], Math.max(last[1], hole[1])];
    else joined.push(hole);
  }
  return joined;
}
