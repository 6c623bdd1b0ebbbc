/** The first segment of a new store grows, since no spare is written ahead yet; that is not to last. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { storePaths } from '../../../src/log/folder.js';
import { makeFolder } from '../../../src/log/make-folder.js';
import { recover } from '../../../src/log/recover.js';
import { makeSpare } from '../../../src/log/spare.js';
import { LogWriter } from '../../../src/log/writer.js';
import { realDisk } from '../../../src/ports/disk.js';

const SEGMENT_BYTES = 256 * 1024;
/** A frame of a plain record: its word and a payload of 8 bytes. */
const FRAME = Buffer.from([8, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);

it('a growing segment is left for a spare soon after there is one, and no record is lost or doubled', async () => {
  const root = mkdtempSync(join(tmpdir(), 'ltl-growing-'));
  try {
    const paths = storePaths(root);
    makeFolder(paths.log);
    const writer = new LogWriter({
      paths,
      disk: realDisk,
      logId: '0123456789abcdef0123456789abcdef',
      epoch: 65_536,
      segmentBytes: SEGMENT_BYTES,
      recovered: recover(paths, realDisk, null),
    });
    let records = 0;
    const commit = (): void => {
      writer.addBatch(1, records, (copy) => {
        copy(FRAME, 0, FRAME.length);
        return { bytes: FRAME.length, count: 1, definitions: [] };
      });
      writer.commitGroup(1_763_800_000_000);
      records += 1;
    };
    for (let group = 0; group < 40; group += 1) commit();
    expect(writer.way).toBe('growing');
    expect(await makeSpare(paths, SEGMENT_BYTES, () => true)).toBe(true);
    for (let group = 0; group < 40; group += 1) commit();
    expect(writer.way).toBe('buffered');
    expect(writer.segmentId).toBe(2);
    writer.close();
    expect(recover(paths, realDisk, null)).toMatchObject({ nextSeq: records, segmentId: 2 });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
