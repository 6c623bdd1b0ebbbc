/** Commands that read their words themselves. */
import type { Run } from './command.js';
import { policyCommand } from './policy.js';

/** `ltl policy …`. */
export const policy: Run = ({ operands }, io) => policyCommand([...operands], io);
