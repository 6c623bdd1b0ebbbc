/**
 * Reading arrival traces: `t_ms,bytes` lines under that header, or one JSON object a line with `t_ms` and `bytes` (or `t`
 * and the text `b`, whose size counts). It reads bytes as they come and hands on blocks of arrivals, so that memory does not
 * grow with the trace. Every malformed or unsorted line is named by its number, counted from 1.
 *
 * Times are decimal numbers from 0 in ms, whole or not; sizes are whole numbers from 0. Lines end in LF or CRLF; blank lines
 * are allowed at the end only.
 */
import { LtlError } from '../words/errors.js';

/** Arrivals in order of time: the first `count` entries of both arrays. */
export interface ArrivalBlock {
  readonly atMs: Float64Array;
  readonly bytes: Float64Array;
  readonly count: number;
}

const BLOCK_RECORDS = 8192;
const HEADER = 't_ms,bytes';
const NEWLINE = 10;
const RETURN = 13;
const COMMA = 44;
const ZERO = 48;
/** Digits that surely fit a double exactly. */
const DIGITS_MAX = 15;

/** Blocks of arrivals from the bytes of a trace. Throws E_TRACE naming the line, or that there is no record. */
export async function* readTrace(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  name = 'trace',
): AsyncGenerator<ArrivalBlock> {
  const lines = new TraceLines(name);
  let rest: Uint8Array = new Uint8Array(0);
  for await (const bytes of source) {
    const chunk = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      if (lines.read(chunk, from, end)) yield lines.take();
      from = end + 1;
    }
    rest = chunk.subarray(from);
  }
  if (rest.length > 0) lines.read(rest, 0, rest.length);
  lines.end();
  yield lines.take();
}

class TraceLines {
  readonly #name: string;
  #line = 0;
  #blankLine = 0;
  #format: 'csv' | 'ndjson' | null = null;
  #lastMs = 0;
  #records = 0;
  #atMs = new Float64Array(BLOCK_RECORDS);
  #bytes = new Float64Array(BLOCK_RECORDS);
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Reads one line without its LF; true when a block is full. */
  read(chunk: Uint8Array, from: number, lineEnd: number): boolean {
    const end = lineEnd > from && chunk[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
    this.#line++;
    if (end === from) {
      this.#blankLine ||= this.#line;
      return false;
    }
    if (this.#blankLine > 0) throw this.#fault('is blank in the middle of the trace', this.#blankLine);
    if (this.#format === null && this.#isHeader(text(chunk, from, end))) return false;
    if (this.#format === 'ndjson') this.#readObject(text(chunk, from, end));
    else if (!this.#readDigits(chunk, from, end)) this.#readRow(text(chunk, from, end));
    return this.#count === BLOCK_RECORDS;
  }

  take(): ArrivalBlock {
    const block = { atMs: this.#atMs, bytes: this.#bytes, count: this.#count };
    this.#atMs = new Float64Array(BLOCK_RECORDS);
    this.#bytes = new Float64Array(BLOCK_RECORDS);
    this.#count = 0;
    return block;
  }

  end(): void {
    if (this.#records === 0) throw new LtlError('E_TRACE', `${this.#name} holds no records`);
  }

  #isHeader(line: string): boolean {
    const first = line.replace(/^\uFEFF/, '');
    if (first.startsWith('{')) {
      this.#format = 'ndjson';
      this.#readObject(first);
      return true;
    }
    if (first !== HEADER) throw this.#fault(`should be the header '${HEADER}', not ${quoted(first)}`);
    this.#format = 'csv';
    return true;
  }

  /** The common row, digits comma digits, read without making a string; false for anything else. */
  #readDigits(chunk: Uint8Array, from: number, end: number): boolean {
    let atMs = 0;
    let at = from;
    for (; at < end; at++) {
      const digit = (chunk[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      atMs = 10 * atMs + digit;
    }
    if (at === from || at - from > DIGITS_MAX || chunk[at] !== COMMA) return false;
    const comma = at++;
    let bytes = 0;
    for (; at < end; at++) {
      const digit = (chunk[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) return false;
      bytes = 10 * bytes + digit;
    }
    if (end - comma < 2 || end - comma > DIGITS_MAX) return false;
    this.#add(atMs, bytes);
    return true;
  }

  #readRow(line: string): void {
    const [atMs = '', bytes = '', ...more] = line.split(',');
    if (bytes === '' || more.length > 0)
      throw this.#fault(`should be two numbers, t_ms and bytes, not ${quoted(line)}`);
    const decimal = /^\d+(\.\d+)?$/;
    if (!decimal.test(atMs)) throw this.#fault(`t_ms is a number from 0, not ${quoted(atMs)}`);
    if (!/^\d+$/.test(bytes)) throw this.#fault(`bytes is a whole number from 0, not ${quoted(bytes)}`);
    this.#add(Number(atMs), Number(bytes));
  }

  #readObject(line: string): void {
    const row = this.#parse(line);
    const atMs = row.t_ms ?? row.t;
    const bytes = row.bytes ?? (typeof row.b === 'string' ? Buffer.byteLength(row.b) : undefined);
    if (typeof atMs !== 'number' || !(atMs >= 0)) throw this.#fault(`t_ms is a number from 0, not ${quoted(atMs)}`);
    if (typeof bytes !== 'number' || !Number.isInteger(bytes) || bytes < 0)
      throw this.#fault(`bytes is a whole number from 0, not ${quoted(bytes)}`);
    this.#add(atMs, bytes);
  }

  #parse(line: string): { t_ms?: unknown; t?: unknown; bytes?: unknown; b?: unknown } {
    try {
      const row: unknown = JSON.parse(line);
      if (typeof row === 'object' && row !== null) return row;
    } catch (cause) {
      throw this.#fault(`is not JSON: ${quoted(line)}`, this.#line, cause);
    }
    throw this.#fault(`is not an object: ${quoted(line)}`);
  }

  #add(atMs: number, bytes: number): void {
    if (atMs > Number.MAX_SAFE_INTEGER || bytes > Number.MAX_SAFE_INTEGER)
      throw this.#fault('holds a number above 2^53 - 1');
    if (atMs < this.#lastMs)
      throw this.#fault(`t_ms ${atMs} is before ${this.#lastMs} of the line above; sort by t_ms`);
    this.#lastMs = atMs;
    this.#records++;
    this.#atMs[this.#count] = atMs;
    this.#bytes[this.#count] = bytes;
    this.#count++;
  }

  #fault(message: string, line: number = this.#line, cause?: unknown): LtlError {
    return new LtlError('E_TRACE', `${this.#name} line ${line} ${message}`, { cause, details: { line } });
  }
}

function text(chunk: Uint8Array, from: number, end: number): string {
  return Buffer.from(chunk.buffer, chunk.byteOffset + from, end - from).toString();
}

function quoted(value: unknown): string {
  const shown = typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? 'nothing');
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
}
