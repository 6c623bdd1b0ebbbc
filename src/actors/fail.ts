/** Fails in the asked way: what `drill` does to an actor, and what the tests of the supervisor look at. */
import type { Failure } from '../wire/protocol.js';

export function fail(how: Failure): never {
  if (how === 'exit') process.exit(9);
  if (how === 'memory') {
    const held: unknown[] = [];
    for (;;) held.push(new Array(1_000_000).fill(held.length));
  }
  throw new Error('this actor was asked to fail');
}
