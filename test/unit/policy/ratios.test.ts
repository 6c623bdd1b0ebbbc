import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../src/policy/spec.js';
import { fromGaps, outcome } from './runs.js';

const gaps = fc.array(fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 3000 })), {
  minLength: 1,
  maxLength: 60,
});
const price = fc.integer({ min: 1, max: 500 });
const states = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 0, maxLength: 4 }),
    fc.array(price, { minLength: 5, maxLength: 5 }),
  )
  .map(([powers, rises]) => {
    const falling = [100, ...powers.toSorted((a, b) => b - a), 0];
    let wakeCost = 0;
    return falling.map((power, index) => `${power}/${index === 0 ? 0 : (wakeCost += rises[index - 1] ?? 1)}`).join();
  });

/** Cost over optimum, on idle periods. */
async function ratio(spec: string, list: readonly number[], seed = 1): Promise<number> {
  const { cost, optimum } = await outcome(spec, fromGaps(list), { seed });
  return (cost.total ?? 0) / (optimum ?? 1);
}

describe('proven worst ratios', () => {
  it('no policy with a proven ratio ever exceeds it on random idle periods', async () => {
    const specs = fc.oneof(
      price.map((breakEven) => `break-even:${breakEven}`),
      fc.tuple(price, price).map(([after, wakeCost]) => `timeout:${after},${wakeCost}`),
      states.map((list) => `envelope:${list}`),
      fc.tuple(price, price).map(([first, rise]) => `ladder:${first},${first + rise}`),
      fc
        .tuple(price, fc.constantFrom(0.1, 0.25, 0.5, 1))
        .map(([breakEven, lambda]) => `learned:${breakEven},${lambda}`),
      fc.tuple(price, price).map(([after, wakeCost]) => `timeout:${after}+states:nap=0.25/${wakeCost}`),
    );
    await fc.assert(
      fc.asyncProperty(specs, gaps, async (spec, list) => {
        const worst = parsePolicy(spec).worstRatio ?? Number.NaN;
        expect(await ratio(spec, list), spec).toBeLessThanOrEqual(worst + 1e-9);
        if (spec.startsWith('break-even') || spec.startsWith('envelope')) expect(worst).toBeLessThanOrEqual(2);
      }),
      { numRuns: 600 },
    );
  });

  it('the adversary who lets the idle period end just after the timeout reaches the bound', async () => {
    const hair = 1e-6;
    for (const [spec, gap] of [
      ['break-even:1000', 1000],
      ['timeout:300,1000', 300],
      ['timeout:4000,1000', 4000],
      ['envelope:1/0,0/1000', 1000],
      ['learned:1000,0.5', 2000],
    ] as const) {
      const worst = parsePolicy(spec).worstRatio ?? 0;
      expect(await ratio(spec, [gap + hair]), spec).toBeCloseTo(worst, 5);
    }
  });

  it('a timeout or a wake-up that costs nothing has no proven ratio', () => {
    for (const spec of ['timeout:0,10', 'timeout:10,0', 'menu:10', 'histogram:10', 'always-awake:10'])
      expect(parsePolicy(spec).worstRatio, spec).toBeNull();
    expect(parsePolicy('always-awake').worstRatio).toBe(1);
  });

  it('a randomised timeout costs e/(e-1) times the optimum in expectation, whatever the idle period', async () => {
    for (const gap of [10, 500, 999, 5000]) {
      const list = Array.from({ length: 20_000 }, () => gap);
      expect((await ratio('randomised:1000', list, 7)) / (Math.E / (Math.E - 1)), `${gap}`).toBeCloseTo(1, 1);
    }
    const mixed = Array.from({ length: 60_000 }, (_, index) => [50, 400, 900, 3000][index % 4] ?? 0);
    expect(Math.abs((await ratio('randomised:1000', mixed, 7)) / (Math.E / (Math.E - 1)) - 1)).toBeLessThan(0.01);
  });

  it('advice that is right brings the ratio of a learned policy to 1 + lambda, wrong advice never above 1 + 1/lambda', async () => {
    const long = Array.from({ length: 200 }, () => 5000);
    expect(await ratio('learned:1000,0.25', long)).toBeLessThan(1.27);
    const misleading = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 5000 : 251));
    expect(await ratio('learned:1000,0.25', misleading)).toBeLessThanOrEqual(5);
  });
});
