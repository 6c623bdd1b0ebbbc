/**
 * `ltl bench append …` measures one's own case, anywhere. The other benches answer questions about ltl itself; they are
 * part of a checkout, as are the libraries that they compare with, and are handed their words as they are.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BENCH_APPEND } from './bench/append.js';
import type { Run } from './command.js';
import { commandHelp } from './help.js';
import { writeAll } from './output.js';
import { parseArguments } from './parse.js';

const EX_UNAVAILABLE = 69;
const HELP = new Set(['help', '--help', '-h']);

export const bench: Run = async ({ operands: [name = 'help', ...words] }, io) => {
  if (name === 'append') {
    const given = parseArguments(BENCH_APPEND, words);
    if (given.values['help'] !== true) return (await BENCH_APPEND.load())(given, io);
    await writeAll(io.stdout, commandHelp({ 'bench append': BENCH_APPEND }, 'bench append'));
    return 0;
  }
  const file = fileURLToPath(new URL('../../bench/main.js', import.meta.url));
  const isCheckout = existsSync(file);
  if (HELP.has(name)) {
    await writeAll(io.stdout, commandHelp({ 'bench append': BENCH_APPEND }, 'bench append'));
    if (!isCheckout) return 0;
  } else if (!isCheckout) {
    io.stderr.write(
      `ltl bench: there is \`ltl bench append\`; ${JSON.stringify(name)}, if it is a bench, is part of a checkout.\n`,
    );
    io.stderr.write('In a checkout of ltl: npm install && npm run bench\n');
    return EX_UNAVAILABLE;
  }
  // A process of its own, so that what it measures has nothing of this one in it.
  const child = spawn(process.execPath, [file, name, ...words], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? EX_UNAVAILABLE;
};
