import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BLOCK_MAX,
  BLOCK_RECORDS,
  BlockBits,
  blockOfKey,
  eachPosting,
  encodePostings,
  KEY_BYTES,
  mergePostings,
  postingKey,
} from '../../../src/lookup/postings.js';

const points = fc.double({ noNaN: true });
const offsets = fc
  .uniqueArray(fc.nat({ max: BLOCK_RECORDS - 1 }), { maxLength: 400 })
  .map((list) => list.sort((left, right) => left - right));

function listOf(value: Buffer): number[] {
  const list: number[] = [];
  eachPosting(value, (offset) => list.push(offset));
  return list;
}

describe('keys', () => {
  it('sort by index, then by point as numbers do, then by block', () => {
    const parts = fc.tuple(fc.nat({ max: 3 }), points, fc.nat({ max: BLOCK_MAX }));
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        const wanted = left[0] - right[0] || (left[1] === right[1] ? left[2] - right[2] : left[1] < right[1] ? -1 : 1);
        expect(Math.sign(Buffer.compare(postingKey(...left), postingKey(...right)))).toBe(Math.sign(wanted));
        expect(postingKey(...left).length).toBe(KEY_BYTES);
        expect(blockOfKey(postingKey(...left))).toBe(left[2]);
      }),
    );
    const ascending = [-Infinity, -1e308, -5, -1, -5e-324, 0, 5e-324, 0.001, 1, 5, 2 ** 53, Infinity];
    for (const [index, point] of ascending.entries())
      for (const [other, larger] of ascending.entries())
        expect(Math.sign(Buffer.compare(postingKey(1, point, 0), postingKey(1, larger, 0)))).toBe(
          Math.sign(index - other),
        );
    expect(postingKey(1, -0, 0)).toEqual(postingKey(1, 0, 0));
  });
});

describe('values', () => {
  it('give back what they were made of, as a list or as a bitmap', () => {
    fc.assert(
      fc.property(offsets, (list) => {
        const value = encodePostings(list);
        expect(value.length).toBeLessThanOrEqual(256);
        expect(listOf(value)).toEqual(list);
      }),
    );
  });

  it('are joined by merging and in bits', () => {
    fc.assert(
      fc.property(offsets, offsets, fc.nat({ max: 3 }), (left, right, block) => {
        const both = [...new Set([...left, ...right])].sort((one, other) => one - other);
        expect(mergePostings(encodePostings(left), right)).toEqual(both);
        const bits = new BlockBits(7, 4);
        bits.add(7 + block, encodePostings(left));
        bits.add(7 + block, encodePostings(right));
        for (let at = 0; at < 4; at += 1) expect(listOf(bits.block(7 + at))).toEqual(at === block ? both : []);
      }),
    );
  });
});
