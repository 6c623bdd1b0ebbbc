/** Opening a trace file, gzipped or not; the two are told apart by their first bytes, not by the name. */
import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LtlError } from '../words/errors.js';
import { type ArrivalBlock, readTrace } from './trace.js';

/** Blocks of arrivals of a file. Throws E_NO_INPUT when it cannot be read, E_TRACE when it is not a trace. */
export function readTraceFile(path: string): AsyncGenerator<ArrivalBlock> {
  return readTraceBytes(fileBytes(path), path);
}

/** The same of any bytes, gzipped or not. */
export function readTraceBytes(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<ArrivalBlock> {
  return readTrace(plainBytes(bytes, name), name);
}

async function* plainBytes(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const chunks = bytes[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) return;
  const whole = chained(first.value, { [Symbol.asyncIterator]: () => chunks });
  if (first.value[0] === 0x1f && first.value[1] === 0x8b) yield* gunzipped(whole, name);
  else yield* whole;
}

async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) yield chunk as Uint8Array;
  } catch (cause) {
    throw new LtlError('E_NO_INPUT', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function* chained(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

async function* gunzipped(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  // Every failure reaches the loop below through gunzip itself, so that the callback has nothing to add.
  pipeline(Readable.from(bytes), gunzip, () => undefined);
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
  } catch (cause) {
    if (cause instanceof LtlError) throw cause;
    throw new LtlError('E_TRACE', `${name} is damaged gzip: ${(cause as Error).message}`, { cause });
  }
}
