/** Shapes are learned or registered, defined before they are used, and never change what comes back. */
import { Decoder } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { RecordDecoder } from '../../../src/record/decoder.js';
import { RecordEncoder } from '../../../src/record/encoder.js';
import type { FieldType, ShapeDefinition } from '../../../src/record/shape.js';
import { isLtlError } from '../../../src/words/errors.js';
import { counter, frameAt, Pipe, room } from './values.js';

const failsWith = (code: Parameters<typeof isLtlError>[1]): unknown =>
  expect.toSatisfy((error) => isLtlError(error, code));
const pipe = (options: Partial<ConstructorParameters<typeof RecordEncoder>[0]> = {}): Pipe =>
  new Pipe(new RecordEncoder({ allocateShapeId: counter(), ...options }));

describe('a learned shape', () => {
  it('is used from the ninth object with the same keys in the same order', () => {
    const learning = pipe();
    const kinds = Array.from({ length: 12 }, (_, index) => {
      expect(learning.pass({ a: index, b: 'x' })).toStrictEqual({ a: index, b: 'x' });
      return learning.last?.kind;
    });
    expect(kinds).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
  });

  it('is not used before its definition was taken', () => {
    const encoder = new RecordEncoder({ allocateShapeId: counter(), learnAfter: 2 });
    const target = room(1000);
    for (let index = 0; index < 5; index += 1) {
      encoder.encode(target, { a: index }, 0);
      expect(frameAt(target.bytes, 0).kind).toBe(0);
      expect(encoder.hasDefinitions).toBe(index >= 1);
    }
    expect(encoder.takeDefinitions()).toHaveLength(1);
    expect(encoder.hasDefinitions).toBe(false);
    expect(encoder.takeDefinitions()).toHaveLength(0);
    encoder.encode(target, { a: 6 }, 0);
    expect(frameAt(target.bytes, 0)).toMatchObject({ kind: 1, shapeId: 1 });
  });

  it('is written so that any reader can read definition and record', () => {
    const encoder = new RecordEncoder({ allocateShapeId: () => 513, learnAfter: 1 });
    const target = room(1000);
    encoder.encode(target, { t: 1, naïve: 'x' }, 0);
    const [definition] = encoder.takeDefinitions();
    const independent = new Decoder({ useBigInt64: true });
    const { start, end, kind } = frameAt(definition!, 0);
    expect(kind).toBe(2);
    expect(end).toBe(definition!.length);
    expect(independent.decode(definition!.subarray(start, end))).toEqual([513, null, ['t', 'naïve'], ['any', 'any']]);
    const recordEnd = encoder.encode(target, { t: -0, naïve: [1n] }, 0);
    const frame = frameAt(target.bytes, 0);
    expect(frame).toMatchObject({ kind: 1, shapeId: 513, end: recordEnd });
    expect(independent.decode(Uint8Array.from(target.bytes.subarray(frame.start, frame.end)))).toEqual([-0, [1n]]);
  });

  it('is kept apart from another order of the same keys, and from fewer or more keys', () => {
    const learning = pipe({ learnAfter: 1 });
    const given = [{ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1 }, { a: 1, b: 2, c: 3 }, {}, [1, 2], null, 'a', { b: 1 }];
    for (let round = 0; round < 5; round += 1)
      for (const item of given) {
        const got = learning.pass(item);
        expect(got).toStrictEqual(item);
        expect(Object.keys(Object(got) as object)).toEqual(Object.keys(Object(item) as object));
      }
  });

  it('is learned at most learnMax times and while there are ids; the rest stays plain', () => {
    for (const learning of [pipe({ learnMax: 2, learnAfter: 1 }), pipe({ learnAfter: 1, allocateShapeId: twoIds() })]) {
      const shaped = Array.from({ length: 40 }, (_, index) => {
        const given = { [`k${index % 4}`]: index, same: 'x', [`l${index % 4}`]: new Date(index) };
        expect(learning.pass(given)).toStrictEqual(given);
        return learning.last?.kind === 1;
      });
      expect(shaped.slice(20).filter(Boolean)).toHaveLength(10);
    }
  });

  it('in the log already is used at once', () => {
    const definition: ShapeDefinition = { id: 7, name: null, fields: ['x', 'y'], types: ['any', 'any'] };
    const reopened = pipe({ shapes: [definition] });
    reopened.decoder.define(definition);
    expect(reopened.pass({ x: 1, y: 'z' })).toStrictEqual({ x: 1, y: 'z' });
    expect(reopened.last).toMatchObject({ kind: 1, shapeId: 7 });
  });

  it('is still learned after objects were used as dictionaries', () => {
    const learning = pipe();
    for (let index = 0; index < 30_000; index += 1) {
      const given = { [`k${index}`]: 1, [`j${index}`]: 2 };
      if (index % 1000 === 0) expect(learning.pass(given)).toStrictEqual(given);
      else learning.encoder.encode(learning.target, given, 0);
    }
    for (let index = 0; index < 10_000; index += 1) learning.pass({ a: index });
    expect(learning.last?.kind).toBe(1);
  });
});

function twoIds(): () => number {
  let id = 0;
  return () => (id < 2 ? (id += 1) : 0);
}

describe('a registered message', () => {
  const shape = { t: 'number', level: 'string', user: 'string?', extra: 'any' } as const;
  const good = { t: 1, level: 'info', user: 'u', extra: [1] };
  const registered = (): Pipe => {
    const made = pipe({ learnMax: 0 });
    made.encoder.registerMessage('log', shape);
    return made;
  };

  it('is recognised in its own order of keys and in any other, and comes back in its own', () => {
    const log = registered();
    for (const given of [
      good,
      { extra: null, user: null, level: '', t: -0 },
      { level: 'x', t: 5, extra: 1, user: 'ü' },
    ]) {
      const got = log.pass(given);
      expect(got).toStrictEqual(given);
      expect(Object.keys(got as object)).toEqual(Object.keys(shape));
      expect(log.last).toMatchObject({ kind: 1, shapeId: 1 });
      expect(log.pass(given, 'log')).toStrictEqual(given);
      expect(log.last).toMatchObject({ kind: 1, shapeId: 1 });
    }
  });

  it('goes before a shape that was learned from the same keys', () => {
    const log = pipe({ learnAfter: 1 });
    for (let index = 0; index < 3; index += 1) log.pass(good);
    expect(log.last).toMatchObject({ kind: 1, shapeId: 1 });
    log.encoder.registerMessage('log', shape);
    log.pass(good);
    expect(log.last).toMatchObject({ kind: 1, shapeId: 2 });
    expect(log.pass({ ...good, t: 'x' })).toStrictEqual({ ...good, t: 'x' });
    expect(log.last).toMatchObject({ kind: 1, shapeId: 1 });
  });

  it('that does not fit is stored plain when it was not asked for', () => {
    const log = registered();
    for (const given of [{ ...good, t: '1' }, { ...good, more: 1 }, { t: 1 }, { ...good, user: 5n }])
      for (let round = 0; round < 12; round += 1) {
        expect(log.pass(given)).toStrictEqual(given);
        expect(log.last?.kind).toBe(0);
      }
  });

  it('that does not fit names its first misfit field when it was asked for', () => {
    const log = registered();
    const misfits: [unknown, string | null, string][] = [
      [{ ...good, t: '1' }, 't', 'field t is string, not number'],
      [{ ...good, level: null }, 'level', 'field level is null, not string'],
      [{ t: 1, user: null, extra: 1 }, 'level', 'field level is missing'],
      [{ ...good, more: 1 }, 'more', 'field more is not in the shape'],
      [{ ...good, t: new Date(0), level: 1 }, 't', 'field t is date, not number'],
      [[1, 2], null, 'the value is not a plain object'],
      ['text', null, 'the value is not a plain object'],
      [null, null, 'the value is not a plain object'],
    ];
    for (const [given, field, reason] of misfits) {
      const attempt = (): unknown => log.pass(given, 'log');
      expect(attempt).toThrow(failsWith('E_MISFIT'));
      expect(attempt).toThrow(expect.objectContaining({ details: { message: 'log', field } }));
      expect(attempt).toThrow(`E_MISFIT: log: ${reason}`);
    }
    expect(() => log.pass({ ...good, extra: undefined }, 'log')).toThrow(failsWith('E_UNENCODABLE'));
    expect(() => log.pass(good, 'unknown')).toThrow(failsWith('E_ARGUMENT'));
  });

  const samples: Record<string, unknown> = {
    null: null,
    boolean: false,
    number: 1.5,
    bigint: 5n,
    string: 's',
    date: new Date(5),
    bytes: new Uint8Array([1]),
    array: [1, 'x'],
    object: { k: { l: 1 } },
  };

  it.each([true, false])('has fields of every type, with and without null (generated code: %s)', (generate) => {
    for (const type of [...Object.keys(samples), 'any'])
      for (const nullable of ['', '?'])
        for (const [kind, sample] of Object.entries(samples)) {
          const typed = pipe({ generate, learnMax: 0 });
          typed.encoder.registerMessage('m', { f: `${type}${nullable}` as FieldType, g: 'any' });
          const given = { f: sample, g: 1 };
          const fits = kind === type || type === 'any' || (nullable === '?' && kind === 'null');
          expect(typed.pass(given)).toStrictEqual(given);
          expect(typed.last?.kind).toBe(fits ? 1 : 0);
          if (fits) expect(typed.pass(given, 'm')).toStrictEqual(given);
          else expect(() => typed.pass(given, 'm')).toThrow(failsWith('E_MISFIT'));
        }
  });

  it('registered again with an equal shape is the same, with another one a clash', () => {
    const { encoder } = registered();
    const { level, ...rest } = shape;
    expect(encoder.registerMessage('log', { ...shape })).toBe(encoder.registerMessage('log', shape));
    expect(() => encoder.registerMessage('log', { ...rest, level })).toThrow(failsWith('E_SHAPE'));
    expect(() => encoder.registerMessage('log', { ...shape, t: 'bigint' })).toThrow(/registered already/);
    const reopened = new RecordEncoder({ allocateShapeId: counter(), shapes: [encoder.registerMessage('log', shape)] });
    expect(reopened.registerMessage('log', shape).id).toBe(1);
    expect(reopened.hasDefinitions).toBe(false);
  });

  it('with a bad shape is refused', () => {
    const { encoder } = pipe();
    const bad: [unknown, string][] = [
      [{}, 'no fields'],
      [{ a: 'int' }, 'field a has the unknown type "int"'],
      [{ a: null }, 'field a has the unknown type null'],
      [null, 'not an object'],
      [JSON.parse('{"__proto__":"any"}'), '__proto__'],
      [{ '\ud800': 'any' }, 'lone surrogate'],
      [Object.fromEntries(Array.from({ length: 1025 }, (_, index) => [`f${index}`, 'any'])), '1025 fields'],
    ];
    for (const [given, reason] of bad) {
      const attempt = (): unknown => encoder.registerMessage('bad', given as Record<string, FieldType>);
      expect(attempt).toThrow(failsWith('E_SHAPE'));
      expect(attempt).toThrow(reason);
    }
    expect(() => encoder.registerMessage('', shape)).toThrow(failsWith('E_SHAPE'));
  });

  it('needs a shape id', () => {
    const { encoder } = pipe({ allocateShapeId: () => 0 });
    expect(() => encoder.registerMessage('log', shape)).toThrow(failsWith('E_LIMIT'));
  });

  it('may have many fields, and fields with the names of built-in properties', () => {
    const wide = pipe();
    const fields = [...Array.from({ length: 300 }, (_, index) => `f${index}`), 'constructor', 'toString', '', '0'];
    wide.encoder.registerMessage('wide', Object.fromEntries(fields.map((name) => [name, 'any' as const])));
    const oddFields = ['constructor', 'toString', '', 'hasOwnProperty'];
    wide.encoder.registerMessage('odd', Object.fromEntries(oddFields.map((name) => [name, 'any' as const])));
    for (let round = 0; round < 3; round += 1) {
      const given = Object.fromEntries(fields.map((name, index) => [name, index]));
      expect(wide.pass(given)).toStrictEqual(given);
      expect(wide.last).toMatchObject({ kind: 1, shapeId: 1 });
      const odd = { constructor: Object.name, toString: 'x', '': null, hasOwnProperty: round };
      expect(wide.pass(odd)).toStrictEqual(odd);
      expect(wide.last).toMatchObject({ kind: 1, shapeId: 2 });
    }
  });
});

it('a definition payload that is none is refused', () => {
  const decoder = new RecordDecoder();
  const encoder = new RecordEncoder({ allocateShapeId: counter() });
  const bad = [1, [1], [0, null, ['a'], ['any']], [70_000, null, ['a'], ['any']], [1, 2, ['a'], ['any']]];
  const worse = [
    [1, null, 'a', ['any']],
    [1, null, ['a', 'a'], ['any', 'any']],
    [1, null, ['a'], ['int']],
  ];
  for (const given of [...bad, ...worse, [1, null, ['__proto__'], ['any']], [1, null, [], []], [1, null, ['a'], []]]) {
    const target = room(1000);
    const end = encoder.encode(target, given, 0);
    expect(() => decoder.defineFrom(target.bytes.subarray(4, end))).toThrow(failsWith('E_DAMAGED'));
  }
});
