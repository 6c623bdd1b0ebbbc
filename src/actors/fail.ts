/** Fails in the asked way: what `drill` does to an actor, and what the tests of the supervisor look at. */
import type { Failure } from '../wire/protocol.js';

/** How long a hang lasts: long enough to be noticed, short enough to be waited for. */
const HANG_MS = 3000;

export function fail(how: Failure): void {
  if (how === 'hang') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HANG_MS);
    return;
  }
  if (how === 'exit') process.exit(9);
  if (how === 'memory') {
    const held: unknown[] = [];
    for (;;) held.push(new Array(1_000_000).fill(held.length));
  }
  throw new Error('this actor was asked to fail');
}
