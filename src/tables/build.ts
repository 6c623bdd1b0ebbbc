/**
 * The last step of `npm run build`: tabulates every machine and writes the answers over the compiled `data.js`. Starting
 * the runtime then costs one small parse instead of importing XState and asking it for every cell.
 */
import { writeFileSync } from 'node:fs';
import { MACHINES } from './registry.js';
import { tabulate } from './tabulate.js';

const tables = Object.fromEntries(Object.entries(MACHINES).map(([name, machine]) => [name, tabulate(name, machine)]));
const literal = JSON.stringify(JSON.stringify(tables));

writeFileSync(
  new URL('./data.js', import.meta.url),
  `// Written by build.js from the machines; the source of this file is src/tables/data.ts.
const tables = JSON.parse(${literal});

export function tableData(name) {
  return tables[name];
}
`,
);
