/** The first segment of a new store grows, since no spare is written ahead yet; that is not to last. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { segmentPath, storePaths } from '../../../src/log/folder.js';
import { makeFolder } from '../../../src/log/make-folder.js';
import { recover } from '../../../src/log/recover.js';
import { makeSpare } from '../../../src/log/spare.js';
import { LogWriter } from '../../../src/log/writer.js';
import { type Disk, realDisk } from '../../../src/ports/disk.js';

const SEGMENT_BYTES = 256 * 1024;
/** A frame of a plain record: its word and a payload of 8 bytes. */
const FRAME = Buffer.from([8, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);

let root = '';
let records = 0;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ltl-growing-'));
  makeFolder(storePaths(root).log);
  records = 0;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function open(options: { writeAheadBytes?: number; disk?: Disk }): LogWriter {
  return new LogWriter({
    paths: storePaths(root),
    disk: realDisk,
    logId: '0123456789abcdef0123456789abcdef',
    epoch: 65_536,
    segmentBytes: SEGMENT_BYTES,
    recovered: recover(storePaths(root), realDisk, null),
    ...options,
  });
}

function commit(writer: LogWriter): void {
  writer.addBatch(1, records, (copy) => {
    copy(FRAME, 0, FRAME.length);
    return { bytes: FRAME.length, count: 1, definitions: [] };
  });
  writer.commitGroup(1_763_800_000_000);
  records += 1;
}

it('a growing segment is left for a spare soon after there is one, and no record is lost or doubled', async () => {
  const paths = storePaths(root);
  const writer = open({ writeAheadBytes: 0 });
  for (let group = 0; group < 40; group += 1) commit(writer);
  expect(writer.way).toBe('growing');
  expect(await makeSpare(paths, SEGMENT_BYTES, () => true)).toBe(true);
  for (let group = 0; group < 40; group += 1) commit(writer);
  expect(writer.way).toBe('buffered');
  expect(writer.segmentId).toBe(2);
  writer.close();
  expect(recover(paths, realDisk, null)).toMatchObject({ nextSeq: records, segmentId: 2 });
});

it('the first small group brings room for those after it, in the same sync, and what it left is no torn tail', () => {
  let syncs = 0;
  const sync = (fd: number): void => {
    syncs += 1;
    realDisk.sync(fd);
  };
  const writer = open({ disk: { ...realDisk, sync } });
  commit(writer);
  const { size } = statSync(segmentPath(storePaths(root), 1));
  for (let group = 0; group < 40; group += 1) commit(writer);
  expect({ way: writer.way, size, after: statSync(segmentPath(storePaths(root), 1)).size, syncs }).toEqual({
    way: 'buffered',
    size: SEGMENT_BYTES,
    after: SEGMENT_BYTES,
    syncs: records,
  });
  writer.close();
  expect(recover(storePaths(root), realDisk, null)).toMatchObject({ nextSeq: records, report: { tornBytes: 0 } });
});

it('on a disk that has room for the group only, the group is written, and no room ahead of it', () => {
  const write: Disk['write'] = (fd, bytes, offset, length, position) =>
    realDisk.write(fd, bytes, offset, Math.min(length, 8192 - position), position);
  const writer = open({ disk: { ...realDisk, write } });
  commit(writer);
  commit(writer);
  expect(writer.way).toBe('growing');
  expect(statSync(segmentPath(storePaths(root), 1)).size).toBe(writer.offset);
  writer.close();
  expect(recover(storePaths(root), realDisk, null).nextSeq).toBe(2);
});
