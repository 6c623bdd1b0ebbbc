/**
 * Batches of messages with the names of their fields said once. Half of what cloning a small object costs is its keys,
 * written and read again for each; messages of one actor mostly have the same ones. So a message that is a plain object
 * goes as its shape's number and its values, and is made again by a function generated for the shape.
 *
 * Only the outermost object is taken apart: what is in a field is cloned as ever. The order of the fields is kept.
 */

/** Shapes of one batch; a message of one more goes whole. */
const SHAPES_MAX = 8;
const KEYS_MAX = 24;
/** Makers kept in a thread; beyond, all are forgotten and made anew. */
const MAKERS_MAX = 256;
const WHOLE = -1;
/** Items before a message's values: id, ask, trace, shape. */
const HEAD = 4;

type Fields = Record<string, unknown>;
type Maker = (items: readonly unknown[], from: number) => unknown;

/** Packs messages, four items each as in a batch, into `into`: the shapes, then each message's head and values. */
export function pack(messages: readonly unknown[], from: number, into: unknown[]): void {
  const shapes: string[][] = [];
  into.push(shapes);
  for (let at = from; at < messages.length; at += HEAD) {
    const message = messages[at + 3];
    const shape = shapeOf(message, shapes);
    into.push(messages[at], messages[at + 1], messages[at + 2], shape);
    if (shape === WHOLE) into.push(message);
    else for (const key of shapes[shape] as string[]) into.push((message as Fields)[key]);
  }
}

/** Calls `each` with the messages of a packed batch, in order. */
export class Unpacker {
  readonly #makers = new Map<string, Maker>();

  unpack(
    items: readonly unknown[],
    from: number,
    each: (id: number, ask: number, trace: unknown, message: unknown) => void,
  ): void {
    const shapes = items[from] as readonly string[][];
    const makers = shapes.map((keys) => this.#maker(keys));
    for (let at = from + 1; at < items.length; ) {
      const shape = items[at + 3] as number;
      const values = at + HEAD;
      const message = shape === WHOLE ? items[values] : (makers[shape] as Maker)(items, values);
      each(items[at] as number, items[at + 1] as number, items[at + 2], message);
      at = values + (shape === WHOLE ? 1 : (shapes[shape] as string[]).length);
    }
  }

  #maker(keys: readonly string[]): Maker {
    const name = JSON.stringify(keys);
    let maker = this.#makers.get(name);
    if (maker === undefined) {
      if (this.#makers.size >= MAKERS_MAX) this.#makers.clear();
      this.#makers.set(name, (maker = makerOf(keys)));
    }
    return maker;
  }
}

/** The number of the message's shape among those of the batch, which it may join; WHOLE when it has none. */
function shapeOf(message: unknown, shapes: string[][]): number {
  if (typeof message !== 'object' || message === null || Object.getPrototypeOf(message) !== Object.prototype)
    return WHOLE;
  for (let shape = 0; shape < shapes.length; shape++) if (fits(message, shapes[shape] as string[])) return shape;
  if (shapes.length === SHAPES_MAX) return WHOLE;
  const keys = Object.keys(message);
  // Written in an object literal, `__proto__` would set the prototype.
  if (keys.length === 0 || keys.length > KEYS_MAX || keys.includes('__proto__')) return WHOLE;
  shapes.push(keys);
  return shapes.length - 1;
}

function fits(message: object, keys: readonly string[]): boolean {
  let at = 0;
  for (const key in message) if (key !== keys[at++]) return false;
  return at === keys.length;
}

function makerOf(keys: readonly string[]): Maker {
  const fields = keys.map((key, at) => `${JSON.stringify(key)}: items[from + ${at}]`).join(', ');
  return new Function('items', 'from', `return { ${fields} };`) as Maker;
}
