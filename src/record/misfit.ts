/** Says which field of a value is the first that does not fit a registered shape, and how. */
import { accepts, type ShapeDefinition } from './shape.js';

interface Misfit {
  /** The field's name; null when the value is no plain object at all. */
  readonly field: string | null;
  readonly reason: string;
}

/** The first misfit: a missing field or one of another type, in the shape's order, then a field it does not have. */
export function misfit(shape: ShapeDefinition, value: unknown): Misfit | null {
  if (typeof value !== 'object' || value === null || !isPlain(value))
    return { field: null, reason: 'the value is not a plain object' };
  const given = value as Readonly<Record<string, unknown>>;
  for (const [index, field] of shape.fields.entries()) {
    const type = shape.types[index]!;
    if (!Object.hasOwn(given, field)) return { field, reason: `field ${field} is missing` };
    if (!accepts(type, given[field]))
      return { field, reason: `field ${field} is ${kindOf(given[field])}, not ${type}` };
  }
  const extra = Object.keys(given).find((key) => !shape.fields.includes(key));
  return extra === undefined ? null : { field: extra, reason: `field ${extra} is not in the shape` };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Date) return 'date';
  if (value instanceof Uint8Array) return 'bytes';
  return typeof value;
}
