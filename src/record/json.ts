/**
 * Values in the JSON form of the command line: a bigint as a string of its digits, bytes as `{"$bytes": base64}`, a Date
 * as its ISO 8601 text; −0 as 0. The form is for people and scripts to read: only bytes come back as what they were.
 */

/** The value as JSON.stringify can write it. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toJson);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}

/** A value parsed from JSON, with `{"$bytes": base64}` turned back into bytes. Throws a TypeError where that is not base64. */
export function fromJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(fromJson);
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === '$bytes' && typeof first[1] === 'string') return bytesOf(first[1]);
  return Object.fromEntries(entries.map(([key, item]) => [key, fromJson(item)]));
}

/** Buffer passes over what is not base64, and gives fewer bytes. */
function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (text.length % 4 !== 0 || bytes.length !== (text.length / 4) * 3 - padding)
    throw new TypeError('$bytes is not base64');
  return bytes;
}
