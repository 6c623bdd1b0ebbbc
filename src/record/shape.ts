/**
 * A shape: the names and types of a record's fields, in order. It is registered by the user under a name, or learned
 * from a key order that repeats, and stored in the log once, before the first record that uses it.
 */
import { shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';

const FIELD_TYPES = [
  'any',
  'null',
  'boolean',
  'number',
  'bigint',
  'string',
  'date',
  'bytes',
  'array',
  'object',
] as const;

type BaseType = (typeof FIELD_TYPES)[number];
/** The type of a field; a trailing `?` allows null. */
export type FieldType = BaseType | `${BaseType}?`;

/** What the log stores of a shape. */
export interface ShapeDefinition {
  /** 1..65535, unique in a log. */
  readonly id: number;
  /** The name under which it was registered; null when it was learned. */
  readonly name: string | null;
  readonly fields: readonly string[];
  readonly types: readonly FieldType[];
}

/** The most fields a shape may have: a wider record is better stored as a map. */
export const SHAPE_FIELDS_MAX = 1024;
/** Shape ids are two bytes, and 0 means none. */
export const SHAPE_ID_MAX = 65535;

const KNOWN_TYPES: ReadonlySet<unknown> = new Set(FIELD_TYPES.flatMap((type) => [type, `${type}?`]));

/** The shape as `[fields, types]` in the order of its keys; throws E_SHAPE with the field that is wrong. */
export function readShape(name: string, shape: Readonly<Record<string, FieldType>>): [string[], FieldType[]] {
  if (typeof name !== 'string' || name === '') throw new LtlError('E_SHAPE', 'a message needs a name, a string');
  if (typeof shape !== 'object' || shape === null) throw new LtlError('E_SHAPE', `shape of ${name} is not an object`);
  const fields = Object.keys(shape);
  const types = Object.values(shape);
  const fault = shapeFault(fields, types);
  if (fault !== null) throw new LtlError('E_SHAPE', `shape of ${name}: ${fault}`);
  return [fields, types];
}

/** Why these are not the fields and types of a shape, or null when they are. */
function shapeFault(fields: readonly unknown[], types: readonly unknown[]): string | null {
  if (fields.length === 0) return 'it has no fields';
  if (fields.length > SHAPE_FIELDS_MAX) return `it has ${fields.length} fields, more than ${SHAPE_FIELDS_MAX}`;
  if (fields.length !== types.length) return `it has ${fields.length} fields but ${types.length} types`;
  for (const [index, field] of fields.entries()) {
    if (typeof field !== 'string') return `field ${index} has no name`;
    if (field === '__proto__') return 'a field must not be called __proto__';
    if (!field.isWellFormed()) return `the name of field ${index} has a lone surrogate`;
    if (!KNOWN_TYPES.has(types[index])) return `field ${field} has the unknown type ${shown(types[index])}`;
  }
  return new Set(fields).size === fields.length ? null : 'a field name occurs twice';
}

/** The shape in a decoded definition payload, or the reason why it is none. */
export function definitionFrom(value: unknown): ShapeDefinition | string {
  if (!Array.isArray(value) || value.length !== 4) return 'a shape definition is an array of four';
  const [id, name, fields, types] = value as unknown[];
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 1 || id > SHAPE_ID_MAX) return 'bad shape id';
  if (name !== null && typeof name !== 'string') return 'bad shape name';
  if (!Array.isArray(fields) || !Array.isArray(types)) return 'bad shape fields';
  return shapeFault(fields, types) ?? { id, name, fields: fields as string[], types: types as FieldType[] };
}

/** True when both have the same fields and types in the same order. */
export function sameShape(shape: ShapeDefinition, fields: readonly string[], types: readonly FieldType[]): boolean {
  return (
    shape.fields.length === fields.length &&
    shape.fields.every((field, index) => field === fields[index] && shape.types[index] === types[index])
  );
}

/** The type without its `?`. */
export function baseOf(type: FieldType): BaseType {
  return (type.endsWith('?') ? type.slice(0, -1) : type) as BaseType;
}

/** True when a field of that type accepts the value; whether the value can be encoded is another question. */
export function accepts(type: FieldType, value: unknown): boolean {
  if (value === null && type.endsWith('?')) return true;
  switch (baseOf(type)) {
    case 'any':
      return true;
    case 'null':
      return value === null;
    case 'boolean':
    case 'number':
    case 'bigint':
    case 'string':
      return typeof value === baseOf(type);
    case 'date':
      return value instanceof Date;
    case 'bytes':
      return value instanceof Uint8Array;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
  }
}

/** A plain object as far as a shape asks: no array, Date or bytes. */
function isObject(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array)
  );
}
