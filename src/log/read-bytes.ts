/**
 * Reads a file's bytes as far as there are any. What the device cannot read is what it does not hold: those pages become
 * zeros, which no checksum takes for data, so a read error is met like any other damage.
 */
import type { Disk } from '../ports/disk.js';

const PAGE_BYTES = 4096;

/**
 * Reads the file's bytes from offset `from` to `to`; `bytes[0]` stands for offset `base`. Returns where the file ended, or
 * `to`.
 */
export function readBytes(disk: Disk, fd: number, bytes: Buffer, from: number, to: number, base: number = 0): number {
  let at = from;
  while (at < to) {
    const read = readSome(disk, fd, bytes, at, to, base);
    if (read === 0) break;
    at += read;
  }
  return at;
}

function readSome(disk: Disk, fd: number, bytes: Buffer, at: number, to: number, base: number): number {
  const page = Math.min(PAGE_BYTES - (at % PAGE_BYTES), to - at);
  for (const length of [to - at, page]) {
    try {
      return disk.read(fd, bytes, at - base, length, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    }
  }
  bytes.fill(0, at - base, at - base + page);
  return page;
}
