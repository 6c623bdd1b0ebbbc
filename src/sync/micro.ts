/**
 * A lock machine's table as micro-instructions: one 32-bit integer a cell holds the next state, what is to be done, and how
 * the figures change. One load and a few additions make a step. The order of a cell's actions is always the same (ops,
 * then grants, then `hand`), so bits can stand for the list; this is checked while compiling.
 *
 *     31   27 26    25 24   22 21      20 19        12 11          0
 *     [ 0   ] [waiting] [readers] [available] [ effects ] [ next row  ]      -1: the machine ignores the event
 */
import { type Figure, type LockEffect, type LockOp, OPS } from '../../machines/figures.js';
import { tableOf } from '../tables/load.js';
import type { EventOf, MachineName } from '../tables/names.js';
import type { Table } from '../tables/table.js';

/** Bits of what is to be done; `PARK` stands for the op `park`, whose waiter has to be put into the queue. */
export const GRANT = 1 << 12;
export const REFUSE = 1 << 13;
export const PARK = 1 << 14;
export const GRANT_HEAD = 1 << 15;
export const GRANT_UPGRADE = 1 << 16;
export const PARK_UPGRADE = 1 << 17;
export const REFUSE_UPGRADE = 1 << 18;
export const HAND = 1 << 19;

export const ROW_MASK = 0xfff;
export const AVAILABLE_SHIFT = 20;
export const READERS_SHIFT = 22;
export const WAITING_SHIFT = 25;

const EFFECT_BITS: { readonly [E in LockEffect]: number } = {
  grant: GRANT,
  refuse: REFUSE,
  grantHead: GRANT_HEAD,
  grantUpgrade: GRANT_UPGRADE,
  parkUpgrade: PARK_UPGRADE,
  refuseUpgrade: REFUSE_UPGRADE,
  hand: HAND,
};

const BIT_NAMES = Object.entries({ ...EFFECT_BITS, park: PARK }).toSorted(([, a], [, b]) => a - b);

type LockMachine = Extract<MachineName, 'mutex' | 'semaphore' | 'lock' | 'signalAuto' | 'signalManual'>;

export class Micro<N extends LockMachine = LockMachine> {
  readonly machine: N;
  /** Indexed by row + event + valuation; see `event` and `guard`. */
  readonly code: Int32Array;
  /** The row of the initial state. */
  readonly initial: number;
  readonly #table: Table;

  constructor(machine: N) {
    this.machine = machine;
    const table = tableOf(machine) as Table;
    this.#table = table;
    this.code = Int32Array.from(table.next, (next, cell) => (next < 0 ? -1 : compile(table, next, cell)));
    this.initial = table.cell(table.data.initial, 0, 0);
  }

  /** What to add to a row for this event. */
  event(name: EventOf<N>): number {
    return this.#table.event(name) << this.#table.data.guards.length;
  }

  /** What to add where the guard holds; 0 where this machine does not ask for it. */
  guard(name: string): number {
    return this.#table.data.guards.includes(name) ? this.#table.guardBit(name) : 0;
  }

  /** Does the answer of any guard matter for the state and event of this cell? */
  guardsMatter(cell: number): boolean {
    return this.#table.matters[Math.floor(cell / this.valuations)] !== 0;
  }

  /** Name of the state of a row. */
  stateOf(row: number): string {
    return this.#table.data.states[Math.floor(row / this.width)] as string;
  }

  /** Row of the state with this name. */
  rowOf(state: string): number {
    return this.#table.state(state) * this.width;
  }

  /** Name of the event of a cell. */
  eventOf(cell: number): string {
    return this.#table.data.events[(cell % this.width) >> this.#table.data.guards.length] as string;
  }

  /** Names of what a code says is to be done, in order. */
  namesOf(code: number): readonly string[] {
    return BIT_NAMES.filter(([, bit]) => (code & bit) !== 0).map(([name]) => name);
  }

  /** Names of the actions of a cell, in order. */
  effectsOf(cell: number): readonly string[] {
    return this.#table.effects[this.#table.program[cell] as number] ?? [];
  }

  /** Cells of one state. */
  get width(): number {
    return this.#table.data.events.length * this.valuations;
  }

  /** Cells of one event in one state. */
  get valuations(): number {
    return 1 << this.#table.data.guards.length;
  }
}

function compile(table: Table, next: number, cell: number): number {
  const change: Record<Figure, number> = { available: 0, readers: 0, waiting: 0 };
  let bits = 0;
  for (const action of table.effects[table.program[cell] as number] ?? []) {
    if (action in OPS) {
      // Ops come first: the engine adds before it grants.
      if ((bits & ~PARK) !== 0) throw new Error(`${table.data.name}: ${action} comes after an effect`);
      const { figure, by } = OPS[action as LockOp];
      change[figure] += by;
      if (action === 'park') bits |= PARK;
    } else {
      const bit = EFFECT_BITS[action as LockEffect];
      if (bits >= bit) throw new Error(`${table.data.name}: ${action} is out of order`);
      bits |= bit;
    }
  }
  return (
    table.cell(next, 0, 0) |
    bits |
    ((change.available + 1) << AVAILABLE_SHIFT) |
    ((change.readers + 2) << READERS_SHIFT) |
    ((change.waiting + 1) << WAITING_SHIFT)
  );
}
