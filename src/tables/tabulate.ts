/**
 * The tabulator: asks XState itself, by its pure transition functions, for the next state and the ordered actions of every
 * (state, event, guard valuation) of a machine made of names, and keeps the answers as integers. XState stays the
 * definition; a table is only its memory. Integer ops are answered by name too: what they do is in the map beside the machine.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from 'xstate';
import type { TableData } from './table.js';

/** All states that are reachable from the initial one under any events and any answers of the guards. */
export function tabulate(name: string, machine: AnyStateMachine): TableData {
  const guards = Object.keys(machine.implementations.guards);
  const actions = Object.keys(machine.implementations.actions);
  const events = machine.events.filter((event) => !event.startsWith('xstate.'));
  const valuations = 1 << guards.length;
  const puppets = Array.from({ length: valuations }, (_, valuation) => puppet(machine, guards, actions, valuation));
  const programs: (readonly number[])[] = [[]];
  const programIds = new Map<string, number>([['', 0]]);

  const numbersOf = (ran: readonly { readonly type: string }[]): readonly number[] =>
    ran.map(({ type }) => {
      const id = actions.indexOf(type);
      if (id < 0) throw new Error(`machine ${name} runs ${type}, which is not a name of its setup`);
      return id;
    });
  const programOf = (list: readonly number[]): number => {
    const key = list.join();
    const known = programIds.get(key);
    if (known !== undefined) return known;
    programs.push(list);
    programIds.set(key, programs.length - 1);
    return programs.length - 1;
  };

  const [first, firstActions] = initialTransition(puppets[0] as AnyStateMachine);
  const snapshots = [first as AnyMachineSnapshot];
  const states = [stateName(snapshots[0] as AnyMachineSnapshot)];
  const next: number[] = [];
  const program: number[] = [];
  const matters: number[] = [];
  for (let state = 0; state < snapshots.length; state++) {
    const from = snapshots[state] as AnyMachineSnapshot;
    for (const type of events) {
      const row = next.length;
      for (const actor of puppets) {
        // A snapshot answers guards from the machine that made it, so each puppet needs one of its own.
        const here = actor.resolveState({ value: from.value, context: from.context });
        const taken = actor.getTransitionData(here, { type }) as readonly unknown[];
        const [to, ran] = transition(actor, here, { type });
        next.push(taken.length === 0 ? -1 : numberOf(to as AnyMachineSnapshot, states, snapshots));
        program.push(programOf(numbersOf(ran)));
      }
      matters.push(
        guardsThatMatter(guards.length, (valuation) => `${next[row + valuation]}/${program[row + valuation]}`),
      );
    }
  }
  return {
    name,
    states,
    active: snapshots.map(activePaths),
    events,
    guards,
    actions,
    initial: 0,
    initialActions: numbersOf(firstActions),
    next,
    program,
    programs,
    matters,
  };
}

/** The leaf paths of a snapshot's state, joined in document order: its name in a table. */
export function stateName(snapshot: AnyMachineSnapshot): string {
  return snapshot._nodes
    .filter((node) => node.type === 'atomic' || node.type === 'final')
    .sort((a, b) => a.order - b.order)
    .map((node) => node.path.join('.'))
    .join('+');
}

function activePaths(snapshot: AnyMachineSnapshot): string[] {
  return snapshot._nodes
    .filter((node) => node.path.length > 0)
    .sort((a, b) => a.order - b.order)
    .map((node) => node.path.join('.'));
}

function numberOf(snapshot: AnyMachineSnapshot, states: string[], snapshots: AnyMachineSnapshot[]): number {
  const name = stateName(snapshot);
  const known = states.indexOf(name);
  if (known >= 0) return known;
  states.push(name);
  snapshots.push(snapshot);
  return states.length - 1;
}

/** The machine with its guards answering one valuation and its actions doing nothing but being named. */
function puppet(
  machine: AnyStateMachine,
  guards: readonly string[],
  actions: readonly string[],
  valuation: number,
): AnyStateMachine {
  return machine.provide({
    guards: Object.fromEntries(guards.map((guard, bit) => [guard, () => (valuation & (1 << bit)) !== 0])),
    actions: Object.fromEntries(actions.map((action) => [action, () => {}])),
  });
}

function guardsThatMatter(count: number, outcome: (valuation: number) => string): number {
  let mask = 0;
  for (let bit = 0; bit < count; bit++) {
    for (let valuation = 0; valuation < 1 << count; valuation++) {
      if (outcome(valuation) !== outcome(valuation ^ (1 << bit))) mask |= 1 << bit;
    }
  }
  return mask;
}
