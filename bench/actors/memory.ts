/** Heap bytes of an idle actor: many are made, garbage is collected before and after, and the difference is shared out. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createActor } from 'xstate';
import { ActorSystem } from '../../src/actors/system.js';
import { loadPeer, peerVersion } from '../peers.js';
import { count, machine, type Nact, transition } from './near.js';
import type { Sizes } from './subject.js';

export async function memoryPerActor({ actors }: Sizes): Promise<Record<string, number>> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = async (): Promise<number> => {
    for (let time = 0; time < 4; time++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const system = new ActorSystem({ threads: 1 });
  const makers: Record<string, (n: number) => unknown> = {
    ltl: () => system.spawn(count, { input: 0 }),
    'ltl, supervised': () => system.spawn(count, { input: 0, restart: 'permanent' }),
    'XState fromTransition': () => createActor(transition).start(),
    'XState machine': () => createActor(machine).start(),
  };
  if (peerVersion('nact') !== undefined) {
    const nact = loadPeer('nact') as Nact;
    const parent = nact.start();
    makers['nact'] = (n) => nact.spawn(parent, (state) => state, `idle-${n}`, { initialState: 0 });
  }
  const bytes: Record<string, number> = {};
  for (const [name, make] of Object.entries(makers)) {
    // The first ones pay for code and maps.
    const kept: unknown[] = [];
    for (let n = 0; n < 100; n++) kept.push(await make(n));
    const before = await used();
    for (let n = 100; n < 100 + actors; n++) kept.push(await make(n));
    bytes[name] = Math.round(((await used()) - before) / actors);
    if (kept.length !== actors + 100) throw new Error('the actors are kept until they are counted');
  }
  await system.stop();
  return bytes;
}
