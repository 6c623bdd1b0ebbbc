/**
 * Makes, for one shape and one order of keys, the function that recognises a value of that shape and writes it as a
 * MessagePack array in field order. The function is generated as source, so that each key is a constant and each
 * property load has an inline cache of its own; where generating code is disallowed a closure does the same, slower.
 */
import { accepts, baseOf, type FieldType, type ShapeDefinition } from './shape.js';
import {
  MISFIT,
  OVERFLOW,
  writeArrayHeader,
  writeBigint,
  writeNumber,
  writeObject,
  writeString,
  writeValue,
} from './write.js';

/**
 * Writes the payload at `at` and returns the place after it; OVERFLOW, UNENCODABLE, or MISFIT when the value does not
 * have exactly these keys in this order, or a field not its type.
 */
export type ShapeWriter = (value: object, bytes: Uint8Array, view: DataView, at: number, end: number) => number;

/** Wider shapes would make functions too big to be optimised. */
const GENERATED_FIELDS_MAX = 64;

/** The writer for values whose keys come in the order `order`, a permutation of the shape's fields. */
export function makeShapeWriter(shape: ShapeDefinition, order: readonly string[], mayGenerate: boolean): ShapeWriter {
  if (!mayGenerate || order.length > GENERATED_FIELDS_MAX) return closureWriter(shape, order);
  const names = ['Object', 'getPrototypeOf', 'objectPrototype', ...Object.keys(helpers)];
  const values = [Object, Object.getPrototypeOf, Object.prototype, ...Object.values(helpers)];
  const make = new Function(
    ...names,
    `return function writeShape(value, bytes, view, at, end) {\n${body(shape, order)}\n}`,
  );
  return (make as (...given: unknown[]) => ShapeWriter)(...values);
}

/** False when the process disallows code from strings. */
export function mayGenerateCode(): boolean {
  try {
    return (new Function('return true') as () => boolean)();
  } catch (error) {
    if (error instanceof EvalError) return false;
    throw error;
  }
}

const helpers = { accepts, writeArrayHeader, writeBigint, writeNumber, writeObject, writeString, writeValue };

function body(shape: ShapeDefinition, order: readonly string[]): string {
  const cases = order.map(
    (key, index) => `case ${index}: if (key !== ${JSON.stringify(key)}) return ${MISFIT}; break;`,
  );
  return [
    // Turns away arrays and class instances before their keys are enumerated, which could be many.
    order.includes('constructor') ? '' : `if (value.constructor !== Object) return ${MISFIT};`,
    'let count = 0;',
    `for (const key in value) {\nswitch (count) {\n${cases.join('\n')}\ndefault: return ${MISFIT};\n}\ncount += 1;\n}`,
    `if (count !== ${order.length}) return ${MISFIT};`,
    ...shape.fields.map((field, index) => `const v${index} = value[${JSON.stringify(field)}];`),
    // After the loads, since the optimiser then knows the hidden class and the check is free.
    `if (getPrototypeOf(value) !== objectPrototype) return ${MISFIT};`,
    `if (at + 5 > end) return ${OVERFLOW};`,
    `let p = writeArrayHeader(bytes, view, at, ${shape.fields.length});`,
    ...shape.types.map((type, index) => `${writeField(type, `v${index}`)}\nif (p < 0) return p;`),
    'return p;',
  ].join('\n');
}

/** The source that writes one field of that type, or returns MISFIT. */
function writeField(type: FieldType, v: string): string {
  const room = 'bytes, view, p, end';
  const scalar = (name: string, test: string): string => `if (${test}) p = ${name}(${room}, ${v});`;
  const otherwise = type.endsWith('?')
    ? `else if (${v} === null) p = writeValue(${room}, null, 1); else return ${MISFIT};`
    : `else return ${MISFIT};`;
  switch (baseOf(type)) {
    case 'any':
      return [
        scalar('writeString', `typeof ${v} === 'string'`),
        `else ${scalar('writeNumber', `typeof ${v} === 'number'`)}`,
        `else p = writeValue(${room}, ${v}, 1);`,
      ].join('\n');
    case 'null':
      return `if (${v} === null) p = writeValue(${room}, null, 1); else return ${MISFIT};`;
    case 'boolean':
      return `if (typeof ${v} === 'boolean') p = writeValue(${room}, ${v}, 1); ${otherwise}`;
    case 'number':
      return `${scalar('writeNumber', `typeof ${v} === 'number'`)} ${otherwise}`;
    case 'bigint':
      return `${scalar('writeBigint', `typeof ${v} === 'bigint'`)} ${otherwise}`;
    case 'string':
      return `${scalar('writeString', `typeof ${v} === 'string'`)} ${otherwise}`;
    case 'date':
    case 'bytes':
    case 'array':
    case 'object':
      return `if (accepts('${baseOf(type)}', ${v})) p = writeObject(${room}, ${v}, 1); ${otherwise}`;
  }
}

function closureWriter(shape: ShapeDefinition, order: readonly string[]): ShapeWriter {
  return (value, bytes, view, at, end) => {
    if (Object.getPrototypeOf(value) !== Object.prototype) return MISFIT;
    let count = 0;
    for (const key in value) {
      if (key !== order[count]) return MISFIT;
      count += 1;
    }
    if (count !== order.length) return MISFIT;
    if (at + 5 > end) return OVERFLOW;
    let place = writeArrayHeader(bytes, view, at, count);
    for (let index = 0; index < count; index += 1) {
      const item = (value as Readonly<Record<string, unknown>>)[shape.fields[index]!];
      if (!accepts(shape.types[index]!, item)) return MISFIT;
      place = writeValue(bytes, view, place, end, item, 1);
      if (place < 0) return place;
    }
    return place;
  };
}
