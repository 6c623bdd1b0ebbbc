/** A frame that does not fit is not written, its exact size is told, and no byte beyond the limit is ever touched. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordEncoder } from '../../../src/record/encoder.js';
import { isLtlError } from '../../../src/words/errors.js';
import { counter, frameAt, Pipe, room, value } from './values.js';

const KIND = { plain: 0, shaped: 1 } as const;

function encoderFor(kind: keyof typeof KIND, like: object): RecordEncoder {
  const encoder = new RecordEncoder({ allocateShapeId: counter(), learnAfter: 1, learnMax: kind === 'shaped' ? 1 : 0 });
  const pipe = new Pipe(encoder);
  for (let index = 0; index < 3; index += 1) pipe.pass(like);
  expect(pipe.last?.kind).toBe(KIND[kind]);
  return encoder;
}

function tryEveryLimit(encoder: RecordEncoder, given: unknown): void {
  const whole = room(4096, 7);
  const size = encoder.encode(whole, given, 9) - whole.position;
  const frame = whole.bytes.subarray(7, 7 + size);
  expect(frameAt(whole.bytes, 7).pr).toBe(9);
  for (let bytes = 0; bytes <= size + 20; bytes += 1) {
    const target = room(bytes, 7);
    const end = encoder.encode(target, given, 9);
    expect(end).toBe(bytes < size ? -1 : 7 + size);
    expect(target.position).toBe(7);
    if (bytes < size) expect(encoder.bytesNeeded).toBe(size);
    else expect(Buffer.compare(target.bytes.subarray(7, end), frame) === 0).toBe(true);
    expect(target.bytes.subarray(0, 7).every((byte) => byte === 0xee)).toBe(true);
    expect(target.bytes.subarray(target.limit).every((byte) => byte === 0xee)).toBe(true);
  }
}

describe('a room', () => {
  const like = {
    t: 1763800000000,
    s: 'x'.repeat(40),
    ü: 'é'.repeat(30),
    inner: { a: [1, -0, 'ä'], b: null },
    level: 'info',
  };

  it.each(['plain', 'shaped'] as const)('that is too small gets no frame, at every size (%s)', (kind) => {
    const encoder = encoderFor(kind, like);
    tryEveryLimit(encoder, like);
    tryEveryLimit(encoder, { ...like, s: new Date(5), inner: new Uint8Array(300) });
    tryEveryLimit(encoder, {
      ...like,
      level: Object.fromEntries(Array.from('abcdefghijklmnopqrst', (key) => [key, null])),
    });
  });

  it('of any size is respected for any value', () => {
    const encoder = new RecordEncoder({ allocateShapeId: counter() });
    fc.assert(
      fc.property(value, fc.nat(400), (given, bytes) => {
        const target = room(bytes, 3);
        const end = encoder.encode(target, given, 0);
        expect(end === -1 ? encoder.bytesNeeded > bytes : end <= target.limit).toBe(true);
        expect(target.bytes.subarray(target.limit).every((byte) => byte === 0xee)).toBe(true);
        expect(target.bytes.subarray(0, 3).every((byte) => byte === 0xee)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('may lie in the middle of a larger buffer', () => {
    const memory = new ArrayBuffer(1000);
    const bytes = new Uint8Array(memory, 100, 500);
    const target = { bytes, view: new DataView(memory, 100, 500), position: 20, limit: 400 };
    const encoder = new RecordEncoder({ allocateShapeId: counter() });
    const end = encoder.encode(target, { text: 'x'.repeat(100) }, 0);
    expect(frameAt(bytes, 20)).toEqual({ kind: 0, pr: 0, shapeId: 0, start: 24, end });
  });
});

describe('the largest record', () => {
  const limit = 2 ** 24;
  const encoder = new RecordEncoder({ allocateShapeId: counter() });
  const target = room(limit + 100);

  it.each([
    ['bytes', (size: number) => new Uint8Array(size - 5)],
    ['text', (size: number) => 'x'.repeat(size - 5)],
    ['text of two bytes a character', (size: number) => `x${'é'.repeat((size - 6) / 2)}`.slice(0, size)],
  ] as const)('has a payload of 16 MiB, and one byte more is refused (%s)', (_, make) => {
    const fits = make(limit % 2 === 0 ? limit : limit - 1);
    const end = encoder.encode(target, fits, 0);
    const frame = frameAt(target.bytes, 0);
    expect(frame.end).toBe(end);
    expect(end - 4).toBeLessThanOrEqual(limit);
    expect(end - 4).toBeGreaterThan(limit - 2);
    expect(() => encoder.encode(target, make(limit + 2), 0)).toThrow(
      expect.toSatisfy((error) => isLtlError(error, 'E_TOO_LARGE')),
    );
    expect(encoder.encode(room(100), fits, 0)).toBe(-1);
    expect(encoder.bytesNeeded).toBe(end);
  });

  it('that is too large and has a fault as well is refused for its fault', () => {
    const given: unknown[] = [new Uint8Array(limit)];
    given.push(given);
    expect(() => encoder.encode(target, given, 0)).toThrow(
      expect.toSatisfy((error) => isLtlError(error, 'E_UNENCODABLE')),
    );
  });

  it('takes no shared part twice to be refused', () => {
    let shared: unknown[] = ['x'.repeat(100)];
    for (let level = 0; level < 60; level += 1) shared = [shared, shared];
    expect(() => encoder.encode(target, shared, 0)).toThrow(
      expect.toSatisfy((error) => isLtlError(error, 'E_TOO_LARGE')),
    );
  });
});

it('a priority that is no integer from 0 to 9 is refused', () => {
  const encoder = new RecordEncoder({ allocateShapeId: counter() });
  for (const pr of [-1, 10, 1.5, Number.NaN])
    expect(() => encoder.encode(room(100), 1, pr)).toThrow(expect.toSatisfy((e) => isLtlError(e, 'E_ARGUMENT')));
});
