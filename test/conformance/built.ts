/** The built actor system, as users get it: worker threads start from the build only. */
import type { ActorRef } from '../../src/actors/actor.js';

const built = (path: string): string => new URL(`../../dist/src/${path}`, import.meta.url).href;

export const { ActorSystem } = (await import(built('actors/system.js'))) as typeof import('../../src/actors/system.js');

export const servant = new URL('../fixtures/actors/servant.mjs', import.meta.url);

/** What the servant understands. */
export interface Order {
  readonly do: string;
  readonly [key: string]: unknown;
}

export type Servant = ActorRef<Order, unknown>;

/** Waits until `holds` does; the test's own timeout is the limit. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(2);
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
