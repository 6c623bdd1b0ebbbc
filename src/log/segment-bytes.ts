/**
 * A segment's bytes, read only where somebody looks. `SegmentBytes` holds the segment in memory of which untouched parts cost
 * nothing; a `HeaderWindow` is for those who hop from header to header and look at nothing between.
 */
import type { Disk } from '../ports/disk.js';
import { readBytes } from './read-bytes.js';

export class SegmentBytes {
  /** The first `length` bytes of the segment; only what was `read` means anything. */
  readonly bytes: Buffer;
  /** Bytes read so far. */
  bytesRead = 0;
  readonly #disk: Disk;
  readonly #fd: number;

  constructor(disk: Disk, fd: number, length: number) {
    this.#disk = disk;
    this.#fd = fd;
    this.bytes = Buffer.allocUnsafeSlow(length);
  }

  read(from: number, to: number): void {
    const end = Math.min(to, this.bytes.length);
    // What a shorter file does not hold is none.
    if (end > from) this.bytes.fill(0, readBytes(this.#disk, this.#fd, this.bytes, from, end), end);
    this.bytesRead += Math.max(0, end - from);
  }

  /** A window on headers of `headerBytes` each. */
  window(headerBytes: number): HeaderWindow {
    const source = { disk: this.#disk, fd: this.#fd, length: this.bytes.length };
    return new HeaderWindow(source, headerBytes, (bytes) => (this.bytesRead += bytes));
  }
}

/** A page for a header alone. */
const WINDOW_BYTES_MIN = 4096;
/** More is slower: what is read stays in the processor's cache. */
export const WINDOW_BYTES_MAX = 64 * 1024;

interface WindowSource {
  readonly disk: Disk;
  readonly fd: number;
  readonly length: number;
}

/** What stands at one place of the segment and a little further: the more, the longer its user goes on without leaving it. */
export class HeaderWindow {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES_MAX);
  readonly view: DataView = new DataView(this.bytes.buffer);
  readonly #source: WindowSource;
  readonly #headerBytes: number;
  readonly #onRead: (bytes: number) => void;
  #base = 0;
  #filled = 0;
  #step = WINDOW_BYTES_MIN;

  constructor(source: WindowSource, headerBytes: number, onRead: (bytes: number) => void = () => undefined) {
    this.#source = source;
    this.#headerBytes = headerBytes;
    this.#onRead = onRead;
  }

  /** Where in `bytes` and `view` the header stands that begins at `offset`; negative when the segment ends before its end. */
  find(offset: number): number {
    const at = offset - this.#base;
    if (at >= 0 && at + this.#headerBytes <= this.#filled) return at;
    this.#step = at >= 0 && at <= this.#filled ? Math.min(this.#step * 2, WINDOW_BYTES_MAX) : WINDOW_BYTES_MIN;
    const { disk, fd, length } = this.#source;
    const to = Math.min(length, offset + this.#step);
    this.#base = offset;
    this.#filled = to <= offset ? 0 : readBytes(disk, fd, this.bytes, offset, to, offset) - offset;
    this.#onRead(this.#filled);
    return this.#filled < this.#headerBytes ? -1 : 0;
  }
}
