/** Work that is picked up pass by pass, as the runtime's followers do: what comes during a pass waits for the next one. */
import { expect, it } from 'vitest';
import { Simulation } from '../../../src/policy/simulation.js';
import { parsePolicy } from '../../../src/policy/spec.js';
import type { Tally } from '../../../src/policy/tally.js';

/** A pick-up after 100 ms, a millisecond a record. */
function passes(spec: string, times: readonly number[], pickUpMs = 100): Tally {
  const simulation = new Simulation(parsePolicy(spec), {
    service: () => 1,
    pickUpMs,
    keepsVisibility: true,
    transitionsMax: 100,
  });
  for (const atMs of times) simulation.arrive(atMs, 10);
  return simulation.until(1e6).tally;
}

it('what comes before the pick-up is done in its pass, what comes during the pass so long after its end', () => {
  // The pass of the first two lasts from 100 to 102; the third comes within it, is picked up at 202 and done at 203.
  const { drains, passes: taken, visibility, emptyLastMs, backlogMax } = passes('always-awake', [0, 50, 101.5]);
  expect({ drains, taken, emptyLastMs, backlogMax }).toEqual({ drains: 1, taken: 2, emptyLastMs: 203, backlogMax: 2 });
  expect(visibility?.count).toBe(3);
  expect(visibility?.sum).toBeCloseTo(102 + 52 + 101.5, 9);
  expect(visibility?.max).toBe(102);
});

it('a burst longer than a pick-up is one time of work with many passes, and catching up lasts until its end', () => {
  // Asleep from the start; the wake-up takes 30 ms, and a record comes every 10 ms for half a second.
  const times = Array.from({ length: 50 }, (_, at) => at * 10);
  const tally = passes('count:1+states:asleep=0/0/30', times);
  expect(tally.wakes).toBe(1);
  expect(tally.passes).toBeGreaterThan(4);
  // The last record comes at 490: what was picked up last before it ends at most a pick-up later.
  expect(tally.catchUpMsMax).toBeGreaterThan(490);
  expect(tally.catchUpMsMax).toBeLessThan(490 + 100 + 100 + 50);
});

it('without a pick-up work is taken up as it comes', () => {
  const { drains, passes: taken, visibility } = passes('always-awake', [0, 0.5, 5], 0);
  expect({ drains, taken }).toEqual({ drains: 2, taken: 2 });
  expect(visibility?.sum).toBeCloseTo(2 + 1.5 + 1, 9);
});
