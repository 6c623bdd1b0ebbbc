/**
 * The records that the benches store: a log line `{ t, level, user, op, msg }`, 98 bytes as a plain MessagePack map and
 * 78 as an array, and the same with a longer message. A pool of them is made before the clock starts and used round
 * and round, so that making them costs the measured loop nothing.
 */

export interface LogLine {
  readonly t: number;
  readonly level: string;
  readonly user: string;
  readonly op: string;
  readonly msg: string;
}

/** `fixed`: one key order, as a program's own log line has. `varied`: every order of the five keys in turn. */
export type KeyOrder = 'fixed' | 'varied';

const LEVELS = ['warn', 'info', 'fail', 'note'] as const;
const OPS = ['read', 'move', 'make', 'drop', 'list'] as const;
const START_MS = 1_763_800_000_000;
/** Bytes of a record as a plain MessagePack map beside its msg: the map's head, five keys, four short values. */
const OTHER_BYTES = 1 + 20 + 9 + 5 + 10 + 5 + 2;

/** A power of two, so that the pool is indexed with a mask. */
const POOL_SIZE = 4096;

/** What the record at position `index` must hold in `t`: the check after each run. */
export function timeOf(index: number): number {
  return START_MS + (index & (POOL_SIZE - 1));
}

export class RecordPool {
  readonly #records: readonly LogLine[];

  /** @param mapBytes bytes of one record as a plain MessagePack map; 98 or more */
  constructor(mapBytes: number, keyOrder: KeyOrder) {
    const orders = keyOrder === 'fixed' ? [['t', 'level', 'user', 'op', 'msg']] : permutations(KEYS);
    const msgBytes = mapBytes - OTHER_BYTES - (mapBytes > 300 ? 1 : 0);
    this.#records = Array.from({ length: POOL_SIZE }, (_, index) =>
      inOrder(line(index, msgBytes), orders[index % orders.length] ?? KEYS),
    );
  }

  at(index: number): LogLine {
    return this.#records[index & (POOL_SIZE - 1)] as LogLine;
  }

  /** `count` records from `index` on. */
  slice(index: number, count: number): LogLine[] {
    const from = index & (POOL_SIZE - 1);
    if (from + count <= POOL_SIZE) return this.#records.slice(from, from + count);
    return [...this.#records.slice(from), ...this.slice(0, count - (POOL_SIZE - from))];
  }
}

const KEYS: readonly (keyof LogLine)[] = ['t', 'level', 'user', 'op', 'msg'];

function line(index: number, msgBytes: number): LogLine {
  return {
    t: timeOf(index),
    level: LEVELS[index % LEVELS.length] ?? 'info',
    user: `user-${String((index * 7919) % 10_000).padStart(4, '0')}`,
    op: OPS[index % OPS.length] ?? 'read',
    msg: words(index, msgBytes),
  };
}

const WORDS =
  'request answer from cache node disk queue late early retry page found moved copied user file lease token index segment batch group sync open close reader writer took after before between'.split(
    ' ',
  );

/** Text of that many bytes that a compressor finds about as regular as a log: words, numbers, no long repeats. */
function words(seed: number, bytes: number): string {
  let state = seed + 1;
  let text = '';
  while (text.length < bytes) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += (state >>> 16) % 4 === 0 ? `${state} ` : `${WORDS[(state >>> 20) % WORDS.length]} `;
  }
  return text.slice(0, bytes);
}

function inOrder(record: LogLine, order: readonly string[]): LogLine {
  return Object.fromEntries(order.map((key) => [key, record[key as keyof LogLine]])) as unknown as LogLine;
}

function permutations(keys: readonly string[]): string[][] {
  if (keys.length === 0) return [[]];
  return keys.flatMap((key) => permutations(keys.filter((other) => other !== key)).map((rest) => [key, ...rest]));
}
