/**
 * The slow walk that says why a value has no encoding and where. It runs only after the writer has refused a value, so
 * the hot path keeps no paths. It follows the writer's rules and order, and visits shared parts once.
 */
import { LtlError } from '../words/errors.js';
import { DEPTH_MAX, NAMED_UP_TO } from './write.js';

interface Fault {
  /** Such as `$.user.tags[3]`. */
  readonly path: string;
  readonly reason: string;
}

/** The error for a refused value: E_UNENCODABLE with the first faulty path, in the message and in `details.path`. */
export function unencodable(value: unknown, cause?: unknown): LtlError {
  const fault = findFault(value) ?? { path: '$', reason: 'it changed, or ran code of its own, while it was encoded' };
  const options = { details: { path: fault.path, reason: fault.reason } };
  return new LtlError(
    'E_UNENCODABLE',
    `${fault.path}: ${fault.reason}`,
    cause === undefined ? options : { ...options, cause },
  );
}

/** The first part of the value that has no encoding, in the order of encoding; null when all of it has. */
export function findFault(value: unknown): Fault | null {
  return new Walk().visit(value, '$', 0);
}

class Walk {
  readonly #above = new Set<object>();
  /** The parts found clean, with the smallest depth that was tried. */
  readonly #clean = new Map<object, number>();

  visit(value: unknown, path: string, depth: number): Fault | null {
    switch (typeof value) {
      case 'boolean':
        return null;
      case 'string':
        return value.isWellFormed() ? null : { path, reason: 'a string with a lone surrogate' };
      case 'number':
        return Number.isFinite(value) ? null : { path, reason: String(value) };
      case 'bigint':
        return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value
          ? null
          : { path, reason: 'a bigint of more than 64 bits' };
      case 'object':
        return value === null ? null : this.#guarded(value, path, depth);
      default:
        return { path, reason: value === undefined ? 'undefined' : `a ${typeof value}` };
    }
  }

  #guarded(value: object, path: string, depth: number): Fault | null {
    if (this.#above.has(value)) return { path, reason: 'a cycle' };
    const before = this.#clean.get(value);
    if (before !== undefined && depth <= before) return null;
    this.#above.add(value);
    try {
      const fault = this.#object(value, path, depth);
      if (fault === null) this.#clean.set(value, depth);
      return fault;
    } catch (error) {
      if (error instanceof RangeError) throw error;
      return { path, reason: `it throws when it is read: ${String(error)}` };
    } finally {
      this.#above.delete(value);
    }
  }

  #object(value: object, path: string, depth: number): Fault | null {
    const isArray = Array.isArray(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (isArray ? prototype === Array.prototype : prototype === Object.prototype || prototype === null) {
      if (depth >= DEPTH_MAX) return { path, reason: `nested deeper than ${DEPTH_MAX}` };
      return isArray ? this.#array(value, path, depth) : this.#map(value, path, depth);
    }
    if (prototype === Date.prototype) {
      const fault = Number.isNaN(Date.prototype.getTime.call(value as Date)) ? 'an invalid Date' : null;
      const [key] = Object.keys(value);
      if (fault !== null) return { path, reason: fault };
      return key === undefined ? null : { path: path + step(key), reason: 'a property on a Date' };
    }
    if (prototype === Uint8Array.prototype || prototype === Buffer.prototype) return null;
    return { path, reason: `an instance of ${className(prototype)}` };
  }

  #array(list: readonly unknown[], path: string, depth: number): Fault | null {
    for (let index = 0; index < list.length; index += 1) {
      const item = `${path}[${index}]`;
      if (!Object.hasOwn(list, index)) return { path: item, reason: 'a hole in an array' };
      const fault = this.visit(list[index], item, depth + 1);
      if (fault !== null) return fault;
    }
    if (list.length > NAMED_UP_TO) return null;
    const extra = Object.keys(list)[list.length];
    return extra === undefined ? null : { path: path + step(extra), reason: 'a named property on an array' };
  }

  #map(map: object, path: string, depth: number): Fault | null {
    for (const key of Object.keys(map)) {
      const place = path + step(key);
      if (key === '__proto__') return { path: place, reason: 'a key called __proto__' };
      if (!key.isWellFormed()) return { path: place, reason: 'a key with a lone surrogate' };
      const fault = this.#property(map, key, place, depth);
      if (fault !== null) return fault;
    }
    const [symbol] = Object.getOwnPropertySymbols(map);
    return symbol === undefined ? null : { path: `${path}[${String(symbol)}]`, reason: 'a key that is a symbol' };
  }

  #property(map: object, key: string, path: string, depth: number): Fault | null {
    let value: unknown;
    try {
      value = (map as Record<string, unknown>)[key];
    } catch (error) {
      return { path, reason: `it throws when it is read: ${String(error)}` };
    }
    return this.visit(value, path, depth + 1);
  }
}

/** One step of a path: `.name`, or `["any text"]`. */
export function step(key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function className(prototype: unknown): string {
  const maker: unknown = (prototype as { readonly constructor?: unknown }).constructor;
  return typeof maker === 'function' && maker.name !== '' ? maker.name : 'an unnamed class';
}
