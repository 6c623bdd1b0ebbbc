/**
 * Ours, through its public door with its defaults. The log is counted without the zeros written ahead; index and
 * checkpoints can be made again and are not counted.
 */
import fs from 'node:fs';
import { open } from '../../src/ltl.js';
import type { LogLine } from '../measure/records.js';
import { diskBytes, filesBelow, usedBytes } from './footprint.js';
import type { Footprint, OpenOptions, Store, StoreKind } from './store.js';

const LINE = { t: 'number', level: 'string', user: 'string', op: 'string', msg: 'string' } as const;
/** Small enough that every workload crosses several segments; stated in the report. */
const SLOW_SEGMENT_BYTES = 256 * 1024;

export const ltl: StoreKind = {
  label: 'ltl append',
  role: 'ours',
  how: 'the default instance: append, appendBatch; impl.append + durable where said',
  open: openStore,
  footprint,
};

interface Door {
  append(record: LogLine): Promise<bigint>;
  appendBatch(records: readonly LogLine[]): Promise<bigint>;
  impl?: { append(record: LogLine): number };
  durable?(ticket: number): Promise<void>;
  message(name: string, shape: object): void;
  one(seq: bigint): Promise<{ data: unknown }>;
  close(): Promise<void>;
}

async function openStore(folder: string, options: OpenOptions): Promise<Store> {
  const instance = (await open(
    {
      'force-all.path': folder,
      ...(options.slow === true ? { 'log.segment.bytes': SLOW_SEGMENT_BYTES } : {}),
    },
    options.readOnly === true ? { readOnly: true } : {},
  )) as unknown as Door;
  if (options.registered === true) instance.message('line', LINE);
  return new LtlStore(instance, options);
}

class LtlStore implements Store {
  readonly #instance: Door;
  readonly #options: OpenOptions;

  constructor(instance: Door, options: OpenOptions) {
    this.#instance = instance;
    this.#options = options;
  }

  append(record: LogLine): Promise<unknown> {
    return this.#instance.append(record);
  }

  appendBatch(records: readonly LogLine[]): Promise<unknown> {
    return this.#instance.appendBatch(records);
  }

  async get(index: number): Promise<LogLine> {
    return (await this.#instance.one(BigInt(index))).data as LogLine;
  }

  async scan(visit: (record: LogLine) => void): Promise<void> {
    for (let k = 0; k < (this.#options.expectedRecords ?? 0); k += 1) visit(await this.get(k));
  }

  count(): number {
    return this.#options.expectedRecords ?? 0;
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
