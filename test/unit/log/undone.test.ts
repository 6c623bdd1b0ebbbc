import { describe, expect, it } from 'vitest';
import { storePaths } from '../../../src/log/folder.js';
import { LogReader } from '../../../src/log/reader.js';
import { type Recovered, recover } from '../../../src/log/recover.js';
import { LogWriter } from '../../../src/log/writer.js';
import { type Dice, PowerCut, SimDisk } from '../../sim/sim-disk.js';

const LOG_ID = '00112233445566778899aabbccddeeff';
const SEGMENT_BYTES = 20 * 1024;
const paths = storePaths('/s');

/** A disk whose writes are never short for no reason; a power cut keeps all names, or none that was not synced, and no data. */
function makeDisk(dice: Dice = (below) => below - 1): SimDisk {
  const disk = new SimDisk(dice);
  for (const folder of ['/', paths.root, paths.log]) disk.makeFolder(folder);
  return disk;
}

function writerOn(disk: SimDisk, recovered: Recovered, epoch: number, way: 'buffered' | 'direct'): LogWriter {
  return new LogWriter({ paths, disk, logId: LOG_ID, epoch, segmentBytes: SEGMENT_BYTES, recovered, way });
}

/** Gathers a record of that text, as a batch of its own. */
function add(writer: LogWriter, ringId: number, text: string): void {
  const frame = Buffer.alloc(4 + text.length);
  frame.writeUInt32LE(text.length);
  frame.write(text, 4);
  writer.addBatch(ringId, 0, (copy) => {
    copy(frame, 0, frame.length);
    return { bytes: frame.length, count: 1, definitions: [] };
  });
}

function textsOn(disk: SimDisk, { nextSeq, segmentId, offset }: Recovered): string[] {
  const reader = new LogReader(
    paths,
    () => ({ nextSeq, segmentId, offset }),
    () => undefined,
    { disk },
  );
  return Array.from({ length: nextSeq }, (_, seq) => {
    const { bytes, start, end } = reader.frame(seq);
    return bytes.toString('latin1', start, Math.min(end, start + 12));
  });
}

/** Gathers the definition of a shape. */
function define(writer: LogWriter): void {
  const frame = Buffer.from([5, 0, 0, 0x40, ...Buffer.from('shape')]);
  writer.addBatch(1, 0, (copy) => {
    copy(frame, 0, frame.length);
    return { bytes: frame.length, count: 0, definitions: [0] };
  });
}

describe('a refused group whose undoing failed', () => {
  it('does not come back after the next life has given its seqs to others', () => {
    let disk = makeDisk();
    disk.plant(`${paths.log}/spare-1.new`, Buffer.alloc(SEGMENT_BYTES));
    const first = writerOn(disk, recover(paths, disk, null, LOG_ID), 1, 'direct');
    add(first, 1, 'acknowledged');
    first.commitGroup(1);
    // Two batches, of which the first page holds the first one whole: it comes to the device, the rest finds no room, and
    // the zeros that undo it come to the page cache only.
    add(first, 1, 'refused once');
    add(first, 2, 'x'.repeat(6000));
    disk.capacityBytes = first.offset + 4096;
    disk.syncsBeforeError = 1;
    expect(() => first.commitGroup(2)).toThrow('undoing a write');
    disk = disk.kill();
    disk.capacityBytes = Number.POSITIVE_INFINITY;

    const recovered = recover(paths, disk, null, LOG_ID);
    expect(recovered.nextSeq).toBe(1);
    const second = writerOn(disk, recovered, 2, 'buffered');
    // Too large for what is left of that segment.
    add(second, 1, 'second one'.padEnd(SEGMENT_BYTES, '.'));
    second.commitGroup(3);
    disk = disk.crash();

    const after = recover(paths, disk, null, LOG_ID);
    expect(textsOn(disk, after)).toEqual(['acknowledged', 'second one..']);
  });
});

describe('a spare whose new name was lost', () => {
  it('is not taken for the segment that it was to be, when it becomes one later', () => {
    let losesNames = false;
    let disk = makeDisk((below) => (losesNames ? 0 : below - 1));
    const first = writerOn(disk, recover(paths, disk, null, LOG_ID), 1, 'direct');
    define(first);
    add(first, 1, 'the first');
    first.commitGroup(1);
    disk.plant(`${paths.log}/spare-1.new`, Buffer.alloc(SEGMENT_BYTES));
    // The next segment's head is written directly, and the power goes before its name is durable.
    add(first, 1, 'never stored'.padEnd(SEGMENT_BYTES, '.'));
    disk.syncFolder = () => {
      throw new PowerCut('at the name');
    };
    expect(() => first.commitGroup(2)).toThrow('at the name');
    losesNames = true;
    disk = disk.crash();
    losesNames = false;

    const second = writerOn(disk, recover(paths, disk, null, LOG_ID), 2, 'buffered');
    add(second, 1, 'the second');
    second.commitGroup(3);
    // Now it becomes that segment, and the power goes before any of its bytes are durable.
    add(second, 1, 'never stored'.padEnd(SEGMENT_BYTES, '.'));
    disk.syncsBeforeError = 0;
    expect(() => second.commitGroup(4)).toThrow('in doubt');
    disk = disk.crash();

    const after = recover(paths, disk, null, LOG_ID);
    expect(textsOn(disk, after)).toEqual(['the first', 'the second']);
  });
});

describe('a half-made segment that its failed writer removed', () => {
  it('does not come back as the last one after the next life has gone on in the one before', () => {
    let losesNames = false;
    // What a failed sync, or a cut, brings to the device: everything.
    let disk = makeDisk((below) => (below === 4 ? 1 : losesNames ? 0 : below - 1));
    const first = writerOn(disk, recover(paths, disk, null, LOG_ID), 1, 'direct');
    define(first);
    add(first, 1, 'one');
    first.commitGroup(1);
    add(first, 1, 'two');
    first.commitGroup(2);
    // The next segment's head, with the shape, is on the device when its write is said to have failed.
    disk.plant(`${paths.log}/spare-1.new`, Buffer.alloc(SEGMENT_BYTES));
    add(first, 1, 'never stored'.padEnd(SEGMENT_BYTES, '.'));
    disk.syncsBeforeError = 0;
    expect(() => first.commitGroup(3)).toThrow('in doubt');
    disk = disk.kill();

    const second = writerOn(disk, recover(paths, disk, null, LOG_ID), 2, 'buffered');
    add(second, 1, 'three');
    second.commitGroup(4);
    losesNames = true;
    disk = disk.crash();
    losesNames = false;

    const after = recover(paths, disk, null, LOG_ID);
    expect(textsOn(disk, after)).toEqual(['one', 'two', 'three']);
  });
});
