/**
 * Reads a file's bytes as far as there are any. What the device cannot read is what it does not hold: those pages become
 * zeros, which no checksum takes for data, so a read error is met like any other damage.
 */
import type { Disk } from '../ports/disk.js';

const PAGE_BYTES = 4096;

/** Fills `bytes` from offset `from` to `to` with the file's bytes at the same offsets; returns where the file ended. */
export function readBytes(disk: Disk, fd: number, bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const read = readSome(disk, fd, bytes, at, to);
    if (read === 0) break;
    at += read;
  }
  return at;
}

function readSome(disk: Disk, fd: number, bytes: Buffer, at: number, to: number): number {
  const page = Math.min(PAGE_BYTES - (at % PAGE_BYTES), to - at);
  for (const length of [to - at, page]) {
    try {
      return disk.read(fd, bytes, at, length, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    }
  }
  bytes.fill(0, at, at + page);
  return page;
}
