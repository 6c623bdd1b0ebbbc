/**
 * The reading side of an instance: the reader and its queries, over the shared words of the writer in this process or, for
 * an instance that only reads, over the files.
 */
import fs from 'node:fs';
import { FileTail } from '../log/file-tail.js';
import { type StorePaths, storePaths } from '../log/folder.js';
import { HeaderTables } from '../log/header-tables.js';
import { LogReader, type LogTail } from '../log/reader.js';
import { currentWriter } from '../log/writer-lock.js';
import { BatchTables } from '../lookup/batch-table.js';
import { BoardGrowth, FileGrowth } from '../lookup/growth.js';
import type { IndexClient } from '../lookup/index-client.js';
import { Queries } from '../lookup/queries.js';
import type { RecordDecoder } from '../record/decoder.js';
import type { Board } from '../wire/board.js';
import { LtlError } from '../words/errors.js';

export class Reading {
  readonly queries: Queries;
  readonly #reader: LogReader;
  readonly #files: FileTail | null;
  readonly #root: string;

  /** `board` null: an instance that only reads. Throws E_NO_STORE when there is nothing to read. */
  constructor(
    root: string,
    decoder: RecordDecoder,
    board: Board | null,
    index: IndexClient | null,
    gate: () => void,
    turn: () => Promise<void> | undefined,
  ) {
    const paths = storePaths(root);
    if (board === null) assertStore(paths);
    const files = board === null ? new FileTail(paths) : null;
    this.#files = files;
    this.#root = root;
    const tail = files?.tail ?? (() => (board as Board).tail());
    const offsets = new HeaderTables(paths, new BatchTables(paths.index));
    this.#reader = new LogReader(paths, tail, (payload) => void decoder.defineFrom(payload), { offsets });
    const growth = files === null ? new BoardGrowth(board as Board) : new FileGrowth(files);
    this.queries = new Queries({ reader: this.#reader, decoder, growth, gate, turn, index });
  }

  tail(): { firstSeq: number; nextSeq: number } {
    this.#files?.refresh();
    return { firstSeq: this.#reader.firstSeq(), nextSeq: this.#reader.tail().nextSeq };
  }

  /** Where a living writer's durable log ends now; null when nobody writes, and every byte there is may be judged. */
  liveTail(): LogTail | null {
    if (this.#files !== null) {
      if (currentWriter(this.#root) === null) return null;
      this.#files.refresh();
    }
    return this.#reader.tail();
  }

  stat(): Record<string, number> {
    const { hits, misses, cacheBytes } = this.#reader;
    return { cacheHits: hits, cacheMisses: misses, cacheBytes };
  }

  close(): void {
    this.queries.close();
    this.#reader.close();
    this.#files?.close();
  }
}

function assertStore(paths: StorePaths): void {
  // By its parent: below a file, stat throws.
  if (!isFolder(paths.root) || !isFolder(paths.log))
    throw new LtlError('E_NO_STORE', `there is no store in ${paths.root}`);
}

const isFolder = (name: string): boolean => fs.statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
