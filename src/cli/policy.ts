/** `ltl policy …`: the simulator on the command line. Data on stdout, everything else on stderr, sysexits as exit codes. */
import { parseArgs } from 'node:util';
import { simulate } from '../policy/simulate.js';
import { parsePolicy } from '../policy/spec.js';
import { readTraceFile } from '../policy/traceFile.js';
import { ERRORS, isLtlError, LtlError } from '../words/errors.js';

/** Where a command writes. */
export interface PolicyIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** Runs one policy command and gives its exit code. */
export async function policyCommand(args: string[], io: PolicyIo): Promise<number> {
  try {
    await run(args, io);
    return 0;
  } catch (error) {
    if (!isLtlError(error)) throw error;
    io.stderr.write(`ltl policy: ${error.message}\n${error.hint}\n`);
    return ERRORS[error.code].exit;
  }
}

async function run([command, ...rest]: string[], io: PolicyIo): Promise<void> {
  if (command !== 'simulate') throw new LtlError('E_USAGE', `no policy command is named '${command ?? ''}'`);
  const { values } = parseArgs({
    args: rest,
    options: {
      trace: { type: 'string' },
      policy: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.trace === undefined) throw new LtlError('E_USAGE', 'simulate needs --trace FILE');
  if (values.policy === undefined) throw new LtlError('E_USAGE', 'simulate needs --policy SPEC');
  const [outcome] = await simulate(
    [parsePolicy(values.policy, { seed: Number(values.seed) })],
    readTraceFile(values.trace),
    {
      seed: Number(values.seed),
    },
  );
  io.stdout.write(`${JSON.stringify(outcome)}\n`);
}
