/**
 * Whether the catalog's file may be opened at all. LMDB maps its file and believes it: a file that was cut, overwritten or
 * only half written before a power cut would not give an error but end the process, or miss records without a word. So the
 * indexer leaves a seal beside it, and a file that does not fit its seal is thrown away and built anew from the log.
 *
 * After every commit the seal names size and time of change of the file and the boot it happened in: enough when a process
 * was killed, because the page cache outlives it. At an orderly end it gets a checksum of the whole file, which holds across
 * boots and copies.
 */
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';

interface Seal {
  readonly version: number;
  readonly logId: string;
  readonly boot: string | null;
  readonly size: string;
  readonly changedNs: string;
  /** Of the whole file; null while it is in use. */
  readonly crc: number | null;
}

/** Changes when entries are written in another way: an older catalog is then built anew. */
const VERSION = 1;
const CHUNK_BYTES = 1024 * 1024;

const sealPath = (folder: string): string => path.join(folder, 'seal.json');
const catalogDataPath = (folder: string): string => path.join(folder, 'data.mdb');

/** Why the catalog in `folder` must not be opened; null when it may be. `absent` when there is none. */
export function sealFault(folder: string, logId: string, boot: string | null): string | null {
  const seal = readSeal(folder);
  const stat = statOf(folder);
  if (stat === null) return 'absent';
  if (seal === null) return 'its seal is missing or unreadable';
  if (seal.version !== VERSION) return 'it was written by another version';
  if (seal.logId !== logId) return 'it belongs to another log';
  if (String(stat.size) !== seal.size) return 'its size has changed';
  if (seal.crc !== null) return crcOf(folder) === seal.crc ? null : 'its checksum does not hold';
  if (boot === null || seal.boot !== boot) return 'the system was restarted before it was sealed';
  return String(stat.mtimeNs) === seal.changedNs ? null : 'it was changed from outside';
}

/** Seals the catalog as it is now. `whole`: with a checksum, when it will not be written any more. */
export function writeSeal(folder: string, logId: string, boot: string | null, whole: boolean): void {
  const stat = statOf(folder);
  if (stat === null) return;
  const seal: Seal = {
    version: VERSION,
    logId,
    boot,
    size: String(stat.size),
    changedNs: String(stat.mtimeNs),
    crc: whole ? crcOf(folder) : null,
  };
  fs.writeFileSync(sealPath(folder), JSON.stringify(seal));
}

/** Takes the seal away: the catalog is not to be opened again. */
export function breakSeal(folder: string): void {
  fs.rmSync(sealPath(folder), { force: true });
}

function readSeal(folder: string): Seal | null {
  try {
    const seal: unknown = JSON.parse(fs.readFileSync(sealPath(folder), 'utf8'));
    return typeof seal === 'object' && seal !== null ? (seal as Seal) : null;
  } catch {
    // Missing, cut short or not JSON: all mean the same, that nobody vouches for the catalog.
    return null;
  }
}

function statOf(folder: string): fs.BigIntStats | null {
  return fs.statSync(catalogDataPath(folder), { bigint: true, throwIfNoEntry: false }) ?? null;
}

function crcOf(folder: string): number {
  const fd = fs.openSync(catalogDataPath(folder), 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let crc = 0;
    for (;;) {
      const read = fs.readSync(fd, chunk, 0, CHUNK_BYTES, null);
      if (read === 0) return crc;
      crc = crc32(chunk.subarray(0, read), crc);
    }
  } finally {
    fs.closeSync(fd);
  }
}
