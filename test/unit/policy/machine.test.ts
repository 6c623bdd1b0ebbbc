import { describe, expect, it, vi } from 'vitest';
import { createActor } from 'xstate';
import { policy as machine } from '../../../machines/policy.js';
import { generateArrivals, generateServices } from '../../../src/policy/generate.js';
import { parseArrivals, parseService } from '../../../src/policy/laws.js';
import { simulate } from '../../../src/policy/simulate.js';
import { parsePolicy } from '../../../src/policy/spec.js';
import { tableOf } from '../../../src/tables/load.js';

interface Step {
  readonly phase: number;
  readonly event: number;
  readonly hasWork: boolean;
  readonly next: number;
}

const taken: Step[] = [];

// The simulator's only way to change its phase is watched, step by step.
vi.mock('../../../src/policy/phases.js', async (original) => {
  const real = await original<typeof import('../../../src/policy/phases.js')>();
  return {
    ...real,
    nextPhase: (phase: number, event: number, hasWork: boolean): number => {
      const next = real.nextPhase(phase, event, hasWork);
      taken.push({ phase, event, hasWork, next });
      return next;
    },
  };
});

describe('the machine of a governed system', () => {
  it('is what the simulator runs: every step that it takes is the interpreter’s step', async () => {
    const { states, events } = tableOf('policy').data;
    const seen = new Set<string>();
    for (const spec of [
      'ladder:5,40+states:nap=0.3/10/4,deep=0/60/25',
      'count:4',
      'histogram:20,5,0.1,0.9',
      'timeout:3,9+longest:20',
    ]) {
      taken.length = 0;
      const arrivals = generateArrivals(parseArrivals('on-off:0.2,100,150'), 500, 2);
      await simulate([parsePolicy(spec)], arrivals, { service: generateServices(parseService('exp:2'), 2) });
      let work = false;
      const actor = createActor(machine.provide({ guards: { hasWork: () => work } })).start();
      for (const { phase, event, hasWork, next } of taken) {
        const type = events[event] as 'ARRIVE' | 'DRAIN' | 'SLEEP' | 'WAKE' | 'UP';
        expect(actor.getSnapshot().value).toBe(states[phase]);
        work = hasWork;
        expect(actor.getSnapshot().can({ type }), `${type} in ${states[phase]}`).toBe(next >= 0);
        if (next >= 0) seen.add(`${states[phase]} ${type} ${states[next]}`);
        if (next >= 0) actor.send({ type });
      }
    }
    expect([...seen].toSorted()).toEqual([
      'asleep SLEEP asleep',
      'asleep WAKE waking',
      'busy DRAIN idle',
      'idle ARRIVE busy',
      'idle SLEEP asleep',
      'waking UP busy',
      'waking UP idle',
    ]);
  });
});
