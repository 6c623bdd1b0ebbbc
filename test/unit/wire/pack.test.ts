/** Packed batches give what cloning gives. */
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Packer, Unpacker } from '../../../src/wire/pack.js';

class Thing {
  field = 1;
}

const value = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.bigInt(),
  fc.constant(undefined),
  fc.constant(null),
  fc.date(),
  fc.array(fc.nat()),
);
const key = fc.oneof(fc.constantFrom('type', 'id', 'a b', '1', '"', '\u2028', '__proto__', 'constructor'), fc.string());
const message = fc.oneof(
  fc.dictionary(key, value, { noNullPrototype: true }),
  fc.record({ type: fc.constantFrom('a', 'b'), id: fc.nat(), nested: fc.dictionary(key, value) }),
  value,
  fc.constant(new Map([[1, 2]])),
);

/** Sends batches over one link: each by an array of messages, `lost` ones never arrive. */
class Wire {
  readonly #packer = new Packer();
  readonly #unpacker = new Unpacker();

  send(messages: readonly unknown[], lost = false): { head: unknown[]; messages: unknown[] } {
    const batch = messages.flatMap((each, at) => [
      at,
      at % 3,
      at % 2 === 0 ? undefined : { correlation: `c${at}` },
      each,
    ]);
    const packed = this.pack(batch);
    this.#packer.settle(!lost);
    const got: { head: unknown[]; messages: unknown[] } = { head: [], messages: [] };
    if (lost) return got;
    this.#unpacker.unpack(structuredClone(packed), 0, 4, (items, head, each) => {
      got.head.push(items.slice(head, head + 3));
      got.messages.push(each);
    });
    return got;
  }

  pack(batch: readonly unknown[]): unknown[] {
    const packed: unknown[] = [];
    this.#packer.pack(batch, 0, 4, packed);
    return packed;
  }
}

const there = (messages: readonly unknown[]): { head: unknown[]; messages: unknown[] } => new Wire().send(messages);

describe('a packed batch', () => {
  it('arrives as its clone would: values, order of fields, and what belongs to each message', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
        const { head, messages: got } = there(messages);
        const expected = structuredClone(messages);
        // Not vitest's equality, which takes a field named constructor for the type.
        expect(isDeepStrictEqual(got, expected)).toBe(true);
        expect(got.map((each) => JSON.stringify(keysOf(each)))).toEqual(
          expected.map((each) => JSON.stringify(keysOf(each))),
        );
        expect(head).toHaveLength(messages.length);
        expect(head[0]).toEqual(messages.length === 0 ? undefined : [0, 0, undefined]);
      }),
    );
  });

  it('takes instances, objects without a prototype, and a field named __proto__ as cloning takes them', () => {
    const odd = Object.defineProperty({ a: 1 }, '__proto__', { value: { b: 2 }, enumerable: true });
    const messages = [
      new Thing(),
      Object.assign(Object.create(null) as object, { x: 1 }),
      odd,
      {
        get got() {
          return 5;
        },
      },
    ];
    const { messages: got } = there(messages);
    expect(got.map(keysOf)).toEqual([['field'], ['x'], ['a', '__proto__'], ['got']]);
    expect(Object.getPrototypeOf(got[2])).toBe(Object.prototype);
    expect(got[3]).toEqual({ got: 5 });
  });

  it('after others, some of them lost, and with more shapes than are kept, arrives as it was sent', () => {
    const shaped = fc
      .tuple(fc.constantFrom('type', 'kind'), fc.nat({ max: 40 }), value)
      .map(([first, second, held]) => ({ [first]: 1, [`field ${second}`]: held }));
    const batches = fc.array(fc.record({ messages: fc.array(fc.oneof(shaped, message)), lost: fc.boolean() }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(batches, (sent) => {
        const wire = new Wire();
        for (const { messages, lost } of sent)
          expect(isDeepStrictEqual(wire.send(messages, lost).messages, lost ? [] : structuredClone(messages))).toBe(
            true,
          );
      }),
    );
  });

  it('is the same by the function that is made for a shape often seen', () => {
    const wire = new Wire();
    for (let id = 0; id < 200; id++) expect(wire.send([{ type: 'x', id }]).messages).toStrictEqual([{ type: 'x', id }]);
  });

  it('says the fields of a shape once', () => {
    const batch = Array.from({ length: 100 }, (_, id) => [1, 0, undefined, { type: 'x', id }]).flat();
    const wire = new Wire();
    const packed = wire.pack(batch);
    expect(packed[1]).toEqual([['type', 'id']]);
    expect(packed).toHaveLength(2 + 100 * 6);
    wire.send([]);
    expect(wire.pack(batch)[1]).toBeUndefined();
  });
});

function keysOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
