/**
 * Ours, through its public door with its defaults. The log is counted without the zeros written ahead; index and
 * checkpoints can be made again and are not counted.
 */
import fs from 'node:fs';
import { type Ltl, open } from '../../src/ltl.js';
import { symDATA } from '../../src/words/symbols.js';
import type { LogLine } from '../measure/records.js';
import { diskBytes, filesBelow, usedBytes } from './footprint.js';
import type { Footprint, Found, Recovery, Store, StoreKind } from './store.js';

const LINE = { t: 'number', level: 'string', user: 'string', op: 'string', msg: 'string' } as const;
/** For workloads of few records: small enough that several segments are crossed. The report states it. */
const SLOW_SEGMENT_BYTES = 256 * 1024;

export const ltl: StoreKind = {
  label: 'ltl',
  role: 'ours',
  batches: 'ltl appendBatch',
  posts: 'ltl impl.append + durable',
  how: 'default configuration; append, appendBatch, or impl.append with one durable() for many',
  open: async (folder, options) => {
    const segments = options.slow === true ? { 'log.segment.bytes': SLOW_SEGMENT_BYTES } : {};
    const instance = await open(
      { 'force-all.path': folder, ...segments },
      options.readOnly === true ? { readOnly: true } : {},
    );
    if (options.registered === true) instance.message('line', LINE);
    return new LtlStore(instance);
  },
  footprint,
};

class LtlStore implements Store {
  readonly #instance: Ltl;
  #ticket = 0;

  constructor(instance: Ltl) {
    this.#instance = instance;
  }

  append(record: LogLine): Promise<unknown> {
    return this.#instance.append(record);
  }

  appendBatch(records: readonly LogLine[]): Promise<unknown> {
    return this.#instance.appendBatch(records);
  }

  post(record: LogLine): void {
    this.#ticket = this.#instance.impl.append(record);
  }

  settled(): Promise<unknown> {
    return this.#instance.durable(this.#ticket);
  }

  get(index: number): Promise<Found> {
    return this.#instance.one(symDATA, index) as Promise<Found>;
  }

  async scan(visit: (record: LogLine) => void): Promise<void> {
    for await (const { data } of this.#instance.range(symDATA)) visit(data as LogLine);
  }

  async scanBlocks(visit: (record: LogLine) => void): Promise<void> {
    for await (const block of this.#instance.range(symDATA).blocks())
      for (const { data } of block) visit(data as LogLine);
  }

  count(): number {
    return Number(this.#instance.status().nextSeq);
  }

  recovery(): Recovery {
    const { recovery } = this.#instance.status();
    return recovery === null
      ? { tailMs: Number.NaN, syncMs: Number.NaN }
      : { tailMs: recovery.scanMs + recovery.cutMs, syncMs: recovery.syncMs };
  }

  async close(): Promise<void> {
    await this.#instance.close();
  }
}

function footprint(folder: string): Footprint {
  const segments = filesBelow(folder, /\.seg$/);
  return {
    dataBytes: segments.reduce((sum, file) => sum + usedBytes(file), 0),
    diskBytes: diskBytes(folder),
    segments: segments.length,
    segmentBytes: Math.max(0, ...segments.map((file) => fs.statSync(file).size)),
  };
}
