/**
 * Reads the log by seq and by time, in any thread or process, beside its one writer. Verified segments are kept in memory
 * up to a byte limit, the least recently used dropped first. Of a segment that is not in memory single records are read by
 * themselves while somebody knows where their batches are, and the whole segment once that has cost as much: if there is
 * room for it, or it has become more popular than the one that it would replace. Otherwise random reads of a log that is larger
 * than the memory for it would read whole segments for nothing.
 *
 * The end of the log comes from a `TailSource`: the shared words of a live writer, or the files themselves.
 */
import { type Disk, realDisk } from '../ports/disk.js';
import { isLtlError, LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { SegmentDirectory, type SegmentStart } from './directory.js';
import { listSegments, logIdOf, type StorePaths } from './folder.js';
import { FRAME } from './format.js';
import { readKept } from './kept.js';
import { type OffsetSource, PointReader } from './point.js';
import { type FrameAt, type FramePlace, framePlace, SegmentView, type ViewMemory } from './view.js';

/** Where the readable log ends. */
export interface LogTail {
  readonly nextSeq: number;
  readonly segmentId: number;
  readonly offset: number;
}

export type TailSource = () => LogTail;

export interface LogReaderOptions {
  readonly cacheBytesMax?: number;
  /** Null: segments are always read whole. */
  readonly offsets?: OffsetSource | null;
  readonly disk?: Disk;
  /**
   * The memory of a segment that is dropped is used for the next: for who keeps nothing of what he was shown. Without it
   * dropped segments wait for the garbage collector, which has no hurry where few objects are made.
   */
  readonly recyclesMemory?: boolean;
}

/** So many single reads of a segment cost about as much as to read and check it whole: that is thought of after each so many. */
const POINTS_OF_SEGMENT = 256;
/** How much more often a segment must be asked for than the one that it replaces: as often would be luck. */
const POPULAR = 2;
/** After so many single reads all counts are halved, so that they tell of lately. */
const POINTS_TO_HALVE = 16_384;

export class LogReader {
  readonly #paths: StorePaths;
  readonly #tail: TailSource;
  readonly #onDefinition: (payload: Buffer) => void;
  readonly #cacheBytesMax: number;
  readonly #disk: Disk;
  #logId: string | null = null;
  readonly #directory: SegmentDirectory;
  readonly #offsets: OffsetSource | null;
  readonly #points: PointReader;
  /** Single reads of segments that are not in memory, lately. */
  readonly #pointsOf: Map<number, number> = new Map();
  readonly #views: Map<number, SegmentView> = new Map();
  readonly #recyclesMemory: boolean;
  #memory: ViewMemory | undefined;
  #uses = 0;
  /** The tail when it was last asked for: the log only grows. */
  #known: LogTail = { nextSeq: 0, segmentId: 0, offset: 0 };
  #recent: SegmentView | null = null;
  /** Shapes of all segments up to this one were defined: each segment begins with those known by then. */
  #definedThrough = 0;
  hits = 0;
  misses = 0;
  /** Records read by themselves. */
  points = 0;

  /** `onDefinition` gets each shape definition's payload before any frame that needs it. */
  constructor(
    paths: StorePaths,
    tail: TailSource,
    onDefinition: (payload: Buffer) => void,
    {
      cacheBytesMax = LIMITS.cacheBytesMax,
      offsets = null,
      disk = realDisk,
      recyclesMemory = false,
    }: LogReaderOptions = {},
  ) {
    this.#paths = paths;
    this.#tail = tail;
    this.#onDefinition = onDefinition;
    this.#cacheBytesMax = cacheBytesMax;
    this.#offsets = offsets;
    this.#disk = disk;
    this.#recyclesMemory = recyclesMemory;
    this.#points = new PointReader(paths);
    this.#directory = new SegmentDirectory({
      paths,
      disk,
      logId: () => this.#log(),
      look: (segmentId) => this.#lookFor(segmentId),
    });
  }

  tail(): LogTail {
    this.#known = this.#tail();
    return this.#known;
  }

  /** False when the log, as far as anybody has told, does not reach so far. */
  reaches(seq: number): boolean {
    return seq < this.#known.nextSeq || seq < this.tail().nextSeq;
  }

  /** The first seq that retention has left. */
  firstSeq(): number {
    this.refreshFirst();
    const { nextSeq, segmentId } = this.#tail();
    return this.#directory.first <= segmentId ? this.#directory.baseSeq(this.#directory.first) : nextSeq;
  }

  /** Ids of the first and the last segment; last < first when there is none. */
  segments(): { first: number; last: number } {
    this.refreshFirst();
    return { first: this.#directory.first, last: this.#tail().segmentId };
  }

  /** Finds the frame of `seq`; the place is good until the next call. Throws E_NOT_FOUND beyond the tail, E_GONE before the first, E_DAMAGED. */
  locate(seq: number, place: FramePlace): void {
    const recent = this.#recent;
    if (recent !== null && seq >= recent.baseSeq && seq < recent.nextSeq) {
      this.hits += 1;
      recent.located += 1;
      recent.locate(seq, place);
      return;
    }
    const tail = seq < this.#known.nextSeq ? this.#known : this.tail();
    const segmentId = this.segmentOf(seq, tail);
    const view = this.#views.get(segmentId);
    if (view !== undefined && seq < view.nextSeq) {
      this.#use(view);
      view.located += 1;
      view.locate(seq, place);
    } else if (!this.#locatePoint(segmentId, seq, tail, place)) this.view(segmentId).locate(seq, place);
  }

  /** The frame of `seq`; throws as `locate` does. */
  frame(seq: number): FrameAt {
    const place = framePlace();
    this.locate(seq, place);
    return place;
  }

  /** The view that holds `seq`, read far enough. */
  viewOf(seq: number): SegmentView {
    return this.view(this.segmentOf(seq));
  }

  /** The view of a segment, read and checked up to the tail. */
  view(segmentId: number): SegmentView {
    const tail = this.#tail();
    const view = this.#views.get(segmentId) ?? this.#admit(segmentId);
    const isTail = segmentId === tail.segmentId;
    const endSeq = isTail ? tail.nextSeq : this.#directory.baseSeq(segmentId + 1);
    if (view.nextSeq < endSeq || view.batches.length === 0)
      this.#read(segmentId, () => view.extend(isTail ? tail.offset : Number.MAX_SAFE_INTEGER, endSeq));
    if (view.damages.length === 0) this.#definedThrough = Math.max(this.#definedThrough, segmentId);
    this.#use(view);
    return view;
  }

  /** The first seq whose time is at least `timeMs`, or the tail's next seq. */
  seqAtTime(timeMs: number): number {
    const { first, last } = this.segments();
    if (last < first) return this.#tail().nextSeq;
    const found = this.#directory.findTime(timeMs, last);
    // The segment before may end with records of that time.
    const before = found > first ? this.view(found - 1).seqAtTime(timeMs) : this.#directory.baseSeq(first);
    return Math.min(before, this.#tail().nextSeq);
  }

  /** Drops what is in memory of segments that retention removed; true when there were any. */
  refreshFirst(): boolean {
    if (!this.#directory.refresh(this.#tail().segmentId + 1)) return false;
    const { first } = this.#directory;
    for (const id of this.#views.keys()) if (id < first) this.#views.delete(id);
    for (const id of this.#pointsOf.keys()) if (id < first) this.#pointsOf.delete(id);
    if (this.#recent !== null && this.#recent.segmentId < first) this.#recent = null;
    return true;
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
    this.#points.close();
    this.#offsets?.close();
  }

  /** Which segment holds `seq`. Throws E_NOT_FOUND, E_GONE, E_DAMAGED. */
  segmentOf(seq: number, tail: LogTail = this.#tail()): number {
    if (seq >= tail.nextSeq)
      throw new LtlError('E_NOT_FOUND', `there is no record ${seq}; the next seq is ${tail.nextSeq}`, {
        details: { seq },
      });
    try {
      return this.#directory.find(seq, tail.segmentId);
    } catch (error) {
      // Perhaps the segments that retention has left are others by now.
      if (!isLtlError(error, 'E_GONE')) throw error;
      if (this.refreshFirst()) return this.segmentOf(seq, tail);
      this.#assertDropped(seq);
      throw error;
    }
  }

  /** Throws E_DAMAGED for a seq before the first segment that retention has not dropped. */
  #assertDropped(seq: number): void {
    if (seq < readKept(this.#paths, this.#log()).seq) return;
    throw new LtlError('E_DAMAGED', `record ${seq} is missing with the first segments`, { details: { seq } });
  }

  /** Reads the record by itself; false when the segment had better be read whole. */
  #locatePoint(segmentId: number, seq: number, tail: LogTail, place: FramePlace): boolean {
    if (this.#offsets === null || segmentId === tail.segmentId) return false;
    const points = this.#pointsOf.get(segmentId) ?? 0;
    if (points > 0 && points % POINTS_OF_SEGMENT === 0 && this.#isWorth(points)) return false;
    const offset = this.#offsets.batchOffset(segmentId, seq);
    if (offset === null || !this.#points.read(segmentId, seq, offset, place)) return false;
    if (place.kind === FRAME.shaped && segmentId > this.#definedThrough) {
      // The last segment knows the shapes of all before it.
      this.view(tail.segmentId);
      if (segmentId > this.#definedThrough) return false;
    }
    this.#pointsOf.set(segmentId, points + 1);
    this.points += 1;
    if (this.points % POINTS_TO_HALVE === 0) this.#halve();
    return true;
  }

  /** Does a segment that was asked for so often deserve its place in memory? */
  #isWorth(points: number): boolean {
    const oldest = this.#oldest();
    return oldest === null || points > POPULAR * oldest.located;
  }

  #halve(): void {
    for (const view of this.#views.values()) view.located >>>= 1;
    for (const [id, points] of this.#pointsOf) this.#pointsOf.set(id, points >>> 1);
  }

  #log(): string | null {
    this.#logId ??= logIdOf(this.#paths, this.#disk);
    return this.#logId;
  }

  /** A view that was not in memory, in place of the oldest ones if need be; it has been asked for as often as its records were. */
  #admit(segmentId: number): SegmentView {
    this.#makeRoom();
    const view = this.#openView(segmentId, this.#onDefinition, this.#takeMemory());
    this.misses += 1;
    view.located = this.#pointsOf.get(segmentId) ?? 0;
    this.#pointsOf.delete(segmentId);
    this.#views.set(segmentId, view);
    return view;
  }

  #takeMemory(): ViewMemory | undefined {
    const memory = this.#memory;
    this.#memory = undefined;
    return memory;
  }

  #openView(segmentId: number, onDefinition: (payload: Buffer) => void, memory?: ViewMemory): SegmentView {
    return this.#read(
      segmentId,
      () =>
        new SegmentView({
          paths: this.#paths,
          disk: this.#disk,
          segmentId,
          logId: this.#log(),
          baseSeqElse: () => this.#endOf(segmentId - 1).baseSeq,
          onDefinition,
          memory,
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

  /** Where a segment begins that does not say so itself. */
  #lookFor(segmentId: number): SegmentStart {
    const { baseSeq, timeMs } = this.#endOf(segmentId - 1);
    if (!this.#directory.isThere(segmentId)) return { baseSeq, timeMs };
    return { baseSeq: (this.#views.get(segmentId) ?? this.#openView(segmentId, ignore)).baseSeq, timeMs };
  }

  /** What can be read up to this segment ends here: where the next one must begin. */
  #endOf(segmentId: number): SegmentStart {
    let baseSeq: number | null = null;
    for (const id of listSegments(this.#paths, this.#disk).reverse()) {
      if (id > segmentId) continue;
      const view = this.#openView(id, ignore);
      view.extend(Number.MAX_SAFE_INTEGER, null);
      baseSeq ??= view.nextSeq;
      const last = view.batches.at(-1);
      if (last !== undefined) return { baseSeq, timeMs: last.timeMs };
    }
    return { baseSeq: baseSeq ?? 0, timeMs: 0 };
  }

  #use(view: SegmentView): void {
    this.hits += 1;
    this.#uses += 1;
    view.lastUse = this.#uses;
    this.#recent = view;
  }

  /** Before a segment is read: drops those not used for longest. */
  #makeRoom(): void {
    for (let view = this.#oldest(); view !== null; view = this.#oldest()) {
      this.#views.delete(view.segmentId);
      if (this.#recyclesMemory) this.#memory ??= view.takeMemory();
    }
  }

  /** The view that another one would replace; null while there is room for both. */
  #oldest(): SegmentView | null {
    if (this.#views.size < 2 || this.cacheBytes + LIMITS.segmentBytes <= this.#cacheBytesMax) return null;
    return [...this.#views.values()].reduce((oldest, view) => (view.lastUse < oldest.lastUse ? view : oldest));
  }
}

const ignore = (): void => {};
