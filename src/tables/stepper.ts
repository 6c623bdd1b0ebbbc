/**
 * A live machine: an integer state over a table. `step` looks up one cell, moves, and answers the names of what is to be
 * done, in order; doing it is the caller's business (a machine decides, an actor acts). Not re-entrant by design: carry
 * out the effects after `step` has returned, then step again. One thread, no clock, no I/O.
 */
import { report, watching } from './inspect.js';
import { tableOf } from './load.js';
import type { EffectOf, EventOf, GuardOf, MachineName } from './names.js';
import type { Table } from './table.js';

/** The answers of a machine's guards, asked at each step where they matter. */
export type Guards<N extends MachineName> = { readonly [G in GuardOf<N>]: () => boolean };

export class Stepper<N extends MachineName> {
  readonly machine: N;
  /** The name of this instance in `inspect`. */
  readonly name: string;
  readonly #table: Table<EventOf<N>, EffectOf<N>, GuardOf<N>>;
  readonly #guards: readonly (() => boolean)[];
  #state: number;

  /** `guards` has a function for every guard of the machine; it may be left out when the machine has none. */
  constructor(
    machine: N,
    options: { readonly name?: string } & ([GuardOf<N>] extends [never]
      ? { readonly guards?: undefined }
      : { readonly guards: Guards<N> }),
  ) {
    this.machine = machine;
    this.name = options.name ?? machine;
    this.#table = tableOf(machine);
    const guards = (options.guards ?? {}) as Guards<N>;
    this.#guards = this.#table.data.guards.map((guard) => guards[guard as GuardOf<N>]);
    this.#state = this.#table.data.initial;
  }

  /** Leaf path of the present state: `start.init`; in a parallel machine `depth.nap+reads.open+writes.open`. */
  get state(): string {
    return this.#table.data.states[this.#state] as string;
  }

  /** Effects of entering the initial state: carry them out once, after making the machine. */
  get initialEffects(): readonly EffectOf<N>[] {
    const { actions, initialActions } = this.#table.data;
    return initialActions.map((action) => actions[action] as EffectOf<N>);
  }

  /** True when that state, or a state inside it, is active: `matches('start')`, `matches('reads.asleep')`. */
  matches(path: string): boolean {
    return this.#table.matches(this.#state, path);
  }

  /** True when the machine would take the event now. */
  can(event: EventOf<N>): boolean {
    return (this.#table.next[this.#cell(event)] as number) >= 0;
  }

  /** Takes the event: the names of the effects in order, or undefined when the machine ignores it in this state. */
  step(event: EventOf<N>): readonly EffectOf<N>[] | undefined {
    const cell = this.#cell(event);
    const to = this.#table.next[cell] as number;
    if (to < 0) return undefined;
    const effects = this.#table.effects[this.#table.program[cell] as number] as readonly EffectOf<N>[];
    const from = this.#state;
    this.#state = to;
    if (watching.on) {
      const { states } = this.#table.data;
      const { machine, name } = this;
      report({ machine, name, event, from: states[from] as string, to: states[to] as string, effects });
    }
    return effects;
  }

  #cell(event: EventOf<N>): number {
    const id = this.#table.event(event);
    const row = this.#state * this.#table.data.events.length + id;
    const matters = this.#table.matters[row] as number;
    let valuation = 0;
    for (let bit = 0; matters >> bit !== 0; bit++) {
      if ((matters & (1 << bit)) !== 0 && this.#guards[bit]?.() === true) valuation |= 1 << bit;
    }
    return this.#table.cell(this.#state, id, valuation);
  }
}
