/** How many bytes a value takes as plain MessagePack: the measure of what a bench was given to store. */

/** Bytes of the value as plain MessagePack, maps with their keys. */
export function encodedBytes(value: unknown): number {
  if (value === null || value === undefined || typeof value === 'boolean') return 1;
  if (typeof value === 'number') return numberBytes(value);
  if (typeof value === 'bigint') return 9;
  if (typeof value === 'string') {
    const bytes = Buffer.byteLength(value);
    return bytes + (bytes < 32 ? 1 : headBytes(bytes, 2));
  }
  if (value instanceof Date) return dateBytes(value.getTime());
  if (value instanceof Uint8Array) return value.length + headBytes(value.length, 2);
  if (Array.isArray(value))
    return value.reduce((sum: number, item) => sum + encodedBytes(item), listBytes(value.length));
  const entries = Object.entries(value);
  return entries.reduce((sum, [key, item]) => sum + encodedBytes(key) + encodedBytes(item), listBytes(entries.length));
}

function numberBytes(value: number): number {
  if (!Number.isInteger(value)) return 9;
  if (value >= -32 && value < 128) return 1;
  for (const [bytes, low, high] of [
    [2, -128, 255],
    [3, -32_768, 65_535],
    [5, -(2 ** 31), 2 ** 32 - 1],
  ] as const)
    if (value >= low && value <= high) return bytes;
  return 9;
}

function headBytes(length: number, least: number): number {
  return length < 256 ? least : length < 65_536 ? 3 : 5;
}

const listBytes = (length: number): number => (length < 16 ? 1 : length < 65_536 ? 3 : 5);

function dateBytes(ms: number): number {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 0 || seconds >= 2 ** 34) return 15;
  return seconds < 2 ** 32 && ms % 1000 === 0 ? 6 : 10;
}
