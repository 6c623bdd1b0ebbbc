/** What the system tells of this process: memory, CPU, bytes written, room on the disk. */
import fs from 'node:fs';

const PAGE_BYTES = 4096;

/** RSS; what of it is the process's own and no mapped file (the third of statm is the mapped part); the heap of the main thread. */
export function memory(): { rssBytes: number; ownBytes: number | null; heapBytes: number } {
  const { rss: rssBytes, heapUsed: heapBytes } = process.memoryUsage();
  if (process.platform !== 'linux') return { rssBytes, ownBytes: null, heapBytes };
  const [, , mapped = '0'] = fs.readFileSync('/proc/self/statm', 'utf8').split(' ');
  return { rssBytes, ownBytes: Math.max(0, rssBytes - Number(mapped) * PAGE_BYTES), heapBytes };
}

/** CPU seconds of all threads of this process. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * Bytes that this process has handed to the system to write, or null where nothing tells that. Not `write_bytes` of the same
 * file: on kernels with large folios that counts a megabyte for each small write to a large file, of which the disk sees a page.
 */
export function bytesWritten(): number | null {
  if (process.platform !== 'linux') return null;
  const text = fs.existsSync('/proc/self/io') ? fs.readFileSync('/proc/self/io', 'utf8') : '';
  const found = /^wchar: (\d+)$/m.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

/** So much room must stay on the disk of a bench: a run that fills it would hurt more than it tells. */
const ROOM_BYTES = 1024 ** 3;

/** True when the disk of that folder has less room than a bench may leave. */
export function diskIsLow(folder: string): boolean {
  const { bavail, bsize } = fs.statfsSync(folder);
  return bavail * bsize < ROOM_BYTES;
}
