/** What has no encoding is refused by name and with its path, before anything is written. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordEncoder } from '../../../src/record/encoder.js';
import { isLtlError, LtlError } from '../../../src/words/errors.js';
import { counter, Pipe, value } from './values.js';

class Point {
  x = 1;
}

const cycle: Record<string, unknown> = { a: [1] };
cycle['self'] = { back: cycle };
const deep = (levels: number): unknown => {
  let made: unknown = 1;
  for (let level = 0; level < levels; level += 1) made = [made];
  return made;
};
const throwing = (): object =>
  Object.defineProperty({}, 'bad', {
    enumerable: true,
    get: () => {
      throw new Error('no');
    },
  });

/** [what, value, path] */
const REFUSED: readonly (readonly [string, unknown, string])[] = [
  ['undefined', undefined, '$'],
  ['a function', () => 1, '$'],
  ['a symbol', Symbol('s'), '$'],
  ['NaN', Number.NaN, '$'],
  ['Infinity', Number.POSITIVE_INFINITY, '$'],
  ['-Infinity in an array', [1, Number.NEGATIVE_INFINITY], '$[1]'],
  ['a bigint above uint64', 2n ** 64n, '$'],
  ['a bigint below int64', { n: -(2n ** 63n) - 1n }, '$.n'],
  ['a lone surrogate', { s: ['ok', 'x\ud800y'] }, '$.s[1]'],
  ['a lone surrogate in a long string', `${'x'.repeat(5000)}\udc00`, '$'],
  ['a lone surrogate in a key', { 'k\ud800': 1 }, '$["k\\ud800"]'],
  ['undefined in an object', { user: { tags: [1, 2, 3, undefined] } }, '$.user.tags[3]'],
  ['an undefined property', { a: 1, b: undefined }, '$.b'],
  ['a hole', [1, , 3], '$[1]'], // oxlint-disable-line no-sparse-arrays
  ['a named property on an array', { m: 'abc'.match(/b/) }, '$.m.index'],
  ['a Map', { m: new Map() }, '$.m'],
  ['a Set', new Set([1]), '$'],
  ['a RegExp', [/x/], '$[0]'],
  ['an Error', new Error('x'), '$'],
  ['a Promise', { p: Promise.resolve() }, '$.p'],
  ['a boxed number', { n: Object(1) }, '$.n'],
  ['a boxed string', Object('s'), '$'],
  ['a class instance', { 'a b': new Point() }, '$["a b"]'],
  ['an object with an object as prototype', Object.create({ a: 1 }), '$'],
  ['a subclass of Array', new (class extends Array {})(), '$'],
  ['an invalid Date', { when: new Date(Number.NaN) }, '$.when'],
  ['a pretended Date', Object.create(Date.prototype), '$'],
  ['a Date with a property', Object.assign(new Date(0), { x: 1 }), '$.x'],
  ['an ArrayBuffer', new ArrayBuffer(2), '$'],
  ['another typed array', { f: new Float64Array(2) }, '$.f'],
  ['a DataView', new DataView(new ArrayBuffer(2)), '$'],
  ['a key that is a symbol', { a: { [Symbol('k')]: 1 } }, '$.a[Symbol(k)]'],
  ['Math', { m: Math }, '$.m[Symbol(Symbol.toStringTag)]'],
  ['a __proto__ key', JSON.parse('{"a":{"__proto__":1}}'), '$.a.__proto__'],
  ['a cycle', cycle, '$.self.back'],
  ['too deep nesting', deep(257), `$${'[0]'.repeat(256)}`],
  ['a getter that throws', { a: throwing() }, '$.a.bad'],
  [
    'a proxy that throws',
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    ),
    '$',
  ],
];

function refusal(encoder: Pipe, given: unknown): LtlError {
  try {
    encoder.pass(given);
  } catch (error) {
    if (error instanceof LtlError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a value without an encoding', () => {
  it.each(REFUSED)('is refused with its path: %s', (_, given, path) => {
    const pipe = new Pipe(new RecordEncoder({ allocateShapeId: counter() }));
    const error = refusal(pipe, given);
    expect(error.code).toBe('E_UNENCODABLE');
    expect(error.details['path']).toBe(path);
    expect(error.message.startsWith(`E_UNENCODABLE: ${path}: `)).toBe(true);
    expect(pipe.pass({ next: 'is fine' })).toStrictEqual({ next: 'is fine' });
  });

  // Inside a record what is too deep is so one step earlier.
  it.each(REFUSED.filter(([what]) => what !== 'too deep nesting'))(
    'is refused in a record of a learned shape, and inside a known inner object: %s',
    (_, given, path) => {
      const pipe = new Pipe(new RecordEncoder({ allocateShapeId: counter(), learnAfter: 1 }));
      for (let index = 0; index < 3; index += 1) pipe.pass({ first: index, second: { inner: 'x' } });
      expect(pipe.last?.kind).toBe(1);
      expect(refusal(pipe, { first: given, second: { inner: 'x' } }).details['path']).toBe(
        path.replace('$', '$.first'),
      );
      expect(refusal(pipe, { first: 1, second: { inner: given } }).details['path']).toBe(
        path.replace('$', '$.second.inner'),
      );
    },
  );

  it('is found anywhere in a value that is otherwise fine', () => {
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 5 }),
        fc.nat(5),
        fc.array(value, { maxLength: 3 }),
        (before, at, after) => {
          const items: unknown[] = [...before];
          const place = Math.min(at, items.length);
          items.splice(place, 0, { after, bad: new Set() });
          const pipe = new Pipe(new RecordEncoder({ allocateShapeId: counter() }));
          expect(refusal(pipe, { items }).details['path']).toBe(`$.items[${place}].bad`);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the limits of nesting and of what is looked for', () => {
  const pipe = (): Pipe => new Pipe(new RecordEncoder({ allocateShapeId: counter() }));

  it('256 levels come back', () => {
    expect(pipe().pass(deep(256))).toStrictEqual(deep(256));
  });

  it('properties that cannot be enumerated are ignored and getters are read', () => {
    const given = Object.defineProperty({ a: 1 }, 'hidden', { value: 2, enumerable: false });
    Object.defineProperty(given, 'got', { get: () => 3, enumerable: true });
    expect(pipe().pass(given)).toStrictEqual({ a: 1, got: 3 });
  });

  it('an object without a prototype comes back as an ordinary one', () => {
    expect(pipe().pass(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 });
  });

  it('what others put on Object.prototype is not stored', () => {
    const prototype = Object.prototype as unknown as Record<string, unknown>;
    const shaped = new Pipe(new RecordEncoder({ allocateShapeId: counter(), learnAfter: 1 }));
    for (let index = 0; index < 3; index += 1) shaped.pass({ a: index });
    Object.defineProperty(prototype, 'polluted', { value: 1, enumerable: true, configurable: true, writable: true });
    try {
      expect(Object.keys(pipe().pass({ a: { b: 1 } }) as object)).toEqual(['a']);
      expect(Object.keys(shaped.pass({ a: 4 }) as object)).toEqual(['a']);
    } finally {
      delete prototype['polluted'];
    }
  });

  it('a getter that appends to the same encoder is refused', () => {
    const same = pipe();
    const given = { a: 1, get b() { return same.pass(2); } }; // biome-ignore format: one line
    expect(() => same.pass(given)).toThrow(expect.toSatisfy((error) => isLtlError(error, 'E_UNENCODABLE')));
    expect(same.pass(5)).toBe(5);
  });
});
