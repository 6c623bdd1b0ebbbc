/** What the tests of machines share: an XState actor beside a table, both told the same, their answers compared. */
import { type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate';
import { stateName } from '../../../src/tables/tabulate.js';

export interface Answer {
  /** Did the machine have a transition for the event? */
  readonly taken: boolean;
  readonly state: string;
  readonly effects: readonly string[];
}

/** A live XState interpreter that tells the names of the actions it ran, with guards answered from outside. */
export class Interpreter {
  readonly #machine: AnyStateMachine;
  readonly #actor;
  #ran: string[] = [];
  #guards: Readonly<Record<string, boolean>> = {};

  constructor(machine: AnyStateMachine) {
    const guards = Object.keys(machine.implementations.guards);
    const actions = Object.keys(machine.implementations.actions);
    this.#machine = machine.provide({
      guards: Object.fromEntries(guards.map((guard) => [guard, () => this.#guards[guard] === true])),
      actions: Object.fromEntries(
        actions.map((action) => [
          action,
          () => {
            this.#ran.push(action);
          },
        ]),
      ),
    });
    this.#actor = createActor(this.#machine);
    this.#actor.start();
  }

  get initial(): Omit<Answer, 'taken'> {
    return { state: stateName(this.#actor.getSnapshot() as AnyMachineSnapshot), effects: this.#ran };
  }

  send(event: string, guards: Readonly<Record<string, boolean>>): Answer {
    this.#ran = [];
    this.#guards = guards;
    const before = this.#actor.getSnapshot() as AnyMachineSnapshot;
    const taken = (this.#machine.getTransitionData(before, { type: event }) as readonly unknown[]).length > 0;
    this.#actor.send({ type: event });
    return { taken, state: stateName(this.#actor.getSnapshot() as AnyMachineSnapshot), effects: this.#ran };
  }
}

/** All assignments of true and false to these guards. */
export function valuations(guards: readonly string[]): Record<string, boolean>[] {
  return Array.from({ length: 1 << guards.length }, (_, bits) =>
    Object.fromEntries(guards.map((guard, bit) => [guard, (bits & (1 << bit)) !== 0])),
  );
}
