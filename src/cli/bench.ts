/** `ltl bench …`: runs the benches of a checkout. They are not part of the installed package, nor are their peers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Run } from './command.js';

const EX_UNAVAILABLE = 69;

export const bench: Run = async ({ operands }, io) => {
  const file = fileURLToPath(new URL('../../bench/main.js', import.meta.url));
  if (!existsSync(file)) {
    io.stderr.write('ltl bench: the benches are part of a checkout, not of the installed package.\n');
    io.stderr.write('In a checkout of ltl: npm install && npm run bench -- append\n');
    return EX_UNAVAILABLE;
  }
  // A process of its own, so that what it measures has nothing of this one in it.
  const child = spawn(process.execPath, [file, ...operands], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? EX_UNAVAILABLE;
};
