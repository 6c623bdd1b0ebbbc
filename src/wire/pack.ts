/**
 * Messages and replies with the names of their fields said once. Half of what cloning a small object costs is its keys,
 * written and read again for each; what goes over one link mostly has the same ones. So a value that is a plain object
 * goes as its shape's number and its values, and is made again at the other end. A shape is told with the first batch
 * that has it, and known to both ends from then on.
 *
 * Only the outermost object is taken apart: what is in a field is cloned as ever. The order of the fields is kept.
 */

/** Shapes known to both ends of a link; a value of one more goes whole, and the next batch begins to learn anew. */
const SHAPES_MAX = 16;
const KEYS_MAX = 24;
/** To generate a function costs as much as making a hundred values without. */
const GENERATE_AT = 64;
const WHOLE = -1;

type Fields = Record<string, unknown>;
type Shape = readonly string[];
type Maker = (items: readonly unknown[], from: number) => unknown;

/** The sending end. Item 0 of a packed batch is 1 when what was learnt before is forgotten, item 1 the new shapes. */
export class Packer {
  #shapes: Shape[] = [];
  /** How many of them the other end has been told. */
  #told = 0;
  #anew = false;
  #likely = 0;

  /** Packs items `stride` each, of which the last is the value, into `into`: the head, the number of its shape, its fields. */
  pack(items: readonly unknown[], from: number, stride: number, into: unknown[]): void {
    const learnt = into.length + 1;
    into.push(this.#anew ? 1 : 0, undefined);
    if (this.#anew) this.#forget();
    for (let at = from + stride - 1; at < items.length; at += stride) {
      for (let head = at - stride + 1; head < at; head++) into.push(items[head]);
      const value = items[at];
      const shape = this.#shapeOf(value);
      into.push(shape);
      if (shape === WHOLE) into.push(value);
      else for (const key of this.#shapes[shape] as Shape) into.push((value as Fields)[key]);
    }
    if (this.#shapes.length > this.#told) into[learnt] = this.#shapes.slice(this.#told);
  }

  /** The batch has left, or it has not, and then the other end has not learnt its shapes. */
  settle(sent: boolean): void {
    if (sent) this.#told = this.#shapes.length;
    else this.#anew = true;
  }

  #forget(): void {
    this.#shapes = [];
    this.#told = 0;
    this.#anew = false;
  }

  /** The number of the value's shape, which it may found; WHOLE when it has none. */
  #shapeOf(value: unknown): number {
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return WHOLE;
    const shapes = this.#shapes;
    const likely = shapes[this.#likely];
    if (likely !== undefined && fits(value, likely)) return this.#likely;
    for (let shape = 0; shape < shapes.length; shape++)
      if (fits(value, shapes[shape] as Shape)) {
        this.#likely = shape;
        return shape;
      }
    const keys = Object.keys(value);
    // Written in an object literal, `__proto__` would set the prototype.
    if (keys.length === 0 || keys.length > KEYS_MAX || keys.includes('__proto__')) return WHOLE;
    if (shapes.length === SHAPES_MAX) {
      this.#anew = true;
      return WHOLE;
    }
    this.#likely = shapes.push(keys) - 1;
    return this.#likely;
  }
}

/** The receiving end. */
export class Unpacker {
  #shapes: Made[] = [];

  /** Calls `each` with the items and the place of each head in them, and with the value, in order. */
  unpack(
    items: readonly unknown[],
    from: number,
    stride: number,
    each: (items: readonly unknown[], head: number, value: unknown) => void,
  ): void {
    if (items[from] === 1) this.#shapes = [];
    for (const keys of (items[from + 1] as readonly Shape[] | undefined) ?? []) this.#shapes.push(new Made(keys));
    for (let at = from + 2; at < items.length; ) {
      const head = at;
      const number = items[at + stride - 1] as number;
      at += stride;
      if (number === WHOLE) each(items, head, items[at++]);
      else {
        const shape = this.#shapes[number];
        if (shape === undefined) throw new RangeError(`a batch names shape ${number}, which was never told`);
        each(items, head, shape.make(items, at));
        at += shape.keys.length;
      }
    }
  }
}

/** A shape at the receiving end, and how to make a value of it. */
class Made {
  readonly keys: Shape;
  #uses = 0;
  #maker: Maker | undefined;

  constructor(keys: Shape) {
    this.keys = keys;
  }

  make(items: readonly unknown[], from: number): unknown {
    if (this.#maker !== undefined) return this.#maker(items, from);
    if (++this.#uses === GENERATE_AT) this.#maker = makerOf(this.keys);
    const fields: Fields = {};
    this.keys.forEach((key, at) => {
      fields[key] = items[from + at];
    });
    return fields;
  }
}

function fits(value: object, shape: Shape): boolean {
  let at = 0;
  for (const key in value) if (key !== shape[at++]) return false;
  return at === shape.length;
}

function makerOf(keys: Shape): Maker {
  const fields = keys.map((key, at) => `${JSON.stringify(key)}: items[from + ${at}]`).join(', ');
  return new Function('items', 'from', `return { ${fields} };`) as Maker;
}
