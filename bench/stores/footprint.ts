/** Bytes that a folder takes on the disk. */
import fs from 'node:fs';
import { join } from 'node:path';

/** Blocks taken by all files below `folder`, in bytes. */
export function diskBytes(folder: string): number {
  return sumFiles(folder, (stat) => stat.blocks * 512);
}

/** Lengths of the files below `folder` whose path matches, in bytes. */
export function fileBytes(folder: string, matches: RegExp): number {
  return sumFiles(folder, (stat, path) => (matches.test(path) ? stat.size : 0));
}

function sumFiles(folder: string, measure: (stat: fs.Stats, path: string) => number): number {
  let sum = 0;
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    const stat = fs.statSync(path);
    if (stat.isFile()) sum += measure(stat, path);
  }
  return sum;
}
