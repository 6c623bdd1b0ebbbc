/**
 * Makes, for one order of keys, the function that recognises an object with exactly these keys in this order and
 * writes its whole frame: as a MessagePack array in a shape's field order, or as a map whose keys are ready-made bytes.
 * The function is generated as source, so that each key is a constant and each property load has an inline cache of its
 * own; where generating code is disallowed a closure does the same, slower.
 */
import { type Expected, FIELD_HELPERS, fieldSource } from './field-source.js';
import { frameWord, PAYLOAD_BYTES_MAX, PLAIN, SHAPE_ID_BYTES, SHAPED, WORD_BYTES } from './frame.js';
import { accepts, type FieldType, type ShapeDefinition } from './shape.js';
import { MISFIT, OVERFLOW, writeArrayHeader, writeString, writeValue } from './write.js';

/**
 * Writes a frame at `at` and returns the place after it; OVERFLOW, UNENCODABLE, or MISFIT when the value does not have
 * exactly these keys in this order, or a field not its type.
 */
export type FrameWriter = (
  value: object,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  pr: number,
) => number;

/** A way to write the objects of one key order. */
export interface Variant {
  /** Null when they are stored as maps. */
  readonly definition: ShapeDefinition | null;
  write: FrameWriter;
}

/** Wider objects would make functions too big to be optimised. */
const GENERATED_FIELDS_MAX = 64;
/** A map of more keys has a longer header. */
export const MAP_FIELDS_MAX = 15;

/**
 * The writer for values whose keys come in the order `order`, a permutation of the shape's fields. A generated one is
 * made when the first value comes, which says what to expect in the fields.
 */
export function shapedVariant(shape: ShapeDefinition, order: readonly string[], mayGenerate: boolean): Variant {
  if (!mayGenerate || order.length > GENERATED_FIELDS_MAX)
    return { definition: shape, write: closureWriter(shape, order) };
  const { fields, types, id } = shape;
  const header = bytesSource(arrayHeader(fields.length));
  const parts = (value: object): string[] => [
    header,
    ...fields.map((field, index) => fieldSource(types[index]!, expectedIn(value, field), `v${index}`)),
  ];
  return lazily(shape, (value) => [
    ...recogniseSource(order, fields, WORD_BYTES + SHAPE_ID_BYTES),
    ...parts(value),
    ...finishSource(WORD_BYTES + SHAPE_ID_BYTES, SHAPED),
    `view.setUint16(at + ${WORD_BYTES}, ${id}, true);`,
  ]);
}

/** The variant that stores objects with these keys, at most MAP_FIELDS_MAX of them, as maps; it is generated. */
export function mapVariant(order: readonly string[]): Variant {
  return lazily(null, (value) => [
    ...recogniseSource(order, order, WORD_BYTES),
    bytesSource([0x80 | order.length]),
    ...order.map((key, index) => bytesSource(keyBytes(key)) + fieldSource('any', expectedIn(value, key), `v${index}`)),
    ...finishSource(WORD_BYTES, PLAIN),
  ]);
}

function lazily(definition: ShapeDefinition | null, source: (value: object) => string[]): Variant {
  const variant: Variant = {
    definition,
    write: (value, bytes, view, at, end, pr) => {
      variant.write = generate(source(value));
      return variant.write(value, bytes, view, at, end, pr);
    },
  };
  return variant;
}

function generate(lines: readonly string[]): FrameWriter {
  const names = ['getPrototypeOf', 'objectPrototype', ...Object.keys(FIELD_HELPERS)];
  const values = [Object.getPrototypeOf, Object.prototype, ...Object.values(FIELD_HELPERS)];
  const text = `return function writeFrame(value, bytes, view, at, end, pr) {\n${lines.join('\n')}\nreturn p;\n}`;
  return (new Function(...names, text) as (...given: unknown[]) => FrameWriter)(...values);
}

/** Checks keys and prototype, loads the fields into v0, v1 … and puts `p` behind the frame's header. */
function recogniseSource(order: readonly string[], fields: readonly string[], headerBytes: number): string[] {
  const cases = order.map(
    (key, index) => `case ${index}: if (key !== ${JSON.stringify(key)}) return ${MISFIT}; break;`,
  );
  return [
    // Turns away arrays and class instances before their keys are enumerated, which could be many.
    order.includes('constructor') ? '' : `if (value.constructor !== Object) return ${MISFIT};`,
    'let count = 0;',
    `for (const key in value) {\nswitch (count) {\n${cases.join('\n')}\ndefault: return ${MISFIT};\n}\ncount += 1;\n}`,
    `if (count !== ${order.length}) return ${MISFIT};`,
    ...fields.map((field, index) => `const v${index} = value[${JSON.stringify(field)}];`),
    // After the loads, since the optimiser then knows the hidden class and the check is free.
    `if (getPrototypeOf(value) !== objectPrototype) return ${MISFIT};`,
    `let p = at + ${headerBytes};`,
  ];
}

function finishSource(headerBytes: number, kind: number): string[] {
  return [
    `const payloadBytes = p - at - ${headerBytes};`,
    `if (payloadBytes > ${PAYLOAD_BYTES_MAX}) return ${OVERFLOW};`,
    `view.setUint32(at, payloadBytes | (pr << 25) | ${frameWord(0, 0, kind)}, true);`,
  ];
}

function expectedIn(value: object, field: string): Expected {
  const type = typeof Object.getOwnPropertyDescriptor(value, field)?.value;
  return type === 'string' || type === 'number' ? type : 'other';
}

/** Writes bytes that are known now, four at a time. */
function bytesSource(given: readonly number[]): string {
  const lines = [`if (p + ${given.length} > end) return ${OVERFLOW};`];
  let index = 0;
  for (; index + 4 <= given.length; index += 4) {
    const word = Buffer.from(given.slice(index, index + 4)).readUInt32BE();
    lines.push(`view.setUint32(p + ${index}, ${word});`);
  }
  for (; index < given.length; index += 1) lines.push(`bytes[p + ${index}] = ${given[index]};`);
  return `${lines.join('\n')}\np += ${given.length};\n`;
}

function arrayHeader(length: number): number[] {
  const bytes = new Uint8Array(5);
  return [...bytes.subarray(0, writeArrayHeader(bytes, new DataView(bytes.buffer), 0, length))];
}

function keyBytes(key: string): number[] {
  const bytes = new Uint8Array(key.length * 3 + 5);
  return [...bytes.subarray(0, writeString(bytes, new DataView(bytes.buffer), 0, bytes.length, key))];
}

function closureWriter({ id, fields, types }: ShapeDefinition, order: readonly string[]): FrameWriter {
  return (value, bytes, view, at, end, pr) => {
    if (Object.getPrototypeOf(value) !== Object.prototype) return MISFIT;
    let count = 0;
    for (const key in value) {
      if (key !== order[count]) return MISFIT;
      count += 1;
    }
    if (count !== order.length) return MISFIT;
    const start = at + WORD_BYTES + SHAPE_ID_BYTES;
    if (start + 5 > end) return OVERFLOW;
    const place = writeFields(value, fields, types, bytes, view, writeArrayHeader(bytes, view, start, count), end);
    if (place < 0) return place;
    if (place - start > PAYLOAD_BYTES_MAX) return OVERFLOW;
    view.setUint32(at, frameWord(place - start, pr, SHAPED), true);
    view.setUint16(at + WORD_BYTES, id, true);
    return place;
  };
}

function writeFields(
  value: object,
  fields: readonly string[],
  types: readonly FieldType[],
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
): number {
  let place = at;
  for (let index = 0; index < fields.length; index += 1) {
    const item = (value as Readonly<Record<string, unknown>>)[fields[index]!];
    if (!accepts(types[index]!, item)) return MISFIT;
    place = writeValue(bytes, view, place, end, item, 1);
    if (place < 0) return place;
  }
  return place;
}
