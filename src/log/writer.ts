/**
 * The tail of the log and its single writer. Batches are gathered into one buffer; `commitGroup` gives them their place,
 * writes them with one call and syncs once. Nothing is acknowledged before that sync returns.
 *
 * A failed write for want of space is undone and may be tried again with later records. A failed sync, or any other
 * failed write, poisons the writer for good: after it nobody knows what the device holds, and trying again would lie.
 *
 * Owned by one thread. Throws LtlError E_DISK_FULL or E_IO.
 */
import { alignedBuffer } from '../ports/aligned.js';
import type { Disk } from '../ports/disk.js';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { type StorePaths, segmentPath } from './folder.js';
import { BATCH_HEADER_BYTES, batchSpan, encodeSegmentHeader, FORMAT_VERSION, sealBatch } from './format.js';
import type { Recovered } from './recover.js';
import { isDiskFull, PAGE_BYTES, SegmentFile } from './segment-file.js';
import { isSpareName } from './spare-name.js';

const ALIGN = 8;
/** While the file grows, a spare is looked for before one group in so many: looking costs as much as writing one. */
const GROWING_GROUPS = 16;

/** Frames copied by a ring into the group's buffer. */
export interface Filled {
  readonly bytes: number;
  readonly count: number;
  /** Where the definitions among them stand. */
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
  /** `direct`: segments written ahead are written past the page cache, each write durable when it returns. */
  readonly way?: 'buffered' | 'direct';
  /** How far a growing segment is filled with zeros ahead of small groups; 0: not at all. Default LIMITS.writeAheadBytes. */
  readonly writeAheadBytes?: number;
}

export class LogWriter {
  readonly #options: WriterOptions;
  readonly #disk: Disk;
  #file: SegmentFile | null = null;
  #segmentId: number;
  #offset: number;
  /** Where the next group's first byte that was never synced stands: its batches and a new segment's own are one group. */
  #groupOffset: number;
  /** The segment takes nothing more. */
  #full: boolean;
  #nextSeq: number;
  #timeMs: number;
  #group: Buffer = alignedBuffer(LIMITS.groupBytesMax + 64 * 1024);
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
  #growingGroups = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#disk = options.disk;
    const { recovered } = options;
    this.#segmentId = recovered.segmentId;
    this.#offset = recovered.offset;
    this.#groupOffset = recovered.offset;
    this.#full = recovered.full || recovered.segmentId === 0;
    this.#nextSeq = recovered.nextSeq;
    this.#timeMs = recovered.timeMs;
    this.#definitions = [...recovered.definitions];
    if (options.epoch < recovered.epoch)
      throw new Error(`a writer of epoch ${options.epoch} cannot follow one of epoch ${recovered.epoch}`);
    if (!this.#full) this.#file = SegmentFile.open(this.#disk, segmentPath(options.paths, recovered.segmentId));
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
  /** How the present segment is written. */
  get way(): 'direct' | 'buffered' | 'growing' {
    if (this.#file?.isDirect === true) return 'direct';
    return (this.#file?.size ?? 0) > this.#offset ? 'buffered' : 'growing';
  }
  /** Bytes gathered for the next group. */
  get groupBytes(): number {
    return this.#used;
  }

  /**
   * Gathers frames of one ring as one batch: `fill` is given `copy`, which appends bytes to the group. A ring may have several
   * batches in a group, one after the other.
   */
  addBatch(
    ringId: number,
    ticket: number,
    fill: (copy: (from: Buffer, start: number, end: number) => void) => Filled,
  ): Filled {
    if (this.#used === 0 && this.#owed.length > 0) this.#addDefinitions(this.#owed);
    const at = this.#used;
    let end = at + BATCH_HEADER_BYTES;
    this.#reserve(end + ALIGN);
    const filled = fill((from, start, stop) => {
      this.#reserve(end + stop - start + ALIGN);
      from.copy(this.#group, end, start, stop);
      end += stop - start;
    });
    if (filled.bytes === 0) return filled;
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

  /** A shape definition whose group was refused: it goes first with the next group. */
  owe(frames: Buffer, offset: number): void {
    this.#owed.push(frameCopy(frames, offset));
  }

  /** Writes and syncs what was gathered; returns the seq of its first record. On an error nothing of it counts as written. */
  commitGroup(nowMs: number): number {
    if (this.#poison !== null) throw this.#poison;
    const first = this.#nextSeq;
    const timeMs = Math.max(nowMs, this.#timeMs);
    try {
      const file = this.#fileFor(timeMs);
      if (file.isDirect) this.#fillPage();
      let seq = first;
      for (const [index, batch] of this.#pending.entries()) {
        const { at, bodyBytes, count, ringId, ticket, hasDefinitions } = batch;
        const spanBytes = (this.#pending[index + 1]?.at ?? this.#used) - at;
        const { epoch } = this.#options;
        sealBatch(this.#group, at, this.#offset + at, {
          spanBytes,
          bodyBytes,
          count,
          baseSeq: seq,
          timeMs,
          epoch,
          segmentId: this.#segmentId,
          groupOffset: this.#groupOffset,
          ringId,
          ticket,
          hasDefinitions,
        });
        seq += count;
      }
      this.#attempt(() => {
        const end = this.#offset + this.#used;
        file.write(this.#group, this.#used, this.#offset);
        if (file.size < end) this.#growAhead(file, end);
        file.sync(end);
      });
      this.#offset += this.#used;
      this.#groupOffset = this.#offset;
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
    this.#file?.close();
    this.#file = null;
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

  /** The last batch of a direct group goes to the end of its page. */
  #fillPage(): void {
    this.#used = Math.ceil(this.#used / PAGE_BYTES) * PAGE_BYTES;
    this.#reserve(this.#used);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#group.length) return;
    const larger = alignedBuffer(Math.max(bytes, this.#group.length * 2));
    this.#group.copy(larger, 0);
    this.#group = larger;
  }

  /** Small groups get room for those after them, in the same sync. */
  #growAhead(file: SegmentFile, end: number): void {
    const { segmentBytes, writeAheadBytes } = this.#options;
    const ahead = writeAheadBytes ?? LIMITS.writeAheadBytes;
    if (ahead === 0 || file.isDirect || this.#used > LIMITS.writeAheadGroupBytes || !file.canGrowAhead) return;
    const to = Math.min(segmentBytes, Math.ceil((end + ahead) / PAGE_BYTES) * PAGE_BYTES);
    if (to > end) file.writeAhead(end, to);
  }

  /** The present segment's file while there is room for the group, else the next one's. */
  #fileFor(timeMs: number): SegmentFile {
    const file = this.#full ? null : this.#file;
    const hasRoom = file !== null && this.#offset + this.#used <= Math.max(this.#options.segmentBytes, file.size);
    return hasRoom && !this.#isSpareBetter(file) ? file : this.#beginSegment(timeMs);
  }

  /** A file that still grows is left as soon as there is a spare, in which a sync takes little more than half the time. */
  #isSpareBetter(file: SegmentFile): boolean {
    if (file.size > this.#offset) return false;
    this.#growingGroups += 1;
    if (this.#growingGroups % GROWING_GROUPS !== 0) return false;
    return this.#disk.list(this.#options.paths.log).some(isSpareName);
  }

  /** The next segment: a spare written ahead, else a growing file. Its header and the known shapes are synced with its first group. */
  #beginSegment(timeMs: number): SegmentFile {
    const { paths, way } = this.#options;
    const segmentId = this.#segmentId + 1;
    const name = segmentPath(paths, segmentId);
    const file = this.#attempt(() => SegmentFile.begin(this.#disk, name, way ?? 'buffered'));
    const bytes = this.#segmentHead(segmentId, timeMs, file.isDirect);
    try {
      this.#attempt(() => {
        // The name first: a spare that holds a header already must not be found as a spare after a power cut.
        this.#disk.syncFolder(paths.log);
        file.write(bytes, bytes.length, 0);
      });
    } catch (error) {
      // The half-made segment goes; the one before stays the tail, so that the next try begins here again.
      this.#attempt(() => {
        file.close();
        this.#disk.remove(name);
      });
      throw error;
    }
    this.#file?.close();
    this.#file = file;
    this.#segmentId = segmentId;
    this.#full = false;
    this.#offset = bytes.length;
    this.#groupOffset = LIMITS.segmentDataOffset;
    this.segmentsBegun += 1;
    if (file.isSpare) this.sparesUsed += 1;
    return file;
  }

  /** A segment's header, and all shapes known so far in a batch of their own. */
  #segmentHead(segmentId: number, timeMs: number, isDirect: boolean): Buffer {
    const { logId, epoch } = this.#options;
    const baseSeq = this.#nextSeq;
    const head = encodeSegmentHeader({
      version: FORMAT_VERSION,
      logId,
      epoch,
      baseSeq,
      segmentId,
      createdMs: timeMs,
    });
    const body = Buffer.concat(this.#definitions);
    const spanBytes = body.length === 0 ? 0 : batchSpan(body.length, isDirect ? PAGE_BYTES : ALIGN);
    const bytes = alignedBuffer(head.length + spanBytes).subarray(0, head.length + spanBytes);
    head.copy(bytes);
    if (body.length === 0) return bytes;
    body.copy(bytes, head.length + BATCH_HEADER_BYTES);
    sealBatch(bytes, head.length, head.length, {
      spanBytes,
      bodyBytes: body.length,
      count: 0,
      baseSeq,
      timeMs,
      epoch,
      segmentId,
      groupOffset: head.length,
      ringId: 0,
      ticket: 0,
      hasDefinitions: true,
    });
    return bytes;
  }

  /** Runs disk calls: want of space is E_DISK_FULL and may pass, any other failure is for good. */
  #attempt<Result>(call: () => Result): Result {
    try {
      return call();
    } catch (error) {
      if (!isDiskFull(error)) throw this.#poisoned(error);
      const { code } = error as NodeJS.ErrnoException;
      throw new LtlError('E_DISK_FULL', `no space for a group of ${this.#used} bytes (${code})`, { cause: error });
    }
  }

  #poisoned(cause: unknown): LtlError {
    const count = this.#pending.reduce((sum, batch) => sum + batch.count, 0);
    const seqs = { inDoubtFrom: this.#nextSeq, inDoubtTo: this.#nextSeq + count };
    const message = `the disk failed (${(cause as Error).message}); seqs ${seqs.inDoubtFrom} to ${seqs.inDoubtTo - 1} are in doubt`;
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
