/**
 * What a query asks of a record: fields it has (`prop_match`), fields equal to a value (`val_match`), fields within bounds
 * (`int_match`). A filter is checked and compiled once; all its conditions must hold.
 *
 * A field is an own, top-level key of a plain object, and its name is taken as it is: a dot in it is just a dot, and nothing is
 * ever found on a prototype. Records that are not plain objects have no fields, so only the empty filter matches them.
 */
import { LtlError } from '../words/errors.js';
import { sameValue } from './equals.js';

/** A filter as users write it. An empty one matches every record. */
export interface Filter {
  /** The record has these fields; null counts as a value. */
  readonly prop_match?: readonly string[];
  /** These fields equal these values, deeply; 5 equals 5n. */
  readonly val_match?: Readonly<Record<string, unknown>>;
  /** These fields are numbers or bigints within [low, high], both included. Infinite bounds are allowed. */
  readonly int_match?: Readonly<Record<string, readonly [number | bigint, number | bigint]>>;
}

/** One condition of a filter. */
export type Condition =
  | { readonly kind: 'prop'; readonly field: string }
  | { readonly kind: 'val'; readonly field: string; readonly value: unknown }
  | { readonly kind: 'int'; readonly field: string; readonly low: number | bigint; readonly high: number | bigint };

/** Decides about a decoded record. */
export type Predicate = (data: unknown) => boolean;

export interface CompiledFilter {
  /** None for a filter that matches everything. */
  readonly conditions: readonly Condition[];
  readonly matches: Predicate;
}

/** The keys of a filter; range() has them beside its own options. */
export const FILTER_KEYS: readonly string[] = ['prop_match', 'val_match', 'int_match'];

/** Checks and compiles a filter. Throws E_FILTER with the condition that is wrong. */
export function compileFilter(filter: Filter): CompiledFilter {
  const given: unknown = filter;
  if (!isPlain(given)) throw wrong('a filter is an object');
  for (const key of Object.keys(given))
    if (!FILTER_KEYS.includes(key)) throw wrong(`${JSON.stringify(key)} is none of ${FILTER_KEYS.join(', ')}`);
  const conditions = [
    ...propConditions(given['prop_match']),
    ...valConditions(given['val_match']),
    ...intConditions(given['int_match']),
  ];
  return { conditions, matches: compile(conditions) };
}

function propConditions(given: unknown): Condition[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw wrong('prop_match is an array of field names');
  return given.map((field: unknown) => {
    if (typeof field !== 'string') throw wrong(`prop_match holds ${typeof field}, not a field name`);
    return { kind: 'prop', field };
  });
}

function valConditions(given: unknown): Condition[] {
  if (given === undefined) return [];
  if (!isPlain(given)) throw wrong('val_match is { field: value }');
  return Object.keys(given).map((field) => {
    const value = given[field];
    const fault = valueFault(value, 0);
    if (fault !== null) throw wrong(`val_match.${field} ${fault}, which no record holds`);
    return { kind: 'val', field, value };
  });
}

function intConditions(given: unknown): Condition[] {
  if (given === undefined) return [];
  if (!isPlain(given)) throw wrong('int_match is { field: [low, high] }');
  return Object.keys(given).map((field) => {
    const bounds = given[field];
    if (!Array.isArray(bounds) || bounds.length !== 2) throw wrong(`int_match.${field} is not [low, high]`);
    const [low, high] = bounds as [unknown, unknown];
    if (!isBound(low) || !isBound(high)) throw wrong(`the bounds of int_match.${field} are not numbers or bigints`);
    if (low > high) throw wrong(`int_match.${field}: ${low} is above ${high}`);
    return { kind: 'int', field, low, high };
  });
}

const isBound = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && !Number.isNaN(value));

/** Why no record can hold the value, or null. */
function valueFault(value: unknown, depth: number): string | null {
  if (depth > 256) return 'is nested deeper than 256';
  switch (typeof value) {
    case 'boolean':
    case 'string':
    case 'bigint':
      return null;
    case 'number':
      return Number.isFinite(value) ? null : `is ${value}`;
    case 'object':
      break;
    default:
      return `is of type ${typeof value}`;
  }
  if (value === null || value instanceof Uint8Array) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'is an invalid date' : null;
  if (!Array.isArray(value) && !isPlain(value)) return `is a ${value.constructor?.name ?? 'foreign object'}`;
  for (const item of Object.values(value)) {
    const fault = valueFault(item, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** True for a decoded record that has fields. */
export const hasFields = (data: unknown): data is Readonly<Record<string, unknown>> =>
  typeof data === 'object' &&
  data !== null &&
  !Array.isArray(data) &&
  !(data instanceof Date) &&
  !(data instanceof Uint8Array);

/** The value of an own field, or undefined. Stored values are never undefined. */
export type FieldReader = (data: Readonly<Record<string, unknown>>) => unknown;

/** Reads one field. A name that plain objects inherit is looked up with care, every other one directly. */
export function fieldReader(field: string): FieldReader {
  return field in Object.prototype
    ? (data) => (Object.hasOwn(data, field) ? data[field] : undefined)
    : (data) => data[field];
}

function compile(conditions: readonly Condition[]): Predicate {
  const tests = conditions.map(compileCondition);
  const [first, second] = tests;
  if (first === undefined) return () => true;
  if (second === undefined) return (data) => hasFields(data) && first(data);
  return (data) => {
    if (!hasFields(data)) return false;
    for (const test of tests) if (!test(data)) return false;
    return true;
  };
}

function compileCondition(condition: Condition): (data: Readonly<Record<string, unknown>>) => boolean {
  const read = fieldReader(condition.field);
  switch (condition.kind) {
    case 'prop':
      return (data) => read(data) !== undefined;
    case 'val': {
      const { value } = condition;
      return typeof value === 'string' || typeof value === 'boolean' || value === null
        ? (data) => read(data) === value
        : (data) => sameValue(read(data), value);
    }
    case 'int': {
      const { low, high } = condition;
      return (data) => {
        const value = read(data);
        return (typeof value === 'number' || typeof value === 'bigint') && value >= low && value <= high;
      };
    }
  }
}

function wrong(what: string): LtlError {
  return new LtlError('E_FILTER', what);
}
