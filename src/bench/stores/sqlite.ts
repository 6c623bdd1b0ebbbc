/**
 * better-sqlite3: write-ahead log with synchronous=FULL (synced at every commit), one prepared insert, and group commit: whatever was
 * appended in a turn goes in one transaction. Values are JSON text, which SQL can look into.
 */
import { join } from 'node:path';
import { diskBytes, fileBytes } from '../footprint.js';
import { loadPackage } from '../packages.js';
import { TurnGroup } from '../turn-group.js';
import type { OpenOptions, Store, StoreKind, Visit } from './store.js';

interface Statement {
  run(...values: unknown[]): unknown;
  get(...values: unknown[]): unknown;
  iterate(...values: unknown[]): Iterable<unknown>;
  pluck(): Statement;
}

interface Database {
  pragma(text: string): unknown;
  exec(text: string): void;
  prepare(text: string): Statement;
  transaction<T>(action: (items: readonly T[]) => void): (items: readonly T[]) => void;
  close(): void;
}

type Sqlite = new (path: string, options: { readonly: boolean }) => Database;

export const sqlite: StoreKind = {
  label: 'better-sqlite3',
  role: 'peer',
  needs: 'better-sqlite3',
  how: 'WAL, synchronous=FULL, one transaction a turn of the event loop, JSON text',
  load: () => loadPackage('better-sqlite3'),
  open: async (folder, options) => new SqliteStore(folder, options),
  footprint: (folder) => ({ dataBytes: fileBytes(folder, /store\.sqlite/), diskBytes: diskBytes(folder) }),
};

class SqliteStore implements Store {
  readonly #database: Database;
  readonly #group: TurnGroup<string>;
  readonly #select: Statement;

  constructor(folder: string, options: OpenOptions) {
    const Sqlite = loadPackage('better-sqlite3') as Sqlite;
    this.#database = new Sqlite(join(folder, 'store.sqlite'), { readonly: options.readOnly === true });
    if (options.readOnly !== true) {
      this.#database.pragma('journal_mode = WAL');
      this.#database.pragma('synchronous = FULL');
      this.#database.exec('CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, data TEXT NOT NULL)');
    }
    const insert = this.#database.prepare('INSERT INTO log (data) VALUES (?)');
    const last = this.#database.prepare('SELECT coalesce(max(seq), 0) FROM log').pluck().get() as number;
    this.#select = this.#database.prepare('SELECT data FROM log WHERE seq = ?').pluck();
    const commit = this.#database.transaction<string>((items) => {
      for (const item of items) insert.run(item);
    });
    this.#group = new TurnGroup(last, commit);
  }

  append(record: unknown): Promise<unknown> {
    return this.#group.add(JSON.stringify(record));
  }

  appendBatch(records: readonly unknown[]): Promise<unknown> {
    return this.#group.addAll(records.map((record) => JSON.stringify(record)));
  }

  get(index: number): unknown {
    return JSON.parse(this.#select.get(index + 1) as string) as unknown;
  }

  async scan(visit: Visit): Promise<void> {
    const all = this.#database.prepare('SELECT data FROM log ORDER BY seq').pluck();
    for (const data of all.iterate()) if (visit(JSON.parse(data as string) as unknown) === false) return;
  }

  count(): number {
    return this.#group.count;
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}
