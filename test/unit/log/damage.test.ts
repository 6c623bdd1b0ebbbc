/**
 * A small store of three segments, on a disk in memory, damaged in every way that a test can go through: each byte flipped
 * and zeroed, each file cut at every length, zeroed, removed, exchanged. A read gives what was written or a named error;
 * opening for writing loses nothing that is whole and never gives a seq out twice that a checkpoint knows of; verification
 * sees every damage.
 */
import { describe, expect, it } from 'vitest';
import { listSegments, readSegmentHeader, segmentPath, storePaths } from '../../../src/log/folder.js';
import { LogReader } from '../../../src/log/reader.js';
import { type KnownDurable, recover } from '../../../src/log/recover.js';
import { mergeVerdicts, type SegmentVerdict, verifySegment } from '../../../src/log/verify.js';
import { LogWriter } from '../../../src/log/writer.js';
import { isLtlError } from '../../../src/words/errors.js';
import { LIMITS } from '../../../src/words/limits.js';
import { SimDisk } from '../../sim/sim-disk.js';

const LOG_ID = 'ab'.repeat(16);
const paths = storePaths('/s');

interface Batch {
  readonly segmentId: number;
  readonly offset: number;
  readonly end: number;
  readonly seqs: readonly number[];
}

interface Sample {
  readonly files: ReadonlyMap<number, Buffer>;
  readonly batches: readonly Batch[];
  readonly known: KnownDurable;
}

const payloadOf = (seq: number): string => `record ${seq} ${'.'.repeat(seq % 7)}`;

function emptyDisk(): SimDisk {
  const disk = new SimDisk(() => 1);
  for (const folder of ['/', paths.root, paths.log]) disk.makeFolder(folder);
  return disk;
}

/** Appends a group of one or two batches. */
function appendGroup(writer: LogWriter, seqs: readonly (readonly number[])[]): void {
  for (const [index, batch] of seqs.entries())
    writer.addBatch(index + 1, batch[0] ?? 0, (copy) => {
      let bytes = 0;
      for (const seq of batch) {
        const payload = Buffer.from(payloadOf(seq));
        const frame = Buffer.concat([Buffer.alloc(4), payload]);
        frame.writeUInt32LE(payload.length, 0);
        copy(frame, 0, frame.length);
        bytes += frame.length;
      }
      return { bytes, count: batch.length, definitions: [] };
    });
  writer.commitGroup(1000 + writer.nextSeq);
}

function openWriter(disk: SimDisk, known: KnownDurable | null, life: number): LogWriter {
  const recovered = recover(paths, disk, known, LOG_ID);
  const segmentBytes = LIMITS.segmentDataOffset + 600;
  return new LogWriter({
    paths,
    disk,
    logId: LOG_ID,
    epoch: life * 65_536,
    segmentBytes,
    recovered,
    writeAheadBytes: 0,
  });
}

function makeSample(): Sample {
  const disk = emptyDisk();
  const writer = openWriter(disk, null, 1);
  const batches: Batch[] = [];
  for (let group = 0; writer.segmentId < 3 || writer.offset < LIMITS.segmentDataOffset + 300; group += 1) {
    const first = writer.nextSeq;
    const seqs = group % 2 === 0 ? [[first, first + 1]] : [[first], [first + 1, first + 2]];
    appendGroup(writer, seqs);
    const last = writer.offset;
    let offset = last - seqs.reduce((sum, batch) => sum + spanOf(batch), 0);
    for (const batch of seqs) {
      batches.push({ segmentId: writer.segmentId, offset, end: offset + spanOf(batch), seqs: batch });
      offset += spanOf(batch);
    }
  }
  const { segmentId, offset, nextSeq, timeMs } = writer;
  const files = new Map(listSegments(paths, disk).map((id) => [id, disk.bytesOf(segmentPath(paths, id))]));
  return { files, batches, known: { logId: LOG_ID, segmentId, offset, nextSeq, timeMs } };
}

function spanOf(seqs: readonly number[]): number {
  const body = seqs.reduce((sum, seq) => sum + 4 + payloadOf(seq).length, 0);
  return Math.ceil((64 + body) / 8) * 8;
}

const sample = makeSample();
const { known } = sample;
const allSeqs = sample.batches.flatMap((batch) => batch.seqs);

/** The sample with one file replaced; null: without it. */
function diskWith(segmentId: number, bytes: Buffer | null): SimDisk {
  const disk = emptyDisk();
  for (const [id, whole] of sample.files) {
    const content = id === segmentId ? bytes : whole;
    if (content !== null) disk.plant(segmentPath(paths, id), content);
  }
  return disk;
}

/** Seqs that are refused by name when everything is read; throws at a record that is wrong. */
function damagedSeqs(disk: SimDisk, tail: { nextSeq: number; segmentId: number; offset: number }): number[] {
  const reader = new LogReader(
    paths,
    () => tail,
    () => {},
    { disk },
  );
  const damaged: number[] = [];
  for (let seq = 0; seq < tail.nextSeq; seq += 1) {
    try {
      const { bytes, start, end } = reader.frame(seq);
      const payload = bytes.toString('latin1', start, end);
      if (payload !== payloadOf(seq)) throw new Error(`record ${seq} is ${payload}`);
    } catch (error) {
      if (!isLtlError(error, 'E_DAMAGED')) throw error;
      damaged.push(seq);
    }
  }
  return damaged;
}

function verify(disk: SimDisk, knownEnd: KnownDurable | null): ReturnType<typeof mergeVerdicts> {
  const ids = listSegments(paths, disk);
  const verdicts = ids.map((segmentId, index) => {
    const durable = index < ids.length - 1 ? null : knownEnd?.segmentId === segmentId ? knownEnd.offset : 0;
    const next = ids[index + 1];
    const endSeq = next === undefined ? null : (readSegmentHeader(paths, next, disk)?.baseSeq ?? null);
    return verifySegment({ paths, segmentId, endOffset: null, durable, endSeq }, disk) as SegmentVerdict;
  });
  return mergeVerdicts(verdicts, knownEnd);
}

/** Opens the damaged store for writing, twice, and appends; returns where the log went on. */
function reopen(disk: SimDisk, knownEnd: KnownDurable | null): { first: number; damagedAfter: number[] } {
  let writer = openWriter(disk, knownEnd, 2);
  const first = writer.nextSeq;
  appendGroup(writer, [[first, first + 1]]);
  appendGroup(writer, [[first + 2]]);
  writer.close();
  writer = openWriter(disk.crash(), null, 3);
  writer.close();
  const after = disk.crash();
  writer = openWriter(after, null, 3);
  expect(writer.nextSeq).toBe(first + 3);
  appendGroup(writer, [[first + 3]]);
  const { nextSeq, segmentId, offset } = writer;
  const damagedAfter = damagedSeqs(after, { nextSeq, segmentId, offset });
  expect(damagedAfter.filter((seq) => seq >= first)).toEqual([]);
  return { first, damagedAfter };
}

/** Offsets that mean something: the header, and what batches were written to; of the empty rest a few. */
function* offsetsOf(segmentId: number): Generator<number> {
  const { length } = sample.files.get(segmentId) as Buffer;
  for (let at = 0; at < 64; at += 1) yield at;
  yield* [64, 2000, LIMITS.segmentDataOffset - 1];
  for (let at = LIMITS.segmentDataOffset; at < length; at += 1) yield at;
}

const seqsAt = (segmentId: number, at: number): readonly number[] =>
  sample.batches.find((batch) => batch.segmentId === segmentId && batch.offset <= at && at < batch.end)?.seqs ?? [];

/** One byte changed. */
function checkByte(segmentId: number, at: number, value: number): void {
  const bytes = Buffer.from(sample.files.get(segmentId) as Buffer);
  if (bytes[at] === value) return;
  bytes[at] = value;
  const where = `segment ${segmentId}, byte ${at} = ${value}`;
  const touched = seqsAt(segmentId, at);
  const damaged = damagedSeqs(diskWith(segmentId, bytes), known);
  // Padding carries nothing; a header's damage costs no record.
  if (damaged.length > 0) expect(damaged, where).toEqual(touched);
  const isPadding = damaged.length === 0 && at >= 64;
  const report = verify(diskWith(segmentId, bytes), known);
  expect(report.clean, where).toBe(isPadding);
  if (!isPadding) expect(report.damages[0], where).toMatchObject({ segmentId });
  if (touched.length > 0 && !isPadding)
    expect(report.damages[0], where).toMatchObject({ seqFrom: touched[0], seqTo: (touched.at(-1) ?? 0) + 1 });
  // Opening twice more for each byte takes long: every third will do.
  if (at % 3 !== 0) return;
  const opened = reopen(diskWith(segmentId, bytes), known);
  expect(opened.first, where).toBe(known.nextSeq);
  expect(opened.damagedAfter, where).toEqual(damaged);
}

describe('a damaged store', () => {
  it('is whole before it is damaged', () => {
    expect(sample.files.size).toBe(3);
    expect(damagedSeqs(diskWith(0, null), known)).toEqual([]);
    expect(verify(diskWith(0, null), known)).toMatchObject({ clean: true, records: allSeqs.length, tornBytes: 0 });
    expect(verify(diskWith(0, null), null)).toMatchObject({ clean: true, nextSeq: known.nextSeq, firstSeq: 0 });
  });

  it('any flipped bit costs at most its own batch, by name', () => {
    for (const segmentId of sample.files.keys())
      for (const at of offsetsOf(segmentId)) {
        const byte = (sample.files.get(segmentId) as Buffer)[at] ?? 0;
        checkByte(segmentId, at, byte ^ (1 << (at % 8)));
      }
  });

  it('any zeroed byte costs at most its own batch, by name', () => {
    for (const segmentId of sample.files.keys()) for (const at of offsetsOf(segmentId)) checkByte(segmentId, at, 0);
  });

  it('a segment cut at any length gives what is left of it, and what is gone by name', () => {
    for (const [segmentId, whole] of sample.files)
      for (let length = 0; length < whole.length; length += length < 4000 ? 37 : 1) {
        const where = `segment ${segmentId} cut to ${length}`;
        const cut = whole.subarray(0, length);
        const gone = sample.batches
          .filter((batch) => batch.segmentId === segmentId && batch.end > length)
          .flatMap((batch) => batch.seqs);
        expect(damagedSeqs(diskWith(segmentId, cut), known), where).toEqual(gone);
        expect(verify(diskWith(segmentId, cut), known).clean, where).toBe(false);
        if (length % 4 !== 0) continue;
        const { first, damagedAfter } = reopen(diskWith(segmentId, cut), known);
        expect(first, where).toBe(known.nextSeq);
        expect(damagedAfter, where).toEqual(gone);
      }
  });

  it('a segment that is zeroed, missing, of another log, or another segment is damage, and the others are whole', () => {
    for (const [segmentId, whole] of sample.files) {
      const foreign = Buffer.from(whole);
      const other = emptyDisk();
      const recovered = recover(paths, other, null, 'cd'.repeat(16));
      const options = { paths, disk: other, logId: 'cd'.repeat(16), epoch: 65_536, segmentBytes: 8192 };
      appendGroup(new LogWriter({ ...options, recovered }), [[0, 1, 2]]);
      other.bytesOf(segmentPath(paths, 1)).copy(foreign);
      const misplaced = sample.files.get((segmentId % 3) + 1) as Buffer;
      for (const [what, bytes] of Object.entries({
        zeroed: Buffer.alloc(whole.length),
        missing: null,
        foreign,
        misplaced,
      })) {
        // A foreign file under the last name is told by its header only when another one is left to compare.
        if (what === 'foreign' && segmentId !== 1) continue;
        // A missing first segment looks like one that retention dropped: its records are gone by that name.
        if (what === 'missing' && segmentId === 1) continue;
        const where = `segment ${segmentId} ${what}`;
        const own = sample.batches.filter((batch) => batch.segmentId === segmentId).flatMap((batch) => batch.seqs);
        expect(damagedSeqs(diskWith(segmentId, bytes), known), where).toEqual(own);
        expect(verify(diskWith(segmentId, bytes), known).clean, where).toBe(false);
        const { first, damagedAfter } = reopen(diskWith(segmentId, bytes), known);
        expect(first, where).toBe(known.nextSeq);
        expect(damagedAfter, where).toEqual(own);
      }
    }
  });

  it('without a checkpoint, nothing whole before the damage is lost, and what is appended after it stays', () => {
    for (const [segmentId, whole] of sample.files)
      for (const at of offsetsOf(segmentId)) {
        if (at % 2 === 0) continue;
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ 0x10;
        const { first, damagedAfter } = reopen(diskWith(segmentId, bytes), null);
        const touched = seqsAt(segmentId, at);
        // Only the last group cannot be told from one that was torn.
        const lastGroup = sample.batches.at(-2)?.seqs[0] ?? 0;
        if (touched.length === 0 || (touched[0] ?? 0) < lastGroup) expect(first).toBe(known.nextSeq);
        expect(damagedAfter.every((seq) => touched.includes(seq))).toBe(true);
      }
  });

  it('a batch copied to another place, or to another segment, is not taken for one', () => {
    const [first] = sample.batches;
    const target = sample.batches.find((batch) => batch.segmentId === 1 && batch !== first);
    if (first === undefined || target === undefined) throw new Error('the sample has no two batches');
    const bytes = Buffer.from(sample.files.get(1) as Buffer);
    bytes.copy(
      bytes,
      target.offset,
      first.offset,
      first.offset + Math.min(first.end - first.offset, target.end - target.offset),
    );
    expect(damagedSeqs(diskWith(1, bytes), known)).toEqual(target.seqs);
    const second = Buffer.from(sample.files.get(2) as Buffer);
    const own = sample.batches.find((batch) => batch.segmentId === 2);
    const length = Math.min(first.end - first.offset, (own?.end ?? 0) - (own?.offset ?? 0));
    (sample.files.get(1) as Buffer).copy(second, first.offset, first.offset, first.offset + length);
    expect(damagedSeqs(diskWith(2, second), known)).toEqual(own?.seqs);
  });

  it('a whole segment inside a torn record is not taken for one', () => {
    const disk = diskWith(0, null);
    const writer = openWriter(disk, known, 2);
    const copy = sample.files.get(3) as Buffer;
    writer.addBatch(1, 0, (put) => {
      const frame = Buffer.concat([Buffer.alloc(4), copy]);
      frame.writeUInt32LE(copy.length, 0);
      put(frame, 0, frame.length);
      return { bytes: frame.length, count: 1, definitions: [] };
    });
    writer.commitGroup(5000);
    const file = segmentPath(paths, writer.segmentId);
    const bytes = disk.bytesOf(file);
    bytes.fill(0, LIMITS.segmentDataOffset, LIMITS.segmentDataOffset + 64);
    const torn = diskWith(0, null);
    torn.plant(file, bytes);
    const recovered = recover(paths, torn, known);
    expect(recovered).toMatchObject({ nextSeq: known.nextSeq, segmentId: 3 });
    expect(recovered.report.damages).toEqual([]);
    expect(recovered.report.tornBytes).toBeGreaterThan(copy.length - LIMITS.segmentDataOffset);
  });
});
