/**
 * No library at all: JSON lines in one file, one write and one fdatasync per turn of the event loop, in the caller's
 * thread. On a growing file it counts as a peer; on a file written ahead it shows what the disk itself allows, since
 * then a sync has no metadata to write.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { diskBytes } from '../footprint.js';
import { TurnGroup } from '../turn-group.js';
import type { OpenOptions, Store, StoreKind, Visit } from './store.js';

const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 10;

export const plainGrowing: StoreKind = {
  label: 'plain fs, growing file',
  role: 'peer',
  how: 'JSON lines; writeSync + fdatasyncSync once a turn of the event loop',
  open: async (folder, options) => new PlainStore(folder, options, false),
  footprint: (folder) => ({ dataBytes: usedBytes(folder), diskBytes: diskBytes(folder) }),
};

export const plainWrittenAhead: StoreKind = {
  label: 'plain fs, file written ahead',
  role: 'limit',
  how: 'the same on a file that was filled with zeros and synced before the clock started',
  open: async (folder, options) => new PlainStore(folder, options, true),
  footprint: (folder) => ({ dataBytes: usedBytes(folder), diskBytes: diskBytes(folder) }),
};

const fileIn = (folder: string): string => join(folder, 'log.jsonl');

class PlainStore implements Store {
  readonly #fd: number;
  readonly #group: TurnGroup<string>;
  /** Byte offset of every record, and of the end. Filled when the file is read; not kept up while appending. */
  readonly #offsets: Float64Array;
  #end: number;

  constructor(folder: string, options: OpenOptions, writtenAhead: boolean) {
    this.#fd = fs.openSync(fileIn(folder), options.readOnly === true ? 'r' : flagsFor(folder));
    this.#offsets = findOffsets(this.#fd);
    const count = this.#offsets.length - 1;
    this.#end = this.#offsets[count] ?? 0;
    if (writtenAhead && options.expectedBytes !== undefined) writeZeros(this.#fd, this.#end, options.expectedBytes);
    this.#group = new TurnGroup(count, (lines) => this.#commit(lines));
  }

  append(record: unknown): Promise<unknown> {
    return this.#group.add(JSON.stringify(record));
  }

  appendBatch(records: readonly unknown[]): Promise<unknown> {
    return this.#group.addAll(records.map((record) => JSON.stringify(record)));
  }

  get(index: number): unknown {
    const from = this.#offsets[index] ?? 0;
    const bytes = Buffer.allocUnsafe((this.#offsets[index + 1] ?? 0) - from - 1);
    fs.readSync(this.#fd, bytes, 0, bytes.length, from);
    return JSON.parse(bytes.toString()) as unknown;
  }

  async scan(visit: Visit): Promise<void> {
    let goesOn = true;
    eachChunk(this.#fd, (bytes, newlines) => {
      let from = 0;
      for (const at of newlines) {
        goesOn &&= visit(JSON.parse(bytes.toString('utf8', from, at)) as unknown) !== false;
        from = at + 1;
      }
      return from;
    });
  }

  count(): number {
    return this.#group.count;
  }

  async close(): Promise<void> {
    fs.closeSync(this.#fd);
  }

  #commit(lines: readonly string[]): void {
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    let done = 0;
    while (done < bytes.length) done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, this.#end + done);
    fs.fdatasyncSync(this.#fd);
    this.#end += bytes.length;
  }
}

function flagsFor(folder: string): string {
  return fs.existsSync(fileIn(folder)) ? 'r+' : 'w+';
}

function writeZeros(fd: number, from: number, bytes: number): void {
  const zeros = Buffer.alloc(CHUNK_BYTES);
  for (let at = from; at < from + bytes; at += zeros.length) fs.writeSync(fd, zeros, 0, zeros.length, at);
  fs.fsyncSync(fd);
}

/** Reads the file in chunks; `take` gets the bytes and where newlines are, and says how many bytes it took. */
function eachChunk(fd: number, take: (bytes: Buffer, newlines: readonly number[]) => number): void {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let kept = 0;
  let position = 0;
  for (;;) {
    const read = fs.readSync(fd, buffer, kept, buffer.length - kept, position);
    if (read === 0) return;
    position += read;
    const bytes = buffer.subarray(0, kept + read);
    const newlines: number[] = [];
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) newlines.push(at);
    const taken = take(bytes, newlines);
    kept = bytes.length - taken;
    // A chunk without a newline is the zeros after the last record, or a torn line.
    if (newlines.length === 0) return;
    bytes.copyWithin(0, taken);
  }
}

function findOffsets(fd: number): Float64Array {
  let offsets = new Float64Array(1024);
  let length = 1;
  let base = 0;
  eachChunk(fd, (bytes, newlines) => {
    for (const at of newlines) {
      if (length === offsets.length) {
        const larger = new Float64Array(length * 2);
        larger.set(offsets);
        offsets = larger;
      }
      offsets[length++] = base + at + 1;
    }
    const taken = (newlines.at(-1) ?? -1) + 1;
    base += taken;
    return taken;
  });
  return offsets.subarray(0, length);
}

function usedBytes(folder: string): number {
  const fd = fs.openSync(fileIn(folder), 'r');
  try {
    return findOffsets(fd).at(-1) ?? 0;
  } finally {
    fs.closeSync(fd);
  }
}
