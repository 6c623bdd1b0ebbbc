/**
 * Segments written ahead: files of zeros, really written and synced, which the queue takes by renaming. Overwriting them
 * needs no change of the file's size or blocks, so a sync has only the data to wait for. Whole ones are called
 * `spare-N.new`; one being made has another ending, and is removed at the next start if it was left half-made.
 */
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StorePaths } from './folder.js';
import { isSpareName } from './spare-name.js';

const HALF = /^spare-\d+\.half$/;
const CHUNK_BYTES = 1024 * 1024;
/** Made once: a megabyte for each spare would lie about until it is collected. Nothing writes to it, so it takes no memory. */
const ZEROS: Buffer = Buffer.alloc(CHUNK_BYTES);
/** Spares are made only while this share of the file system stays free. */
const FREE_SHARE_MIN = 0.02;

/** Names of the whole spares there are. */
export function listSpares(paths: StorePaths): string[] {
  return fs.readdirSync(paths.log).filter(isSpareName);
}

/** Removes what an earlier life left half-made. */
export function removeHalfSpares(paths: StorePaths): void {
  for (const name of fs.readdirSync(paths.log))
    if (HALF.test(name)) fs.rmSync(path.join(paths.log, name), { force: true });
}

/**
 * Makes one spare of `bytes`, in chunks with turns of the event loop between. False when there is no room for it: a spare
 * is a convenience, and the last free space belongs to records.
 */
export async function makeSpare(paths: StorePaths, bytes: number, isWanted: () => boolean): Promise<boolean> {
  const { bavail, blocks, bsize } = fs.statfsSync(paths.log);
  if (bavail * bsize - bytes < blocks * bsize * FREE_SHARE_MIN) return false;
  const number = 1 + Math.max(0, ...listSpares(paths).map((name) => Number(/^spare-(\d+)\./.exec(name)?.[1] ?? 0)));
  const half = path.join(paths.log, `spare-${number}.half`);
  const fd = fs.openSync(half, 'w', 0o644);
  let isWhole = false;
  try {
    for (let at = 0; at < bytes; at += CHUNK_BYTES) {
      if (!isWanted()) return false;
      const length = Math.min(CHUNK_BYTES, bytes - at);
      if (fs.writeSync(fd, ZEROS, 0, length, at) !== length) return false;
      await nextTurn();
    }
    fs.fsyncSync(fd);
    isWhole = true;
  } catch (error) {
    if (!['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    fs.closeSync(fd);
    if (!isWhole) fs.rmSync(half, { force: true });
  }
  if (isWhole) fs.renameSync(half, path.join(paths.log, `spare-${number}.new`));
  return isWhole;
}
