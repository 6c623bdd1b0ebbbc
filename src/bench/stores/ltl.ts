/**
 * Ours, through its public door with its defaults. The log is counted without the zeros written ahead; index and
 * checkpoints can be made again and are not counted.
 */
import fs from 'node:fs';
import { type Ltl, open, type ProducerHandle } from '../../ltl.js';
import { LtlError } from '../../words/errors.js';
import { symDATA } from '../../words/symbols.js';
import { diskBytes, filesBelow, usedBytes } from '../footprint.js';
import type { Footprint, Found, Recovery, Store, StoreKind, Visit } from './store.js';

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
    if (options.shape !== undefined) instance.message(options.shape.name, options.shape.fields);
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

  append(record: unknown): Promise<unknown> {
    return this.#instance.append(record);
  }

  appendBatch(records: readonly unknown[]): Promise<unknown> {
    return this.#instance.appendBatch(records);
  }

  post(record: unknown): void {
    this.#ticket = this.#instance.impl.append(record);
  }

  settled(): Promise<unknown> {
    return this.#instance.durable(this.#ticket);
  }

  get(index: number): Promise<Found> {
    return this.#instance.one(symDATA, index) as Promise<Found>;
  }

  async scan(visit: Visit): Promise<void> {
    for await (const { data } of this.#instance.range(symDATA)) if (visit(data) === false) return;
  }

  async scanBlocks(visit: Visit): Promise<void> {
    for await (const block of this.#instance.range(symDATA).blocks())
      for (const { data } of block) if (visit(data) === false) return;
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

  producer(): ProducerHandle {
    return this.#instance.producer();
  }

  async verify(): Promise<void> {
    const { clean, damages } = await this.#instance.verify();
    if (!clean) throw new LtlError('E_DAMAGED', `verify found ${damages.length} damaged places`);
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
