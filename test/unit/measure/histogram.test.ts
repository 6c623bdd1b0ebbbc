import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram, RELATIVE_ERROR } from '../../../src/measure/histogram.js';
import { Timeline, type Window, WindowRecorder } from '../../../src/measure/timeline.js';

const latency = fc.oneof(
  fc.double({ min: 1, max: 2 ** 43, noNaN: true }),
  fc.integer({ min: 1, max: 1_000_000 }),
  fc.double({ min: 900, max: 1100, noNaN: true }),
);
const latencies = fc.array(latency, { minLength: 1, maxLength: 400 });
const SHARES = [0, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1];

function filled(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('a histogram of latencies', () => {
  it('gives every percentile within its stated error of the sorted values', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const histogram = filled(values);
        const sorted = values.toSorted((a, b) => a - b);
        for (const share of SHARES) {
          const exact = sorted[Math.max(1, Math.ceil(share * values.length - 1e-9)) - 1] ?? 0;
          expect(Math.abs(histogram.percentileNs(share) / exact - 1)).toBeLessThanOrEqual(RELATIVE_ERROR * 1.0001);
        }
        expect(histogram.percentileNs(1)).toBe(sorted.at(-1));
        expect([histogram.count, histogram.minNs, histogram.maxNs]).toEqual([values.length, sorted[0], sorted.at(-1)]);
      }),
    );
  });

  it('merged of parts is the same as of the whole, also by way of plain data', () => {
    fc.assert(
      fc.property(latencies, latencies, (first, second) => {
        const merged = filled(first);
        merged.merge(Histogram.from(structuredClone(filled(second).toData())));
        const whole = filled([...first, ...second]).toData();
        const { sumNs, ...rest } = merged.toData();
        expect({ ...rest, sumNs: 0 }).toEqual({ ...whole, sumNs: 0 });
        expect(Math.abs(sumNs / whole.sumNs - 1)).toBeLessThan(1e-9);
      }),
    );
  });

  it('counts what lies beyond its range at the ends and keeps the extremes exact', () => {
    const histogram = filled([-5, 0, 0.25, 2 ** 50]);
    expect(histogram).toMatchObject({ count: 4, minNs: 0, maxNs: 2 ** 50 });
    expect(histogram.percentileNs(0.5)).toBeLessThan(2);
    expect(new Histogram().percentileNs(0.99)).toBe(0);
  });
});

describe('a timeline', () => {
  it('merges windows of several threads: no completion is lost, each lies in the window of its time', () => {
    const completions = fc.array(
      fc.record({ at: fc.integer({ min: 0, max: 999 }), thread: fc.integer({ min: 0, max: 2 }) }),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(completions, (all) => {
        const timeline = new Timeline(10);
        const recorders = [0, 1, 2].map(() => new WindowRecorder(5000, 10, (window: Window) => timeline.add(window)));
        for (const { at, thread } of all.toSorted((a, b) => a.at - b.at))
          recorders[thread]?.record(5000 + at, 1 + thread, 100);
        for (const recorder of recorders) recorder.roll(6000);
        expect(timeline.latency.count).toBe(all.length);
        expect(timeline.bytes).toBe(100 * all.length);
        const found = timeline.figures();
        for (const { atMs, count } of found)
          expect(count).toBe(all.filter(({ at }) => at >= atMs && at < atMs + 10).length);
      }),
    );
  });
});
