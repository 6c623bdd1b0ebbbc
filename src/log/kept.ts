/**
 * Where the log begins since retention: a small file beside it, written and synced before the first segment is dropped. So
 * segments before it are gone on purpose, and a first segment that is missing without its word is damage.
 */
import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { realDisk } from '../ports/disk.js';
import type { StorePaths } from './folder.js';

/** The first segment that is kept, and its first seq. */
export interface Kept {
  readonly segmentId: number;
  readonly seq: number;
}

/** Nothing was ever dropped. */
const ALL: Kept = { segmentId: 1, seq: 0 };

/** Where the log with that id begins; a note of another log, or a damaged one, says nothing. */
export function readKept(paths: StorePaths, logId: string | null): Kept {
  let lines: string[];
  try {
    lines = fs.readFileSync(paths.kept, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ALL;
    throw error;
  }
  const [text = '', sum] = lines;
  if (String(crc32(text)) !== sum) return ALL;
  const { segmentId, seq, logId: noted } = JSON.parse(text) as Kept & { readonly logId: string };
  return logId === null || noted === logId ? { segmentId, seq } : ALL;
}

/** Durable when it returns. */
export function writeKept(paths: StorePaths, { segmentId, seq }: Kept, logId: string): void {
  const text = JSON.stringify({ logId, segmentId, seq });
  const scratch = `${paths.kept}.new`;
  const fd = fs.openSync(scratch, 'w', 0o644);
  try {
    fs.writeFileSync(fd, `${text}\n${crc32(text)}\n`);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(scratch, paths.kept);
  realDisk.syncFolder(paths.root);
}
