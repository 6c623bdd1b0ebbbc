/**
 * A machine as integers: what XState answers for every (state, event, guard valuation), kept in flat arrays. This file
 * knows the shape only; `tabulate.ts` fills it from XState, and nothing here imports XState.
 */

/** The stored form, plain JSON. Cells are numbered `(state * events + event) << guards.length | valuation`. */
export interface TableData {
  readonly name: string;
  /** Leaf paths: `start.init`; in a parallel machine one leaf a region, `depth.awake+reads.open+writes.open`. */
  readonly states: readonly string[];
  /** Every path that is active in a state, the leaves and their ancestors: what `matches` answers from. */
  readonly active: readonly (readonly string[])[];
  readonly events: readonly string[];
  /** Bit n of a valuation is the answer of guard n. */
  readonly guards: readonly string[];
  /** Integer ops and effects, in the order of the machine's setup. */
  readonly actions: readonly string[];
  readonly initial: number;
  /** Actions of entering the initial state, by number. */
  readonly initialActions: readonly number[];
  /** The next state of a cell, or -1 where the machine has no transition and ignores the event. */
  readonly next: readonly number[];
  /** The program of a cell: an index into `programs`. */
  readonly program: readonly number[];
  /** Distinct lists of actions, in the order in which XState runs them. */
  readonly programs: readonly (readonly number[])[];
  /** For each (state, event), the guards whose answers matter there, as bits. */
  readonly matters: readonly number[];
}

/** The same with look-ups made ready. */
export class Table<Event extends string = string, Action extends string = string, Guard extends string = string> {
  readonly data: TableData;
  readonly next: Int16Array;
  readonly program: Int16Array;
  readonly matters: Uint8Array;
  /** Action names of each program, in order. */
  readonly effects: readonly (readonly Action[])[];
  readonly #eventIds: ReadonlyMap<string, number>;
  readonly #active: readonly ReadonlySet<string>[];

  constructor(data: TableData) {
    this.data = data;
    this.next = Int16Array.from(data.next);
    this.program = Int16Array.from(data.program);
    this.matters = Uint8Array.from(data.matters);
    this.effects = data.programs.map((program) => program.map((action) => data.actions[action] as Action));
    this.#eventIds = new Map(data.events.map((event, id) => [event, id]));
    this.#active = data.active.map((paths) => new Set(paths));
  }

  /** The number of an event; throws for a name the machine does not know, which is a programmer's error. */
  event(name: Event): number {
    return must(this.#eventIds.get(name), `machine ${this.data.name} has no event ${name}`);
  }

  /** The number of the state with these leaf paths. */
  state(name: string): number {
    const id = this.data.states.indexOf(name);
    return must(id < 0 ? undefined : id, `machine ${this.data.name} has no state ${name}`);
  }

  /** The bit of a guard in a valuation. */
  guardBit(name: Guard): number {
    const id = this.data.guards.indexOf(name);
    return 1 << must(id < 0 ? undefined : id, `machine ${this.data.name} has no guard ${name}`);
  }

  cell(state: number, event: number, valuation: number): number {
    return ((state * this.data.events.length + event) << this.data.guards.length) | valuation;
  }

  /** Is this path (a leaf or an ancestor) active in that state? */
  matches(state: number, path: string): boolean {
    return this.#active[state]?.has(path) ?? false;
  }
}

function must(value: number | undefined, message: string): number {
  if (value === undefined) throw new Error(message);
  return value;
}
