/** Commands that read their words themselves. */
import type { Run } from './command.js';
import { writeAll } from './output.js';
import { policyCommand } from './policy.js';

/** `ltl policy …`. */
export const policy: Run = async ({ operands }, io) => {
  let text = '';
  const stdout = { write: (part: string): unknown => (text += part) };
  const code = await policyCommand([...operands], { stdin: io.stdin, stdout, stderr: io.stderr });
  await writeAll(io.stdout, text);
  return code;
};
