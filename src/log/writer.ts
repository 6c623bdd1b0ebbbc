/**
 * The tail of the log and its single writer. Batches are gathered into one buffer; `commitGroup` gives them their place,
 * writes them with one call and syncs once. Nothing is acknowledged before that sync returns.
 *
 * A failed write for want of space is undone and may be tried again with later records. A failed sync, or any other
 * failed write, poisons the writer for good: after it nobody knows what the device holds, and trying again would lie.
 *
 * Owned by one thread. Throws LtlError E_DISK_FULL or E_IO.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Disk } from '../ports/disk.js';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { type StorePaths, segmentPath } from './folder.js';
import { BATCH_HEADER_BYTES, batchSpan, encodeSegmentHeader, FORMAT_VERSION, sealBatch } from './format.js';
import type { Recovered } from './recover.js';

const ALIGN = 8;
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Frames copied by a ring into the group's buffer. */
export interface Filled {
  readonly bytes: number;
  readonly count: number;
  readonly definitions: readonly number[];
}

interface PendingBatch {
  readonly at: number;
  readonly bodyBytes: number;
  readonly count: number;
  readonly ringId: number;
  readonly ticket: number;
  readonly hasDefinitions: boolean;
}

export interface WriterOptions {
  readonly paths: StorePaths;
  readonly disk: Disk;
  readonly logId: string;
  readonly epoch: number;
  readonly segmentBytes: number;
  readonly recovered: Recovered;
}

export class LogWriter {
  readonly #options: WriterOptions;
  readonly #disk: Disk;
  #fd = -1;
  #segmentId: number;
  #segmentSize = 0;
  #offset: number;
  #nextSeq: number;
  #timeMs: number;
  #group: Buffer = Buffer.allocUnsafeSlow(LIMITS.groupBytesMax + 64 * 1024);
  #used = 0;
  #pending: PendingBatch[] = [];
  readonly #definitions: Buffer[];
  /** Definitions of a group that failed: they go first with the next one. */
  #owed: Buffer[] = [];
  #groupDefinitions: Buffer[] = [];
  #poison: LtlError | null = null;
  /** Segments begun from one written ahead, and all begun, since this writer was made. */
  segmentsBegun = 0;
  sparesUsed = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#disk = options.disk;
    const { recovered } = options;
    this.#segmentId = recovered.segmentId;
    this.#offset = recovered.offset;
    this.#nextSeq = recovered.nextSeq;
    this.#timeMs = recovered.timeMs;
    this.#definitions = [...recovered.definitions];
    if (recovered.segmentId > 0)
      this.#openSegment(segmentPath(options.paths, recovered.segmentId), fs.constants.O_RDWR);
  }

  get segmentId(): number {
    return this.#segmentId;
  }
  /** Bytes of the current segment in use. */
  get offset(): number {
    return this.#offset;
  }
  get nextSeq(): number {
    return this.#nextSeq;
  }
  get timeMs(): number {
    return this.#timeMs;
  }
  /** Why the writer refuses for good, or null. */
  get poison(): LtlError | null {
    return this.#poison;
  }
  /** Bytes gathered for the next group. */
  get groupBytes(): number {
    return this.#used;
  }

  /** Gathers one ring's frames: `fill` is given `copy`, which appends bytes to the group. */
  addBatch(
    ringId: number,
    ticket: number,
    fill: (copy: (from: Buffer, start: number, end: number) => void) => Filled,
  ): Filled {
    if (this.#used === 0 && this.#owed.length > 0) this.#addDefinitions(this.#owed);
    const at = this.#used;
    let end = at + BATCH_HEADER_BYTES;
    const filled = fill((from, start, stop) => {
      this.#reserve(end + stop - start + ALIGN);
      from.copy(this.#group, end, start, stop);
      end += stop - start;
    });
    for (const offset of filled.definitions)
      this.#groupDefinitions.push(frameCopy(this.#group, at + BATCH_HEADER_BYTES + offset));
    this.#pending.push({
      at,
      bodyBytes: filled.bytes,
      count: filled.count,
      ringId,
      ticket,
      hasDefinitions: filled.definitions.length > 0,
    });
    this.#used = at + batchSpan(filled.bytes, ALIGN);
    return filled;
  }

  /** Writes and syncs what was gathered; returns the seq of its first record. On an error nothing of it counts as written. */
  commitGroup(nowMs: number): number {
    if (this.#poison !== null) throw this.#poison;
    const first = this.#nextSeq;
    const timeMs = Math.max(nowMs, this.#timeMs);
    try {
      if (this.#fd === -1 || this.#offset + this.#used > Math.max(this.#options.segmentBytes, this.#segmentSize))
        this.#beginSegment(timeMs);
      let seq = first;
      for (const batch of this.#pending) {
        const { at, bodyBytes, count, ringId, ticket, hasDefinitions } = batch;
        const spanBytes = batchSpan(bodyBytes, ALIGN);
        const { epoch } = this.#options;
        sealBatch(this.#group, at, {
          spanBytes,
          bodyBytes,
          count,
          baseSeq: seq,
          timeMs,
          epoch,
          segmentId: this.#segmentId,
          groupOffset: this.#offset,
          ringId,
          ticket,
          hasDefinitions,
        });
        seq += count;
      }
      this.#write(this.#group, this.#used, this.#offset);
      this.#sync();
      this.#offset += this.#used;
      this.#nextSeq = seq;
      this.#timeMs = timeMs;
      this.#definitions.push(...this.#groupDefinitions);
      return first;
    } catch (error) {
      this.#owed = this.#groupDefinitions;
      throw error;
    } finally {
      this.#used = 0;
      this.#pending = [];
      this.#groupDefinitions = [];
    }
  }

  close(): void {
    if (this.#fd !== -1) this.#disk.close(this.#fd);
    this.#fd = -1;
  }

  #addDefinitions(frames: readonly Buffer[]): void {
    const at = this.#used;
    const body = Buffer.concat(frames);
    this.#reserve(at + BATCH_HEADER_BYTES + body.length + ALIGN);
    body.copy(this.#group, at + BATCH_HEADER_BYTES);
    this.#pending.push({ at, bodyBytes: body.length, count: 0, ringId: 0, ticket: 0, hasDefinitions: true });
    this.#groupDefinitions.push(...frames);
    this.#owed = [];
    this.#used = at + batchSpan(body.length, ALIGN);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#group.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, this.#group.length * 2));
    this.#group.copy(larger, 0);
    this.#group = larger;
  }

  /** The next segment: a spare written ahead, else a growing file. Its header and the known shapes are synced with its first group. */
  #beginSegment(timeMs: number): void {
    const { paths, logId, epoch } = this.#options;
    const segmentId = this.#segmentId + 1;
    const file = segmentPath(paths, segmentId);
    const spare = this.#takeSpare(file);
    if (this.#fd !== -1) this.#disk.close(this.#fd);
    this.#fd = -1;
    this.#openSegment(
      file,
      spare ? fs.constants.O_RDWR : fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC,
    );
    const head = encodeSegmentHeader({
      version: FORMAT_VERSION,
      logId,
      epoch,
      baseSeq: this.#nextSeq,
      segmentId,
      createdMs: timeMs,
    });
    const body = Buffer.concat(this.#definitions);
    const span = body.length === 0 ? 0 : batchSpan(body.length, ALIGN);
    const bytes = Buffer.concat([head, Buffer.alloc(span)]);
    if (span > 0) {
      body.copy(bytes, head.length + BATCH_HEADER_BYTES);
      sealBatch(bytes, head.length, {
        spanBytes: span,
        bodyBytes: body.length,
        count: 0,
        baseSeq: this.#nextSeq,
        timeMs,
        epoch,
        segmentId,
        groupOffset: head.length,
        ringId: 0,
        ticket: 0,
        hasDefinitions: true,
      });
    }
    const before = { segmentId: this.#segmentId, offset: this.#offset };
    this.#segmentId = segmentId;
    this.#offset = 0;
    try {
      this.#write(bytes, bytes.length, 0);
      this.#disk.syncFolder(paths.log);
    } catch (error) {
      // The half-made segment goes; the one before stays the tail, so that the next try begins here again.
      this.close();
      this.#disk.remove(file);
      this.#segmentId = before.segmentId;
      this.#offset = before.offset;
      if (before.segmentId > 0) this.#openSegment(segmentPath(paths, before.segmentId), fs.constants.O_RDWR);
      throw error;
    }
    this.#offset = bytes.length;
    this.segmentsBegun += 1;
    if (spare) this.sparesUsed += 1;
  }

  #takeSpare(file: string): boolean {
    const { log } = this.#options.paths;
    const spare = fs.readdirSync(log).find((name) => name.startsWith('spare-') && name.endsWith('.new'));
    if (spare === undefined) return false;
    try {
      this.#disk.rename(path.join(log, spare), file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  #openSegment(file: string, flags: number): void {
    this.#fd = this.#disk.open(file, flags);
    this.#segmentSize = this.#disk.size(this.#fd);
  }

  /** Writes all of it, or undoes what was written and throws. */
  #write(bytes: Buffer, length: number, position: number): void {
    let done = 0;
    try {
      while (done < length) {
        const wrote = this.#disk.write(this.#fd, bytes, done, length - done, position + done);
        // A full disk shows as a short count first, and as an error only at the next call.
        if (wrote === 0) throw Object.assign(new Error('the disk wrote nothing'), { code: 'ENOSPC' });
        done += wrote;
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined || !FULL_CODES.has(code)) throw this.#poisoned('write', error);
      this.#undo(position, done);
      throw new LtlError('E_DISK_FULL', `no space for a group of ${length} bytes (${code})`, { cause: error });
    }
  }

  /** After a failed write: what stands there must never be taken for a batch. */
  #undo(position: number, written: number): void {
    try {
      if (position + written > this.#segmentSize) this.#disk.truncate(this.#fd, Math.max(position, this.#segmentSize));
      const overwritten = Math.min(written, Math.max(0, this.#segmentSize - position));
      if (overwritten > 0) this.#disk.write(this.#fd, Buffer.alloc(overwritten), 0, overwritten, position);
    } catch (error) {
      throw this.#poisoned('undo', error);
    }
  }

  #sync(): void {
    try {
      this.#disk.sync(this.#fd);
    } catch (error) {
      throw this.#poisoned('sync', error);
    }
    this.#segmentSize = Math.max(this.#segmentSize, this.#offset + this.#used);
  }

  #poisoned(what: string, cause: unknown): LtlError {
    const count = this.#pending.reduce((sum, batch) => sum + batch.count, 0);
    const seqs = { inDoubtFrom: this.#nextSeq, inDoubtTo: this.#nextSeq + count };
    const message = `${what} failed (${(cause as Error).message}); seqs ${seqs.inDoubtFrom} to ${seqs.inDoubtTo - 1} are in doubt`;
    this.#poison = new LtlError('E_IO', message, {
      cause,
      details: { ...seqs, segmentId: this.#segmentId, offset: this.#offset },
    });
    return this.#poison;
  }
}

function frameCopy(bytes: Buffer, at: number): Buffer {
  return Buffer.from(bytes.subarray(at, at + 4 + (bytes.readUInt32LE(at) & 0x1ff_ffff)));
}
