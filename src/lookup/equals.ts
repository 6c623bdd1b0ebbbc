/**
 * When two stored values are the same for `val_match`, and a hash that agrees with it: equal values have equal hashes, so an index
 * by hash misses nothing; the rare different values that share one are told apart by comparing them.
 *
 * Numbers and bigints compare by their value (5 equals 5n, 0 equals -0), everything else only within its own kind: strings by
 * their UTF-16 units, dates by their time, bytes by content (a Buffer equals a Uint8Array), arrays item by item in order,
 * objects field by field in any order.
 */

/** True when `stored` is what was asked for. */
export function sameValue(stored: unknown, wanted: unknown): boolean {
  if (stored === wanted) return true;
  if (typeof stored !== 'object')
    return typeof stored === 'number' || typeof stored === 'bigint' ? sameNumber(stored, wanted) : false;
  if (stored === null || typeof wanted !== 'object' || wanted === null) return false;
  if (Array.isArray(stored))
    return (
      Array.isArray(wanted) &&
      stored.length === wanted.length &&
      stored.every((item, index) => sameValue(item, (wanted as unknown[])[index]))
    );
  if (stored instanceof Date) return wanted instanceof Date && stored.getTime() === wanted.getTime();
  if (stored instanceof Uint8Array) return wanted instanceof Uint8Array && sameBytes(stored, wanted);
  if (Array.isArray(wanted) || wanted instanceof Date || wanted instanceof Uint8Array) return false;
  const keys = Object.keys(stored);
  return (
    keys.length === Object.keys(wanted).length &&
    keys.every(
      (key) =>
        Object.hasOwn(wanted, key) &&
        sameValue((stored as Record<string, unknown>)[key], (wanted as Record<string, unknown>)[key]),
    )
  );
}

function sameNumber(stored: number | bigint, wanted: unknown): boolean {
  // oxlint-disable-next-line eqeqeq -- a number and a bigint are compared by their mathematical value
  return (typeof wanted === 'number' || typeof wanted === 'bigint') && stored == wanted;
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && Buffer.compare(left, right) === 0;
}

/** A whole number below 2^53, the same for values that `sameValue` calls the same. */
export function valueHash(value: unknown): number {
  const state = new Mixer();
  mixValue(state, value, 0);
  return state.hash();
}

/** Of long strings and bytes only so much from each end goes into the hash, and their length. */
const SAMPLE_UNITS = 256;
/** Deeper than any stored value; a filter that nests deeper than records can has no match to miss. */
const DEPTH_MAX = 300;

/** Two lanes of 32 bits, mixed word by word. */
class Mixer {
  low = 0x811c9dc5 | 0;
  high = 0x9e3779b9 | 0;

  word(word: number): void {
    this.low = Math.imul(this.low ^ word, 0x01000193);
    this.low ^= this.low >>> 15;
    this.high = Math.imul(this.high ^ word, 0x85ebca6b);
    this.high ^= this.high >>> 13;
  }

  hash(): number {
    this.word(0x5bd1e995);
    return (this.high >>> 11) * 2 ** 32 + (this.low >>> 0);
  }
}

const floats = new Float64Array(1);
const floatWords = new Int32Array(floats.buffer);

function mixValue(state: Mixer, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      return mixString(state, value);
    case 'number':
    case 'bigint':
      // Equal numbers become the same double; -0 + 0 is 0.
      return mixDouble(state, 1, Number(value) + 0);
    case 'boolean':
      return state.word(value ? 2 : 3);
    default:
      if (value === null || typeof value !== 'object' || depth > DEPTH_MAX) return state.word(4);
      return mixObject(state, value, depth);
  }
}

function mixObject(state: Mixer, value: object, depth: number): void {
  if (Array.isArray(value)) {
    state.word(7);
    for (const item of value as unknown[]) mixValue(state, item, depth + 1);
    return state.word(value.length);
  }
  if (value instanceof Date) return mixDouble(state, 5, value.getTime());
  if (value instanceof Uint8Array) return mixBytes(state, value);
  // The order of fields does not matter: their hashes are added up.
  let low = 0;
  let high = 0;
  let count = 0;
  for (const key of Object.keys(value)) {
    const field = new Mixer();
    mixString(field, key);
    mixValue(field, (value as Record<string, unknown>)[key], depth + 1);
    low = (low + field.low) | 0;
    high = (high + field.high) | 0;
    count += 1;
  }
  state.word(8);
  state.word(count);
  state.word(low);
  state.word(high);
}

function mixDouble(state: Mixer, tag: number, value: number): void {
  floats[0] = value;
  state.word(tag);
  state.word(floatWords[0] ?? 0);
  state.word(floatWords[1] ?? 0);
}

function mixString(state: Mixer, text: string): void {
  state.word(9);
  state.word(text.length);
  const whole = text.length <= 2 * SAMPLE_UNITS;
  const headEnd = whole ? text.length : SAMPLE_UNITS;
  for (let index = 0; index < headEnd; index += 1) state.word(text.charCodeAt(index));
  if (!whole)
    for (let index = text.length - SAMPLE_UNITS; index < text.length; index += 1) state.word(text.charCodeAt(index));
}

function mixBytes(state: Mixer, bytes: Uint8Array): void {
  state.word(6);
  state.word(bytes.length);
  const whole = bytes.length <= 2 * SAMPLE_UNITS;
  const headEnd = whole ? bytes.length : SAMPLE_UNITS;
  for (let index = 0; index < headEnd; index += 1) state.word(bytes[index] ?? 0);
  if (!whole)
    for (let index = bytes.length - SAMPLE_UNITS; index < bytes.length; index += 1) state.word(bytes[index] ?? 0);
}
