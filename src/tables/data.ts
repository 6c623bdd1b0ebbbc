/**
 * The tables of all machines. From source they are asked of XState at first use; the build (`build.ts`) replaces the
 * compiled form of this file by the finished answers, so that an installed package never imports XState to run.
 */
import type { MachineName } from './names.js';
import { MACHINES } from './registry.js';
import type { TableData } from './table.js';
import { tabulate } from './tabulate.js';

export function tableData(name: MachineName): TableData {
  return tabulate(name, MACHINES[name]);
}
