import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { project } from '../../../src/tune/projection.js';

const us = fc.double({ min: 0.01, max: 100, noNaN: true });
const work = fc.record({ callerUs: us, runtimeUs: us, groupRecords: fc.integer({ min: 1, max: 20_000 }), groupUs: us });

describe('the projection', () => {
  it('never falls with more cores, never beats the writer, and never gains more than the cores', () => {
    fc.assert(
      fc.property(work, fc.integer({ min: 1, max: 64 }), (one, cores) => {
        const now = project(one, cores);
        const more = project(one, cores + 1);
        expect(more.recordsPerSecond).toBeGreaterThanOrEqual(now.recordsPerSecond);
        expect(now.recordsPerSecond).toBeLessThanOrEqual((one.groupRecords * 1e6) / one.groupUs);
        expect(now.recordsPerSecond).toBeLessThanOrEqual(((cores * 1e6) / (one.callerUs + one.runtimeUs)) * (1 + 1e-9));
      }),
    );
  });

  it('names what bounds it', () => {
    const one = { callerUs: 1, runtimeUs: 0.5, groupRecords: 10_000, groupUs: 2500 };
    expect([1, 2, 16].map((cores) => project(one, cores))).toEqual([
      { cores: 1, recordsPerSecond: 1e6 / 1.5, bound: 'cores' },
      { cores: 2, recordsPerSecond: 1e6, bound: 'callers' },
      { cores: 16, recordsPerSecond: 4e6, bound: 'writer' },
    ]);
  });
});
