/** The tables say what XState says: on every edge, on shortest paths, on random walks, from source and from the build. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { getAdjacencyMap, getShortestPaths } from 'xstate/graph';
import { machineNames } from '../../../src/tables/describe.js';
import { tableOf } from '../../../src/tables/load.js';
import type { MachineName } from '../../../src/tables/names.js';
import { MACHINES } from '../../../src/tables/registry.js';
import type { Table, TableData } from '../../../src/tables/table.js';
import { stateName, tabulate } from '../../../src/tables/tabulate.js';
import { type Answer, Interpreter, valuations } from './machines.js';

/** Counters grow without bound, so XState's graph functions tell states apart by name only, and have a limit. */
const byStateAlone = {
  limit: 10_000,
  serializeState: (snapshot: unknown): string => stateName(snapshot as AnyMachineSnapshot),
};

/** What a table answers: the same shape as an interpreter's answer. */
function ask(table: Table, state: number, event: string, guards: Readonly<Record<string, boolean>>): Answer {
  let valuation = 0;
  for (const [guard, holds] of Object.entries(guards)) if (holds) valuation |= table.guardBit(guard);
  const cell = table.cell(state, table.event(event), valuation);
  const next = table.next[cell] as number;
  return {
    taken: next >= 0,
    state: table.data.states[next < 0 ? state : next] as string,
    effects: table.effects[table.program[cell] as number] as readonly string[],
  };
}

type Step = readonly [event: string, guards: Record<string, boolean>];

/** Walks interpreter and table side by side. */
function walk(machine: AnyStateMachine, table: Table, steps: readonly Step[]): void {
  const interpreter = new Interpreter(machine);
  let state = table.data.initial;
  for (const [event, guards] of steps) {
    const answer = ask(table, state, event, guards);
    expect(answer, `${table.data.states[state]} ${event} ${JSON.stringify(guards)}`).toEqual(
      interpreter.send(event, guards),
    );
    state = table.state(answer.state);
  }
}

function withGuards(machine: AnyStateMachine, answers: Readonly<Record<string, boolean>>): AnyStateMachine {
  return machine.provide({
    guards: Object.fromEntries(Object.entries(answers).map(([guard, holds]) => [guard, () => holds])),
  });
}

/** The adjacency map of XState's own graph tool, for one answer of the guards, as (state, event) pairs. */
function edges(machine: AnyStateMachine, guards: Readonly<Record<string, boolean>>): (readonly [string, string])[] {
  const map = getAdjacencyMap(withGuards(machine, guards), byStateAlone);
  return Object.values(map).flatMap(({ state, transitions }) =>
    Object.values(transitions as Record<string, { readonly event: { readonly type: string } }>).map(
      ({ event }) => [stateName(state as AnyMachineSnapshot), event.type] as const,
    ),
  );
}

describe.each(machineNames())('the table of %s', (name: MachineName) => {
  const machine: AnyStateMachine = MACHINES[name];
  const table = tableOf(name) as Table;

  it('begins where XState begins, with the same effects', () => {
    const { state, effects } = new Interpreter(machine).initial;
    const { states, initial, initialActions, actions } = table.data;
    expect(states[initial]).toBe(state);
    expect(initialActions.map((action) => actions[action])).toEqual(effects);
  });

  const oracle = interpretEveryCell(machine, table);

  it('agrees with the interpreter on every state, event and answer of the guards', () => {
    expect(oracle).toHaveLength(table.next.length);
    expect(cellsThatDisagree(table, oracle)).toEqual([]);
  });

  it('knows every edge of the adjacency map and every shortest path that XState finds', () => {
    for (const guards of valuations(table.data.guards)) {
      const found = edges(machine, guards);
      expect(found.length).toBeGreaterThan(0);
      for (const [state, event] of found) expect(() => ask(table, table.state(state), event, guards)).not.toThrow();
      const paths = getShortestPaths(withGuards(machine, guards), byStateAlone);
      for (const path of paths) {
        const steps = path.steps.slice(1).map(({ event }) => [(event as { type: string }).type, guards] as const);
        walk(machine, table, steps);
      }
    }
  });

  it('agrees with the interpreter on random walks', () => {
    const step = fc.tuple(
      fc.constantFrom(...table.data.events),
      fc.integer({ min: 0, max: (1 << table.data.guards.length) - 1 }),
    );
    const answers = valuations(table.data.guards);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        walk(
          machine,
          table,
          steps.map(([event, bits]) => [event, answers[bits] as Record<string, boolean>] as const),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('is caught when any cell is changed', () => {
    let caught = 0;
    const states = table.data.states.length;
    const programs = table.data.programs.length;
    for (let cell = 0; cell < table.next.length; cell++) {
      const next = table.next[cell] as number;
      table.next[cell] = ((next < 0 ? stateOfCell(table, cell) : next) + 1) % states;
      expect(cellsThatDisagree(table, oracle, cell)).toEqual([cell]);
      table.next[cell] = next < 0 ? stateOfCell(table, cell) : -1;
      expect(cellsThatDisagree(table, oracle, cell)).toEqual([cell]);
      table.next[cell] = next;
      const program = table.program[cell] as number;
      table.program[cell] = (program + 1) % programs;
      expect(cellsThatDisagree(table, oracle, cell)).toEqual([cell]);
      table.program[cell] = program;
      caught += 3;
    }
    expect(caught).toBe(3 * oracle.length);
    expect(cellsThatDisagree(table, oracle)).toEqual([]);
  });

  it('is the same in the build', async () => {
    const built = join(import.meta.dirname, '../../../dist/src/tables/data.js');
    expect(existsSync(built), 'npm run build comes first').toBe(true);
    const { tableData } = (await import(built)) as { tableData: (name: MachineName) => TableData };
    expect(tableData(name), 'the build is older than the machines: npm run build').toEqual(tabulate(name, machine));
  });
});

/** The shortest steps from the initial state to each state, found in the table under any answers of the guards. */
function shortestRoutes(table: Table): Map<string, readonly Step[]> {
  const first = table.data.states[table.data.initial] as string;
  const routes = new Map<string, readonly Step[]>([[first, []]]);
  for (const [state, route] of routes) {
    for (const event of table.data.events) {
      for (const guards of valuations(table.data.guards)) {
        const { state: to } = ask(table, table.state(state), event, guards);
        if (!routes.has(to)) routes.set(to, [...route, [event, guards]]);
      }
    }
  }
  return routes;
}

/** What the interpreter answers in every cell, reached along the shortest route, in the order of the cells. */
function interpretEveryCell(machine: AnyStateMachine, table: Table): Answer[] {
  const routes = shortestRoutes(table);
  return table.data.states.flatMap((state) =>
    table.data.events.flatMap((event) =>
      valuations(table.data.guards).map((guards) => {
        const interpreter = new Interpreter(machine);
        for (const [passed, answers] of routes.get(state) ?? []) interpreter.send(passed, answers);
        return interpreter.send(event, guards);
      }),
    ),
  );
}

const stateOfCell = (table: Table, cell: number): number =>
  Math.floor(cell / (table.data.events.length << table.data.guards.length));

/** The cells, or of one cell whether it, answers otherwise than the interpreter did. */
function cellsThatDisagree(table: Table, oracle: readonly Answer[], only?: number): number[] {
  const cells = only === undefined ? oracle.keys() : [only];
  return [...cells].filter((cell) => {
    const { states } = table.data;
    const next = table.next[cell] as number;
    const state = states[next < 0 ? stateOfCell(table, cell) : next];
    const effects = table.effects[table.program[cell] as number] ?? [];
    const truth = oracle[cell];
    if (truth === undefined || truth.taken !== next >= 0) return true;
    return truth.state !== state || truth.effects.join() !== effects.join();
  });
}
