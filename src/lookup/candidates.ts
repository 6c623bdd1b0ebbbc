/**
 * Answers which records may match, from the catalog. Of the conditions that an index covers the one with the fewest entries
 * is followed; the caller checks each record against the whole filter, so a false candidate costs a little time and a missing
 * one cannot be: stretches that the index does not know are handed back to be scanned.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Catalog, CatalogIndex } from './catalog.js';
import { valueHash } from './equals.js';
import type { Condition } from './filter.js';
import { BLOCK_MAX, BLOCK_RECORDS, BlockBits, blockOf, blockOfKey, eachPosting, postingKey } from './postings.js';
import type { CandidatesPage, CandidatesQuery } from './protocol.js';

/** Entries looked at to estimate a condition; beyond, it counts as broad. */
const ESTIMATE_ENTRIES = 512;
/** Blocks that one page of a number range covers: two million records, whose bits take 256 KiB. */
const WINDOW_BLOCKS = 1024;
/** Entries read before the event loop turns. */
const SLICE_ENTRIES = 16_384;

/** The points [low, high] that a condition may have in its index. */
interface Target {
  readonly index: CatalogIndex;
  readonly low: number;
  readonly high: number;
}

/** A stretch of seqs; not `indexed`: records in it could not be read when it was indexed. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly indexed: boolean;
}

/** The next page; null when no index covers a condition from there on. */
export async function findCandidates(catalog: Catalog, query: CandidatesQuery): Promise<CandidatesPage | null> {
  const target = chooseTarget(catalog, query);
  if (target === null) return null;
  const stretch = firstStretch(catalog, target.index, query);
  if (stretch === null) return null;
  const { from, to, indexed } = stretch;
  if (!indexed) return { from, to, seqs: null };
  const within = { ...query, from, to };
  const page =
    target.low === target.high ? followPoint(catalog, target, within) : await followRange(catalog, target, within);
  // An index that was dropped meanwhile has lost entries.
  return catalog.indices.includes(target.index) ? page : null;
}

function chooseTarget(catalog: Catalog, query: CandidatesQuery): Target | null {
  let best: Target | null = null;
  let fewest = Infinity;
  for (const condition of query.conditions) {
    const index = catalog.find(condition);
    if (index === undefined || (query.reverse ? query.to > index.watermark : query.from >= index.watermark)) continue;
    const target = { index, ...pointsOf(condition) };
    const entries = estimate(catalog, target);
    if (entries >= fewest) continue;
    best = target;
    fewest = entries;
  }
  return best;
}

function pointsOf(condition: Condition): { low: number; high: number } {
  switch (condition.kind) {
    case 'prop':
      return { low: 0, high: 0 };
    case 'val': {
      const point = valueHash(condition.value);
      return { low: point, high: point };
    }
    case 'int':
      // Rounding to a double keeps the order, so no number within the bounds has a point outside of these.
      return { low: Number(condition.low), high: Number(condition.high) };
  }
}

function estimate(catalog: Catalog, { index, low, high }: Target): number {
  const start = postingKey(index.id, low, 0);
  const end = postingKey(index.id, high, BLOCK_MAX);
  let entries = 0;
  for (const _key of catalog.entries.getKeys({ start, end, limit: ESTIMATE_ENTRIES })) entries += 1;
  return entries;
}

/** What the index knows, from the query's beginning on, up to the first change. */
function firstStretch(catalog: Catalog, index: CatalogIndex, { from, to, reverse }: CandidatesQuery): Stretch | null {
  let low = Math.max(from, catalog.firstSeq);
  let high = Math.min(to, index.watermark);
  if (low >= high || (reverse ? high < to : low > from)) return null;
  for (const [start, end] of reverse ? catalog.holes.toReversed() : catalog.holes) {
    if (end <= low || start >= high) continue;
    if (reverse ? end >= high : start <= low)
      return { from: Math.max(low, start), to: Math.min(high, end), indexed: false };
    if (reverse) low = end;
    else high = start;
    break;
  }
  return { from: low, to: high, indexed: true };
}

/** Entries of one point are in the order of blocks: reads as many as the limit asks for. */
function followPoint(catalog: Catalog, { index, low }: Target, query: CandidatesQuery): CandidatesPage {
  const { from, to, limit, reverse } = query;
  const first = postingKey(index.id, low, blockOf(from));
  const last = postingKey(index.id, low, blockOf(to - 1));
  const seqs = new SeqList(query);
  const bounds = reverse
    ? { start: last, end: first, inclusiveEnd: true }
    : { start: first, end: last, inclusiveEnd: true };
  for (const { key, value } of catalog.entries.getRange({ ...bounds, reverse })) {
    const block = blockOfKey(key);
    seqs.addBlock(block, value);
    if (seqs.length >= limit) return seqs.page(block);
  }
  return seqs.page(null);
}

/** Entries of a range of points are in the order of points: gathers those of a window of blocks, then puts them in order. */
async function followRange(
  catalog: Catalog,
  { index, low, high }: Target,
  query: CandidatesQuery,
): Promise<CandidatesPage> {
  const { reverse, limit } = query;
  const from = reverse ? Math.max(query.from, (blockOf(query.to - 1) - WINDOW_BLOCKS + 1) * BLOCK_RECORDS) : query.from;
  const to = reverse ? query.to : Math.min(query.to, (blockOf(query.from) + WINDOW_BLOCKS) * BLOCK_RECORDS);
  const firstBlock = blockOf(from);
  const lastBlock = blockOf(to - 1);
  const bits = new BlockBits(firstBlock, lastBlock - firstBlock + 1);
  const end = postingKey(index.id, high, BLOCK_MAX);
  for (let start = postingKey(index.id, low, 0), more = true; more; ) {
    let entries = 0;
    for (const { key, value } of catalog.entries.getRange({ start, end, inclusiveEnd: true, limit: SLICE_ENTRIES })) {
      const block = blockOfKey(key);
      if (block >= firstBlock && block <= lastBlock) bits.add(block, value);
      start = key;
      entries += 1;
    }
    more = entries === SLICE_ENTRIES;
    if (more) await nextTurn();
  }
  const seqs = new SeqList({ ...query, from, to });
  for (let turn = 0; turn <= lastBlock - firstBlock; turn += 1) {
    const block = reverse ? lastBlock - turn : firstBlock + turn;
    seqs.addBlock(block, bits.block(block));
    if (seqs.length >= limit) return seqs.page(block);
  }
  return seqs.page(null);
}

/** Seqs in the query's order, clipped to its bounds. */
class SeqList {
  readonly #query: CandidatesQuery;
  readonly #seqs: number[] = [];

  constructor(query: CandidatesQuery) {
    this.#query = query;
  }

  get length(): number {
    return this.#seqs.length;
  }

  addBlock(block: number, value: Buffer): void {
    const { from, to, reverse } = this.#query;
    const found: number[] = [];
    eachPosting(value, (offset) => {
      const seq = block * BLOCK_RECORDS + offset;
      if (seq >= from && seq < to) found.push(seq);
    });
    if (reverse) found.reverse();
    for (const seq of found) this.#seqs.push(seq);
  }

  /** The page, which ends with that block, or with the query. */
  page(block: number | null): CandidatesPage {
    const { from, to, reverse } = this.#query;
    const seqs = Float64Array.from(this.#seqs);
    if (block === null) return { from, to, seqs };
    const start = block * BLOCK_RECORDS;
    return reverse
      ? { from: Math.max(from, start), to, seqs }
      : { from, to: Math.min(to, start + BLOCK_RECORDS), seqs };
  }
}
