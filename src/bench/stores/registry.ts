/** All stores that the benches know, by the short name used on the command line. */
import { level } from './level.js';
import { lmdb } from './lmdb.js';
import { ltl } from './ltl.js';
import { plainGrowing, plainWrittenAhead } from './plain.js';
import { sqlite } from './sqlite.js';
import type { StoreKind } from './store.js';

export const STORES: Readonly<Record<string, StoreKind>> = {
  ltl,
  plain: plainGrowing,
  lmdb,
  sqlite,
  level,
  ahead: plainWrittenAhead,
};

/** The packages that these stores come from. */
export function storePackages(): string[] {
  return Object.values(STORES).flatMap(({ needs }) => needs ?? []);
}
