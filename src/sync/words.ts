/** Checks of the words of a request, each with an error that names what is wrong. */
import { LtlError } from '../words/errors.js';

/** Kinds without weights and modes. */
export function single(
  label: string,
  request: { readonly weight?: number | undefined; readonly mode?: unknown },
): void {
  if (request.weight !== undefined && request.weight !== 1)
    throw new LtlError('E_ARGUMENT', `${label} has one permit, not ${request.weight}`);
  if (request.mode !== undefined) throw new LtlError('E_ARGUMENT', `${label} has no modes`);
}

/** A whole number from 1 to `most`. */
export function count(what: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new LtlError('E_ARGUMENT', `${what} is a whole number from 1 to ${most}, not ${value}`);
}
