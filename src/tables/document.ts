/** `docs/machines.md`, made from the machines: every diagram, and its words. The test compares it; `npm run machines` writes it. */
import { describe, machineNames, mermaid } from './describe.js';
import type { MachineName } from './names.js';

/** The whole document as Markdown. */
export function machinesDocument(): string {
  return `${INTRODUCTION}\n${machineNames().map(chapter).join('\n')}`;
}

const INTRODUCTION = `# The machines

Whatever has states and rules here is a machine: an ordinary XState v5 definition in \`machines/\`, made of names only. XState
is the definition and the oracle. What runs is a table: for every (state, event, answers of the guards) the build asks XState
for the next state and the ordered actions and keeps them as integers, and the tests compare every cell with the interpreter.

An arrow reads \`EVENT [guard] / actions\`. Actions are integer ops on the machine's own figures, or effects that the owner of
the machine carries out. A machine decides, it does no I/O and reads no clock. \`ltl machines NAME --mermaid\` prints one.

This page is made from the machines by \`npm run machines\`; a test fails when it is out of date.
`;

function chapter(name: MachineName): string {
  const { states, events, guards, actions } = describe(name);
  const list = (words: readonly string[]): string =>
    words.length === 0 ? 'none' : words.map((word) => `\`${word}\``).join(', ');
  return `## ${name}

\`\`\`mermaid
${mermaid(name)}\`\`\`

- ${states.length} states: ${list(states)}
- events: ${list(events)}
- guards: ${list(guards)}
- actions: ${list(actions)}
`;
}
