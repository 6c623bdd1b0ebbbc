/**
 * Makes the functions that read the records of one shape, or the maps of one order of keys: generated source that ends
 * in an object literal, so that all of them have one hidden class, and that reads the commonest forms of a value without
 * a call. Where generating code is disallowed a closure reads a shape the same way, slower.
 */
import type { Reader } from './read.js';
import type { ShapeDefinition } from './shape.js';
import { writeString } from './write-scalar.js';

/** Reads the payload at which the reader is aimed; throws E_DAMAGED. */
export type ShapeReader = (reader: Reader) => Record<string, unknown>;

/** Reads a map behind its header; undefined when its keys are others, and then the reader's position is as before. */
export type MapReader = (reader: Reader, depth: number) => Record<string, unknown> | undefined;

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
    ...fields.map((_, index) => valueSource(`v${index}`, '1')),
    ...resultSource(fields),
  ];
  const text = `return function readRecord(reader) {\n${source.join('\n')}\n}`;
  return (new Function(text) as () => ShapeReader)();
}

/** The reader of maps with these keys in this order; it is generated. */
export function makeMapReader(keys: readonly string[]): MapReader {
  const source = [
    'const { bytes, view, end } = reader;',
    'const start = reader.position;',
    'let p = start;',
    'let token = 0;',
    'let next = 0;',
    ...keys.flatMap((key, index) => [keySource(key), valueSource(`v${index}`, 'depth')]),
    ...resultSource(keys),
  ];
  const text = `return function readMap(reader, depth) {\n${source.join('\n')}\n}`;
  return (new Function(text) as () => MapReader)();
}

function resultSource(fields: readonly string[]): string[] {
  const entries = fields.map((field, index) => `${JSON.stringify(field)}: v${index}`);
  return ['reader.position = p;', `return { ${entries.join(', ')} };`];
}

/** Compares the bytes of a key, four at a time. */
function keySource(key: string): string {
  const bytes = new Uint8Array(key.length * 3 + 5);
  const view = new DataView(bytes.buffer);
  const length = writeString(bytes, view, 0, bytes.length, key);
  const others: string[] = [`p + ${length} > end`];
  let index = 0;
  for (; index + 4 <= length; index += 4) others.push(`view.getInt32(p + ${index}) !== ${view.getInt32(index)}`);
  for (; index < length; index += 1) others.push(`bytes[p + ${index}] !== ${bytes[index]}`);
  // Values before this key may have moved the reader.
  return `if (${others.join(' || ')}) { reader.position = start; return undefined; }\np += ${length};`;
}

/** Short strings, float64 and small integers are read here, everything else and all that is malformed by the reader. */
function valueSource(v: string, depth: string): string {
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
  ${v} = reader.value(${depth});
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
