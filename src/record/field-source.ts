/**
 * The source text that writes one field of a record in a generated writer. It is text, since each field then has type
 * feedback of its own and short strings and large numbers are written without a call.
 */
import { accepts, baseOf, type FieldType } from './shape.js';
import {
  MISFIT,
  NATIVE_FROM,
  OVERFLOW,
  writeBigint,
  writeLongString,
  writeNumber,
  writeObject,
  writeValue,
} from './write.js';

/** The names that the text below uses, besides its own variables `bytes, view, p, end`. */
export const FIELD_HELPERS = { accepts, writeBigint, writeLongString, writeNumber, writeObject, writeValue } as const;

/** What a field of type `any` is expected to hold; anything else is right too, but slower. */
export type Expected = 'string' | 'number' | 'other';

/** Writes the variable `v`, and returns MISFIT when it does not have the type, or another verdict below 0. */
export function fieldSource(type: FieldType, expected: Expected, v: string): string {
  const room = 'bytes, view, p, end';
  const base = baseOf(type);
  const otherwise = type.endsWith('?')
    ? `else if (${v} === null) p = writeValue(${room}, null, 1);\nelse return ${MISFIT};`
    : `else return ${MISFIT};`;
  switch (base) {
    case 'any':
      return check(anySource(expected, v));
    case 'null':
      return check(`if (${v} === null) p = writeValue(${room}, null, 1);\nelse return ${MISFIT};`);
    case 'boolean':
      return check(`if (typeof ${v} === 'boolean') p = writeValue(${room}, ${v}, 1);\n${otherwise}`);
    case 'number':
      return check(`if (typeof ${v} === 'number') {\n${numberSource(v)}\n} ${otherwise}`);
    case 'bigint':
      return check(`if (typeof ${v} === 'bigint') p = writeBigint(${room}, ${v});\n${otherwise}`);
    case 'string':
      return check(`if (typeof ${v} === 'string') {\n${stringSource(v)}\n} ${otherwise}`);
    case 'date':
    case 'bytes':
    case 'array':
    case 'object':
      return check(`if (accepts('${base}', ${v})) p = writeObject(${room}, ${v}, 1);\n${otherwise}`);
  }
}

function check(source: string): string {
  return `${source}\nif (p < 0) return p;`;
}

function anySource(expected: Expected, v: string): string {
  const general = `p = writeValue(bytes, view, p, end, ${v}, 1);`;
  if (expected === 'string') return `if (typeof ${v} === 'string') {\n${stringSource(v)}\n} else ${general}`;
  if (expected === 'number') return `if (typeof ${v} === 'number') {\n${numberSource(v)}\n} else ${general}`;
  return general;
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
