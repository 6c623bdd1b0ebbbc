/**
 * Writes any value as MessagePack: what is one value is written by write-scalar.ts, arrays and objects here, by the same
 * rules for room and verdicts. Why a value cannot be encoded is found by a second, slow walk (see explain.ts).
 */
import { OVERFLOW, UNENCODABLE, writeBigint, writeBytes, writeDate, writeNumber, writeString } from './write-scalar.js';

/** Arrays and objects nested deeper than this are refused, which also ends a cycle. */
export const DEPTH_MAX = 256;

/** Longer arrays are not searched for named properties, which would take longer than to write the array. */
export const NAMED_UP_TO = 64;
const objectPrototype = Object.prototype;
const { getPrototypeOf, getOwnPropertySymbols, hasOwn, keys } = Object;

/** Writes any value. */
export function writeValue(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  value: unknown,
  depth: number,
): number {
  switch (typeof value) {
    case 'string':
      return writeString(bytes, view, at, end, value);
    case 'number':
      return writeNumber(bytes, view, at, end, value);
    case 'boolean':
      if (at >= end) return OVERFLOW;
      bytes[at] = value ? 0xc3 : 0xc2;
      return at + 1;
    case 'bigint':
      return writeBigint(bytes, view, at, end, value);
    case 'object':
      if (value === null) {
        if (at >= end) return OVERFLOW;
        bytes[at] = 0xc0;
        return at + 1;
      }
      return writeObject(bytes, view, at, end, value, depth);
    default:
      return UNENCODABLE;
  }
}

/** Writes an array, a plain object, a Date or bytes, told apart by their prototype; any other object is refused. */
export function writeObject(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  value: object,
  depth: number,
): number {
  if (Array.isArray(value)) return writeArray(bytes, view, at, end, value, depth);
  const prototype: unknown = getPrototypeOf(value);
  if (prototype === objectPrototype || prototype === null) return writeMap(bytes, view, at, end, value, depth);
  if (prototype === Date.prototype) return writeDate(bytes, view, at, end, value as Date);
  if (prototype === Uint8Array.prototype || prototype === Buffer.prototype)
    return writeBytes(bytes, view, at, end, value as Uint8Array);
  return UNENCODABLE;
}

function writeArray(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  list: readonly unknown[],
  depth: number,
): number {
  const length = list.length;
  if (depth >= DEPTH_MAX) return UNENCODABLE;
  if (at + 5 + length > end) return OVERFLOW;
  let place = writeArrayHeader(bytes, view, at, length);
  for (let index = 0; index < length; index += 1) {
    // A hole reads as undefined, which has no encoding.
    const item = list[index];
    place =
      typeof item === 'number'
        ? writeNumber(bytes, view, place, end, item)
        : writeValue(bytes, view, place, end, item, depth + 1);
    if (place < 0) return place;
  }
  if (getPrototypeOf(list) !== Array.prototype) return UNENCODABLE;
  // A named property, such as a regular expression's match has, would be lost.
  if (length <= NAMED_UP_TO && keys(list).length !== length) return UNENCODABLE;
  return place;
}

/** Writes the header of an array; the caller has made sure of 5 bytes. */
export function writeArrayHeader(bytes: Uint8Array, view: DataView, at: number, length: number): number {
  if (length < 0x10) {
    bytes[at] = 0x90 | length;
    return at + 1;
  }
  if (length < 0x10000) {
    bytes[at] = 0xdc;
    view.setUint16(at + 1, length);
    return at + 3;
  }
  bytes[at] = 0xdd;
  view.setUint32(at + 1, length);
  return at + 5;
}

/** Own enumerable string keys in their order; one pass, so the header is put right afterwards. */
function writeMap(bytes: Uint8Array, view: DataView, at: number, end: number, map: object, depth: number): number {
  if (depth >= DEPTH_MAX) return UNENCODABLE;
  if (at + 1 > end) return OVERFLOW;
  const source = map as Readonly<Record<string, unknown>>;
  const polluted = isPrototypePolluted();
  let place = at + 1;
  let count = 0;
  for (const key in source) {
    if (polluted && !hasOwn(source, key)) continue;
    if (key === '__proto__') return UNENCODABLE;
    place = writeString(bytes, view, place, end, key);
    if (place < 0) return place;
    place = writeValue(bytes, view, place, end, source[key], depth + 1);
    if (place < 0) return place;
    count += 1;
  }
  // Own symbols are refused even when they cannot be enumerated: `arguments`, Math and module namespaces have them.
  if (getOwnPropertySymbols(map).length > 0) return UNENCODABLE;
  if (count < 0x10) {
    bytes[at] = 0x80 | count;
    return place;
  }
  const shift = count < 0x10000 ? 2 : 4;
  if (place + shift > end) return OVERFLOW;
  bytes.copyWithin(at + 1 + shift, at + 1, place);
  bytes[at] = count < 0x10000 ? 0xde : 0xdf;
  if (count < 0x10000) view.setUint16(at + 1, count);
  else view.setUint32(at + 1, count);
  return place + shift;
}

/** True when somebody has put an enumerable property on Object.prototype, which a for-in loop then meets. */
function isPrototypePolluted(): boolean {
  for (const key in objectPrototype) return key !== undefined;
  return false;
}
