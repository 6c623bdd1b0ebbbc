/** Durations as a person writes them: `500ms`, `60s`, `2m`, `1h`. */
import { LtlError } from '../words/errors.js';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** In milliseconds. Throws E_USAGE for what is none, or not from `minMs` to `maxMs`. */
export function parseDuration(text: string, what: string, minMs: number, maxMs: number): number {
  const [, number, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  if (number === undefined)
    throw new LtlError('E_USAGE', `${what} wants a duration such as 500ms, 60s, 2m, 1h, not ${JSON.stringify(text)}`);
  const ms = Number(number) * (UNITS[unit] ?? 1);
  if (ms < minMs || ms > maxMs)
    throw new LtlError('E_USAGE', `${what} is from ${minMs / 1000}s to ${maxMs / 1000}s, not ${text}`);
  return ms;
}
