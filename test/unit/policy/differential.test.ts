import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NaivePolicy, naive } from './naive.js';
import { fromGaps, outcome } from './runs.js';

const whole = (max: number, min = 0) => fc.integer({ min, max });
const gaps = fc.array(fc.oneof(whole(3), whole(30), whole(300)), { maxLength: 40 });

/** Lines with whole crossings: power falls by one from state to state, wake cost rises ever more steeply. */
const lines = fc
  .array(whole(25, 1), { minLength: 1, maxLength: 4 })
  .map((rises) =>
    [0, ...rises.toSorted((a, b) => a - b)].map(
      (_, index, all) => [all.length - 1 - index, all.slice(0, index + 1).reduce((a, b) => a + b)] as const,
    ),
  );

const policies: fc.Arbitrary<readonly [string, NaivePolicy]> = fc.oneof(
  fc
    .tuple(whole(40), whole(40))
    .map(
      ([after, wakeCost]) => [`timeout:${after},${wakeCost}`, { kind: 'timeout', after, wakeCost, wakeMs: 0 }] as const,
    ),
  fc
    .tuple(whole(40), whole(40), whole(20, 1))
    .map(
      ([after, wakeCost, wakeMs]) =>
        [`timeout:${after}+states:nap=0/${wakeCost}/${wakeMs}`, { kind: 'timeout', after, wakeCost, wakeMs }] as const,
    ),
  whole(40).map((after) => [`break-even:${after}`, { kind: 'timeout', after, wakeCost: after, wakeMs: 0 }] as const),
  lines.map(
    (list) => [`envelope:${list.map((line) => line.join('/')).join()}`, { kind: 'lines', lines: list }] as const,
  ),
  whole(40, 1).map((every) => [`every:${every}`, { kind: 'every', every }] as const),
  whole(6, 1).map((count) => [`count:${count}`, { kind: 'count', count, window: null }] as const),
  fc
    .tuple(whole(6, 1), whole(60))
    .map(([count, window]) => [`count-or-time:${count},${window}`, { kind: 'count', count, window }] as const),
);

describe('the simulator against a second, naive one', () => {
  it('agrees in cost, optimum, wake-ups, flushes, delays and backlog on random small traces', async () => {
    await fc.assert(
      fc.asyncProperty(
        policies,
        whole(50),
        gaps,
        fc.constantFrom(0, 0, 1, 7),
        async ([spec, policy], first, list, service) => {
          const times = fromGaps(list).map((at) => at + first);
          const expected = naive(policy, times, service);
          const sorted = expected.delays.toSorted((a, b) => a - b);
          const rank = (p: number): number | null => sorted[Math.max(1, Math.ceil(p * sorted.length)) - 1] ?? null;
          const found = await outcome(spec, times, service === 0 ? {} : { service: () => service });
          expect(found).toMatchObject({
            cost: { total: expected.cost },
            optimum: expected.optimum,
            wakes: expected.wakes,
            flushesFull: expected.full,
            delaySumMs: expected.delays.reduce((sum, delay) => sum + delay, 0),
            delayP50Ms: rank(0.5),
            delayP99Ms: rank(0.99),
            backlogMax: expected.backlogMax,
            waitingAtEnd: expected.waiting,
          });
        },
      ),
      { numRuns: 1500 },
    );
  });
});
