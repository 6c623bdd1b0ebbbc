/**
 * Which indices were declared, in a file of its own beside the catalog: a catalog that has to be built anew is built with the
 * same indices. Forgettable like everything here: without it the program declares them again, or queries read the log.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { IndexSpec } from './protocol.js';

const KINDS: ReadonlySet<unknown> = new Set(['prop', 'val', 'int']);

const declarationsPath = (indexFolder: string): string => path.join(indexFolder, 'indices.json');

/** None when the file is missing or makes no sense. */
export function readDeclarations(indexFolder: string): IndexSpec[] {
  let given: unknown;
  try {
    given = JSON.parse(fs.readFileSync(declarationsPath(indexFolder), 'utf8'));
  } catch {
    // Missing, cut short or not JSON: nobody vouches for any declaration.
    return [];
  }
  return Array.isArray(given) ? given.filter(isSpec).map(({ kind, field }) => ({ kind, field })) : [];
}

export function writeDeclarations(indexFolder: string, specs: readonly IndexSpec[]): void {
  fs.mkdirSync(indexFolder, { recursive: true });
  const file = declarationsPath(indexFolder);
  fs.writeFileSync(`${file}.new`, JSON.stringify(specs.map(({ kind, field }) => ({ kind, field }))));
  fs.renameSync(`${file}.new`, file);
}

function isSpec(given: unknown): given is IndexSpec {
  if (typeof given !== 'object' || given === null) return false;
  const { kind, field } = given as Record<string, unknown>;
  return KINDS.has(kind) && typeof field === 'string';
}
