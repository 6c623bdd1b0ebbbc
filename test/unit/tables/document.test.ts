import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describe as describeMachine, isMachineName, machineNames, mermaid } from '../../../src/tables/describe.js';
import { machinesDocument } from '../../../src/tables/document.js';

it('docs/machines.md is what the machines make of it', () => {
  const written = readFileSync(join(import.meta.dirname, '../../../docs/machines.md'), 'utf8');
  expect(written, 'out of date: npm run machines').toBe(machinesDocument());
});

it.each(machineNames())('the diagram of %s shows every state, event, guard and action', (name) => {
  const drawn = mermaid(name);
  const { states, events, guards, actions, arrows } = describeMachine(name);
  const leaves = states.flatMap((state) => state.split('+').map((leaf) => leaf.replaceAll('.', '_')));
  for (const leaf of leaves) expect(drawn).toMatch(new RegExp(`state ".*" as ${leaf}\\b`));
  for (const word of [...events, ...guards, ...actions]) expect(drawn).toMatch(new RegExp(`\\b${word}\\b`));
  expect(arrows.length).toBeGreaterThan(0);
  expect(isMachineName(name)).toBe(true);
});

it('a name that no machine has is known as such', () => {
  expect(isMachineName('toString')).toBe(false);
});
