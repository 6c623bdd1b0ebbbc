/** Figures for people: grouped digits, sizes, durations, rates. */

/** 1234567 → 1,234,567 */
export const grouped = (value: number | bigint): string => value.toLocaleString('en-US');

/** 1 record, 1,234 records */
export const counted = (count: number, what: string): string => `${grouped(count)} ${what}${count === 1 ? '' : 's'}`;

/** 8388608 → 8.0 MiB */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** 0.0123 → 12 µs; 12.3 → 12.3 ms; 12345 → 12.3 s */
export function duration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** Records a second. */
export const rate = (count: number, ms: number): string =>
  `${grouped(Math.round((count / Math.max(ms, 0.001)) * 1000))}/s`;
