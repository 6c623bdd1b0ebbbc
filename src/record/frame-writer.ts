/**
 * Makes, for one order of keys, the function that recognises an object with exactly these keys in this order and
 * writes its whole frame: as a MessagePack array in a shape's field order, or as a map whose keys are ready-made bytes.
 * The function is generated as source, so that each key is a constant and each property load has an inline cache of its
 * own; where generating code is disallowed a closure does the same, slower.
 */
import { type Expected, FIELD_HELPERS, type Field, fieldSource } from './field-source.js';
import { frameWord, PAYLOAD_BYTES_MAX, PLAIN, SHAPE_ID_BYTES, SHAPED, WORD_BYTES } from './frame.js';
import { accepts, type FieldType, type ShapeDefinition } from './shape.js';
import { writeArrayHeader, writeValue } from './write.js';
import { MISFIT, OVERFLOW, writeString } from './write-scalar.js';

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
/** At most so many objects inside an object, and so deep, are written by generated functions. */
const NESTED_MAX = 4;
const INTEGER_LIKE = /^(?:0|[1-9]\d*)$/;
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
  return lazily(shape, (value, source) => [
    ...recogniseSource(order, fields, WORD_BYTES + SHAPE_ID_BYTES),
    bytesSource(arrayHeader(fields.length)),
    ...fields.map((field, index) => fieldSource(source.field(value, field, index, types[index]!, 1))),
    ...finishSource(WORD_BYTES + SHAPE_ID_BYTES, SHAPED),
    `view.setUint16(at + ${WORD_BYTES}, ${id}, true);`,
  ]);
}

/** The variant that stores objects with these keys, at most MAP_FIELDS_MAX of them, as maps; it is generated. */
export function mapVariant(order: readonly string[]): Variant {
  return lazily(null, (value, source) => [
    ...recogniseSource(order, order, WORD_BYTES),
    ...source.map(value, order, 1),
    ...finishSource(WORD_BYTES, PLAIN),
  ]);
}

function lazily(
  definition: ShapeDefinition | null,
  lines: (value: object, source: SampleSource) => readonly string[],
): Variant {
  const variant: Variant = {
    definition,
    write: (value, bytes, view, at, end, pr) => {
      const source = new SampleSource();
      variant.write = generate(lines(value, source), source.declared);
      return variant.write(value, bytes, view, at, end, pr);
    },
  };
  return variant;
}

function generate(lines: readonly string[], declared: readonly string[]): FrameWriter {
  const names = ['getPrototypeOf', 'objectPrototype', ...Object.keys(FIELD_HELPERS)];
  const values = [Object.getPrototypeOf, Object.prototype, ...Object.values(FIELD_HELPERS)];
  const writer = `function writeFrame(value, bytes, view, at, end, pr) {\n${lines.join('\n')}\nreturn p;\n}`;
  const text = [...declared, `return ${writer}`].join('\n');
  return (new Function(...names, text) as (...given: unknown[]) => FrameWriter)(...values);
}

/** Source whose expectations come from a sample; objects in the sample get functions of their own. */
class SampleSource {
  readonly declared: string[] = [];

  field(sample: object, key: string, index: number, type: FieldType, depth: number): Field {
    const value: unknown = Object.getOwnPropertyDescriptor(sample, key)?.value;
    return { type, expected: this.#expected(value, depth), variable: `v${index}`, depth };
  }

  /** The header, keys and values of a map, once these keys are recognised. */
  map(sample: object, keys: readonly string[], depth: number): string[] {
    return [
      bytesSource([0x80 | keys.length]),
      ...keys.map(
        (key, index) => bytesSource(keyBytes(key)) + fieldSource(this.field(sample, key, index, 'any', depth)),
      ),
    ];
  }

  #expected(value: unknown, depth: number): Expected {
    if (typeof value === 'string' || typeof value === 'number') return typeof value as 'string' | 'number';
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
      return 'other';
    const keys = Object.keys(value);
    const isUsual = (key: string): boolean => key.isWellFormed() && key !== '__proto__' && !INTEGER_LIKE.test(key);
    if (depth > NESTED_MAX || this.declared.length >= NESTED_MAX) return 'other';
    if (keys.length === 0 || keys.length > MAP_FIELDS_MAX || !keys.every(isUsual)) return 'other';
    const lines = [...recogniseSource(keys, keys, 0), ...this.map(value, keys, depth + 1), 'return p;'];
    const map = `writeMap${this.declared.length}`;
    this.declared.push(`function ${map}(value, bytes, view, at, end) {\n${lines.join('\n')}\n}`);
    return { map };
  }
}

/** Checks keys and prototype, loads the fields into v0, v1 … and puts `p` behind the frame's header. */
function recogniseSource(order: readonly string[], fields: readonly string[], headerBytes: number): string[] {
  const misfitUnlessPlain = `if (getPrototypeOf(value) !== objectPrototype) return ${MISFIT};`;
  const cases = order.map(
    (key, index) => `case ${index}: if (key !== ${JSON.stringify(key)}) return ${MISFIT}; break;`,
  );
  return [
    // Turns away arrays and class instances before their keys are enumerated, which could be many.
    order.includes('constructor') ? misfitUnlessPlain : `if (value.constructor !== Object) return ${MISFIT};`,
    'let count = 0;',
    `for (const key in value) {\nswitch (count) {\n${cases.join('\n')}\ndefault: return ${MISFIT};\n}\ncount += 1;\n}`,
    `if (count !== ${order.length}) return ${MISFIT};`,
    ...fields.map((field, index) => `const v${index} = value[${JSON.stringify(field)}];`),
    // After the loads, since the optimiser then knows the hidden class and the check is free.
    misfitUnlessPlain,
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
