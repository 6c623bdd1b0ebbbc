/** `ltl policy …`: the simulator on the command line. Data on stdout, everything else on stderr, sysexits as exit codes. */
import { ERRORS, isLtlError, LtlError } from '../words/errors.js';
import { nearest } from '../words/nearest.js';
import { POLICY_COMMANDS, runSubcommand } from './policy/commands.js';
import { policyHelp } from './policy/help.js';
import type { PolicyIo } from './policy/io.js';

/** Runs one policy command and gives its exit code. */
export async function policyCommand(args: string[], io: PolicyIo): Promise<number> {
  try {
    return await run(args, io);
  } catch (error) {
    if (!isLtlError(error)) throw error;
    const hint = error.code === 'E_USAGE' ? 'See `ltl policy help`.' : error.hint;
    io.stderr.write(`ltl policy: ${error.message}\n${hint}\n`);
    return ERRORS[error.code].exit;
  }
}

async function run([command, ...words]: string[], io: PolicyIo): Promise<number> {
  const asksHelp = words.some((word) => word === '--help' || word === '-h');
  if (asksHelp || command === 'help' || command === '--help' || command === '-h') {
    io.stdout.write(policyHelp());
    return 0;
  }
  if (command === undefined) throw new LtlError('E_USAGE', 'name a command; `ltl policy help` lists them');
  const names = [...Object.keys(POLICY_COMMANDS), 'help'];
  if (!Object.hasOwn(POLICY_COMMANDS, command)) {
    const near = nearest(command, names);
    const hint = near === null ? `; one of ${names.join(', ')}` : `; did you mean ${near}?`;
    throw new LtlError('E_USAGE', `no policy command is named '${command}'${hint}`);
  }
  return runSubcommand(command, words, io);
}
