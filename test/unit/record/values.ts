/** What the tests of records share: arbitrary values, targets and the reading of frames. */
import * as fc from 'fast-check';
import { RecordDecoder } from '../../../src/record/decoder.js';
import type { EncodeTarget, RecordEncoder } from '../../../src/record/encoder.js';

/** A room of that many bytes over shared memory, with a guard of 0xee bytes behind it. */
export function room(bytes: number, start = 0): EncodeTarget {
  const memory = new SharedArrayBuffer(start + bytes + 64);
  const target = {
    bytes: Buffer.from(memory),
    view: new DataView(memory),
    position: start,
    limit: start + bytes,
  };
  target.bytes.fill(0xee);
  return target;
}

export interface Frame {
  readonly kind: number;
  readonly pr: number;
  readonly shapeId: number;
  readonly start: number;
  readonly end: number;
}

/** Reads the header of a frame by the letter of the format, not by the encoder's own constants. */
export function frameAt(bytes: Uint8Array, at: number): Frame {
  const word = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
  const kind = (word >>> 29) & 3;
  const start = at + (kind === 1 ? 6 : 4);
  const shapeId = kind === 1 ? bytes[at + 4]! | (bytes[at + 5]! << 8) : 0;
  return { kind, pr: (word >>> 25) & 15, shapeId, start, end: start + (word & 0x1ffffff) };
}

export function counter(): () => number {
  let id = 0;
  return () => {
    id += 1;
    return id;
  };
}

/** An encoder and a decoder joined as the log joins them: a definition goes first. */
export class Pipe {
  readonly encoder: RecordEncoder;
  readonly decoder = new RecordDecoder();
  readonly target: EncodeTarget;
  last: Frame | undefined;

  constructor(encoder: RecordEncoder, bytes = 1 << 20) {
    this.encoder = encoder;
    this.target = room(bytes);
  }

  define(): void {
    for (const frame of this.encoder.takeDefinitions()) {
      const { start, end } = frameAt(frame, 0);
      this.decoder.defineFrom(frame.subarray(start, end));
    }
  }

  pass(value: unknown, message?: string): unknown {
    if (this.encoder.hasDefinitions) this.define();
    const end = this.encoder.encode(this.target, value, 3, message);
    if (end < 0) throw new Error(`no room: ${this.encoder.bytesNeeded}`);
    const frame = frameAt(this.target.bytes, this.target.position);
    if (frame.end !== end || frame.pr !== 3) throw new Error(`frame ${JSON.stringify(frame)} does not end at ${end}`);
    this.last = frame;
    return this.decoder.decode(this.target.bytes, frame.start, frame.end, frame.kind, frame.shapeId);
  }
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme-composite', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 300 }),
  fc.constantFrom('', 'constructor', 'toString', 'é'.repeat(31), '\u0000', '😀', 'x'.repeat(255), 'ü'.repeat(128)),
);

const key = fc
  .oneof(text, fc.constantFrom('a', 'b', 'length', 'constructor', '0', '-1', '1.5', 'hasOwnProperty', '4294967295'))
  .filter((name) => name !== '__proto__');

const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 127, 128, -32, -33, -128, -129, 255, 256, 65535, 65536, -32768, -32769, 2 ** 31, 2 ** 32 - 1),
  fc.constantFrom(2 ** 32, -(2 ** 31), -(2 ** 31) - 1, 2 ** 53, -(2 ** 53), 2 ** 63, 2 ** 64, 1e300, 5e-324, 0.5),
);

const bigint = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, -1n, 127n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n)),
);

const date = fc.oneof(
  fc.date({ noInvalidDate: true }),
  fc
    .constantFrom(
      0,
      -1,
      1,
      999,
      1000,
      -8.64e15,
      8.64e15,
      2 ** 32 * 1000,
      2 ** 32 * 1000 - 1,
      2 ** 34 * 1000,
      2 ** 34 * 1000 - 1,
    )
    .map((timeMs) => new Date(timeMs)),
);

const scalar = fc.oneof(fc.constant(null), fc.boolean(), number, bigint, text, date, fc.uint8Array({ maxLength: 300 }));

/** Any value that a record may hold. */
export const value: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'value' },
    scalar,
    fc.array(tie('value'), { maxLength: 20, depthIdentifier: 'value' }),
    fc.dictionary(key, tie('value'), { maxKeys: 20, depthIdentifier: 'value', noNullPrototype: true }),
  ),
})).value;

/** Objects with the same keys in the same order. */
export const alike: fc.Arbitrary<Record<string, unknown>[]> = fc
  .uniqueArray(key, { minLength: 1, maxLength: 8 })
  .chain((keys) =>
    fc.array(
      fc
        .tuple(...keys.map(() => value))
        .map((values) => Object.fromEntries(keys.map((name, index) => [name, values[index]]))),
      { minLength: 12, maxLength: 16 },
    ),
  );
