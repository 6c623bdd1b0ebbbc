/**
 * The second argument of `append` and `appendBatch` when it is an object. A misspelt key is refused: it would quietly take
 * away the check that it was meant to ask for.
 */
import { shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';

/** How one record is appended. */
export interface AppendOptions {
  /** Priority, 0 (urgent, the default) to 9: stored with the record. */
  readonly pr?: number;
  /** The record must fit this registered message; E_MISFIT names the first field that does not. */
  readonly message?: string;
}

/** Calls `append` with what the options say; rejects with E_ARGUMENT for anything that is not an AppendOptions. */
export function withOptions(
  options: AppendOptions,
  append: (pr: number, message: string | undefined) => Promise<bigint>,
): Promise<bigint> {
  if (typeof options !== 'object' || options === null)
    return Promise.reject(new LtlError('E_ARGUMENT', `a priority or options, not ${shown(options)}`));
  for (const key in options)
    if (key !== 'pr' && key !== 'message')
      return Promise.reject(new LtlError('E_ARGUMENT', `append has no option ${key}; there are pr and message`));
  return append(options.pr ?? 0, options.message);
}
