/**
 * lmdb (lmdb-js) with its defaults, which are durable: `put` resolves after the commit's fdatasync, and all puts of one
 * turn share a transaction and a promise. Keys are numbers; values are MessagePack with shared structures, its fastest
 * encoding for records of one shape; without them where no two records are alike.
 */
import { join } from 'node:path';
import { diskBytes, fileBytes } from '../footprint.js';
import { loadPackage } from '../packages.js';
import type { OpenOptions, Store, StoreKind, Visit } from './store.js';

interface Database {
  put(key: number, value: unknown): Promise<boolean>;
  get(key: number): unknown;
  getRange(): Iterable<{ key: number; value: unknown }>;
  getStats(): { entryCount: number };
  close(): Promise<void>;
}

interface Lmdb {
  open(options: { path: string; sharedStructuresKey?: symbol; readOnly?: boolean; compression: boolean }): Database;
}

export const lmdb: StoreKind = {
  label: 'lmdb',
  role: 'peer',
  needs: 'lmdb',
  how: 'put, durable by default; numeric keys, shared structures',
  load: () => loadPackage('lmdb'),
  open: async (folder, options) => new LmdbStore(folder, options),
  footprint: (folder) => ({ dataBytes: fileBytes(folder, /data\.mdb$/), diskBytes: diskBytes(folder) }),
};

class LmdbStore implements Store {
  readonly #database: Database;
  #next = 0;

  constructor(folder: string, options: OpenOptions) {
    this.#database = (loadPackage('lmdb') as Lmdb).open({
      path: join(folder, 'store'),
      ...(options.unlike === true ? {} : { sharedStructuresKey: Symbol.for('structures') }),
      compression: false,
      ...(options.readOnly === true ? { readOnly: true } : {}),
    });
    this.#next = this.count();
  }

  append(record: unknown): Promise<unknown> {
    return this.#database.put(this.#next++, record);
  }

  appendBatch(records: readonly unknown[]): Promise<unknown> {
    let last: Promise<unknown> = Promise.resolve();
    for (const record of records) last = this.#database.put(this.#next++, record);
    return last;
  }

  get(index: number): unknown {
    return this.#database.get(index);
  }

  async scan(visit: Visit): Promise<void> {
    for (const { key, value } of this.#database.getRange())
      if (typeof key === 'number' && visit(value) === false) return;
  }

  count(): number {
    // The shared structures are an entry of their own.
    let count = this.#database.getStats().entryCount;
    while (count > 0 && this.#database.get(count - 1) === undefined) count -= 1;
    return count;
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}
