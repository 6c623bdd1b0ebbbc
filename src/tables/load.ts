/** The ready table of a machine, made once a thread. */
import { tableData } from './data.js';
import type { EffectOf, EventOf, GuardOf, MachineName } from './names.js';
import { Table } from './table.js';

const ready = new Map<MachineName, Table>();

export function tableOf<N extends MachineName>(name: N): Table<EventOf<N>, EffectOf<N>, GuardOf<N>> {
  let table = ready.get(name);
  if (table === undefined) {
    table = new Table(tableData(name));
    ready.set(name, table);
  }
  return table as Table as Table<EventOf<N>, EffectOf<N>, GuardOf<N>>;
}
