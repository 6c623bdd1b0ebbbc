/** Intervals, fronts and orders as laws over random figures. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rollDice } from '../../../src/policy/dice.js';
import { medianInterval, pairedRatio, paretoFront, quantile, shuffle } from '../../../src/tune/statistics.js';

const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

describe('the ratio of paired figures', () => {
  it('is exact, with an interval of no width, where every pair has the same ratio, whatever drifts', () => {
    fc.assert(
      fc.property(
        fc.array(positive, { minLength: 2, maxLength: 20 }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        (base, factor) => {
          const { value, low, high } = pairedRatio(
            base.map((one) => one * factor),
            base,
          );
          for (const one of [value, low, high]) expect(one / factor).toBeCloseTo(1, 6);
        },
      ),
    );
  });

  it('turned round is its reciprocal, ends exchanged', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(positive, positive), { minLength: 2, maxLength: 12 }), (pairs) => {
        const left = pairs.map(([one]) => one);
        const right = pairs.map(([, other]) => other);
        const there = pairedRatio(left, right);
        const back = pairedRatio(right, left);
        expect(Math.log(back.value) + Math.log(there.value)).toBeCloseTo(0, 6);
        if (there.low > 0 && back.low > 0 && Number.isFinite(there.high) && Number.isFinite(back.high))
          expect(Math.log(back.low) + Math.log(there.high)).toBeCloseTo(0, 6);
        expect(there.low).toBeLessThanOrEqual(there.value);
        expect(there.high).toBeGreaterThanOrEqual(there.value);
      }),
    );
  });

  it('holds the true ratio in about 95 of 100 experiments', () => {
    const dice = rollDice(7, 0);
    const noise = (): number =>
      Math.exp(0.2 * (Array.from({ length: 12 }, dice).reduce((sum, one) => sum + one, 0) - 6));
    let held = 0;
    for (let experiment = 0; experiment < 2000; experiment += 1) {
      const base = Array.from({ length: 5 }, noise);
      const { low, high } = pairedRatio(
        base.map((one) => one * 1.3 * noise()),
        base,
      );
      if (low <= 1.3 && 1.3 <= high) held += 1;
    }
    expect(held / 2000).toBeGreaterThan(0.93);
    expect(held / 2000).toBeLessThan(0.97);
  });

  it('of one pair, or of none, claims nothing', () => {
    expect(pairedRatio([2], [1])).toEqual({ value: 2, low: 0, high: Number.POSITIVE_INFINITY });
    expect(pairedRatio([], [])).toEqual({ value: 1, low: 0, high: Number.POSITIVE_INFINITY });
    expect(pairedRatio([0, 5], [1, 1])).toMatchObject({ value: 5, low: 0 });
  });
});

describe('a median with its bootstrap interval', () => {
  it('lies in its interval, which lies within the values; the same seed gives the same', () => {
    fc.assert(
      fc.property(fc.array(positive, { minLength: 1, maxLength: 30 }), seeds, (values, seed) => {
        const { value, low, high } = medianInterval(values, rollDice(seed, 0));
        expect(low).toBeGreaterThanOrEqual(Math.min(...values));
        expect(high).toBeLessThanOrEqual(Math.max(...values));
        expect(value).toBeGreaterThanOrEqual(Math.min(...values));
        expect(low).toBeLessThanOrEqual(high);
        expect(medianInterval(values, rollDice(seed, 0))).toEqual({ value, low, high });
      }),
      { numRuns: 50 },
    );
  });

  it('narrows as there are more values', () => {
    const dice = rollDice(3, 0);
    const width = (count: number): number => {
      const { low, high } = medianInterval(Array.from({ length: count }, dice), dice);
      return high - low;
    };
    expect(width(400)).toBeLessThan(width(12) / 2);
  });

  it('quantiles lie between neighbours', () => {
    expect([0, 0.25, 0.5, 1].map((share) => quantile([1, 2, 3, 5], share))).toEqual([1, 1.75, 2.5, 5]);
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe('the Pareto front', () => {
  const points = fc.array(fc.record({ gain: fc.integer({ min: 0, max: 20 }), cost: fc.integer({ min: 0, max: 20 }) }), {
    maxLength: 25,
  });

  it('holds no point that another beats, and beats or equals every other point', () => {
    fc.assert(
      fc.property(points, (all) => {
        const front = paretoFront(all);
        const on = front.map((index) => all[index] as (typeof all)[number]);
        const beats = (one: (typeof all)[number], other: (typeof all)[number]): boolean =>
          one.gain >= other.gain && one.cost <= other.cost && (one.gain > other.gain || one.cost < other.cost);
        for (const one of on) expect(all.some((other) => beats(other, one))).toBe(false);
        for (const other of all)
          expect(on.some((one) => beats(one, other) || (one.gain === other.gain && one.cost === other.cost))).toBe(
            true,
          );
        expect(on.map(({ gain }) => gain)).toEqual(on.map(({ gain }) => gain).toSorted((left, right) => right - left));
      }),
    );
  });
});

describe('a shuffle', () => {
  it('keeps every item, and the same seed gives the same order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), seeds, (items, seed) => {
        const order = shuffle(items, rollDice(seed, 0));
        expect(order.toSorted((left, right) => left - right)).toEqual(items.toSorted((left, right) => left - right));
        expect(shuffle(items, rollDice(seed, 0))).toEqual(order);
      }),
    );
  });
});
