/**
 * Turns UTF-8 into strings without a native call for each, where possible. Short ASCII text, which repeats (keys, levels,
 * names), is kept in a small table, found by its bytes. Longer ASCII text is cut out of a window: one string made of a
 * few kilobytes of the buffer at once. The window is used only over bytes that the owner has promised not to change,
 * and a string cut out of it keeps these kilobytes alive.
 */

interface NativeSlice {
  (this: Uint8Array, start: number, end: number): string;
}
const { latin1Slice, utf8Slice } = Buffer.prototype as unknown as {
  readonly latin1Slice: NativeSlice;
  readonly utf8Slice: NativeSlice;
};

/** Text up to this length is looked up in the table, by four overlapping words of four bytes. */
const TABLE_TEXT_BYTES = 16;
/** A power of two. */
const TABLE_SLOTS = 2048;
const TABLE_SHIFT = 32 - Math.log2(TABLE_SLOTS);
/** What a string cut out of the window keeps alive. */
const WINDOW_BYTES = 4096;
/** Longer text gains nothing from the window. */
const WINDOW_TEXT_BYTES = 1024;
const NOT_ASCII = 0x80808080 | 0;

export class TextReader {
  readonly #words = new Int32Array(4 * TABLE_SLOTS);
  readonly #texts: string[] = new Array<string>(TABLE_SLOTS).fill('');
  #steady: Uint8Array | null = null;
  #window = '';
  #windowStart = 0;
  #windowEnd = 0;

  /** These bytes do not change until the next call; null ends the promise. */
  steady(bytes: Uint8Array | null): void {
    this.#steady = bytes;
    this.#window = '';
    this.#windowStart = 0;
    this.#windowEnd = 0;
  }

  /** The text in `bytes[at, at + length)`, which the caller has seen to lie inside; `view` is over the same bytes. */
  read(bytes: Uint8Array, view: DataView, at: number, length: number): string {
    if (length <= TABLE_TEXT_BYTES) return this.#short(bytes, view, at, length);
    if (bytes === this.#steady && length <= WINDOW_TEXT_BYTES && isAscii(bytes, view, at, length))
      return this.#cut(bytes, at, length);
    return utf8Slice.call(bytes, at, at + length);
  }

  #short(bytes: Uint8Array, view: DataView, at: number, length: number): string {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    if (length >= 4) {
      a = view.getInt32(at);
      d = view.getInt32(at + length - 4);
      if (length > 8) {
        b = view.getInt32(at + 4);
        c = view.getInt32(at + length - 8);
      }
    } else {
      if (length === 0) return '';
      a = bytes[at]! | (bytes[at + (length >> 1)]! << 8) | (bytes[at + length - 1]! << 16);
    }
    if (((a | b | c | d) & NOT_ASCII) !== 0) return utf8Slice.call(bytes, at, at + length);
    const hash =
      Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f);
    const slot = (hash ^ Math.imul(length, 0x165667b1)) >>> TABLE_SHIFT;
    const words = this.#words;
    const text = this.#texts[slot]!;
    const word = slot * 4;
    if (
      text.length === length &&
      words[word] === a &&
      words[word + 1] === b &&
      words[word + 2] === c &&
      words[word + 3] === d
    )
      return text;
    words[word] = a;
    words[word + 1] = b;
    words[word + 2] = c;
    words[word + 3] = d;
    const made = latin1Slice.call(bytes, at, at + length);
    this.#texts[slot] = made;
    return made;
  }

  #cut(bytes: Uint8Array, at: number, length: number): string {
    if (at < this.#windowStart || at + length > this.#windowEnd) {
      // A scan backwards finds its next text before this one, a scan forwards behind it.
      const backwards = at < this.#windowStart;
      this.#windowStart = backwards ? Math.max(0, at + length - WINDOW_BYTES) : at;
      this.#windowEnd = Math.min(this.#windowStart + WINDOW_BYTES, bytes.length);
      this.#window = latin1Slice.call(bytes, this.#windowStart, this.#windowEnd);
    }
    const start = at - this.#windowStart;
    return this.#window.substring(start, start + length);
  }
}

function isAscii(bytes: Uint8Array, view: DataView, at: number, length: number): boolean {
  const end = at + length;
  let place = at;
  let bits = 0;
  for (; place + 4 <= end; place += 4) bits |= view.getInt32(place);
  for (; place < end; place += 1) bits |= bytes[place]!;
  return (bits & NOT_ASCII) === 0;
}
