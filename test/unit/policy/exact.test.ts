import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/policy/outcome.js';
import { simulate } from '../../../src/policy/simulate.js';
import { parsePolicy } from '../../../src/policy/spec.js';
import type { ArrivalBlock } from '../../../src/policy/trace.js';

function block(times: readonly number[]): ArrivalBlock {
  return { atMs: Float64Array.from(times), bytes: new Float64Array(times.length).fill(1), count: times.length };
}

async function outcome(spec: string, times: readonly number[]): Promise<Outcome> {
  const [only] = await simulate([parsePolicy(spec)], [block(times)]);
  if (only === undefined) throw new Error('no outcome');
  return only;
}

/** Idle periods 2, 5, 10, 12, 100, 7, 30. */
const RENTAL = [0, 2, 7, 17, 29, 129, 136, 166];

describe('exact results on cases worked out by hand', () => {
  it('ski rental with B = 10 costs 84 where the optimum is 54', async () => {
    for (const spec of ['break-even:10', 'timeout:10', 'envelope:1/0,0/10']) {
      expect(await outcome(spec, RENTAL)).toMatchObject({ cost: { total: 84 }, optimum: 54, sleeps: 3, wakes: 3 });
    }
  });

  it('every:10 wakes at the multiples of 10 at which something waits', async () => {
    expect(await outcome('every:10', RENTAL)).toMatchObject({ wakes: 7, sleeps: 7, delaySumMs: 24, delayP99Ms: 8 });
  });

  it('count:3 leaves an unfilled batch waiting', async () => {
    expect(await outcome('count:3', RENTAL)).toMatchObject({ wakes: 2, delaySumMs: 224, waitingAtEnd: 2 });
  });

  it('count-or-time:3,10 flushes one full batch, four at the end of the window, the last one after the trace', async () => {
    expect(await outcome('count-or-time:3,10', RENTAL)).toMatchObject({ flushes: 5, flushesFull: 1, delaySumMs: 55 });
  });
});
