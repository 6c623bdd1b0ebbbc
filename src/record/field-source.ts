/**
 * The source text that writes one field of a record in a generated writer. It is text, since each field then has type
 * feedback of its own and short strings and large numbers are written without a call.
 */
import { accepts, baseOf, type FieldType } from './shape.js';
import { writeObject, writeValue } from './write.js';
import { MISFIT, NATIVE_FROM, OVERFLOW, writeBigint, writeLongString, writeNumber } from './write-scalar.js';

/** The names that the text below uses, besides its own variables `bytes, view, p, end`. */
export const FIELD_HELPERS = { accepts, writeBigint, writeLongString, writeNumber, writeObject, writeValue } as const;

/**
 * What a field of type `any` or `object` is expected to hold; anything else is right too, but slower. `map` is the name
 * of a function that writes an object of known keys, or returns MISFIT.
 */
export type Expected = 'string' | 'number' | 'other' | { readonly map: string };

/** A field in generated source. */
export interface Field {
  readonly type: FieldType;
  readonly expected: Expected;
  /** The variable that holds its value. */
  readonly variable: string;
  /** How deep in the record the value lies. */
  readonly depth: number;
}

/** Writes the field, and returns MISFIT when it does not have its type, or another verdict below 0. */
export function fieldSource(field: Field): string {
  return `${writeSource(field)}\nif (p < 0) return p;`;
}

function writeSource({ type, expected, variable: v, depth }: Field): string {
  const base = baseOf(type);
  const scalar = (is: string, write: string): string => {
    const orNull = type.endsWith('?') ? ` else if (${v} === null) ${call('writeValue', 'null', depth)}` : '';
    return `if (${is}) {\n${write}\n}${orNull} else return ${MISFIT};`;
  };
  switch (base) {
    case 'any':
      return anySource(expected, v, depth);
    case 'null':
      return scalar(`${v} === null`, call('writeValue', v, depth));
    case 'boolean':
      return scalar(`typeof ${v} === 'boolean'`, call('writeValue', v, depth));
    case 'number':
      return scalar(`typeof ${v} === 'number'`, numberSource(v));
    case 'bigint':
      return scalar(`typeof ${v} === 'bigint'`, call('writeBigint', v));
    case 'string':
      return scalar(`typeof ${v} === 'string'`, stringSource(v));
    case 'date':
    case 'bytes':
    case 'array':
    case 'object':
      return scalar(`accepts('${base}', ${v})`, objectSource(expected, v, depth));
  }
}

function call(name: string, ...values: (string | number)[]): string {
  return `p = ${name}(${['bytes', 'view', 'p', 'end', ...values].join(', ')});`;
}

function anySource(expected: Expected, v: string, depth: number): string {
  const general = call('writeValue', v, depth);
  if (expected === 'other') return general;
  if (expected === 'string') return `if (typeof ${v} === 'string') {\n${stringSource(v)}\n} else ${general}`;
  if (expected === 'number') return `if (typeof ${v} === 'number') {\n${numberSource(v)}\n} else ${general}`;
  return `if (typeof ${v} === 'object' && ${v} !== null) {\n${objectSource(expected, v, depth)}\n} else ${general}`;
}

function objectSource(expected: Expected, v: string, depth: number): string {
  const general = call('writeObject', v, depth);
  if (typeof expected === 'string') return general;
  return `const done = ${expected.map}(${v}, bytes, view, p, end);\nif (done === ${MISFIT}) ${general} else p = done;`;
}

/** Short ASCII text is written in place, since a call costs as much as several characters; see writeString. */
function stringSource(v: string): string {
  return [
    `const length = ${v}.length;`,
    'let index = 0;',
    `if (length < ${NATIVE_FROM}) {`,
    `if (p + 1 + length > end) return ${OVERFLOW};`,
    'for (let place = p + 1; index < length; index += 1) {',
    `const unit = ${v}.charCodeAt(index);`,
    'if (unit > 0x7f) break;',
    'bytes[place + index] = unit;',
    '}',
    '}',
    `if (index === length && length < ${NATIVE_FROM}) { bytes[p] = 0xa0 | length; p += 1 + length; }`,
    `else p = writeLongString(bytes, view, p, end, ${v});`,
  ].join('\n');
}

/** A number beyond 32 bits, such as a time in milliseconds, is a float64 at once; see writeNumber. */
function numberSource(v: string): string {
  return [
    `if (p + 9 > end) return ${OVERFLOW};`,
    `if (${v} > 0xffffffff && ${v} < Infinity) { bytes[p] = 0xcb; view.setFloat64(p + 1, ${v}); p += 9; }`,
    `else p = writeNumber(bytes, view, p, end, ${v});`,
  ].join('\n');
}
