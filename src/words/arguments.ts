/**
 * What the door asks of its arguments before anything happens: options are an object with known keys, a flag is a boolean, a
 * signal is an AbortSignal. A misspelt option is refused, since it would quietly do what it was meant to prevent.
 */
import { LtlError } from './errors.js';
import { nearest } from './nearest.js';

/** A value for the text of an error: short, and never throws. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
    case 'bigint':
      return `${value}n`;
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? 'an array' : 'an object';
    default:
      return `a ${typeof value}`;
  }
}

/** Throws E_ARGUMENT unless `given` is an object that has no keys but those; `call` is what takes it. */
export function assertOptions(call: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new LtlError('E_ARGUMENT', `the options of ${call} are an object, not ${shown(given)}`);
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const meant = nearest(key, known);
    const hint = meant === null ? `there are ${known.join(', ')}` : `did you mean ${meant}?`;
    throw new LtlError('E_ARGUMENT', `${call} has no option ${JSON.stringify(key)}; ${hint}`);
  }
}

/** Throws E_ARGUMENT for a flag that is neither left out nor a boolean: 'false' would be true. */
export function assertFlag(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean')
    throw new LtlError('E_ARGUMENT', `${name} must be true or false, not ${shown(value)}`);
}

/** Throws E_ARGUMENT for a signal that is neither left out nor one; by its looks, as one of another realm is one too. */
export function assertSignal(signal: unknown): void {
  if (signal !== undefined && !(typeof signal === 'object' && signal !== null && 'aborted' in signal))
    throw new LtlError('E_ARGUMENT', `signal must be an AbortSignal, not ${shown(signal)}`);
}
