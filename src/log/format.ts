/**
 * The bytes of the log, and nothing else: segment header, batch header, frame word. docs/FORMAT.md describes the same
 * byte by byte; both change together. All integers are little-endian; a u64 here stays below 2^53 and is read as a number,
 * but for seqs, which are bigint at the door and number inside (2^53 records outlive every disk).
 *
 *     segment = header (64 bytes, padded with zeros to 4096) batch* free room (zeros, or stale bytes of an earlier life)
 *     batch   = header (64 bytes) frame* padding (zeros, to a multiple of 8, or of 4096 when written directly)
 *     frame   = word (4 bytes) [shape id (2 bytes)] payload
 */
import { crc32 } from 'node:zlib';
import { LIMITS } from '../words/limits.js';

const SEGMENT_MAGIC = 0x4c_54_4c_53; // 'SLTL' on disk
const BATCH_MAGIC = 0x4c_54_4c_42; // 'BLTL' on disk
export const FORMAT_VERSION = 1;
const SEGMENT_HEADER_BYTES = 64;
export const BATCH_HEADER_BYTES = 64;

/** A frame's kind, bits 29–30 of its word. Definitions have no seq. */
export const FRAME = { plain: 0, shaped: 1, definition: 2 } as const;

export interface SegmentHeader {
  readonly version: number;
  /** 32 hex digits: which log the segment belongs to. */
  readonly logId: string;
  /** The writer's life that made the segment. */
  readonly epoch: number;
  readonly baseSeq: number;
  readonly segmentId: number;
  readonly createdMs: number;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(LIMITS.segmentDataOffset);
  bytes.writeUInt32LE(SEGMENT_MAGIC, 0);
  bytes.writeUInt32LE(header.version, 4);
  bytes.write(header.logId, 16, 16, 'hex');
  writeU64(bytes, header.epoch, 32);
  writeU64(bytes, header.baseSeq, 40);
  bytes.writeUInt32LE(header.segmentId, 48);
  bytes.writeUInt32LE(LIMITS.segmentDataOffset, 52);
  writeU64(bytes, header.createdMs, 56);
  bytes.writeUInt32LE(segmentSum(bytes), 8);
  return bytes;
}

/** The header, or why the bytes are none: `empty` (all zeros: a spare), `magic`, `version` (newer than this code), `checksum`. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | 'empty' | 'magic' | 'version' | 'checksum' {
  if (bytes.length < SEGMENT_HEADER_BYTES) return 'magic';
  const magic = bytes.readUInt32LE(0);
  if (magic === 0 && bytes.subarray(0, SEGMENT_HEADER_BYTES).every((byte) => byte === 0)) return 'empty';
  if (magic !== SEGMENT_MAGIC) return 'magic';
  if (bytes.readUInt32LE(8) !== segmentSum(bytes)) return 'checksum';
  const version = bytes.readUInt32LE(4);
  if (version > FORMAT_VERSION || version === 0) return 'version';
  return {
    version,
    logId: bytes.toString('hex', 16, 32),
    epoch: readU64(bytes, 32),
    baseSeq: readU64(bytes, 40),
    segmentId: bytes.readUInt32LE(48),
    createdMs: readU64(bytes, 56),
  };
}

/** CRC of the version and of all behind the crc field, so that a flipped version is damage and not a newer format. */
const segmentSum = (bytes: Buffer): number =>
  crc32(bytes.subarray(12, SEGMENT_HEADER_BYTES), crc32(bytes.subarray(4, 8)));

export interface BatchHeader {
  /** Bytes from this header to the next one, padding included. */
  readonly spanBytes: number;
  /** Bytes of the frames. */
  readonly bodyBytes: number;
  /** Records with a seq; definitions do not count. */
  readonly count: number;
  readonly baseSeq: number;
  readonly timeMs: number;
  readonly epoch: number;
  readonly segmentId: number;
  /** Where the group (one write, one sync) of this batch starts in the segment. */
  readonly groupOffset: number;
  /** The ring that the records came through, and the number of the first of them on it: what makes a restart exact. */
  readonly ringId: number;
  readonly ticket: number;
  /** Shape definitions are among the frames. */
  readonly hasDefinitions: boolean;
}

/**
 * Writes the header in front of a body that already stands at `offset + 64`; pads with zeros up to the span. `place` is
 * where the batch will stand in its segment: it is sealed for that place only.
 */
export function sealBatch(bytes: Buffer, offset: number, place: number, header: BatchHeader): void {
  const bodyEnd = offset + BATCH_HEADER_BYTES + header.bodyBytes;
  bytes.fill(0, bodyEnd, offset + header.spanBytes);
  bytes.writeUInt32LE(BATCH_MAGIC, offset);
  bytes.writeUInt32LE(header.spanBytes, offset + 12);
  bytes.writeUInt32LE(header.bodyBytes, offset + 16);
  bytes.writeUInt32LE(header.count, offset + 20);
  writeU64(bytes, header.baseSeq, offset + 24);
  writeU64(bytes, header.timeMs, offset + 32);
  bytes.writeUIntLE(header.epoch, offset + 40, 6);
  bytes.writeUInt16LE(header.hasDefinitions ? 1 : 0, offset + 46);
  bytes.writeUInt32LE(header.segmentId, offset + 48);
  bytes.writeUInt32LE(header.groupOffset, offset + 52);
  bytes.writeUInt32LE(header.ringId, offset + 56);
  bytes.writeUInt32LE(header.ticket >>> 0, offset + 60);
  bytes.writeUInt32LE(headerSum(bytes, offset, place), offset + 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(offset + 8, bodyEnd)), offset + 4);
}

/**
 * The batch header at `offset`, when its own sum holds and it belongs to that place of that segment; `place` differs from
 * `offset` when the bytes are not the segment from its first byte on. The body is not looked at: use `batchHolds` for that.
 */
export function readBatchHeader(
  bytes: Buffer,
  offset: number,
  segmentId: number,
  place: number = offset,
): BatchHeader | null {
  if (offset + BATCH_HEADER_BYTES > bytes.length || bytes.readUInt32LE(offset) !== BATCH_MAGIC) return null;
  if (bytes.readUInt32LE(offset + 48) !== segmentId) return null;
  if (bytes.readUInt32LE(offset + 8) !== headerSum(bytes, offset, place)) return null;
  const spanBytes = bytes.readUInt32LE(offset + 12);
  const bodyBytes = bytes.readUInt32LE(offset + 16);
  if (spanBytes < BATCH_HEADER_BYTES + bodyBytes) return null;
  return {
    spanBytes,
    bodyBytes,
    count: bytes.readUInt32LE(offset + 20),
    baseSeq: readU64(bytes, offset + 24),
    timeMs: readU64(bytes, offset + 32),
    epoch: bytes.readUIntLE(offset + 40, 6),
    hasDefinitions: (bytes.readUInt16LE(offset + 46) & 1) === 1,
    segmentId,
    groupOffset: bytes.readUInt32LE(offset + 52),
    ringId: bytes.readUInt32LE(offset + 56),
    ticket: bytes.readUInt32LE(offset + 60),
  };
}

/** The segment that a batch header at `offset`, if it is one, speaks of. */
export const segmentIdAt = (bytes: Buffer, offset: number): number => bytes.readUInt32LE(offset + 48);

/** What hopping over a batch needs of its header. */
export interface Hop {
  spanBytes: number;
  count: number;
  groupOffset: number;
  hasDefinitions: boolean;
}

/**
 * Reads into `hop` the batch whose header stands at `at` of `view`, when it joins: its segment, and the seq it must have. No sum
 * is looked at, nor whether the segment has room for it.
 */
export function readHop(view: DataView, at: number, segmentId: number, nextSeq: number, hop: Hop): boolean {
  if (view.getUint32(at, true) !== BATCH_MAGIC || view.getUint32(at + 48, true) !== segmentId) return false;
  if (view.getUint32(at + 24, true) + view.getUint32(at + 28, true) * 2 ** 32 !== nextSeq) return false;
  hop.spanBytes = view.getUint32(at + 12, true);
  hop.count = view.getUint32(at + 20, true);
  hop.hasDefinitions = (view.getUint16(at + 46, true) & 1) === 1;
  hop.groupOffset = view.getUint32(at + 52, true);
  return hop.spanBytes >= BATCH_HEADER_BYTES + view.getUint32(at + 16, true);
}

/** True when header and body at `offset` are what the batch's CRC says. */
export function batchHolds(bytes: Buffer, offset: number, header: BatchHeader): boolean {
  const bodyEnd = offset + BATCH_HEADER_BYTES + header.bodyBytes;
  return bodyEnd <= bytes.length && crc32(bytes.subarray(offset + 8, bodyEnd)) === bytes.readUInt32LE(offset + 4);
}

/**
 * A 32-bit sum over the batch's place and the header's words from 12 on, so that a header can be trusted, and hopped over,
 * without its body, and so that a copy of it elsewhere (inside a record's payload, say) is none.
 */
function headerSum(bytes: Buffer, offset: number, place: number): number {
  let sum = Math.imul(0x811c9dc5 ^ place, 0x01000193);
  for (let at = offset + 12; at < offset + BATCH_HEADER_BYTES; at += 4) {
    sum = Math.imul(sum ^ bytes.readUInt32LE(at), 0x01000193);
    sum ^= sum >>> 15;
  }
  return sum >>> 0;
}

/** Payload bytes of a frame word. */
export const framePayloadBytes = (word: number): number => word & 0x1ff_ffff;
/** Priority of a frame word, 0 (urgent) to 9. */
export const framePriority = (word: number): number => (word >>> 25) & 0xf;
/** Kind of a frame word, one of FRAME. */
export const frameKind = (word: number): number => (word >>> 29) & 0x3;
/** Bytes of a whole frame: word, shape id where there is one, payload. */
export const frameBytes = (word: number): number =>
  4 + (((word >>> 29) & 0x3) === FRAME.shaped ? 2 : 0) + (word & 0x1ff_ffff);

/** The span of a batch whose frames take `bodyBytes`. */
export const batchSpan = (bodyBytes: number, align: number): number =>
  Math.ceil((BATCH_HEADER_BYTES + bodyBytes) / align) * align;

export const segmentFileName = (segmentId: number): string => `${String(segmentId).padStart(10, '0')}.seg`;

/** The id in a segment's file name, or null for any other file. */
export function segmentIdOf(name: string): number | null {
  const match = /^(\d{10,})\.seg$/.exec(name);
  return match === null ? null : Number(match[1]);
}

function writeU64(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32LE(value >>> 0, offset);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
}

function readU64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32;
}
