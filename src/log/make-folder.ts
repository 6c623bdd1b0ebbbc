/**
 * Makes the folder of a store and those above it, each durable before anything is put in it. Node's own recursive form
 * syncs nothing, and never returns where a file system answers ENOENT for a parent that is there, as /proc does.
 */
import fs from 'node:fs';
import path from 'node:path';
import { realDisk } from '../ports/disk.js';

/** Does nothing where the folder is there already. Throws what mkdir throws. */
export function makeFolder(folder: string): void {
  if (isFolder(folder)) return;
  const parent = path.dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    fs.mkdirSync(folder);
  } catch (error) {
    // Another process may have been quicker.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && isFolder(folder)) return;
    throw error;
  }
  realDisk.syncFolder(parent);
}

function isFolder(name: string): boolean {
  try {
    return fs.statSync(name).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
