/**
 * Keeps one batch table for each finished segment: writes those that are missing or damaged, removes those of segments that
 * retention dropped. Part of the indexer; one segment a step.
 */
import fs from 'node:fs';
import path from 'node:path';
import { listSegments, type StorePaths } from '../log/folder.js';
import type { LogReader } from '../log/reader.js';
import { isLtlError, LtlError } from '../words/errors.js';
import { batchTableId, batchTableName, encodeBatchTable, isBatchTable } from './batch-table.js';

export class BatchKeeper {
  readonly #paths: StorePaths;
  readonly #reader: LogReader;
  /** Finished segments that have not been looked at, the newest last. */
  #due: number[] = [];
  /** The tail's segment when `#due` was made. */
  #seenSegment = 0;

  constructor(paths: StorePaths, reader: LogReader) {
    this.#paths = paths;
    this.#reader = reader;
  }

  /** Sees to one segment; false when all are seen to. Throws E_DISK_FULL. */
  step(): boolean {
    const { segmentId } = this.#reader.tail();
    if (segmentId !== this.#seenSegment) this.#look(segmentId);
    const due = this.#due.pop();
    if (due === undefined) return false;
    if (!this.#isKept(due)) this.#write(due);
    return this.#due.length > 0;
  }

  #look(tailSegment: number): void {
    const segments = listSegments(this.#paths);
    for (const name of fs.readdirSync(this.#paths.index)) {
      const id = batchTableId(name);
      if (id !== null && !segments.includes(id)) fs.rmSync(path.join(this.#paths.index, name), { force: true });
    }
    this.#due = segments.filter((id) => id >= this.#seenSegment && id < tailSegment);
    this.#seenSegment = tailSegment;
  }

  #isKept(segmentId: number): boolean {
    const file = path.join(this.#paths.index, batchTableName(segmentId));
    return fs.existsSync(file) && isBatchTable(fs.readFileSync(file), segmentId);
  }

  #write(segmentId: number): void {
    try {
      const view = this.#reader.view(segmentId);
      // Of a damaged segment nobody should read a part without having seen the damage.
      if (view.damages.length > 0) return;
      const file = path.join(this.#paths.index, batchTableName(segmentId));
      fs.writeFileSync(`${file}.new`, encodeBatchTable(view));
      fs.renameSync(`${file}.new`, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
        throw new LtlError('E_DISK_FULL', 'no space for an offset file', { cause: error });
      // Dropped meanwhile, or missing: there is nothing to keep.
      if (!isLtlError(error, 'E_GONE') && !isLtlError(error, 'E_DAMAGED')) throw error;
    }
  }
}
