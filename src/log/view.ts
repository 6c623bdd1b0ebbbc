/**
 * One segment in memory, verified: frames by seq in O(1). A view of the tail's segment grows as the log does. Every body is
 * checked once, when it is first read; a record in a damaged batch is a named error, never wrong data.
 */
import fs from 'node:fs';
import type { Disk } from '../ports/disk.js';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { readSegmentHeader, type StorePaths, segmentPath } from './folder.js';
import {
  BATCH_HEADER_BYTES,
  type BatchHeader,
  FRAME,
  frameBytes,
  frameKind,
  framePayloadBytes,
  framePriority,
} from './format.js';
import { readBytes } from './read-bytes.js';
import { type Damage, type WalkState, walkStart, walkStep } from './walk.js';

/** A frame's place: `bytes[start, end)` is its payload. */
export interface FrameAt {
  readonly bytes: Buffer;
  /** Where the whole frame begins, word included. */
  readonly frameStart: number;
  readonly start: number;
  readonly end: number;
  readonly kind: number;
  readonly shapeId: number;
  readonly pr: number;
  readonly timeMs: number;
}

/** A `FrameAt` that is filled again and again, so that reading a record allocates nothing for its place. */
export type FramePlace = { -readonly [Field in keyof FrameAt]: FrameAt[Field] };

export const framePlace = (): FramePlace => ({
  bytes: NO_BYTES,
  frameStart: 0,
  start: 0,
  end: 0,
  kind: 0,
  shapeId: 0,
  pr: 0,
  timeMs: 0,
});

const NO_BYTES = Buffer.alloc(0);
const NO_ENTRIES = new Uint32Array(0);

/** One batch of a view. */
export interface BatchAt {
  readonly offset: number;
  readonly baseSeq: number;
  readonly count: number;
  readonly timeMs: number;
}

/** Which segment, and what is known of it from elsewhere. */
export interface SegmentSource {
  readonly paths: StorePaths;
  readonly disk: Disk;
  readonly segmentId: number;
  /** Which log it must belong to; null when nobody knows. */
  readonly logId: string | null;
  /** The first seq of a segment of which nothing can be read. */
  readonly baseSeqElse: () => number;
  readonly onDefinition: (payload: Buffer) => void;
  /** Of an earlier view; without it the view asks for its own. */
  readonly memory?: ViewMemory | undefined;
}

/** What a view needs much of: handed from one that is done with to the next, it need not be collected and asked for again. */
export interface ViewMemory {
  readonly bytes: Buffer;
  readonly entries: Uint32Array;
}

const newMemory = (): ViewMemory => ({ bytes: NO_BYTES, entries: new Uint32Array(8192) });

export class SegmentView {
  readonly segmentId: number;
  readonly baseSeq: number;
  /** For the reader: when it was last used, in uses of any view. */
  lastUse = 0;
  /** How many records of it were asked for one by one, lately. */
  located = 0;
  readonly damages: Damage[] = [];
  /** Batches in order; damaged stretches are not among them. */
  readonly batches: BatchAt[] = [];
  readonly #paths: StorePaths;
  readonly #disk: Disk;
  readonly #onDefinition: (payload: Buffer) => void;
  readonly #state: WalkState;
  /** It belongs to another log: nothing of it is read. */
  readonly #foreign: boolean;
  #bytes: Buffer;
  #filled = 0;
  /** Two words a record, by (seq - baseSeq): where its frame is, 0 for a damaged record, and the index of its batch. */
  #entries: Uint32Array;

  /** Throws what opening the file throws (ENOENT), and E_FORMAT for a newer version. */
  constructor(source: SegmentSource) {
    const { paths, disk, segmentId, logId } = source;
    this.#paths = paths;
    this.#disk = disk;
    this.#onDefinition = source.onDefinition;
    const { bytes, entries } = source.memory ?? newMemory();
    this.#bytes = bytes;
    this.#entries = entries.fill(0);
    this.segmentId = segmentId;
    const header = readSegmentHeader(paths, segmentId, disk);
    this.#foreign = header !== null && logId !== null && header.logId !== logId;
    if (header !== null && !this.#foreign) this.baseSeq = header.baseSeq;
    else {
      this.baseSeq = (this.#foreign ? null : this.#firstSeq()) ?? source.baseSeqElse();
      const { baseSeq } = this;
      this.damages.push({
        segmentId,
        offset: 0,
        bytes: BATCH_HEADER_BYTES,
        seqFrom: baseSeq,
        seqTo: baseSeq,
        what: 'header',
      });
    }
    this.#state = walkStart(segmentId, this.baseSeq);
  }

  /** The seq after the last one this view knows of. */
  get nextSeq(): number {
    return this.#state.nextSeq;
  }
  /** Where the walk stands: the end of the last batch. */
  get offset(): number {
    return this.#state.offset;
  }
  /** Memory held. */
  get bytesHeld(): number {
    return this.#bytes.length + this.#entries.byteLength;
  }

  /** Gives its memory to another view. This one, and every place that it gave, must not be used after. */
  takeMemory(): ViewMemory {
    const memory = { bytes: this.#bytes, entries: this.#entries };
    this.#bytes = NO_BYTES;
    this.#entries = NO_ENTRIES;
    return memory;
  }

  /**
   * Reads and checks what there is below `endOffset`. `endSeq`: where the log goes on elsewhere, or ends; what is missing
   * below it is damage, what stands behind it was refused. Null when nobody knows.
   */
  extend(endOffset: number, endSeq: number | null): void {
    this.#fill(endOffset);
    const end = Math.min(endOffset, this.#filled);
    this.#state.durable = end;
    this.#state.endSeq = endSeq ?? Infinity;
    for (;;) {
      const step = walkStep(this.#bytes, end, this.#state, true);
      if (step.kind === 'batch') this.#addBatch(step.offset, step.header);
      else if (step.kind === 'damage') this.#addDamage(step.damage);
      else break;
    }
    if (endSeq !== null && this.#state.nextSeq < endSeq) {
      const { offset, nextSeq } = this.#state;
      this.#addDamage({
        segmentId: this.segmentId,
        offset,
        bytes: Math.max(0, end - offset),
        seqFrom: nextSeq,
        seqTo: endSeq,
        what: 'batch',
      });
      this.#state.nextSeq = endSeq;
      this.#state.offset = Math.max(end, offset);
    }
  }

  /** The frame of `seq`, which must be below `nextSeq`. Throws E_DAMAGED. */
  frame(seq: number): FrameAt {
    const place = framePlace();
    this.locate(seq, place);
    return place;
  }

  /** The same into a place that the caller keeps. */
  locate(seq: number, place: FramePlace): void {
    const index = seq - this.baseSeq;
    const frameStart = this.#entries[index * 2] ?? 0;
    if (frameStart === 0) throw this.#damaged(seq);
    placeFrame(this.#bytes, frameStart, this.batches[this.#entries[index * 2 + 1] ?? 0]?.timeMs ?? 0, place);
  }

  /** True when `seq` lies in a damaged stretch. */
  isDamaged(seq: number): boolean {
    return (this.#entries[(seq - this.baseSeq) * 2] ?? 0) === 0;
  }

  /** The batch that holds `seq`, or null where it is damaged. */
  batchAt(seq: number): BatchAt | null {
    return this.isDamaged(seq) ? null : (this.batches[this.#entries[(seq - this.baseSeq) * 2 + 1] ?? 0] ?? null);
  }

  /** The first seq in this view whose time is at least `timeMs`, or `nextSeq`. */
  seqAtTime(timeMs: number): number {
    let low = 0;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.batches[middle]?.timeMs ?? 0) < timeMs) low = middle + 1;
      else high = middle;
    }
    return this.batches[low]?.baseSeq ?? this.nextSeq;
  }

  #damaged(seq: number): LtlError {
    const damage = this.damages.find((one) => one.seqFrom <= seq && (one.seqTo === null || seq < one.seqTo));
    const place = `segment ${this.segmentId}, offset ${damage?.offset ?? 0}`;
    return new LtlError('E_DAMAGED', `record ${seq} is damaged (${place})`, {
      details: { seq, segmentId: this.segmentId, offset: damage?.offset ?? null },
    });
  }

  #fill(endOffset: number): void {
    if (this.#foreign || endOffset <= this.#filled) return;
    const fd = this.#disk.open(segmentPath(this.#paths, this.segmentId), fs.constants.O_RDONLY);
    try {
      const end = Math.min(endOffset, this.#disk.size(fd));
      if (end > this.#bytes.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(end, Math.min(LIMITS.segmentBytes, this.#bytes.length * 2)));
        this.#bytes.copy(larger, 0, 0, this.#filled);
        this.#bytes = larger;
      }
      this.#filled = readBytes(this.#disk, fd, this.#bytes, this.#filled, end);
    } finally {
      this.#disk.close(fd);
    }
  }

  /** The seq of the first batch that can be read, for a segment without a header. */
  #firstSeq(): number | null {
    this.#fill(Number.MAX_SAFE_INTEGER);
    const probe = walkStart(this.segmentId, null, this.#filled);
    const first = walkStep(this.#bytes, this.#filled, probe, false);
    if (first.kind === 'end') return null;
    return first.kind === 'batch' ? first.header.baseSeq : first.damage.seqFrom;
  }

  #addBatch(offset: number, header: BatchHeader): void {
    const batchIndex = this.batches.length;
    this.batches.push({ offset, baseSeq: header.baseSeq, count: header.count, timeMs: header.timeMs });
    this.#reserve(header.baseSeq + header.count - this.baseSeq);
    const bytes = this.#bytes;
    const end = offset + BATCH_HEADER_BYTES + header.bodyBytes;
    let index = header.baseSeq - this.baseSeq;
    for (let at = offset + BATCH_HEADER_BYTES; at < end; ) {
      const word = bytes.readUInt32LE(at);
      const length = frameBytes(word);
      if (frameKind(word) === FRAME.definition) {
        this.#onDefinition(bytes.subarray(at + 4, at + length));
      } else {
        this.#entries[index * 2] = at;
        this.#entries[index * 2 + 1] = batchIndex;
        index += 1;
      }
      at += length;
    }
  }

  #addDamage(damage: Damage): void {
    this.damages.push(damage);
    if (damage.seqTo !== null) this.#reserve(damage.seqTo - this.baseSeq);
  }

  #reserve(count: number): void {
    if (count * 2 <= this.#entries.length) return;
    const entries = new Uint32Array(Math.max(count * 2, this.#entries.length * 2));
    entries.set(this.#entries);
    this.#entries = entries;
  }
}

/** Takes the frame at `frameStart` apart. */
export function placeFrame(bytes: Buffer, frameStart: number, timeMs: number, place: FramePlace): void {
  const word = bytes.readUInt32LE(frameStart);
  const kind = frameKind(word);
  const shaped = kind === FRAME.shaped;
  const start = frameStart + (shaped ? 6 : 4);
  // Mostly the same as before, and then not worth a write barrier.
  if (place.bytes !== bytes) place.bytes = bytes;
  place.frameStart = frameStart;
  place.start = start;
  place.end = start + framePayloadBytes(word);
  place.kind = kind;
  place.shapeId = shaped ? bytes.readUInt16LE(frameStart + 4) : 0;
  place.pr = framePriority(word);
  place.timeMs = timeMs;
}
