/**
 * The end of the log, found in the files alone: for a process that only reads, beside the writer in another process or
 * without any. The last segment is walked and its checksums are checked; `refresh` looks again and costs two system calls
 * when nothing was written since.
 *
 * What the page cache shows may not be on the disk yet. So new batches are synced by this process too, and read once more,
 * before they count: a record that was seen is not taken back, neither by a power cut nor by a writer whose disk got full in
 * the middle of a group.
 */
import fs from 'node:fs';
import { LIMITS } from '../words/limits.js';
import { knownDurable } from './checkpoint.js';
import { listSegments, logIdOf, readSegmentHeader, type StorePaths, segmentPath } from './folder.js';
import { BATCH_HEADER_BYTES, readBatchHeader } from './format.js';
import type { LogTail } from './reader.js';
import { type WalkState, walkStart, walkStep } from './walk.js';

/** How much is read ahead at once; a larger batch is read whole. */
const WINDOW_BYTES = 1024 * 1024;

export class FileTail {
  readonly #paths: StorePaths;
  #fd = -1;
  #bytes: Buffer = Buffer.alloc(0);
  #state: WalkState = walkStart(0, 0);
  #tail: LogTail = { nextSeq: 0, segmentId: 0, offset: 0 };

  /** Throws E_FORMAT when the last segment is of a newer format. */
  constructor(paths: StorePaths) {
    this.#paths = paths;
    for (const segmentId of listSegments(paths).reverse()) if (this.#enter(segmentId)) break;
    const known = knownDurable(paths);
    // Less is there than was durable once: the rest is damaged, and readers that come to it say so.
    if (known !== null && known.nextSeq > this.#tail.nextSeq && isOfLog(paths, known.logId)) this.#tail = known;
  }

  /** The end as it was when last looked at. */
  readonly tail = (): LogTail => this.#tail;

  /** Looks again. True when there is more than before. */
  refresh(): boolean {
    const before = this.#tail.nextSeq;
    if (this.#fd !== -1) this.#advance();
    let next = this.#state.segmentId === 0 ? (listSegments(this.#paths)[0] ?? 1) : this.#state.segmentId + 1;
    while (this.#enter(next)) next += 1;
    // A segment whose first batch is damaged is passed by as soon as there is one after it: readers report the damage.
    if (fs.existsSync(segmentPath(this.#paths, next + 1))) this.#enter(next + 1);
    return this.#tail.nextSeq > before;
  }

  close(): void {
    if (this.#fd !== -1) fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Goes on to a segment if it holds a batch. One that does not may be taken back by its writer and begun again. */
  #enter(segmentId: number): boolean {
    let fd: number;
    try {
      fd = fs.openSync(segmentPath(this.#paths, segmentId), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return false;
    }
    const before = { fd: this.#fd, bytes: this.#bytes, state: this.#state };
    const header = readSegmentHeader(this.#paths, segmentId);
    this.#fd = fd;
    this.#bytes = Buffer.alloc(0);
    this.#state = walkStart(segmentId, header?.baseSeq ?? null);
    if (this.#advance()) {
      if (before.fd !== -1) fs.closeSync(before.fd);
      return true;
    }
    fs.closeSync(fd);
    this.#fd = before.fd;
    this.#bytes = before.bytes;
    this.#state = before.state;
    return false;
  }

  /** Walks over what was written after the known end. True when there was something. */
  #advance(): boolean {
    const { segmentId } = this.#state;
    const walked: WalkState = { ...this.#state };
    const from = walked.offset;
    // Only the first look at the log searches for batches behind bytes that are none: while following, those are free room.
    if (this.#tail.segmentId === 0) this.#walk(walked, this.#read(from, Number.MAX_SAFE_INTEGER));
    else
      for (let offset = -1; offset !== walked.offset; ) {
        offset = walked.offset;
        const end = this.#read(offset, BATCH_HEADER_BYTES);
        const header = readBatchHeader(this.#bytes.subarray(0, end), offset, segmentId);
        if (header !== null) this.#walk(walked, this.#read(offset, Math.max(WINDOW_BYTES, header.spanBytes)));
      }
    if (walked.offset === from || !this.#settled(from, walked.offset)) return false;
    this.#state = walked;
    this.#tail = { nextSeq: walked.nextSeq, segmentId, offset: walked.offset };
    return true;
  }

  #walk(state: WalkState, end: number): void {
    const bytes = this.#bytes.subarray(0, end);
    while (walkStep(bytes, end, state, true).kind !== 'end');
  }

  /** True when the bytes are on the disk and still the same. */
  #settled(from: number, to: number): boolean {
    syncForReader(this.#fd);
    const seen = Buffer.from(this.#bytes.subarray(from, to));
    return this.#read(from, to - from) >= to && seen.equals(this.#bytes.subarray(from, to));
  }

  /** Reads `length` bytes from `from` on, as far as there are any; returns the end of what stands in the buffer. */
  #read(from: number, length: number): number {
    const end = Math.min(from + length, fs.fstatSync(this.#fd).size);
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, LIMITS.segmentBytes, this.#bytes.length * 2));
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    let at = from;
    while (at < end) {
      const read = fs.readSync(this.#fd, this.#bytes, at, end - at, at);
      if (read === 0) break;
      at += read;
    }
    return at;
  }
}

/** False when the segments say that they are of another log. */
function isOfLog(paths: StorePaths, logId: string): boolean {
  const found = logIdOf(paths);
  return found === null || found === logId;
}

/** What the system says where only a writer may sync, or where there is nothing to sync because nothing can be written. */
const NO_SYNC: ReadonlySet<string | undefined> = new Set(['EPERM', 'EACCES', 'EINVAL', 'EROFS']);

function syncForReader(fd: number): void {
  try {
    fs.fdatasyncSync(fd);
  } catch (error) {
    if (!NO_SYNC.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}
