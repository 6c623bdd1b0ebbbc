/**
 * The disk as the log sees it: the few synchronous calls that decide about durability, so that a test can put a faulty
 * disk in their place. Everything here may throw what node:fs throws; nothing is retried.
 */
import fs from 'node:fs';

export interface Disk {
  open(path: string, flags: number): number;
  close(fd: number): void;
  /** Like pwrite: may write fewer bytes than asked and say so without an error. */
  write(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  read(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  /** Returns only when the file's data is on the device. */
  sync(fd: number): void;
  /** Makes new and renamed names in a folder durable. */
  syncFolder(path: string): void;
  truncate(fd: number, length: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Names in a folder, in any order. */
  list(path: string): readonly string[];
  size(fd: number): number;
}

export const realDisk: Disk = {
  open: (path, flags) => fs.openSync(path, flags, 0o644),
  close: fs.closeSync,
  write: fs.writeSync,
  read: fs.readSync,
  sync: fs.fdatasyncSync,
  syncFolder: (path) => {
    const fd = fs.openSync(path, fs.constants.O_RDONLY);
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  },
  truncate: fs.ftruncateSync,
  rename: fs.renameSync,
  remove: fs.unlinkSync,
  list: (path) => fs.readdirSync(path),
  size: (fd) => fs.fstatSync(fd).size,
};

/** Loads the disk that a `ports.disk` URL names (a module that exports `disk`), or the real one. */
export async function loadDisk(url: string | undefined): Promise<Disk> {
  if (url === undefined) return realDisk;
  const module = (await import(url)) as { disk: Disk };
  return module.disk;
}
