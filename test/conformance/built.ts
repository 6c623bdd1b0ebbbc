/** The built actor system, as users get it: worker threads start from the build only. */
import type { ActorRef } from '../../src/actors/actor.js';

export { ActorSystem } from 'ltl/actors';

export const servant = new URL('../fixtures/actors/servant.mjs', import.meta.url);

/** What the servant understands. */
export interface Order {
  readonly do: string;
  readonly [key: string]: unknown;
}

export type Servant = ActorRef<Order>;

/** Waits until `holds` does; the test's own timeout is the limit. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(2);
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
