/**
 * The worked example of docs/FORMAT.md is made here, by the writer and the encoder that run, and compared. When the format
 * changes, this test prints the block that the page must hold.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storePaths } from '../../../src/log/folder.js';
import { BATCH_HEADER_BYTES, readBatchHeader } from '../../../src/log/format.js';
import { recover } from '../../../src/log/recover.js';
import { LogWriter } from '../../../src/log/writer.js';
import { realDisk } from '../../../src/ports/disk.js';
import { RecordEncoder } from '../../../src/record/encoder.js';
import { LIMITS } from '../../../src/words/limits.js';

const document = path.join(import.meta.dirname, '../../../docs/FORMAT.md');
const LOG_ID = '000102030405060708090a0b0c0d0e0f';
const TIME_MS = 1_763_800_000_000;

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-format-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** The segment that the page describes. */
function exampleSegment(): Buffer {
  const paths = storePaths(folder);
  fs.mkdirSync(paths.log, { recursive: true });
  const recovered = recover(paths, realDisk, null);
  const segmentBytes = LIMITS.segmentBytes;
  const writer = new LogWriter({ paths, disk: realDisk, logId: LOG_ID, epoch: 2 ** 16, segmentBytes, recovered });
  let nextShapeId = 1;
  const encoder = new RecordEncoder({ allocateShapeId: () => nextShapeId++ });
  encoder.registerMessage('reading', { sensor: 'string', value: 'number' });
  const definitions = encoder.takeDefinitions();
  const records = [{ sensor: 'a', value: 1 }, { sensor: 'b', value: -0.5 }, 'hé'].map((value) =>
    encode(encoder, value),
  );
  const body = Buffer.concat([...definitions, ...records]);
  writer.addBatch(0, 0, (copy) => {
    copy(body, 0, body.length);
    return { bytes: body.length, count: records.length, definitions: [0] };
  });
  writer.commitGroup(TIME_MS);
  writer.close();
  return fs.readFileSync(path.join(paths.log, '0000000001.seg'));
}

function encode(encoder: RecordEncoder, value: unknown): Uint8Array {
  const bytes = new Uint8Array(256);
  const target = { bytes, view: new DataView(bytes.buffer), position: 0, limit: bytes.length };
  return bytes.subarray(0, encoder.encode(target, value, 0));
}

function hexDump(bytes: Buffer, from: number, to: number): string[] {
  const rows: string[] = [];
  for (let at = from; at < to; at += 16) {
    const row = [...bytes.subarray(at, Math.min(at + 16, to))];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    rows.push(`${at.toString(16).padStart(4, '0')}  ${hex.padEnd(47)}  ${text}`);
  }
  return rows;
}

describe('docs/FORMAT.md', () => {
  it('shows the bytes that the writer writes', () => {
    const bytes = exampleSegment();
    const header = readBatchHeader(bytes, LIMITS.segmentDataOffset, 1);
    const end = LIMITS.segmentDataOffset + (header?.spanBytes ?? 0);
    const dump = [...hexDump(bytes, 0, BATCH_HEADER_BYTES), '…', ...hexDump(bytes, LIMITS.segmentDataOffset, end)];
    const shown = /<!-- example: [^\n]*-->\n```\n([\s\S]*?)```\n<!-- \/example -->/.exec(
      fs.readFileSync(document, 'utf8'),
    );
    expect(shown?.[1]).toBe(`${dump.join('\n')}\n`);
  });

  it('tells the sizes and the version that the code has', () => {
    const text = fs.readFileSync(document, 'utf8');
    expect(text).toContain('Format version 1.');
    expect(text).toContain(`padded with zeros to ${LIMITS.segmentDataOffset}`);
    expect(LIMITS.recordBytesMax).toBe(2 ** 24);
    expect(LIMITS.segmentBytes).toBe(8 * 1024 * 1024);
  });
});
