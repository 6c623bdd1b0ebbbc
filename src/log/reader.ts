/**
 * Reads the log by seq and by time, in any thread or process, beside its one writer. Verified segments are kept in memory
 * up to a byte limit, the least recently used dropped first.
 *
 * The end of the log comes from a `TailSource`: the shared words of a live writer, or the files themselves.
 */
import fs from 'node:fs';
import { type Disk, realDisk } from '../ports/disk.js';
import { isLtlError, LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { listSegments, logIdOf, readSegmentHeader, type StorePaths, segmentPath } from './folder.js';
import { type FrameAt, type FramePlace, framePlace, SegmentView } from './view.js';

/** Where the readable log ends. */
export interface LogTail {
  readonly nextSeq: number;
  readonly segmentId: number;
  readonly offset: number;
}

export type TailSource = () => LogTail;

export class LogReader {
  readonly #paths: StorePaths;
  readonly #tail: TailSource;
  readonly #onDefinition: (payload: Buffer) => void;
  readonly #cacheBytesMax: number;
  readonly #disk: Disk;
  #logId: string | null = null;
  /** Least recently used first. */
  readonly #views: Map<number, SegmentView> = new Map();
  readonly #baseSeqs: Map<number, number> = new Map();
  #first: number;
  #last: number;
  #recent: SegmentView | null = null;
  hits = 0;
  misses = 0;

  /** `onDefinition` gets each shape definition's payload before any frame that needs it. */
  constructor(
    paths: StorePaths,
    tail: TailSource,
    onDefinition: (payload: Buffer) => void,
    cacheBytesMax: number = LIMITS.cacheBytesMax,
    disk: Disk = realDisk,
  ) {
    this.#disk = disk;
    this.#paths = paths;
    this.#tail = tail;
    this.#onDefinition = onDefinition;
    this.#cacheBytesMax = cacheBytesMax;
    this.#first = listSegments(paths, disk)[0] ?? 1;
    this.#last = 0;
  }

  tail(): LogTail {
    return this.#tail();
  }

  /** The first seq that retention has left. */
  firstSeq(): number {
    this.refreshFirst();
    return this.#first <= this.#tail().segmentId ? this.#baseSeq(this.#first) : this.#tail().nextSeq;
  }

  /** Ids of the first and the last segment; last < first when there is none. */
  segments(): { first: number; last: number } {
    this.refreshFirst();
    return { first: this.#first, last: this.#tail().segmentId };
  }

  /** The frame of `seq`; throws as `locate` does. */
  frame(seq: number): FrameAt {
    const place = framePlace();
    this.locate(seq, place);
    return place;
  }

  /** Finds the frame of `seq`. Throws E_NOT_FOUND beyond the tail, E_GONE before the first, E_DAMAGED. */
  locate(seq: number, place: FramePlace): void {
    const recent = this.#recent;
    if (recent !== null && seq >= recent.baseSeq && seq < recent.nextSeq) {
      this.hits += 1;
      recent.locate(seq, place);
    } else this.viewOf(seq).locate(seq, place);
  }

  /** The view that holds `seq`, read far enough. */
  viewOf(seq: number): SegmentView {
    const tail = this.#tail();
    if (seq >= tail.nextSeq)
      throw new LtlError('E_NOT_FOUND', `there is no record ${seq}; the next seq is ${tail.nextSeq}`, {
        details: { seq },
      });
    return this.view(this.segmentOf(seq, tail));
  }

  /** The view of a segment, read and checked up to the tail. */
  view(segmentId: number): SegmentView {
    const tail = this.#tail();
    const known = this.#views.get(segmentId);
    const view = known ?? this.#openView(segmentId, this.#onDefinition);
    if (known === undefined) this.misses += 1;
    else this.hits += 1;
    this.#views.delete(segmentId);
    this.#views.set(segmentId, view);
    const isTail = segmentId === tail.segmentId;
    const endSeq = isTail ? tail.nextSeq : this.#baseSeq(segmentId + 1);
    if (view.nextSeq < endSeq || view.batches.length === 0)
      this.#read(segmentId, () => view.extend(isTail ? tail.offset : Number.MAX_SAFE_INTEGER, endSeq));
    this.#recent = view;
    this.#trim();
    return view;
  }

  /** Which segment holds `seq`. Throws E_GONE. */
  segmentOf(seq: number, tail: LogTail = this.#tail()): number {
    try {
      return this.#search(seq, tail);
    } catch (error) {
      // Perhaps the segments that retention has left are others by now.
      if (!isLtlError(error, 'E_GONE') || !this.refreshFirst()) throw error;
      return this.#search(seq, tail);
    }
  }

  #search(seq: number, tail: LogTail): number {
    let low = this.#first;
    let high = tail.segmentId;
    if (low > high || seq < this.#baseSeq(low))
      throw new LtlError('E_GONE', `record ${seq} was dropped by retain()`, { details: { seq } });
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#baseSeq(middle) <= seq) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The first seq whose time is at least `timeMs`, or the tail's next seq. */
  seqAtTime(timeMs: number): number {
    const { first, last } = this.segments();
    let low = first;
    let high = last + 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#lastTime(middle, first) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low > last ? this.#tail().nextSeq : this.view(low).seqAtTime(timeMs);
  }

  /** Drops what is in memory of segments that retention removed; true when there were any. */
  refreshFirst(): boolean {
    const before = this.#first;
    if (this.#isThere(before)) return false;
    this.#first = listSegments(this.#paths, this.#disk)[0] ?? this.#tail().segmentId + 1;
    for (const id of this.#baseSeqs.keys()) if (id < this.#first) this.#baseSeqs.delete(id);
    for (const id of this.#views.keys()) if (id < this.#first) this.#views.delete(id);
    if (this.#recent !== null && this.#recent.segmentId < this.#first) this.#recent = null;
    return this.#first !== before;
  }

  /** Memory held by views. */
  get cacheBytes(): number {
    let bytes = 0;
    for (const view of this.#views.values()) bytes += view.bytesHeld;
    return bytes;
  }

  close(): void {
    this.#views.clear();
    this.#recent = null;
  }

  /** Time of the last batch that can be read in the segments up to this one. */
  #lastTime(segmentId: number, first: number): number {
    for (let id = segmentId; id >= first; id -= 1) {
      const last = this.#isThere(id) ? this.view(id).batches.at(-1) : undefined;
      if (last !== undefined) return last.timeMs;
    }
    return 0;
  }

  #openView(segmentId: number, onDefinition: (payload: Buffer) => void): SegmentView {
    this.#logId ??= logIdOf(this.#paths, this.#disk);
    return this.#read(
      segmentId,
      () =>
        new SegmentView({
          paths: this.#paths,
          disk: this.#disk,
          segmentId,
          logId: this.#logId,
          baseSeqElse: () => this.#endSeq(segmentId - 1),
          onDefinition,
        }),
    );
  }

  /** Says by name why a segment's file is not there. */
  #read<Result>(segmentId: number, read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      if (segmentId < (listSegments(this.#paths, this.#disk)[0] ?? 0))
        throw new LtlError('E_GONE', `segment ${segmentId} was dropped by retain()`, { details: { segmentId } });
      throw new LtlError('E_DAMAGED', `segment ${segmentId} is missing`, { details: { segmentId } });
    }
  }

  #isThere(segmentId: number): boolean {
    const { O_RDONLY } = fs.constants;
    const fd = ifThere(() => this.#disk.open(segmentPath(this.#paths, segmentId), O_RDONLY), null);
    if (fd !== null) this.#disk.close(fd);
    return fd !== null;
  }

  #baseSeq(segmentId: number): number {
    const known = this.#baseSeqs.get(segmentId);
    if (known !== undefined) return known;
    const baseSeq = ifThere(() => this.#ownBaseSeq(segmentId), null) ?? this.#endSeq(segmentId - 1);
    this.#baseSeqs.set(segmentId, baseSeq);
    return baseSeq;
  }

  /** Throws ENOENT when the file is missing. */
  #ownBaseSeq(segmentId: number): number {
    this.#logId ??= logIdOf(this.#paths, this.#disk);
    const header = readSegmentHeader(this.#paths, segmentId, this.#disk);
    if (header !== null && header.logId === this.#logId) return header.baseSeq;
    return (this.#views.get(segmentId) ?? this.#openView(segmentId, ignore)).baseSeq;
  }

  /** The seq behind the last record that can be read up to this segment: where one that is missing must begin. */
  #endSeq(segmentId: number): number {
    const before = listSegments(this.#paths, this.#disk).findLast((id) => id <= segmentId);
    if (before === undefined) return 0;
    const view = this.#openView(before, ignore);
    view.extend(Number.MAX_SAFE_INTEGER, 0);
    return view.nextSeq;
  }

  #trim(): void {
    if (this.#last === this.#views.size) return;
    for (const [id, view] of this.#views) {
      if (this.#views.size <= 2 || this.cacheBytes <= this.#cacheBytesMax) break;
      if (view !== this.#recent) this.#views.delete(id);
    }
    this.#last = this.#views.size;
  }
}

const ignore = (): void => {};

/** What `read` gives, or `otherwise` when the file is not there. */
function ifThere<Result, Otherwise>(read: () => Result, otherwise: Otherwise): Result | Otherwise {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return otherwise;
  }
}
