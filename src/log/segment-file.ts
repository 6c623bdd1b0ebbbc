/**
 * The open file of a segment that is being written: whole writes or none, and syncs. Segments written ahead can be written
 * past the page cache (`direct`): whole pages, each write durable when it returns.
 *
 * A write that fails for want of space is undone before its error is thrown, so it may be tried again. What must not be tried
 * again is thrown as a FatalDiskError: a failed sync, and an undo that failed.
 */
import fs from 'node:fs';
import path from 'node:path';
import { alignedBuffer } from '../ports/aligned.js';
import type { Disk } from '../ports/disk.js';
import { LIMITS } from '../words/limits.js';
import { isSpareName } from './spare-name.js';

/** What direct writing moves: a page that holds acknowledged bytes is never written again. */
export const PAGE_BYTES = 4096;

/** Want of space, of quota or of a file descriptor: nothing was written, and it may pass. */
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EMFILE', 'ENFILE']);

const ZEROS = Buffer.alloc(LIMITS.writeAheadBytes);

/** After it nobody knows what the device holds. */
export class FatalDiskError extends Error {}

export const isDiskFull = (error: unknown): boolean =>
  !(error instanceof FatalDiskError) && FULL_CODES.has((error as NodeJS.ErrnoException).code ?? '');

export class SegmentFile {
  readonly isDirect: boolean;
  /** It was written ahead. */
  readonly isSpare: boolean;
  /** Bytes of the file: zeros from the end of the log on, or where a growing file ends. */
  size: number;
  /** There was room for zeros whenever it was tried. */
  canGrowAhead = true;
  readonly #disk: Disk;
  readonly #fd: number;

  private constructor(disk: Disk, fd: number, isDirect: boolean, isSpare: boolean) {
    this.#disk = disk;
    this.#fd = fd;
    this.isDirect = isDirect;
    this.isSpare = isSpare;
    this.size = disk.size(fd);
  }

  /** A segment that there is. */
  static open(disk: Disk, file: string): SegmentFile {
    return new SegmentFile(disk, disk.open(file, fs.constants.O_RDWR), false, false);
  }

  /** A new segment: a spare that becomes `file`, or else a growing file. */
  static begin(disk: Disk, file: string, way: 'buffered' | 'direct'): SegmentFile {
    const { O_RDWR, O_CREAT, O_TRUNC } = fs.constants;
    if (!takeSpare(disk, file)) return new SegmentFile(disk, disk.open(file, O_RDWR | O_CREAT | O_TRUNC), false, false);
    const direct = way === 'direct' ? openDirect(disk, file) : null;
    return new SegmentFile(disk, direct ?? disk.open(file, O_RDWR), direct !== null, true);
  }

  /** Writes all of it, or undoes what was written and throws. Direct: position and length are whole pages. */
  write(bytes: Buffer, length: number, position: number): void {
    let done = 0;
    let touched = 0;
    try {
      while (done < length) {
        const wrote = this.#disk.write(this.#fd, bytes, done, length - done, position + done);
        touched = done + wrote;
        // Direct writes go on at a page's start: what a short one began of a page is written again.
        const counts = this.isDirect && touched < length ? wrote - (wrote % PAGE_BYTES) : wrote;
        // A full disk shows as a short count first, and as an error only at the next call.
        if (counts === 0) throw Object.assign(new Error('the disk wrote nothing'), { code: 'ENOSPC' });
        done += counts;
      }
    } catch (error) {
      if (isDiskFull(error)) this.#undo(position, touched);
      throw error;
    }
  }

  /**
   * Zeros from `end`, where the file ends too, up to `to`: the next groups overwrite them, and their syncs need not wait for
   * the file's size and blocks. They become durable with the next sync. Want of space is no error: it is left to records.
   */
  writeAhead(end: number, to: number): void {
    const length = Math.min(to - end, ZEROS.length);
    try {
      const wrote = this.#disk.write(this.#fd, ZEROS, 0, length, end);
      if (wrote === length) {
        this.size = end + length;
        return;
      }
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
    this.canGrowAhead = false;
    this.#disk.truncate(this.#fd, end);
  }

  /** Makes what was written below `end` durable. */
  sync(end: number): void {
    try {
      // A direct write was durable when it returned.
      if (!this.isDirect) this.#disk.sync(this.#fd);
    } catch (cause) {
      throw new FatalDiskError(`sync: ${(cause as Error).message}`, { cause });
    }
    this.size = Math.max(this.size, end);
  }

  close(): void {
    this.#disk.close(this.#fd);
  }

  /** What stands there must never be taken for a batch, not after a crash either. */
  #undo(position: number, written: number): void {
    try {
      if (position + written > this.size) this.#disk.truncate(this.#fd, Math.max(position, this.size));
      const whole = this.isDirect ? Math.ceil(written / PAGE_BYTES) * PAGE_BYTES : written;
      const length = Math.min(whole, Math.max(0, this.size - position));
      const zeros = alignedBuffer(length).subarray(0, length);
      for (let done = 0; done < length; ) {
        const wrote = this.#disk.write(this.#fd, zeros, done, length - done, position + done);
        if (wrote === 0) throw new Error('the disk wrote nothing over what was there');
        done += wrote;
      }
      this.#disk.sync(this.#fd);
    } catch (cause) {
      throw new FatalDiskError(`undoing a write: ${(cause as Error).message}`, { cause });
    }
  }
}

function takeSpare(disk: Disk, file: string): boolean {
  const folder = path.dirname(file);
  const spare = disk.list(folder).find(isSpareName);
  if (spare === undefined) return false;
  try {
    disk.rename(path.join(folder, spare), file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Null where the file system has no direct writing. */
function openDirect(disk: Disk, file: string): number | null {
  const { O_RDWR, O_DIRECT, O_DSYNC } = fs.constants;
  if (O_DIRECT === undefined || O_DSYNC === undefined) return null;
  try {
    return disk.open(file, O_RDWR | O_DIRECT | O_DSYNC);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    return null;
  }
}
