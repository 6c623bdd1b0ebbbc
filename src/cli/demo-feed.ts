/**
 * The demo's appends: one promise a record, a bounded number of them on their way, and for each the time from the call to
 * the acknowledgement. Keeps a checksum of what went in, so that what comes out can be compared.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { crc32 } from 'node:zlib';
import { BLOCK_RECORDS, type DemoBlock } from './demo-input.js';
import type { Store } from './store.js';

const BLOCKS_IN_FLIGHT = 4;
/** Records accepted and not acknowledged at any time. */
export const RECORDS_IN_FLIGHT = BLOCKS_IN_FLIGHT * BLOCK_RECORDS;
const NS_PER_MS = 1e6;

/** How far to feed: a share of an input whose size is known, a count of records where it is not. */
export interface Until {
  readonly share: number;
  readonly count: number;
}

export class Feed {
  readonly #store: Store;
  readonly #blocks: AsyncIterator<DemoBlock>;
  readonly #onProgress: (share: number | null, count: number) => void;
  readonly #latencyNs: RecordableHistogram = createHistogram();
  #inFlight: Promise<void>[] = [];
  #share: number | null = 0;
  #measuring = true;
  #measured = 0;
  #measuredMs = 0;
  count = 0;
  acknowledged = 0;
  /** Of the texts of all records, in order. */
  checksum = 0;
  /** The first and the last seq acknowledged; null before the first. */
  firstSeq: bigint | null = null;
  lastSeq: bigint | null = null;
  done = false;

  constructor(
    store: Store,
    blocks: AsyncIterable<DemoBlock>,
    onProgress: (share: number | null, count: number) => void,
  ) {
    this.#store = store;
    this.#blocks = blocks[Symbol.asyncIterator]();
    this.#onProgress = onProgress;
  }

  /** Records a second and ms to the acknowledgement, the failure's time left out. */
  get recordsPerSecond(): number {
    return this.#measuredMs === 0 ? 0 : Math.round((this.#measured / this.#measuredMs) * 1000);
  }
  percentileMs(percentile: number): number {
    return this.#latencyNs.count === 0 ? 0 : this.#latencyNs.percentile(percentile) / NS_PER_MS;
  }

  /** Appends blocks up to there; resolves with the number of records when all of them are acknowledged. */
  async until({ share, count }: Until): Promise<number> {
    const before = this.count;
    const startedMs = performance.now();
    while (!this.done && (this.#share === null ? this.count < count : this.#share < share)) {
      const block = await this.#next();
      if (block === null) break;
      this.#append(block);
      if (this.#inFlight.length >= BLOCKS_IN_FLIGHT) await this.#inFlight.shift();
      this.#onProgress(this.#share, this.acknowledged);
    }
    await this.settle();
    this.#measured += this.count - before;
    this.#measuredMs += performance.now() - startedMs;
    return this.count - before;
  }

  /** Appends one block record by record, each after the acknowledgement of the one before; gives the median in ms. */
  async alone(): Promise<number> {
    const block = await this.#next();
    if (block === null) return 0;
    const latencyNs = createHistogram();
    this.#measuring = false;
    for (const [index, record] of block.records.entries()) {
      const calledMs = performance.now();
      this.#append({ records: [record], texts: [block.texts[index] ?? ''], share: block.share });
      await Promise.all(this.#inFlight.splice(0));
      latencyNs.record(nanoseconds(calledMs));
    }
    this.#measuring = true;
    return latencyNs.percentile(50) / NS_PER_MS;
  }

  /** Appends as many blocks as may be on their way, all at once; gives the number of records on their way then. */
  async rush(): Promise<number> {
    const blocks: DemoBlock[] = [];
    for (let block = await this.#next(); block !== null; block = await this.#next()) {
      blocks.push(block);
      if (blocks.length === BLOCKS_IN_FLIGHT) break;
    }
    this.#measuring = false;
    for (const block of blocks) this.#append(block);
    return this.count - this.acknowledged;
  }

  /** Resolves when everything appended is acknowledged. */
  async settle(): Promise<void> {
    await Promise.all(this.#inFlight);
    this.#inFlight = [];
    this.#measuring = true;
  }

  async #next(): Promise<DemoBlock | null> {
    const next = await this.#blocks.next();
    if (next.done !== true) return next.value;
    this.done = true;
    return null;
  }

  #append({ records, texts, share }: DemoBlock): void {
    this.#share = share;
    for (const text of texts) this.checksum = extendChecksum(this.checksum, text);
    this.count += records.length;
    const calledMs = performance.now();
    const measuring = this.#measuring;
    const onAcknowledged = (seq: bigint): void => {
      if (measuring) this.#latencyNs.record(nanoseconds(calledMs));
      this.acknowledged += 1;
      this.firstSeq ??= seq;
      this.lastSeq = seq;
    };
    const all = Promise.all(records.map((record) => this.#store.append(record).then(onAcknowledged)));
    const acknowledged = all.then(() => undefined);
    // It is awaited later, and its failure is reported then; until then it is not unhandled.
    acknowledged.catch(() => undefined);
    this.#inFlight.push(acknowledged);
  }
}

/** Since then, as a histogram takes it. */
const nanoseconds = (sinceMs: number): number => Math.max(1, Math.round((performance.now() - sinceMs) * NS_PER_MS));

/** The checksum of one more record's text. */
export const extendChecksum = (checksum: number, text: string): number => crc32(`${text}\n`, checksum);
