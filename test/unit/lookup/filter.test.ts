import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameValue, valueHash } from '../../../src/lookup/equals.js';
import { compileFilter, type Filter } from '../../../src/lookup/filter.js';

const matches = (filter: Filter, data: unknown): boolean => compileFilter(filter).matches(data);

/** Anything a record may hold. */
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.string({ unit: 'binary' }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 3 }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

/** The same value in another dress: fields in reverse order, a Buffer for bytes, a bigint for a whole number. */
function redress(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return new Date(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(redress);
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, redress(item)]),
  );
}

describe('sameValue and valueHash', () => {
  it('equal values have equal hashes, whatever their order of fields, kind of bytes or kind of number', () => {
    fc.assert(
      fc.property(values, (value) => {
        const other = redress(value);
        expect(sameValue(value, other)).toBe(true);
        expect(sameValue(other, value)).toBe(true);
        expect(valueHash(other)).toBe(valueHash(value));
        expect(Number.isSafeInteger(valueHash(value))).toBe(true);
      }),
    );
  });

  it('values of which one calls the other the same have one hash', () => {
    fc.assert(
      fc.property(values, values, (left, right) => {
        expect(sameValue(left, right)).toBe(sameValue(right, left));
        if (sameValue(left, right)) expect(valueHash(left)).toBe(valueHash(right));
      }),
    );
  });

  it('tells kinds, contents, orders of items and lengths apart', () => {
    const different = [
      0,
      1,
      '0',
      '',
      null,
      false,
      true,
      [],
      {},
      [0],
      ['0'],
      [1, 0],
      [0, 1],
      { a: 1 },
      { b: 1 },
      { a: 1, b: 1 },
      new Date(0),
      new Date(1),
      new Uint8Array(0),
      new Uint8Array([0]),
      0.5,
      2n ** 53n + 1n,
      2 ** 53,
      [[]],
      [{}],
    ];
    for (const [left, one] of different.entries())
      for (const [right, other] of different.entries())
        expect(sameValue(one, other), `${left} ${right}`).toBe(left === right);
    expect(new Set(different.map(valueHash)).size).toBeGreaterThanOrEqual(different.length - 1);
  });
});

describe('compileFilter', () => {
  it('all conditions must hold', () => {
    const filter: Filter = { prop_match: ['user'], val_match: { level: 'warn' }, int_match: { t: [5, 7] } };
    expect(matches(filter, { user: 'a', level: 'warn', t: 5 })).toBe(true);
    expect(matches(filter, { user: null, level: 'warn', t: 7n })).toBe(true);
    expect(matches(filter, { level: 'warn', t: 5 })).toBe(false);
    expect(matches(filter, { user: 'a', level: 'info', t: 5 })).toBe(false);
    expect(matches(filter, { user: 'a', level: 'warn', t: 8 })).toBe(false);
    expect(matches(filter, { user: 'a', level: 'warn', t: '6' })).toBe(false);
  });

  it('the empty filter matches everything, any other only plain objects', () => {
    for (const data of [null, 1, 'text', [1], new Date(), new Uint8Array(2), {}]) {
      expect(matches({}, data)).toBe(true);
      expect(matches({ prop_match: [] }, data)).toBe(true);
      for (const field of ['length', '0', 'getTime', 'byteLength'])
        expect(matches({ prop_match: [field] }, data)).toBe(false);
    }
  });

  it('never finds anything on a prototype', () => {
    for (const field of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      expect(matches({ prop_match: [field] }, { a: 1 })).toBe(false);
      const val: unknown = JSON.parse(`{"${field}":"x"}`);
      expect(matches({ val_match: val as Record<string, unknown> }, { a: 1 })).toBe(false);
      expect(matches({ val_match: val as Record<string, unknown> }, val)).toBe(true);
      expect(matches({ prop_match: [field] }, val)).toBe(true);
    }
    expect(matches({ val_match: { constructor: 'x' } }, { constructor: 'x' })).toBe(true);
  });

  it('bounds may be infinite, bigint or fractional, and belong to the range', () => {
    expect(matches({ int_match: { n: [-Infinity, 3] } }, { n: -1e300 })).toBe(true);
    expect(matches({ int_match: { n: [2n ** 62n, Infinity] } }, { n: 2n ** 62n })).toBe(true);
    expect(matches({ int_match: { n: [0.5, 1.5] } }, { n: 1n })).toBe(true);
    expect(matches({ int_match: { n: [2n ** 53n + 1n, 2n ** 53n + 1n] } }, { n: 2 ** 53 })).toBe(false);
  });

  it.each<[unknown, RegExp]>([
    [null, /a filter is an object/],
    [[], /a filter is an object/],
    [{ prop: ['a'] }, /"prop" is none of/],
    [{ prop_match: 'user' }, /prop_match is an array/],
    [{ prop_match: [5] }, /prop_match holds number/],
    [{ val_match: ['level'] }, /val_match is \{ field: value \}/],
    [{ val_match: { f: () => 1 } }, /val_match\.f is of type function/],
    [{ val_match: { f: undefined } }, /val_match\.f is of type undefined/],
    [{ val_match: { f: [1, NaN] } }, /val_match\.f is NaN/],
    [{ val_match: { f: new Map() } }, /val_match\.f is a Map/],
    [{ int_match: { t: 5 } }, /int_match\.t is not \[low, high\]/],
    [{ int_match: { t: [1, '2'] } }, /bounds of int_match\.t/],
    [{ int_match: { t: [NaN, 2] } }, /bounds of int_match\.t/],
    [{ int_match: { t: [3, 2] } }, /int_match\.t: 3 is above 2/],
    [{ int_match: new Map() }, /int_match is/],
  ])('%o is refused by name', (filter, message) => {
    expect(() => compileFilter(filter as Filter)).toThrow(message);
    expect(() => compileFilter(filter as Filter)).toThrow(expect.objectContaining({ code: 'E_FILTER' }));
  });
});
