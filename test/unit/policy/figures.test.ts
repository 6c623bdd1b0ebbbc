import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Delays, EXACT_DELAYS_MAX } from '../../../src/policy/delays.js';
import { exponential, rollDice, uniformAt } from '../../../src/policy/dice.js';
import { exp, ln, sineOfTurn } from '../../../src/policy/numerics.js';
import { estimate, pairedDifference } from '../../../src/policy/statistics.js';
import { expandTemplates, paretoFront, parseVariation } from '../../../src/policy/sweep.js';

describe('numbers of our own making', () => {
  it('ln, exp and sine agree with the ones of the platform to a few units in the last place', () => {
    const near = (found: number, wanted: number): boolean =>
      Math.abs(found - wanted) <= 4e-15 * Math.max(1, Math.abs(wanted));
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => near(ln(x), Math.log(x))),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.double({ min: -50, max: 50, noNaN: true }), (x) => Math.abs(exp(x) / Math.exp(x) - 1) < 1e-14),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.double({ min: -3, max: 3, noNaN: true }), (x) => near(sineOfTurn(x), Math.sin(2 * Math.PI * x))),
      { numRuns: 2000 },
    );
  });

  it('streams and counters give even, uncorrelated numbers', () => {
    const count = 200_000;
    for (const draw of [
      rollDice(1, 0),
      rollDice(1, 1),
      rollDice(2, 0),
      (n: number) => uniformAt(1, n),
      (n: number) => uniformAt(2, n),
    ]) {
      const bins = new Float64Array(64);
      let sum = 0;
      let lagged = 0;
      let before = 0.5;
      for (let n = 0; n < count; n++) {
        const value = draw(n);
        bins[Math.floor(64 * value)] = (bins[Math.floor(64 * value)] ?? 0) + 1;
        sum += value;
        lagged += (value - 0.5) * (before - 0.5);
        before = value;
      }
      const chiSquare = bins.reduce((total, bin) => total + (bin - count / 64) ** 2 / (count / 64), 0);
      expect(chiSquare).toBeLessThan(120);
      expect(Math.abs(sum / count - 0.5)).toBeLessThan(0.003);
      expect(Math.abs(lagged / count) * 12).toBeLessThan(0.01);
    }
    expect(exponential(5, 0)).toBe(0);
  });

  it('streams of one seed differ, the same stream repeats', () => {
    const first = (seed: number, stream: number) => Array.from({ length: 4 }, rollDice(seed, stream));
    expect(first(9, 0)).toEqual(first(9, 0));
    expect(first(9, 1)).not.toEqual(first(9, 0));
    expect(first(10, 0)).not.toEqual(first(9, 0));
  });
});

describe('delays', () => {
  it('percentiles are exact by nearest rank up to a million, and within 0.1 % beyond', () => {
    const count = EXACT_DELAYS_MAX + 200_000;
    const delays = new Delays();
    const all = new Float64Array(count);
    for (let n = 0; n < count; n++) {
      all[n] = n % 5 === 0 ? 0 : exponential(5000, uniformAt(3, n));
      delays.add(all[n] ?? 0);
      if (n === EXACT_DELAYS_MAX - 1)
        expect(delays.percentile(0.99)).toBe(all.slice(0, n + 1).sort()[Math.ceil(0.99 * (n + 1)) - 1]);
    }
    all.sort();
    expect(delays.percentile(0.1)).toBe(0);
    for (const p of [0.21, 0.5, 0.9, 0.99, 0.9999]) {
      const exact = all[Math.ceil(p * count) - 1] ?? 0;
      expect(Math.abs((delays.percentile(p) ?? 0) / exact - 1), `${p}`).toBeLessThan(0.001);
    }
    expect(delays.count).toBe(count);
    expect(delays.max).toBe(all[count - 1]);
  });

  it('whole delays below 2048 ms stay exact in the histogram', () => {
    const delays = new Delays();
    for (let n = 0; n < EXACT_DELAYS_MAX + 1000; n++) delays.add(n % 2000);
    expect(delays.percentile(0.5)).toBe(999);
    expect(delays.percentile(0.25)).toBe(499);
  });

  it('no delay at all has no percentile', () => {
    expect(new Delays().percentile(0.5)).toBeNull();
  });
});

describe('statistics and sweeps', () => {
  it('a confidence interval is Student’s', () => {
    const found = estimate([1, 2, 3, 4, 5]);
    expect(found.mean).toBe(3);
    expect(found.ci95).toBeCloseTo(2.7764 * Math.sqrt(2.5 / 5), 4);
    expect(estimate([7]).ci95).toBeNull();
    expect(estimate(Array.from({ length: 31 }, (_, n) => n)).ci95).toBeCloseTo(2.0423 * Math.sqrt(82.6667 / 31), 3);
  });

  it('paired differences see what both lists share cancel out', () => {
    expect(pairedDifference([101, 201, 301], [100, 200, 300])).toEqual({ mean: 1, ci95: 0 });
  });

  it('about 95 of 100 confidence intervals contain the true mean', () => {
    let hits = 0;
    for (let trial = 0; trial < 1000; trial++) {
      const { mean, ci95 } = estimate(Array.from({ length: 12 }, (_, n) => uniformAt(77, 12 * trial + n)));
      if (Math.abs(mean - 0.5) <= (ci95 ?? 0)) hits++;
    }
    expect(hits).toBeGreaterThan(925);
    expect(hits).toBeLessThan(975);
  });

  it('the front holds exactly the points that no other beats', () => {
    const point = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }));
    fc.assert(
      fc.property(fc.array(point, { maxLength: 30 }), (points) => {
        const front = paretoFront(points);
        for (const [index, [x, y]] of points.entries()) {
          const beaten = points.some(([px, py]) => px <= x && py <= y && (px < x || py < y));
          const stands = front.some((one) => points[one]?.[0] === x && points[one]?.[1] === y);
          expect(stands, `${index}`).toBe(!beaten);
        }
      }),
    );
  });

  it('letters of templates take listed or evenly spaced values, in every combination', () => {
    expect(parseVariation('T=5,10')).toEqual({ letter: 'T', values: [5, 10] });
    expect(parseVariation('T=10..1000x3').values).toEqual([10, 100, 1000]);
    expect(parseVariation('D=1..8x4').values).toEqual([1, 2, 4, 8]);
    expect(
      expandTemplates(
        ['count-or-time:N,D', 'every:D'],
        [
          { letter: 'N', values: [2, 3] },
          { letter: 'D', values: [7, 9] },
        ],
      ),
    ).toEqual([
      'count-or-time:2,7',
      'count-or-time:2,9',
      'count-or-time:3,7',
      'count-or-time:3,9',
      'every:7',
      'every:9',
    ]);
    expect(() => expandTemplates(['every:5'], [{ letter: 'T', values: [1] }])).toThrow(
      /no policy contains the letter T/,
    );
    for (const text of ['t=5', 'T', 'T=', 'T=5..1x3', 'T=1..5x1', 'T=a'])
      expect(() => parseVariation(text), text).toThrow();
  });
});
