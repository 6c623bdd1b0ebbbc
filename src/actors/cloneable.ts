/**
 * Looks for what cannot cross threads before a message is batched, so that the error is thrown where the message is sent.
 * It looks at plain objects and arrays to a depth; what hides deeper or in other things is found when the batch leaves,
 * and becomes a dead letter.
 */
import { LtlError } from '../words/errors.js';

const DEPTH_MAX = 6;

/** Throws E_UNCLONEABLE with the path of a function, symbol, promise or weak thing in the message. */
export function assertCloneable(message: unknown): void {
  if (typeof message === 'object' ? message !== null : typeof message === 'function' || typeof message === 'symbol')
    look(message, '', 0);
}

function look(value: unknown, path: string, depth: number): void {
  if (typeof value === 'function' || typeof value === 'symbol') throw refusal(typeof value, path);
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) look(value[index], `${path}[${index}]`, depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    for (const key in value) {
      const item: unknown = (value as Record<string, unknown>)[key];
      const kind = typeof item;
      if (kind === 'object' || kind === 'function' || kind === 'symbol') look(item, `${path}.${key}`, depth + 1);
    }
    return;
  }
  for (const refused of REFUSED) if (value instanceof refused) throw refusal(refused.name, path);
}

const REFUSED = [Promise, WeakMap, WeakSet, WeakRef] as const;

function refusal(what: string, path: string): LtlError {
  return new LtlError('E_UNCLONEABLE', `the message${path} is a ${what}`);
}
