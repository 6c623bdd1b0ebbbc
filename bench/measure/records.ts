/**
 * The records that the benches store: a log line `{ t, level, user, op, msg }`, 98 bytes as a plain MessagePack map and
 * 78 as an array, and the same with a longer message. A pool of them is made before the clock starts and used round
 * and round, so that making them costs the measured loop nothing.
 */

import { words } from '../../src/bench/records.js';

export interface LogLine {
  readonly t: number;
  readonly level: string;
  readonly user: string;
  readonly op: string;
  readonly msg: string;
}

/** The same as a registered message. */
export const LINE_SHAPE = {
  name: 'line',
  fields: { t: 'number', level: 'string', user: 'string', op: 'string', msg: 'string' },
} as const;

/**
 * `alike`: one key order, as a program's own log lines have. `unlike`: the last key is another in each of 65 536 records, as in
 * objects that are used as dictionaries, so that nothing can be learned from a record about the next.
 */
export type Likeness = 'alike' | 'unlike';

const LEVELS = ['warn', 'info', 'fail', 'note'] as const;
const OPS = ['read', 'move', 'make', 'drop', 'list'] as const;
const START_MS = 1_763_800_000_000;
/** Bytes of a record as a plain MessagePack map beside its msg: the map's head, five keys, four short values. */
const OTHER_BYTES = 1 + 20 + 9 + 5 + 10 + 5 + 2;

/** Powers of two, so that the pool is indexed with a mask. */
const POOL_SIZE = { alike: 4096, unlike: 65_536 } as const;

/** What the record at position `index` must hold in `t`: the check after each run. */
export function timeOf(index: number): number {
  return START_MS + (index & (POOL_SIZE.alike - 1));
}

export class RecordPool {
  readonly #records: readonly LogLine[];
  readonly #size: number;

  /** @param mapBytes bytes of one record as a plain MessagePack map; 98 or more */
  constructor(mapBytes: number, likeness: Likeness) {
    const msgBytes = mapBytes - OTHER_BYTES - (mapBytes > 300 ? 1 : 0);
    this.#size = POOL_SIZE[likeness];
    this.#records = Array.from({ length: this.#size }, (_, index) => {
      const record = line(index, msgBytes);
      return likeness === 'alike' ? record : renamed(record, index);
    });
  }

  at(index: number): LogLine {
    return this.#records[index & (this.#size - 1)] as LogLine;
  }

  /** `count` records from `index` on. */
  slice(index: number, count: number): LogLine[] {
    const from = index & (this.#size - 1);
    if (from + count <= this.#size) return this.#records.slice(from, from + count);
    return [...this.#records.slice(from), ...this.slice(0, count - (this.#size - from))];
  }
}

/** The first of the names of four letters that begin with an m, as a number to base 36. */
const FIRST_NAME = 22 * 36 ** 3;

/** The record with its text under a key that no other record has; a byte longer as a map. */
function renamed({ t, level, user, op, msg }: LogLine, index: number): LogLine {
  return { t, level, user, op, [(FIRST_NAME + index).toString(36)]: msg } as unknown as LogLine;
}

function line(index: number, msgBytes: number): LogLine {
  return {
    t: timeOf(index),
    level: LEVELS[index % LEVELS.length] ?? 'info',
    user: `user-${String((index * 7919) % 10_000).padStart(4, '0')}`,
    op: OPS[index % OPS.length] ?? 'read',
    msg: words(index, msgBytes),
  };
}
