/**
 * classic-level with group commit: one `batch` with `sync: true` at a time; what is appended meanwhile goes with the
 * next. Keys are eight bytes, big-endian, so that they sort; values are JSON.
 */
import { join } from 'node:path';
import { diskBytes } from '../footprint.js';
import { loadPackage } from '../packages.js';
import type { Store, StoreKind, Visit } from './store.js';

interface Put {
  readonly type: 'put';
  readonly key: Buffer;
  readonly value: unknown;
}

interface Database {
  open(options?: { readOnly?: boolean }): Promise<void>;
  batch(operations: readonly Put[], options: { sync: boolean }): Promise<void>;
  getSync(key: Buffer): unknown;
  keys(options: { reverse: boolean; limit: number }): { all(): Promise<Buffer[]> };
  values(): { nextv(size: number): Promise<unknown[]>; close(): Promise<void> };
  close(): Promise<void>;
}

interface Level {
  ClassicLevel: new (path: string, options: { keyEncoding: 'buffer'; valueEncoding: 'json' }) => Database;
}

interface Waiter {
  readonly resolve: (index: number) => void;
  readonly reject: (error: unknown) => void;
  readonly index: number;
}

export const level: StoreKind = {
  label: 'classic-level',
  role: 'peer',
  needs: 'classic-level',
  how: 'batch with sync: true, one at a time with everything queued, JSON, compressed by default',
  load: () => loadPackage('classic-level'),
  open: async (folder) => {
    const { ClassicLevel } = loadPackage('classic-level') as Level;
    const database = new ClassicLevel(join(folder, 'store'), { keyEncoding: 'buffer', valueEncoding: 'json' });
    await database.open();
    const [last] = await database.keys({ reverse: true, limit: 1 }).all();
    return new LevelStore(database, last === undefined ? 0 : last.readUInt32BE(4) + 1);
  },
  footprint: (folder) => ({ dataBytes: diskBytes(folder), diskBytes: diskBytes(folder) }),
};

class LevelStore implements Store {
  readonly #database: Database;
  #next: number;
  #puts: Put[] = [];
  #waiters: Waiter[] = [];
  #busy = false;

  constructor(database: Database, next: number) {
    this.#database = database;
    this.#next = next;
  }

  append(record: unknown): Promise<unknown> {
    this.#queue(record);
    return this.#promise(this.#next - 1);
  }

  appendBatch(records: readonly unknown[]): Promise<unknown> {
    const first = this.#next;
    for (const record of records) this.#queue(record);
    return this.#promise(first);
  }

  get(index: number): unknown {
    return this.#database.getSync(keyOf(index));
  }

  async scan(visit: Visit): Promise<void> {
    const values = this.#database.values();
    let goesOn = true;
    while (goesOn) {
      const some = await values.nextv(1000);
      goesOn = some.length > 0 && some.every((value) => visit(value) !== false);
    }
    await values.close();
  }

  count(): number {
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  #queue(record: unknown): void {
    this.#puts.push({ type: 'put', key: keyOf(this.#next++), value: record });
  }

  #promise(index: number): Promise<number> {
    if (!this.#busy) {
      this.#busy = true;
      setImmediate(() => this.#flush());
    }
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject, index }));
  }

  #flush(): void {
    const puts = this.#puts;
    const waiters = this.#waiters;
    this.#puts = [];
    this.#waiters = [];
    this.#database.batch(puts, { sync: true }).then(
      () => {
        for (const { resolve, index } of waiters) resolve(index);
        this.#again();
      },
      (error: unknown) => {
        for (const { reject } of waiters) reject(error);
        this.#again();
      },
    );
  }

  /** The callers just resolved append again in this turn's microtasks; the next batch takes them along. */
  #again(): void {
    setImmediate(() => {
      if (this.#puts.length > 0) this.#flush();
      else this.#busy = false;
    });
  }
}

function keyOf(index: number): Buffer {
  const key = Buffer.alloc(8);
  key.writeUInt32BE(index, 4);
  return key;
}
