/**
 * Makes the function that reads the records of one shape: generated source that ends in an object literal, so that all
 * its records have one hidden class, and that reads the commonest forms of a field without a call. Where generating
 * code is disallowed a closure does the same, slower.
 */
import type { Reader } from './read.js';
import type { ShapeDefinition } from './shape.js';

/** Reads the payload at which the reader is aimed; throws E_DAMAGED. */
export type ShapeReader = (reader: Reader) => Record<string, unknown>;

/** Wider shapes would make functions too big to be optimised. */
const GENERATED_FIELDS_MAX = 64;

export function makeShapeReader({ fields }: ShapeDefinition, mayGenerate: boolean): ShapeReader {
  if (!mayGenerate || fields.length > GENERATED_FIELDS_MAX) return closureReader(fields);
  const source = [
    'const { bytes, view, end } = reader;',
    `reader.enterShape(${fields.length});`,
    'let p = reader.position;',
    'let token = 0;',
    'let next = 0;',
    ...fields.map((_, index) => fieldSource(`v${index}`)),
    'reader.position = p;',
    `return { ${fields.map((field, index) => `${JSON.stringify(field)}: v${index}`).join(', ')} };`,
  ];
  const text = `return function readRecord(reader) {\n${source.join('\n')}\n}`;
  return (new Function(text) as () => ShapeReader)();
}

/** Short strings, float64 and small integers are read here, everything else and all that is malformed by the reader. */
function fieldSource(v: string): string {
  return `let ${v};
token = p < end ? bytes[p] : 0xc1;
if ((token & 0xe0) === 0xa0 && (next = p + 1 + (token & 0x1f)) <= end) {
  ${v} = reader.text(p + 1, token & 0x1f);
  p = next;
} else if (token === 0xd9 && p + 2 <= end && (next = p + 2 + bytes[p + 1]) <= end) {
  ${v} = reader.text(p + 2, next - p - 2);
  p = next;
} else if (token === 0xcb && p + 9 <= end) {
  ${v} = view.getFloat64(p + 1);
  p += 9;
} else if (token < 0x80) {
  ${v} = token;
  p += 1;
} else {
  reader.position = p;
  ${v} = reader.value(1);
  p = reader.position;
}`;
}

function closureReader(fields: readonly string[]): ShapeReader {
  return (reader) => {
    reader.enterShape(fields.length);
    const map: Record<string, unknown> = {};
    for (const field of fields) map[field] = reader.value(1);
    return map;
  };
}
