/**
 * A disk in memory that forgets. It implements the Disk port with a page cache over a platter: writes are seen at once and
 * are on the platter after a sync of the file; names are there after a sync of the folder. `crash` returns the disk as the
 * next boot finds it: each sector of 512 bytes written since the last sync, and each change of a name, survived or not, by
 * the dice. Space can run out (with a short count first), and a sync can fail as Linux fails it: the error is told once,
 * the page cache keeps what was written, and no later sync brings it to the platter.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Disk } from '../../src/ports/disk.js';

const SECTOR_BYTES = 512;
const PAGE_BYTES = 4096;

/** Returns a number from 0 up to and without `below`. */
export type Dice = (below: number) => number;

interface SimFile {
  cache: Buffer;
  cacheSize: number;
  platter: Buffer;
  platterSize: number;
  /** Sectors written since the last sync. */
  dirty: Set<number>;
}

interface Folder {
  readonly names: Map<string, SimFile>;
  durable: Map<string, SimFile>;
  /** Changes of names since the last sync of the folder, in order. */
  changes: ((names: Map<string, SimFile>) => void)[];
}

/** What a crash is made of: thrown by the call that the power went off in. */
export class PowerCut extends Error {}

export class SimDisk implements Disk {
  readonly #dice: Dice;
  readonly #folders: Map<string, Folder> = new Map();
  readonly #open: Map<number, SimFile> = new Map();
  /** Descriptors whose writes go past the page cache and are durable when they return. */
  readonly #direct: Set<number> = new Set();
  #nextFd = 3;
  /** Calls that change something, so far. */
  calls = 0;
  /** The call at which the power goes off. */
  cutAt: number = Number.POSITIVE_INFINITY;
  /** Bytes the disk holds; a write beyond is short, then an error. */
  capacityBytes: number = Number.POSITIVE_INFINITY;
  /** How many syncs of files succeed before one fails with EIO. */
  syncsBeforeError: number = Number.POSITIVE_INFINITY;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  makeFolder(name: string): void {
    this.#folders.set(name, { names: new Map(), durable: new Map(), changes: [] });
  }

  /** A file that is whole and synced, stale bytes and all. */
  plant(name: string, bytes: Buffer): void {
    const file = makeFile(bytes);
    const { names, durable } = this.#folder(name);
    names.set(path.basename(name), file);
    durable.set(path.basename(name), file);
  }

  /** A file's bytes as a program sees them. */
  bytesOf(name: string): Buffer {
    const file = this.#file(name);
    return Buffer.from(file.cache.subarray(0, file.cacheSize));
  }

  /** The disk that the next boot finds. */
  crash(): SimDisk {
    const after = new SimDisk(this.#dice);
    const survivors = new Map<SimFile, SimFile>();
    for (const [name, folder] of this.#folders) {
      after.makeFolder(name);
      const names = new Map(folder.durable);
      const kept = this.#dice(folder.changes.length + 1);
      for (const change of folder.changes.slice(0, kept)) change(names);
      for (const [fileName, file] of names) {
        const survivor = survivors.get(file) ?? this.#afterCrash(file);
        survivors.set(file, survivor);
        after.#folder(path.join(name, fileName)).names.set(fileName, survivor);
        after.#folder(path.join(name, fileName)).durable.set(fileName, survivor);
      }
    }
    return after;
  }

  /** The same disk after its process was killed: what the page cache shows stays. */
  kill(): SimDisk {
    this.#open.clear();
    this.cutAt = Number.POSITIVE_INFINITY;
    this.syncsBeforeError = Number.POSITIVE_INFINITY;
    return this;
  }

  open(name: string, flags: number): number {
    const { names, changes } = this.#folder(name);
    const key = path.basename(name);
    let file = names.get(key);
    if (file === undefined) {
      if ((flags & fs.constants.O_CREAT) === 0) throw errorOf('ENOENT', name);
      this.#changing();
      const made = makeFile(Buffer.alloc(0));
      file = made;
      names.set(key, made);
      changes.push((there) => there.set(key, made));
    }
    if ((flags & fs.constants.O_TRUNC) !== 0) setSize(file, 0);
    this.#open.set(this.#nextFd, file);
    if ((flags & fs.constants.O_DIRECT) !== 0) this.#direct.add(this.#nextFd);
    this.#nextFd += 1;
    return this.#nextFd - 1;
  }

  close(fd: number): void {
    if (!this.#open.delete(fd)) throw errorOf('EBADF', String(fd));
  }

  write(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number {
    const file = this.#of(fd);
    const room = this.capacityBytes - this.#usedBytes() + Math.max(0, file.cacheSize - position);
    const fits = Math.max(0, Math.min(length, room));
    if (fits === 0 && length > 0) throw errorOf('ENOSPC', 'write');
    const isDirect = this.#direct.has(fd);
    if (isDirect && (position % PAGE_BYTES !== 0 || length % PAGE_BYTES !== 0)) throw errorOf('EINVAL', 'write');
    // Now and then a write is short for no reason, as it may be.
    const wrote = this.#dice(8) === 0 ? 1 + this.#dice(fits) : fits;
    // The end may come when only a part has come to the page cache: whole sectors, for pages are copied whole.
    const last = this.calls + 1 >= this.cutAt ? wholeSectors(position, this.#dice(wrote + 1)) : wrote;
    put(file, Buffer.from(bytes.buffer, bytes.byteOffset + offset, last), position);
    this.#changing();
    if (isDirect) this.#settle(file);
    return wrote;
  }

  read(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number {
    const file = this.#of(fd);
    const end = Math.min(file.cacheSize, position + length);
    if (end <= position) return 0;
    return file.cache.copy(bytes, offset, position, end);
  }

  sync(fd: number): void {
    this.#changing();
    this.#settle(this.#of(fd));
  }

  #settle(file: SimFile): void {
    if (this.syncsBeforeError-- <= 0) {
      this.#flushSome(file);
      file.dirty.clear();
      throw errorOf('EIO', 'fdatasync');
    }
    for (const sector of file.dirty) flushSector(file, sector);
    file.platterSize = file.cacheSize;
    file.dirty.clear();
  }

  syncFolder(name: string): void {
    const folder = this.#folders.get(name);
    if (folder === undefined) return;
    this.#changing();
    folder.durable = new Map(folder.names);
    folder.changes = [];
  }

  truncate(fd: number, length: number): void {
    this.#changing();
    setSize(this.#of(fd), length);
  }

  rename(from: string, to: string): void {
    const { names, changes } = this.#folder(from);
    const file = this.#file(from);
    this.#changing();
    const change = (there: Map<string, SimFile>): void => {
      there.delete(path.basename(from));
      there.set(path.basename(to), file);
    };
    change(names);
    changes.push(change);
  }

  remove(name: string): void {
    const { names, changes } = this.#folder(name);
    if (!names.has(path.basename(name))) throw errorOf('ENOENT', name);
    this.#changing();
    const change = (there: Map<string, SimFile>): void => void there.delete(path.basename(name));
    change(names);
    changes.push(change);
  }

  list(name: string): readonly string[] {
    const folder = this.#folders.get(name);
    if (folder === undefined) throw errorOf('ENOENT', name);
    return [...folder.names.keys()];
  }

  size(fd: number): number {
    return this.#of(fd).cacheSize;
  }

  #changing(): void {
    this.calls += 1;
    if (this.calls >= this.cutAt) throw new PowerCut(`call ${this.calls}`);
  }

  #usedBytes(): number {
    let bytes = 0;
    for (const { names } of this.#folders.values()) for (const file of names.values()) bytes += file.cacheSize;
    return bytes;
  }

  #afterCrash(file: SimFile): SimFile {
    this.#flushSome(file);
    return makeFile(Buffer.from(file.platter.subarray(0, file.platterSize)));
  }

  /** Brings some of what is dirty to the platter; a new size comes there with the data or not at all. */
  #flushSome(file: SimFile): void {
    const luck = this.#dice(4);
    for (const sector of file.dirty) {
      if (luck === 0 ? false : luck === 1 ? true : this.#dice(2) === 0) flushSector(file, sector);
    }
    if (this.#dice(2) === 0) file.platterSize = file.cacheSize;
    else if (file.cacheSize > file.platterSize)
      file.platterSize += wholeSectors(file.platterSize, this.#dice(file.cacheSize - file.platterSize + 1));
    file.platter.fill(0, file.platterSize);
  }

  #folder(name: string): Folder {
    const folder = this.#folders.get(path.dirname(name));
    if (folder === undefined) throw errorOf('ENOENT', name);
    return folder;
  }

  #file(name: string): SimFile {
    const file = this.#folder(name).names.get(path.basename(name));
    if (file === undefined) throw errorOf('ENOENT', name);
    return file;
  }

  #of(fd: number): SimFile {
    const file = this.#open.get(fd);
    if (file === undefined) throw errorOf('EBADF', String(fd));
    return file;
  }
}

/** So much of `length` bytes from `position` on that a sector ends there. */
function wholeSectors(position: number, length: number): number {
  return Math.max(0, length - ((position + length) % SECTOR_BYTES));
}

function makeFile(bytes: Buffer): SimFile {
  const { length } = bytes;
  return {
    cache: Buffer.from(bytes),
    cacheSize: length,
    platter: Buffer.from(bytes),
    platterSize: length,
    dirty: new Set(),
  };
}

function put(file: SimFile, bytes: Buffer, position: number): void {
  const end = position + bytes.length;
  if (bytes.length === 0) return;
  if (end > file.cacheSize) setSize(file, end);
  bytes.copy(file.cache, position);
  markDirty(file, position, end);
}

function setSize(file: SimFile, size: number): void {
  if (size > file.cache.length) {
    file.cache = Buffer.concat([file.cache, Buffer.alloc(size * 2 - file.cache.length)]);
  } else file.cache.fill(0, size);
  const before = file.cacheSize;
  file.cacheSize = size;
  markDirty(file, Math.min(before, size), Math.max(before, size));
}

function markDirty(file: SimFile, from: number, to: number): void {
  for (let sector = Math.floor(from / SECTOR_BYTES); sector * SECTOR_BYTES < to; sector += 1) file.dirty.add(sector);
}

function flushSector(file: SimFile, sector: number): void {
  const from = sector * SECTOR_BYTES;
  const to = Math.min(from + SECTOR_BYTES, file.cache.length);
  if (file.platter.length < to)
    file.platter = Buffer.concat([file.platter, Buffer.alloc(to * 2 - file.platter.length)]);
  file.cache.copy(file.platter, from, from, to);
}

function errorOf(code: string, what: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
