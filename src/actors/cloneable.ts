/**
 * Looks at a message before it is batched for another thread: for what cannot cross threads, so that the error is thrown
 * where the message is sent, and for references, so that a batch without any need not say so. It looks at plain objects
 * and arrays to a depth; what is deeper or of another kind counts as unknown: an error in it is found when the batch
 * leaves and becomes a dead letter, references in it are counted by their own cloning.
 */
import { LtlError } from '../words/errors.js';
import { Ref } from './ref.js';

const DEPTH_MAX = 6;

/** True when there may be references in it. Throws E_UNCLONEABLE with the path of a function, symbol, promise or weak thing. */
export function assertCloneable(message: unknown): boolean {
  const kind = typeof message;
  if (kind === 'object' ? message === null : kind !== 'function' && kind !== 'symbol') return false;
  return look(message, '', 0);
}

function look(value: unknown, path: string, depth: number): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') throw refusal(typeof value, path);
  if (typeof value !== 'object' || value === null) return false;
  if (depth > DEPTH_MAX || value instanceof Ref) return true;
  let refs = false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) refs = look(value[index], `${path}[]`, depth + 1) || refs;
    return refs;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    for (const key in value) {
      const item: unknown = (value as Record<string, unknown>)[key];
      const kind = typeof item;
      if (kind === 'object' || kind === 'function' || kind === 'symbol')
        refs = look(item, path === '' ? `.${key}` : `${path}.${key}`, depth + 1) || refs;
    }
    return refs;
  }
  for (const refused of REFUSED) if (value instanceof refused) throw refusal(refused.name, path);
  // A Map or a class instance may hold anything; bytes and dates hold nothing.
  return !ArrayBuffer.isView(value) && !(value instanceof Date);
}

const REFUSED = [Promise, WeakMap, WeakSet, WeakRef] as const;

function refusal(what: string, path: string): LtlError {
  return new LtlError('E_UNCLONEABLE', `the message${path} is a ${what}`);
}
