/** Bytes that are no record give a value or E_DAMAGED: nothing hangs, crashes or allocates by what a length claims. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordDecoder } from '../../../src/record/decoder.js';
import { RecordEncoder } from '../../../src/record/encoder.js';
import { isLtlError } from '../../../src/words/errors.js';
import { counter, Pipe, value } from './values.js';

const shape = { id: 1, name: null, fields: ['a', 'b', 'c'], types: ['any', 'any', 'any'] } as const;
const decoders = [true, false].map((generate) => {
  const decoder = new RecordDecoder({ generate });
  decoder.define(shape);
  return decoder;
});

/** Decodes both ways, in the middle of a larger buffer, and says whether it was a value. */
function survives(payload: Uint8Array): boolean {
  const bytes = Buffer.alloc(payload.length + 40, 0xc0);
  bytes.set(payload, 20);
  const verdicts = decoders.flatMap((decoder) =>
    [0, 1].map((kind) => {
      try {
        decoder.decode(bytes, 20, 20 + payload.length, kind, 1);
        return `${kind} value`;
      } catch (error) {
        if (!isLtlError(error, 'E_DAMAGED')) throw error;
        return `${kind} damaged`;
      }
    }),
  );
  expect(verdicts.slice(0, 2)).toEqual(verdicts.slice(2));
  return verdicts[0] === '0 value';
}

describe('a damaged payload', () => {
  it('that is cut short is never a value, and one with a byte too many neither', () => {
    const plain = new Pipe(new RecordEncoder({ allocateShapeId: counter() }));
    fc.assert(
      fc.property(value, (given) => {
        plain.pass(given);
        const payload = plain.target.bytes.subarray(plain.last!.start, plain.last!.end);
        for (let length = 0; length < payload.length; length += 1 + (length >> 5))
          expect(survives(payload.subarray(0, length))).toBe(false);
        expect(survives(payload)).toBe(true);
        expect(survives(Buffer.concat([payload, Buffer.from([0])]))).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('with a flipped bit is a value or E_DAMAGED', () => {
    const plain = new Pipe(new RecordEncoder({ allocateShapeId: counter() }));
    fc.assert(
      fc.property(value, fc.array(fc.nat(), { minLength: 1, maxLength: 20 }), (given, flips) => {
        plain.pass(given);
        const payload = Uint8Array.from(plain.target.bytes.subarray(plain.last!.start, plain.last!.end));
        for (const flip of flips) {
          const bit = flip % (payload.length * 8);
          payload[bit >> 3]! ^= 1 << (bit & 7);
          survives(payload);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('of random bytes is a value or E_DAMAGED', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(0x93, 0x83, 0x92, 0xdc, 0xc7), (bytes, first) => {
        survives(bytes);
        survives(Uint8Array.from([first, ...bytes]));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['an array of 2^32 - 1', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['a map of 2^32 - 1', [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ['a map of 2^31', [0xdf, 0x80, 0, 0, 0]],
    ['a string of 2^32 - 1', [0xdb, 0xff, 0xff, 0xff, 0xff, 0x61]],
    ['bytes of 2^32 - 1', [0xc6, 0xff, 0xff, 0xff, 0xff, 1]],
    ['an extension of 2^32 - 1', [0xc9, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['100 000 nested arrays', Array.from({ length: 100_000 }, () => 0x91)],
    ['100 000 nested maps', Array.from({ length: 100_000 }, (_, index) => (index % 2 === 0 ? 0x81 : 0xa0))],
    ['257 nested arrays', [...Array.from({ length: 257 }, () => 0x91), 1]],
    ['an unknown extension', [0xd4, 5, 0]],
    ['a timestamp of 16 bytes', [0xd8, 0xff, ...Array.from({ length: 16 }, () => 0)]],
    ['a timestamp beyond Date', [0xc7, 12, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0]],
    ['a key that is a number', [0x81, 1, 1]],
    ['a key __proto__', [0x81, 0xa9, ...Buffer.from('__proto__'), 0x80]],
    ['the byte that is never used', [0xc1]],
    ['nothing', []],
  ])('that claims %s is refused', (_, bytes) => {
    expect(survives(Uint8Array.from(bytes))).toBe(false);
  });

  it('is refused for a shape that was never defined, and outside its buffer', () => {
    const decoder = new RecordDecoder();
    const bytes = Buffer.from([0x91, 1]);
    expect(() => decoder.decode(bytes, 0, 2, 1, 9)).toThrow(expect.toSatisfy((e) => isLtlError(e, 'E_DAMAGED')));
    expect(() => decoder.decode(bytes, 0, 3, 0, 0)).toThrow(expect.toSatisfy((e) => isLtlError(e, 'E_ARGUMENT')));
  });
});

describe('forms that the encoder never writes', () => {
  it.each([
    ['float32', [0xca, 0x3f, 0xc0, 0, 0], 1.5],
    ['an integer in too long a form', [0xcd, 0, 1], 1],
    ['a short string in the longest form', [0xdb, 0, 0, 0, 2, 0x68, 0x69], 'hi'],
    ['an array in the longest form', [0xdd, 0, 0, 0, 1, 0xc0], [null]],
    ['a map in the longest form', [0xdf, 0, 0, 0, 1, 0xa1, 0x61, 0xc3], { a: true }],
    ['a timestamp in an ext 8', [0xc7, 4, 0xff, 0, 0, 0, 1], new Date(1000)],
    ['int8', [0xd0, 0xff], -1],
  ] as const)('are read too: %s', (_, bytes, expected) => {
    expect(new RecordDecoder().decode(Uint8Array.from(bytes), 0, bytes.length, 0, 0)).toStrictEqual(expected);
  });
});

describe('text', () => {
  it('is the same whether it comes from the table, the window or the native reader', () => {
    const decoder = new RecordDecoder();
    const pipe = new Pipe(new RecordEncoder({ allocateShapeId: counter(), learnAfter: 1 }));
    const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 30 }), fc.boolean(), (texts, backwards) => {
        const places = texts.map((given) => {
          pipe.pass({ s: given.repeat(3), t: given });
          const { start, end, kind, shapeId } = pipe.last!;
          pipe.target.position = end;
          return { start, end, kind, shapeId, given };
        });
        pipe.define();
        pipe.target.position = 0;
        decoder.define({ id: 1, name: null, fields: ['s', 't'], types: ['any', 'any'] });
        decoder.steady(pipe.target.bytes);
        for (const { start, end, kind, shapeId, given } of backwards ? places.reverse() : places)
          expect(decoder.decode(pipe.target.bytes, start, end, kind, shapeId)).toEqual({
            s: given.repeat(3),
            t: given,
          });
        decoder.steady(null);
      }),
      { numRuns: 500 },
    );
  });

  it('that shares its slot of the table with other text is never taken for it', () => {
    const pipe = new Pipe(new RecordEncoder({ allocateShapeId: counter() }));
    for (let round = 0; round < 2; round += 1)
      for (let index = 0; index < 5000; index += 1)
        for (const given of [`user${index}`, `${index}tail`, `begin${index}end`, `${index}`])
          if (pipe.pass(given) !== given) expect(pipe.pass(given)).toBe(given);
  });

  it('read after a promise has ended follows the bytes', () => {
    const bytes = Buffer.from(`\xd9\x28${'a'.repeat(40)}`, 'latin1');
    const decoder = new RecordDecoder();
    decoder.steady(bytes);
    expect(decoder.decode(bytes, 0, 42, 0, 0)).toBe('a'.repeat(40));
    decoder.steady(null);
    bytes.fill('b', 2);
    expect(decoder.decode(bytes, 0, 42, 0, 0)).toBe('b'.repeat(40));
    decoder.steady(bytes);
    expect(decoder.decode(bytes, 0, 42, 0, 0)).toBe('b'.repeat(40));
  });
});
