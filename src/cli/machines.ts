/** `ltl machines [NAME]`: the state machines, made from the definitions that run. */
import { describe, isMachineName, type MachineDescription, machineNames, mermaid } from '../tables/describe.js';
import { LtlError } from '../words/errors.js';
import { nearest } from '../words/nearest.js';
import type { Run } from './command.js';
import { writeAll } from './output.js';
import { hang } from './text.js';

const WIDTH = 100;
const LABEL_CELLS = 9;
const SUMMARY_CELLS = 24;

export const machines: Run = async ({ values, operands }, io) => {
  const [asked] = operands;
  if (asked !== undefined && !isMachineName(asked)) {
    const meant = nearest(asked, machineNames());
    const which = meant === null ? `there are ${machineNames().join(', ')}` : `did you mean ${meant}?`;
    throw new LtlError('E_USAGE', `no machine is named ${asked}; ${which}`);
  }
  if (values['json'] === true && values['mermaid'] === true)
    throw new LtlError('E_USAGE', 'machines: either --json or --mermaid, not both');
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
  `${hang(`${name.padEnd(12)}${String(states.length).padStart(3)} states`, SUMMARY_CELLS, events.join(' '), WIDTH)}\n`;

function card({ name, states, events, guards, actions, arrows }: MachineDescription): string {
  const list = (words: readonly string[]): string => (words.length === 0 ? 'none' : words.join(', '));
  const head = [
    `machine  ${name}`,
    hang('states', LABEL_CELLS, list(states), WIDTH),
    hang('events', LABEL_CELLS, list(events), WIDTH),
    hang('guards', LABEL_CELLS, list(guards), WIDTH),
    hang('actions', LABEL_CELLS, list(actions), WIDTH),
  ];
  const width = Math.max(...arrows.map(({ from }) => from.length), 3);
  const rows = arrows.map(({ from, event, to, guard, actions: done }) => {
    const condition = guard === undefined ? '' : ` [${guard}]`;
    const effects = done.length === 0 ? '' : ` / ${done.join(', ')}`;
    return `  ${(from || 'any').padEnd(width)}  ${event}${condition} → ${to ?? 'stays'}${effects}`;
  });
  return `${head.join('\n')}\n\n${rows.join('\n')}\n`;
}
