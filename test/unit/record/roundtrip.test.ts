/** What is appended comes back equal and of the same types, whichever way it is stored, and any reader can read it. */
import { isDeepStrictEqual } from 'node:util';
import { Decoder } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { Unpackr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { RecordEncoder } from '../../../src/record/encoder.js';
import { alike, counter, Pipe, value } from './values.js';

const pipe = (generate = true): Pipe => new Pipe(new RecordEncoder({ allocateShapeId: counter(), generate }));
const same = (got: unknown, given: unknown): void => {
  if (!isDeepStrictEqual(got, given)) expect(got).toStrictEqual(given);
  expect(isDeepStrictEqual(got, given)).toBe(true);
};

/** The peers give a Buffer for bytes. */
function withoutBuffers(given: unknown): unknown {
  if (given instanceof Uint8Array) return new Uint8Array(given);
  if (Array.isArray(given)) return given.map(withoutBuffers);
  if (typeof given !== 'object' || given === null || given instanceof Date) return given;
  return Object.fromEntries(Object.entries(given).map(([key, item]) => [key, withoutBuffers(item)]));
}

describe('a value', () => {
  it('comes back equal', () => {
    const plain = pipe();
    fc.assert(
      fc.property(value, (given) => same(plain.pass(given), given)),
      { numRuns: 3000 },
    );
  });

  it.each([true, false])('comes back equal by a learned shape too (generated code: %s)', (generate) => {
    let shaped = 0;
    fc.assert(
      fc.property(alike, (given) => {
        const fresh = pipe(generate);
        for (const item of given) {
          same(fresh.pass(item), item);
          if (fresh.last!.kind === 1) shaped += 1;
        }
      }),
      { numRuns: 200 },
    );
    expect(shaped).toBeGreaterThan(100);
  });

  it('is read alike by msgpackr and by @msgpack/msgpack when it is stored plain', () => {
    const plain = new Pipe(new RecordEncoder({ allocateShapeId: counter(), learnMax: 0 }));
    const independent = new Decoder({ useBigInt64: true });
    const peer = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'bigint' });
    fc.assert(
      fc.property(value, (given) => {
        plain.pass(given);
        const payload = Buffer.from(plain.target.bytes.subarray(plain.last!.start, plain.last!.end));
        same(withoutBuffers(independent.decode(payload)), given);
        same(withoutBuffers(peer.unpack(payload)), given);
      }),
      { numRuns: 2000 },
    );
  });

  it('that is long comes back equal, on both sides of every length at which its form changes', () => {
    const large = new Pipe(new RecordEncoder({ allocateShapeId: counter() }), 1 << 23);
    for (const border of [0, 1, 4, 8, 15, 16, 31, 32, 255, 256, 1023, 1024, 65_535, 65_536, 100_000])
      for (const length of [border, border + 1]) {
        const numbers = Array.from({ length }, (_, index) => index - 50);
        const given: unknown[] = ['x'.repeat(length), 'é'.repeat(length), `${'x'.repeat(length)}😀`, numbers];
        given.push(new Uint8Array(length).fill(7), Object.fromEntries(numbers.map((number) => [`k${number}`, number])));
        for (const item of given) same(large.pass({ item }), { item });
        for (const item of given) same(large.pass(item), item);
      }
  });

  it('comes back equal whichever other maps were read before', () => {
    const plain = new Pipe(new RecordEncoder({ allocateShapeId: counter(), learnMax: 0 }));
    for (let first = 0; first < 40; first += 1) {
      const keys = Array.from(
        { length: 20 },
        (_, index) => `${String.fromCharCode(97 + (first % 20))}${first}${index}`,
      );
      const maps = keys.map((_, index) =>
        Object.fromEntries(keys.slice(0, index + 1).map((key) => [key, { [key]: 1 }])),
      );
      for (let round = 0; round < 12; round += 1) for (const map of maps) same(plain.pass(map), map);
    }
  });

  it('with a part that occurs twice comes back with two equal parts', () => {
    const part = { a: [1] };
    same(pipe().pass({ x: part, y: [part, part] }), { x: { a: [1] }, y: [{ a: [1] }, { a: [1] }] });
  });

  it('of bytes comes back as memory of its own, also when it was a Buffer or a view', () => {
    const plain = pipe();
    const got = plain.pass({ a: Buffer.from('abc'), b: new Uint8Array(new SharedArrayBuffer(9), 3, 2) });
    same(got, { a: new Uint8Array([97, 98, 99]), b: new Uint8Array(2) });
    plain.target.bytes.fill(0);
    same(got, { a: new Uint8Array([97, 98, 99]), b: new Uint8Array(2) });
  });
});
