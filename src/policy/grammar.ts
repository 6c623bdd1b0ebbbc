/** Reading the small texts of this room: numbers with a range, lists, and errors that name the text and what was expected. */
import { LtlError } from '../words/errors.js';

export interface NumberRule {
  /** The least value allowed; 0 when left out. */
  readonly least?: number;
  /** True: `least` itself is not allowed. */
  readonly above?: boolean;
  readonly most?: number;
  readonly whole?: boolean;
}

/** A plain decimal number within a rule. Throws E_POLICY naming the whole text, the part and what it should be. */
export function readNumber(text: string, what: string, of: string, rule: NumberRule = {}): number {
  const { least = 0, above = false, most = Number.MAX_SAFE_INTEGER, whole = false } = rule;
  const value = /^\d+(\.\d+)?([eE]\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const fits = (above ? value > least : value >= least) && value <= most && (!whole || Number.isInteger(value));
  if (fits) return value;
  const kind = whole ? 'a whole number' : 'a number';
  const range = `${above ? 'above' : 'from'} ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}`;
  throw new LtlError('E_POLICY', `${of}: ${what} is ${kind} ${range}, not '${text}'`);
}

/** The comma-separated arguments of a spec, between `least` and `most` of them. Throws E_POLICY with the grammar. */
export function readArguments(
  text: string | null,
  of: string,
  grammar: string,
  least: number,
  most: number = least,
): string[] {
  const parts = text === null || text === '' ? [] : text.split(',');
  if (parts.length >= least && parts.length <= most) return parts;
  const count = least === most ? `${least}` : `${least} to ${most}`;
  throw new LtlError('E_POLICY', `${of} has ${parts.length} arguments, ${grammar} takes ${count}`);
}
