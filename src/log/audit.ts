/**
 * Verification in the background, step by step: reads what was written back from the device (past the page cache where the
 * file system allows), checks every batch's checksum and that seqs and segments join without a gap. What is wrong is
 * examined by the common walk, so that the auditor names damage as everybody else does.
 */
import fs from 'node:fs';
import { alignedBuffer } from '../ports/aligned.js';
import { realDisk } from '../ports/disk.js';
import type { Tail } from '../wire/board.js';
import { LIMITS } from '../words/limits.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { baseSeqOf, listSegments, logIdOf, type StorePaths, segmentPath } from './folder.js';
import { BATCH_HEADER_BYTES, batchHolds, readBatchHeader } from './format.js';
import { readKept } from './kept.js';
import type { LogTail } from './reader.js';
import { missingBefore } from './verify.js';
import { SegmentView } from './view.js';
import type { Damage } from './walk.js';

const PAGE_BYTES = 4096;
/** A checkpoint is written so often at most. */
const CHECKPOINT_MS = 1000;

export interface AuditStep {
  readonly damages: readonly Damage[];
  /** There is more to verify. */
  readonly more: boolean;
}

export class Audit {
  readonly #paths: StorePaths;
  #at: { segmentId: number; offset: number; seq: number };
  #fd = -1;
  #isDirect = false;
  #window: Buffer = alignedBuffer(LIMITS.auditStepBytes + PAGE_BYTES * 2);
  #saved: Checkpoint | null;
  #logId: string | null = null;
  #savedMs = 0;
  /** Found at the start, told with the first step. */
  #missing: Damage[];

  constructor(paths: StorePaths) {
    this.#paths = paths;
    this.#saved = readCheckpoint(paths);
    const first = listSegments(paths)[0] ?? 1;
    this.#missing = missingBefore(
      { segmentId: first, baseSeq: this.#startOf(first, 0).seq },
      readKept(paths, logIdOf(paths)),
    );
    const { segmentId, offset, seq } = this.#saved ?? { segmentId: 0, offset: 0, seq: 0 };
    this.#at = segmentId < first ? this.#startOf(first, 0) : { segmentId, offset, seq };
  }

  /** All records below are verified. */
  get verifiedSeq(): number {
    return this.#at.seq;
  }

  /** Verifies at most `auditStepBytes`, or one batch. */
  step(tail: LogTail): AuditStep {
    if (this.#missing.length > 0) return { damages: this.#missing.splice(0), more: true };
    const isTail = this.#at.segmentId >= tail.segmentId;
    if (isTail && this.#at.offset >= tail.offset) {
      // A checkpoint ahead of the log speaks of another one.
      if (this.#at.segmentId > tail.segmentId || this.#at.seq > tail.nextSeq)
        this.#enter(listSegments(this.#paths)[0] ?? 1);
      return { damages: [], more: false };
    }
    if (!fs.existsSync(segmentPath(this.#paths, this.#at.segmentId))) {
      const { segmentId, seq } = this.#at;
      const isDropped = segmentId < readKept(this.#paths, logIdOf(this.#paths)).segmentId;
      this.#enter(Math.max(segmentId + 1, listSegments(this.#paths)[0] ?? 1));
      const missing: Damage = { segmentId, offset: 0, bytes: 0, seqFrom: seq, seqTo: null, what: 'segment' };
      return { damages: isDropped ? [] : [missing], more: true };
    }
    const endSeq = isTail ? tail.nextSeq : baseSeqOf(this.#paths, this.#at.segmentId + 1);
    if (this.#verifyWindow(isTail ? tail.offset : Number.MAX_SAFE_INTEGER, endSeq ?? Infinity))
      return { damages: [], more: true };
    if (endSeq === this.#at.seq && !isTail) {
      this.#enter(this.#at.segmentId + 1);
      return { damages: [], more: true };
    }
    return {
      damages: this.#examine(isTail ? tail.offset : Number.MAX_SAFE_INTEGER, endSeq ?? this.#at.seq, isTail),
      more: true,
    };
  }

  /** Keeps how far it has got, and where the durable log ends, now and then, or `always`. */
  checkpoint(tail: Tail, always: boolean = false): void {
    const { segmentId, offset, seq } = this.#at;
    const saved = this.#saved;
    if (saved?.seq === seq && saved.durable.segmentId === tail.segmentId && saved.durable.offset === tail.offset)
      return;
    if (tail.nextSeq === 0 || (!always && performance.now() - this.#savedMs < CHECKPOINT_MS)) return;
    this.#logId ??= logIdOf(this.#paths);
    if (this.#logId === null) return;
    this.#saved = { segmentId, offset, seq, durable: { logId: this.#logId, ...tail } };
    this.#savedMs = performance.now();
    writeCheckpoint(this.#paths, this.#saved);
  }

  close(tail: Tail): void {
    this.checkpoint(tail, true);
    if (this.#fd !== -1) fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  /** `seq`: where it must begin, if it does not say. */
  #startOf(segmentId: number, seq: number): { segmentId: number; offset: number; seq: number } {
    return { segmentId, offset: LIMITS.segmentDataOffset, seq: baseSeqOf(this.#paths, segmentId) ?? seq };
  }

  #enter(segmentId: number): void {
    if (this.#fd !== -1) fs.closeSync(this.#fd);
    this.#fd = -1;
    this.#at = this.#startOf(segmentId, this.#at.seq);
  }

  /** Goes over whole, good batches from where it stands; false when there was none. */
  #verifyWindow(endOffset: number, endSeq: number): boolean {
    const from = this.#at.offset;
    let { start, end } = this.#read(from, Math.min(endOffset, from + LIMITS.auditStepBytes));
    let moved = false;
    for (let again = true; ; ) {
      const { segmentId, offset, seq } = this.#at;
      const at = start + offset - from;
      const header = readBatchHeader(this.#window.subarray(0, end), at, segmentId, offset);
      if (header === null || header.baseSeq !== seq || seq + header.count > endSeq) return moved;
      if (at + header.spanBytes > end) {
        if (moved || !again) return moved;
        again = false;
        ({ start, end } = this.#read(from, from + header.spanBytes));
        continue;
      }
      if (!batchHolds(this.#window, at, header)) return moved;
      this.#at = { segmentId, offset: offset + header.spanBytes, seq: seq + header.count };
      moved = true;
      if (this.#at.offset + BATCH_HEADER_BYTES > endOffset) return moved;
    }
  }

  /** Reads `[from, to)` of the segment into the window; where it stands there. Reads whole pages, as direct reading asks. */
  #read(from: number, to: number): { start: number; end: number } {
    if (this.#fd === -1) this.#open();
    const first = Math.floor(from / PAGE_BYTES) * PAGE_BYTES;
    const length = Math.ceil((to - first) / PAGE_BYTES) * PAGE_BYTES;
    if (length > this.#window.length) this.#window = alignedBuffer(length);
    let done = 0;
    while (done < length) {
      const read = this.#readAt(done, length - done, first + done);
      if (read === 0) break;
      done += read;
    }
    return { start: from - first, end: Math.min(done, to - first) };
  }

  #readAt(at: number, length: number, position: number): number {
    try {
      return fs.readSync(this.#fd, this.#window, at, length, position);
    } catch (error) {
      if (!this.#isDirect || (error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
      // This file system has no direct reading after all.
      fs.closeSync(this.#fd);
      this.#fd = fs.openSync(segmentPath(this.#paths, this.#at.segmentId), 'r');
      this.#isDirect = false;
      return fs.readSync(this.#fd, this.#window, at, length, position);
    }
  }

  #open(): void {
    const file = segmentPath(this.#paths, this.#at.segmentId);
    const { O_RDONLY, O_DIRECT } = fs.constants;
    try {
      this.#fd = fs.openSync(file, O_RDONLY | (O_DIRECT ?? 0));
      this.#isDirect = O_DIRECT !== undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
      this.#fd = fs.openSync(file, O_RDONLY);
      this.#isDirect = false;
    }
  }

  /** Something is wrong from here on: the common walk says what, and the audit goes on behind it. */
  #examine(endOffset: number, endSeq: number, isTail: boolean): Damage[] {
    const { segmentId, offset, seq } = this.#at;
    const view = new SegmentView({
      paths: this.#paths,
      disk: realDisk,
      segmentId,
      logId: logIdOf(this.#paths),
      baseSeqElse: () => seq,
      onDefinition: () => undefined,
    });
    view.extend(endOffset, endSeq);
    const found = view.damages.filter((damage) => damage.offset >= offset || damage.what === 'header');
    // The page cache may hold what the device has lost.
    const own: Damage = { segmentId, offset, bytes: 0, seqFrom: seq, seqTo: seq, what: 'batch' };
    if (isTail) this.#at = { segmentId, offset: endOffset, seq: endSeq };
    else this.#enter(segmentId + 1);
    // Where the next segment is missing, that is what will be told.
    const isNextThere = isTail || fs.existsSync(segmentPath(this.#paths, segmentId + 1));
    return found.length > 0 || !isNextThere ? found : [own];
  }
}
