/**
 * Writes single values as MessagePack, straight into the buffer they will live in. Every function gets the place `at`
 * and the exclusive `end` of the room and returns the place after what it wrote, or a negative verdict: the hot path
 * throws nothing and keeps no state. The check for room is conservative (a string of n units may need 3n bytes), so
 * OVERFLOW means "perhaps": the encoder then goes by way of a buffer of its own. Nothing is ever written at or beyond
 * `end`.
 */

/** The room may be too small. */
export const OVERFLOW = -1;
/** The value, or something in it, has no encoding. */
export const UNENCODABLE = -2;
/** The value does not have the keys, or the types, of the shape tried. */
export const MISFIT = -3;

/** From this length on the native writer is quicker than a loop; shorter ASCII text has a header of one byte, too. */
export const NATIVE_FROM = 32;
/** From this length on it pays to count a string's bytes rather than to ask for three a unit. */
const COUNT_FROM = 1024;

interface NativeWrite {
  (this: Uint8Array, text: string, offset: number, length: number): number;
}
// Unlike TextEncoder.encodeInto it accepts shared memory, and it needs no view made for each string.
const utf8Write = (Buffer.prototype as unknown as { readonly utf8Write: NativeWrite }).utf8Write;

/** Writes an integer of 32 bits in its smallest form and any other finite number, and −0, as a float64. */
export function writeNumber(bytes: Uint8Array, view: DataView, at: number, end: number, value: number): number {
  if (at + 9 > end) return OVERFLOW;
  if (value >= 0 && value <= 0xffffffff && value >>> 0 === value && (value !== 0 || 1 / value > 0)) {
    if (value < 0x80) {
      bytes[at] = value;
      return at + 1;
    }
    if (value < 0x100) {
      bytes[at] = 0xcc;
      bytes[at + 1] = value;
      return at + 2;
    }
    if (value < 0x10000) {
      bytes[at] = 0xcd;
      view.setUint16(at + 1, value);
      return at + 3;
    }
    bytes[at] = 0xce;
    view.setUint32(at + 1, value);
    return at + 5;
  }
  if (value < 0 && (value | 0) === value) {
    if (value >= -0x20) {
      bytes[at] = value & 0xff;
      return at + 1;
    }
    if (value >= -0x80) {
      bytes[at] = 0xd0;
      bytes[at + 1] = value;
      return at + 2;
    }
    if (value >= -0x8000) {
      bytes[at] = 0xd1;
      view.setInt16(at + 1, value);
      return at + 3;
    }
    bytes[at] = 0xd2;
    view.setInt32(at + 1, value);
    return at + 5;
  }
  if (value - value !== 0) return UNENCODABLE;
  bytes[at] = 0xcb;
  view.setFloat64(at + 1, value);
  return at + 9;
}

/** Writes a bigint always as 64 bits, so that it comes back as a bigint. */
export function writeBigint(bytes: Uint8Array, view: DataView, at: number, end: number, value: bigint): number {
  if (at + 9 > end) return OVERFLOW;
  if (BigInt.asIntN(64, value) === value) {
    bytes[at] = 0xd3;
    view.setBigInt64(at + 1, value);
    return at + 9;
  }
  if (BigInt.asUintN(64, value) !== value) return UNENCODABLE;
  bytes[at] = 0xcf;
  view.setBigUint64(at + 1, value);
  return at + 9;
}

/** Writes a string; one with a lone surrogate is refused, since it would not come back equal. */
export function writeString(bytes: Uint8Array, view: DataView, at: number, end: number, text: string): number {
  const length = text.length;
  if (length < NATIVE_FROM) {
    if (at + 1 + length > end) return OVERFLOW;
    bytes[at] = 0xa0 | length;
    let place = at + 1;
    for (let index = 0; index < length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) return writeLongString(bytes, view, at, end, text);
      bytes[place] = unit;
      place += 1;
    }
    return place;
  }
  return writeLongString(bytes, view, at, end, text);
}

/** Writes a string of any length by the native writer. */
export function writeLongString(bytes: Uint8Array, view: DataView, at: number, end: number, text: string): number {
  const length = text.length;
  const room = length < COUNT_FROM ? length * 3 : Buffer.byteLength(text);
  if (at + 5 + room > end) return OVERFLOW;
  const guess = stringHeaderBytes(length);
  const written = utf8Write.call(bytes, text, at + guess, room);
  let header = guess;
  if (written !== length) {
    if (!text.isWellFormed()) return UNENCODABLE;
    header = stringHeaderBytes(written);
    if (header !== guess) bytes.copyWithin(at + header, at + guess, at + guess + written);
  }
  if (header === 1) bytes[at] = 0xa0 | written;
  else if (header === 2) {
    bytes[at] = 0xd9;
    bytes[at + 1] = written;
  } else if (header === 3) {
    bytes[at] = 0xda;
    view.setUint16(at + 1, written);
  } else {
    bytes[at] = 0xdb;
    view.setUint32(at + 1, written);
  }
  return at + header + written;
}

function stringHeaderBytes(length: number): number {
  return length < 0x20 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
}

/** Writes the standard timestamp extension, in the smallest of its three forms. */
export function writeDate(bytes: Uint8Array, view: DataView, at: number, end: number, date: Date): number {
  if (at + 15 > end) return OVERFLOW;
  const timeMs = Date.prototype.getTime.call(date);
  if (Number.isNaN(timeMs) || Object.keys(date).length > 0) return UNENCODABLE;
  const seconds = Math.floor(timeMs / 1000);
  const nanoseconds = (timeMs - seconds * 1000) * 1_000_000;
  if (seconds >= 0 && seconds < 2 ** 34) {
    if (nanoseconds === 0 && seconds < 2 ** 32) {
      bytes[at] = 0xd6;
      bytes[at + 1] = 0xff;
      view.setUint32(at + 2, seconds);
      return at + 6;
    }
    bytes[at] = 0xd7;
    bytes[at + 1] = 0xff;
    view.setUint32(at + 2, nanoseconds * 4 + Math.floor(seconds / 2 ** 32));
    view.setUint32(at + 6, seconds >>> 0);
    return at + 10;
  }
  bytes[at] = 0xc7;
  bytes[at + 1] = 12;
  bytes[at + 2] = 0xff;
  view.setUint32(at + 3, nanoseconds);
  view.setBigInt64(at + 7, BigInt(seconds));
  return at + 15;
}

/** Writes bytes as bin. */
export function writeBytes(bytes: Uint8Array, view: DataView, at: number, end: number, source: Uint8Array): number {
  const length = source.length;
  if (at + 5 + length > end) return OVERFLOW;
  let place = at + 2;
  if (length < 0x100) {
    bytes[at] = 0xc4;
    bytes[at + 1] = length;
  } else if (length < 0x10000) {
    bytes[at] = 0xc5;
    view.setUint16(at + 1, length);
    place = at + 3;
  } else {
    bytes[at] = 0xc6;
    view.setUint32(at + 1, length);
    place = at + 5;
  }
  bytes.set(source, place);
  return place + length;
}
