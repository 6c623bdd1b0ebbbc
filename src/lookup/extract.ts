/** From a record to what each index holds of it: gathers postings block by block, for one step of the indexer. */
import { valueHash } from './equals.js';
import { fieldReader, hasFields } from './filter.js';
import { BLOCK_RECORDS, blockOf } from './postings.js';
import type { IndexSpec } from './protocol.js';

/** The point under which an index files a record, or undefined when it does not. */
type Point = (data: Readonly<Record<string, unknown>>) => number | undefined;

export class Extractor {
  readonly #points: readonly Point[];
  readonly #firstBlock: number;
  /** By index, then by block, then by point: seqs within the block. */
  readonly postings: readonly Map<number, number[]>[][];

  /** For records from `from` on. */
  constructor(specs: readonly IndexSpec[], from: number) {
    this.#points = specs.map(pointOf);
    this.#firstBlock = blockOf(from);
    this.postings = specs.map(() => []);
  }

  add(seq: number, data: unknown): void {
    if (!hasFields(data)) return;
    const block = blockOf(seq) - this.#firstBlock;
    const offset = seq % BLOCK_RECORDS;
    for (let index = 0; index < this.#points.length; index += 1) {
      const point = this.#points[index]?.(data);
      if (point === undefined) continue;
      const map = this.#block(index, block);
      const list = map.get(point);
      if (list === undefined) map.set(point, [offset]);
      else list.push(offset);
    }
  }

  #block(index: number, block: number): Map<number, number[]> {
    const blocks = this.postings[index] as Map<number, number[]>[];
    while (blocks.length <= block) blocks.push(new Map());
    return blocks[block] as Map<number, number[]>;
  }
}

function pointOf({ kind, field }: IndexSpec): Point {
  const read = fieldReader(field);
  switch (kind) {
    case 'prop':
      return (data) => (read(data) === undefined ? undefined : 0);
    case 'val':
      return (data) => {
        const value = read(data);
        return value === undefined ? undefined : valueHash(value);
      };
    case 'int':
      return (data) => {
        const value = read(data);
        return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
      };
  }
}
