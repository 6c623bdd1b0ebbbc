/**
 * Reads MessagePack. It accepts every standard form, also those that the writer never makes, and refuses the rest with
 * E_DAMAGED and the offset: a length that is more than what is left is refused before anything is allocated for it.
 */
import { LtlError } from '../words/errors.js';
import { MapLayouts } from './map-layouts.js';
import { TextReader } from './text.js';
import { DEPTH_MAX } from './write.js';

const NONE = new Uint8Array(0);

/** A place in a buffer that moves as values are read; made once and aimed at one payload after the other. */
export class Reader {
  position = 0;
  end = 0;
  bytes: Uint8Array = NONE;
  view: DataView = new DataView(NONE.buffer);
  readonly texts = new TextReader();
  readonly #layouts: MapLayouts;

  constructor(mayGenerate: boolean) {
    this.#layouts = new MapLayouts(mayGenerate);
  }

  /** Aims at `bytes[start, end)`. */
  aim(bytes: Uint8Array, start: number, end: number): void {
    if (this.bytes !== bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    if (!(start >= 0 && start <= end && end <= bytes.length))
      throw new LtlError('E_ARGUMENT', `payload ${start}..${end} lies outside a buffer of ${bytes.length} bytes`);
    this.position = start;
    this.end = end;
  }

  /** The next value. */
  value(depth: number): unknown {
    const at = this.position;
    if (at >= this.end) throw this.damage('it is cut short');
    const token = this.bytes[at]!;
    this.position = at + 1;
    if (token < 0x80) return token;
    if (token >= 0xe0) return token - 0x100;
    if (token >= 0xa0 && token < 0xc0) return this.#string(token & 0x1f);
    if (token < 0x90) return this.#map(token & 0x0f, depth);
    if (token < 0xa0) return this.#array(token & 0x0f, depth);
    return this.#long(token, depth);
  }

  #long(token: number, depth: number): unknown {
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#binary(this.#length(token - 0xc4));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#length(token - 0xc7));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (token - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#string(this.#length(token - 0xd9));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#length(token - 0xdb), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#length(token - 0xdd), depth);
      case 0xc1:
        throw this.damage('byte 0xc1 starts no value');
      default:
        return this.#number(token);
    }
  }

  #number(token: number): number | bigint {
    const view = this.view;
    switch (token) {
      case 0xca:
        return view.getFloat32(this.#take(4));
      case 0xcb:
        return view.getFloat64(this.#take(8));
      case 0xcc:
        return view.getUint8(this.#take(1));
      case 0xcd:
        return view.getUint16(this.#take(2));
      case 0xce:
        return view.getUint32(this.#take(4));
      case 0xcf:
        return view.getBigUint64(this.#take(8));
      case 0xd0:
        return view.getInt8(this.#take(1));
      case 0xd1:
        return view.getInt16(this.#take(2));
      case 0xd2:
        return view.getInt32(this.#take(4));
      default:
        return view.getBigInt64(this.#take(8));
    }
  }

  /** Moves into the array of a shape's fields. */
  enterShape(fields: number): void {
    const token = this.position < this.end ? this.bytes[this.position]! : 0;
    const isArray = (token & 0xf0) === 0x90 || token === 0xdc || token === 0xdd;
    if (isArray) this.position += 1;
    const length = !isArray ? -1 : token < 0xa0 ? token & 0x0f : this.#length(token - 0xdb);
    if (length !== fields) throw this.damage(`it is not an array of the ${fields} fields of its shape`);
  }

  /** The text in `bytes[at, at + length)`, which lies inside the payload. */
  text(at: number, length: number): string {
    return this.texts.read(this.bytes, this.view, at, length);
  }

  /** A length of 1, 2 or 4 bytes, for size 0, 1 and 2. */
  #length(size: number): number {
    if (size === 0) return this.view.getUint8(this.#take(1));
    if (size === 1) return this.view.getUint16(this.#take(2));
    return this.view.getUint32(this.#take(4));
  }

  /** Moves over so many bytes and returns where they start. */
  #take(count: number): number {
    const at = this.position;
    if (at + count > this.end) throw this.damage(`it is cut short: ${count} bytes wanted, ${this.end - at} left`);
    this.position = at + count;
    return at;
  }

  #string(length: number): string {
    return this.text(this.#take(length), length);
  }

  #binary(length: number): Uint8Array {
    const at = this.#take(length);
    // A copy in memory of its own: the block it lies in is not kept alive, and may be shared.
    return new Uint8Array(this.bytes.subarray(at, at + length));
  }

  #array(length: number, depth: number): unknown[] {
    this.#enter(length, depth);
    const list: unknown[] = [];
    for (let index = 0; index < length; index += 1) list.push(this.value(depth + 1));
    return list;
  }

  #map(count: number, depth: number): Record<string, unknown> {
    this.#enter(count * 2, depth);
    // A word at the very end of the payload is not worth a special case.
    if (count === 0 || this.position + 4 > this.end) return this.#mapByKey(count, depth);
    const slot = this.#layouts.slotOf(count, this.view.getInt32(this.position));
    if (slot < 0) return this.#mapByKey(count, depth);
    const known = this.#layouts.read(slot, count, this, depth + 1);
    if (known !== undefined) return known;
    const map = this.#mapByKey(count, depth);
    this.#layouts.note(slot, map, count);
    return map;
  }

  #mapByKey(count: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let index = 0; index < count; index += 1) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') throw this.damage('a key of a map is no string');
      if (key === '__proto__') throw this.damage('a key is called __proto__');
      map[key] = this.value(depth + 1);
    }
    return map;
  }

  /** Each item takes a byte at least. */
  #enter(items: number, depth: number): void {
    if (depth >= DEPTH_MAX) throw this.damage(`it is nested deeper than ${DEPTH_MAX}`);
    if (this.position + items > this.end) throw this.damage(`it is cut short: ${items} items promised`);
  }

  #extension(length: number): Date {
    const type = this.view.getInt8(this.#take(1));
    if (type !== -1) throw this.damage(`extension type ${type} is not known`);
    const at = this.#take(length);
    const view = this.view;
    if (length === 4) return new Date(view.getUint32(at) * 1000);
    if (length === 8) {
      const high = view.getUint32(at);
      return this.#date((high & 3) * 2 ** 32 + view.getUint32(at + 4), high >>> 2);
    }
    if (length === 12) return this.#date(Number(view.getBigInt64(at + 4)), view.getUint32(at));
    throw this.damage(`a timestamp of ${length} bytes`);
  }

  #date(seconds: number, nanoseconds: number): Date {
    const date = new Date(seconds * 1000 + Math.floor(nanoseconds / 1_000_000));
    if (Number.isNaN(date.getTime())) throw this.damage('a timestamp beyond the range of Date');
    return date;
  }

  /** The error for malformed bytes here. */
  damage(reason: string): LtlError {
    return new LtlError('E_DAMAGED', `record payload: ${reason}, at byte ${this.position}`, {
      details: { offset: this.position },
    });
  }
}
