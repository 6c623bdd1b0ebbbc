/** A small log written through the writer itself: groups of records, shapes learned on the way, segments as small as wanted. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { baseSeqOf, listSegments, logIdOf, type StorePaths, segmentPath, storePaths } from '../../../src/log/folder.js';
import { writeKept } from '../../../src/log/kept.js';
import { LogReader, type LogReaderOptions } from '../../../src/log/reader.js';
import { recover } from '../../../src/log/recover.js';
import { LogWriter } from '../../../src/log/writer.js';
import { BoardGrowth } from '../../../src/lookup/growth.js';
import type { IndexClient } from '../../../src/lookup/index-client.js';
import { Queries } from '../../../src/lookup/queries.js';
import { type Disk, realDisk } from '../../../src/ports/disk.js';
import { RecordDecoder } from '../../../src/record/decoder.js';
import { RecordEncoder } from '../../../src/record/encoder.js';
import { Board } from '../../../src/wire/board.js';

/** A disk that forgets to sync, for tests that are not about syncing. */
const quickDisk: Disk = { ...realDisk, sync: () => {}, syncFolder: () => {} };

export interface StoreOptions {
  readonly segmentBytes?: number;
  readonly root?: string;
  readonly logId?: string;
  readonly learnAfter?: number;
}

export class TestStore {
  readonly paths: StorePaths;
  readonly board: Board = new Board();
  readonly logId: string;
  readonly #writer: LogWriter;
  readonly #encoder: RecordEncoder;
  #shapeId = 0;
  #target: Target = makeTarget(4096);

  constructor({ segmentBytes = 16_384, root, logId = 'ab'.repeat(16), learnAfter = 8 }: StoreOptions = {}) {
    this.paths = storePaths(root ?? fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-lookup-')));
    this.logId = logId;
    fs.mkdirSync(this.paths.log, { recursive: true });
    const recovered = recover(this.paths, quickDisk, null);
    if (recovered.segmentId > 0) this.#shapeId = 1000;
    this.#writer = new LogWriter({ paths: this.paths, disk: quickDisk, logId, epoch: 65536, segmentBytes, recovered });
    this.#encoder = new RecordEncoder({ allocateShapeId: () => (this.#shapeId += 1), learnAfter });
    this.#publish();
  }

  get nextSeq(): number {
    return this.#writer.nextSeq;
  }

  /** Writes one group; returns the seq of its first record. */
  append(records: readonly unknown[], nowMs: number = Date.now()): number {
    const frames: Uint8Array[] = [];
    const definitions: number[] = [];
    let bytes = 0;
    const add = (frame: Uint8Array): void => {
      frames.push(frame);
      bytes += frame.length;
    };
    for (const record of records) {
      for (let end = -1; end === -1; ) {
        end = this.#encoder.encode(this.#target, record, 0);
        for (const frame of this.#encoder.takeDefinitions()) {
          definitions.push(bytes);
          add(frame);
        }
        if (end === -1) this.#target = makeTarget(this.#target.limit * 8);
        else add(Buffer.from(this.#target.bytes.subarray(0, end)));
      }
    }
    const body = Buffer.concat(frames);
    this.#writer.addBatch(1, 0, (copy) => {
      copy(body, 0, body.length);
      return { bytes: body.length, count: records.length, definitions };
    });
    const first = this.#writer.commitGroup(nowMs);
    this.#publish();
    return first;
  }

  reader(onDefinition: (payload: Buffer) => void, options: LogReaderOptions = {}): LogReader {
    return new LogReader(this.paths, () => this.board.tail(), onDefinition, options);
  }

  queries(gate: () => void = () => {}, index: IndexClient | null = null): Queries {
    const decoder = new RecordDecoder();
    const reader = this.reader((payload) => void decoder.defineFrom(payload));
    return new Queries({ reader, decoder, growth: new BoardGrowth(this.board), gate, index });
  }

  /** What retention does: the segments before that one go, with its word. */
  dropBefore(segmentId: number): void {
    const begin = { segmentId, seq: baseSeqOf(this.paths, segmentId) ?? 0 };
    writeKept(this.paths, begin, logIdOf(this.paths) ?? '');
    for (const id of listSegments(this.paths)) if (id < segmentId) fs.rmSync(segmentPath(this.paths, id));
  }

  close(): void {
    this.#writer.close();
    fs.rmSync(this.paths.root, { recursive: true, force: true });
  }

  #publish(): void {
    const { nextSeq, segmentId, offset, timeMs } = this.#writer;
    this.board.publishTail({ nextSeq, segmentId, offset, timeMs });
  }
}

type Target = Parameters<RecordEncoder['encode']>[0];

function makeTarget(size: number): Target {
  const bytes = Buffer.alloc(size);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size), position: 0, limit: size };
}
