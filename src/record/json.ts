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

/** A value parsed from JSON, with `{"$bytes": base64}` turned back into bytes. */
export function fromJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(fromJson);
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === '$bytes' && typeof first[1] === 'string')
    return new Uint8Array(Buffer.from(first[1], 'base64'));
  return Object.fromEntries(entries.map(([key, item]) => [key, fromJson(item)]));
}
