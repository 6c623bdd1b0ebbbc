/** Bytes that a folder and its files take on the disk. */
import fs from 'node:fs';
import { join } from 'node:path';

/** The files below `folder` whose path matches. */
export function filesBelow(folder: string, matches: RegExp): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => matches.test(path) && fs.statSync(path).isFile());
}

/** Blocks taken by all files below `folder`, in bytes. */
export function diskBytes(folder: string): number {
  return filesBelow(folder, /./).reduce((sum, path) => sum + fs.statSync(path).blocks * 512, 0);
}

/** Lengths of the files below `folder` whose path matches, in bytes. */
export function fileBytes(folder: string, matches: RegExp): number {
  return filesBelow(folder, matches).reduce((sum, path) => sum + fs.statSync(path).size, 0);
}

/** Bytes of a file up to its last one that is not zero. */
export function usedBytes(path: string): number {
  const bytes = fs.readFileSync(path);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}
