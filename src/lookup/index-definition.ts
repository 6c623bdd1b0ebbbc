/** What `index()` takes: which fields have a secondary index of which kind. */
import { LtlError } from '../words/errors.js';
import type { IndexSpec } from './protocol.js';

/** Field names by kind, as in a filter: presence, equal value, integer range. */
export interface IndexDefinition {
  readonly prop_match?: readonly string[];
  readonly val_match?: readonly string[];
  readonly int_match?: readonly string[];
}

const KINDS = { prop_match: 'prop', val_match: 'val', int_match: 'int' } as const;

/** The indices of a definition. Throws E_FILTER with what is wrong. */
export function readIndexDefinition(definition: IndexDefinition): IndexSpec[] {
  const given: unknown = definition;
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new LtlError(
      'E_FILTER',
      `an index definition is { ${Object.keys(KINDS).join(', ')} }, arrays of field names`,
    );
  const specs = Object.entries(given).flatMap(([key, fields]: [string, unknown]) => {
    if (!Object.hasOwn(KINDS, key))
      throw new LtlError('E_FILTER', `${JSON.stringify(key)} is none of ${Object.keys(KINDS).join(', ')}`);
    if (!Array.isArray(fields) || fields.some((field) => typeof field !== 'string'))
      throw new LtlError('E_FILTER', `${key} is an array of field names`);
    return (fields as string[]).map((field) => ({ kind: KINDS[key as keyof typeof KINDS], field }));
  });
  if (specs.length === 0) throw new LtlError('E_FILTER', 'the index definition names no field');
  return specs;
}
