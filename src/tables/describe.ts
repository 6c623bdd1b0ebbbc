/**
 * Machines for people: names, plain data, and Mermaid diagrams, all made from the definitions that run. Importing this
 * file imports XState; only the command line and the documents do.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { MachineName } from './names.js';
import { MACHINES } from './registry.js';
import { tabulate } from './tabulate.js';

/** One arrow of a machine as its author wrote it. */
export interface Arrow {
  readonly from: string;
  readonly event: string;
  /** Undefined when the event is taken without leaving the state. */
  readonly to: string | undefined;
  readonly guard: string | undefined;
  readonly actions: readonly string[];
}

export interface MachineDescription {
  readonly name: string;
  readonly states: readonly string[];
  readonly events: readonly string[];
  readonly guards: readonly string[];
  readonly actions: readonly string[];
  readonly arrows: readonly Arrow[];
}

/** Names of all machines, in the registry's order. */
export function machineNames(): MachineName[] {
  return Object.keys(MACHINES) as MachineName[];
}

/** True for the name of a machine. */
export function isMachineName(name: string): name is MachineName {
  return Object.hasOwn(MACHINES, name);
}

/** The machine as plain data. */
export function describe(name: MachineName): MachineDescription {
  const { states, events, guards, actions } = tabulate(name, MACHINES[name]);
  return { name, states, events, guards, actions, arrows: nodesOf(MACHINES[name]).flatMap(arrowsOf) };
}

/** The machine as a Mermaid `stateDiagram-v2`: `EVENT [guard] / actions` on every arrow. */
export function mermaid(name: MachineName): string {
  const { root } = MACHINES[name] as AnyStateMachine;
  const lines = ['stateDiagram-v2', ...drawInside(root, '  '), ...drawActions(root)];
  for (const node of nodesOf(MACHINES[name])) {
    for (const { from, event, to, guard, actions } of arrowsOf(node)) {
      const condition = guard === undefined ? '' : ` [${guard}]`;
      const done = actions.length === 0 ? '' : ` / ${actions.join(', ')}`;
      const ends = node === root ? [] : [`  ${idOf(from)} --> ${idOf(to ?? from)}: ${event}${condition}${done}`];
      lines.push(...ends);
    }
  }
  for (const { event, to } of arrowsOf(root)) {
    // An arrow of the machine itself holds in every state; drawing it from each would hide the rest.
    if (to !== undefined) lines.push(`  note right of ${idOf(to)}: ${event} leads here from any other state`);
  }
  return `${lines.join('\n')}\n`;
}

function drawInside(node: AnyStateNode, indent: string): string[] {
  const children = Object.values(node.states);
  return children.flatMap((state) => {
    const id = idOf(pathOf(state));
    const inside = Object.keys(state.states).length === 0 ? [] : drawInside(state, `${indent}  `);
    const body =
      inside.length === 0
        ? [`${indent}state "${state.key}" as ${id}`]
        : [`${indent}state "${state.key}" as ${id} {`, ...inside, `${indent}}`];
    // A parallel machine enters all its regions; its `initial` names each of them.
    const starts = node.type !== 'parallel' && (node.initial.target ?? []).includes(state);
    return starts ? [...body, `${indent}[*] --> ${id}`] : body;
  });
}

function drawActions(root: AnyStateNode): string[] {
  return descendants(root).flatMap((node) => {
    const id = idOf(pathOf(node));
    const entry = node.entry.length === 0 ? [] : [`  ${id}: entry / ${node.entry.map(nameOf).join(', ')}`];
    const exit = node.exit.length === 0 ? [] : [`  ${id}: exit / ${node.exit.map(nameOf).join(', ')}`];
    return [...entry, ...exit];
  });
}

function nodesOf(machine: AnyStateMachine): AnyStateNode[] {
  return [machine.root, ...descendants(machine.root)];
}

function descendants(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((state) => [state, ...descendants(state)]);
}

function arrowsOf(node: AnyStateNode): Arrow[] {
  return [...node.transitions.values()].flat().map((arrow) => ({
    from: pathOf(node),
    event: arrow.eventType,
    to: arrow.target === undefined || arrow.target.length === 0 ? undefined : arrow.target.map(pathOf).join('+'),
    guard: arrow.guard === undefined ? undefined : nameOf(arrow.guard),
    actions: arrow.actions.map(nameOf),
  }));
}

const pathOf = (node: AnyStateNode): string => node.path.join('.');
const idOf = (path: string): string => path.replaceAll('.', '_');

/** A reference by name: machines are made of names only. */
function nameOf(reference: unknown): string {
  if (typeof reference === 'string') return reference;
  if (typeof reference === 'object' && reference !== null && 'type' in reference) return String(reference.type);
  throw new TypeError('machines are made of names only');
}
