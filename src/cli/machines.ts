/** `ltl machines [NAME]`: the state machines, made from the definitions that run. */
import { describe, isMachineName, type MachineDescription, machineNames, mermaid } from '../tables/describe.js';
import { LtlError } from '../words/errors.js';
import { nearest } from '../words/nearest.js';
import type { Run } from './command.js';
import { writeAll } from './output.js';

export const machines: Run = async ({ values, operands }, io) => {
  const [asked] = operands;
  if (asked !== undefined && !isMachineName(asked)) {
    const meant = nearest(asked, machineNames());
    const which = meant === null ? `there are ${machineNames().join(', ')}` : `did you mean ${meant}?`;
    throw new LtlError('E_USAGE', `no machine is named ${asked}; ${which}`);
  }
  const names = asked === undefined ? machineNames() : [asked];
  if (values['json'] === true) {
    const described = names.map((name) => describe(name));
    await writeAll(io.stdout, `${JSON.stringify(asked === undefined ? described : described[0], null, 2)}\n`);
  } else if (values['mermaid'] === true) {
    await writeAll(
      io.stdout,
      names.map((name) => (asked === undefined ? `%% ${name}\n` : '') + mermaid(name)).join('\n'),
    );
  } else if (asked === undefined) {
    await writeAll(io.stdout, names.map((name) => summary(describe(name))).join(''));
  } else {
    await writeAll(io.stdout, names.map((name) => card(describe(name))).join(''));
  }
  return 0;
};

const summary = ({ name, states, events }: MachineDescription): string =>
  `${name.padEnd(12)}${String(states.length).padStart(3)} states  ${events.join(' ')}\n`;

function card({ name, states, events, guards, actions, arrows }: MachineDescription): string {
  const list = (words: readonly string[]): string => (words.length === 0 ? 'none' : words.join(', '));
  const head = [
    `machine  ${name}`,
    `states   ${list(states)}`,
    `events   ${list(events)}`,
    `guards   ${list(guards)}`,
    `actions  ${list(actions)}`,
  ];
  const width = Math.max(...arrows.map(({ from }) => from.length), 3);
  const rows = arrows.map(({ from, event, to, guard, actions: done }) => {
    const condition = guard === undefined ? '' : ` [${guard}]`;
    const effects = done.length === 0 ? '' : ` / ${done.join(', ')}`;
    return `  ${(from || 'any').padEnd(width)}  ${event}${condition} → ${to ?? 'stays'}${effects}`;
  });
  return `${head.join('\n')}\n\n${rows.join('\n')}\n`;
}
