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
});
