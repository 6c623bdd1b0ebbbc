/** Where tune works: a folder that is there, may be written to, and has room. Each way in which it is not is an error by name. */
import fs from 'node:fs';
import path from 'node:path';
import { makeScratch } from '../ports/scratch.js';
import { LtlError } from '../words/errors.js';

/** How the names of the folders begin that tune works in. */
export const TUNE_PREFIX = '.ltl-tune-';

/** The largest trial keeps two spare segments of 32 MiB and what it appends meanwhile; the disk's own measurement less. */
const ROOM_BYTES = 256 * 1024 * 1024;

/** That folder as an absolute path. Throws E_NO_FOLDER, E_PERMISSION, E_DISK_FULL. */
export function givenFolder(given: string): string {
  const folder = path.resolve(given);
  const stat = fs.statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) throw new LtlError('E_NO_FOLDER', `there is no folder ${folder}`);
  if (!stat.isDirectory()) throw new LtlError('E_NO_FOLDER', `${folder} is not a folder`);
  return usable(folder);
}

/** The folder, or the nearest one above it that is there: a store's folder need not exist before its store. */
export function nearestFolder(wanted: string): string {
  let folder = path.resolve(wanted);
  while (!fs.existsSync(folder)) folder = path.dirname(folder);
  return usable(folder);
}

function usable(folder: string): string {
  assertRoom(folder, fs.statfsSync(folder));
  try {
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK);
    makeScratch(folder, TUNE_PREFIX).remove();
  } catch (error) {
    throw new LtlError('E_PERMISSION', `nothing can be made in ${folder}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return folder;
}

/** Throws E_DISK_FULL where there is too little room. */
export function assertRoom(
  folder: string,
  { bavail, bsize }: { readonly bavail: number; readonly bsize: number },
): void {
  const free = bavail * bsize;
  if (free >= ROOM_BYTES) return;
  const mebibytes = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;
  throw new LtlError('E_DISK_FULL', `tune needs ${mebibytes(ROOM_BYTES)} in ${folder}, ${mebibytes(free)} are free`);
}
