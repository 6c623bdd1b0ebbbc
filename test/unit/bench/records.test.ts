/** The records of a bench: their sizes are what was asked for, and what is read back is known again. */
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordPool } from '../../../src/bench/records.js';
import { encodedBytes } from '../../../src/bench/sizes.js';
import { latencyFigures, trendOf } from '../../../src/bench/summary.js';
import { Histogram } from '../../../src/measure/histogram.js';
import { slope } from '../../../src/measure/trend.js';

describe('sizes', () => {
  it('are those of another MessagePack encoder', () => {
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        fc.constantFrom(null, true, -1, -33, -200, 127, 128, 255, 256, 65_536, 2 ** 32, 0.5),
        fc.integer(),
        fc.double({ noNaN: true }),
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.uint8Array({ maxLength: 300 }),
        fc.array(tie('value'), { maxLength: 20 }),
        fc.dictionary(fc.string({ maxLength: 40 }), tie('value'), { maxKeys: 20, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(value, (given) => {
        expect(encodedBytes(given)).toBe(encode(given).length);
      }),
    );
    for (const date of [new Date(0), new Date(1500), new Date(2 ** 41)])
      expect(encodedBytes(date)).toBe(encode(date).length);
  });
});

describe('a pool of records', () => {
  it('has records of the size asked for, as log lines, as texts below 64 bytes, and as messages', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), (bytes) => {
        const pool = new RecordPool({ kind: 'line', bytes });
        expect(Math.abs(encodedBytes(pool.next()) - bytes)).toBeLessThanOrEqual(1);
        const shape = { name: 'm', fields: { at: 'number', text: 'string', raw: 'bytes', on: 'boolean?' } } as const;
        if (bytes >= 40) expect(new RecordPool({ kind: 'message', shape, bytes }).bytesMean).toBeCloseTo(bytes, -1);
      }),
      { numRuns: 4 },
    );
    const tiny = { kind: 'message', shape: { name: 'm', fields: { at: 'number' } }, bytes: 3 } as const;
    expect(() => new RecordPool(tiny)).toThrow(/at least 13 bytes/);
  });

  it('makes each record of a trace as large as its arrival', () => {
    const pool = new RecordPool({ kind: 'trace' });
    for (const bytes of [1, 20, 64, 100, 308, 5000, 200_000])
      expect(Math.abs(encodedBytes(pool.next(bytes)) - bytes)).toBeLessThanOrEqual(3);
  });

  it('that parses gives a new object for each record, the same as one that does not', () => {
    const plan = { kind: 'line', bytes: 98 } as const;
    const made = new RecordPool(plan);
    const parsed = new RecordPool(plan, true);
    const matches = made.matcher();
    const seen = new Set<unknown>();
    for (let n = 0; n < 10_000; n += 1) {
      const record = parsed.next();
      expect(record).toEqual(made.next());
      expect(parsed.bytes).toBe(made.bytes);
      expect(matches(record)).toBe(true);
      seen.add(record);
    }
    expect(seen.size).toBe(10_000);
  });

  it('knows its own records again and no others', () => {
    const matches = new RecordPool({ kind: 'samples', values: [{ a: 1n, b: Uint8Array.of(1) }, 'text'] }).matcher();
    expect(matches({ a: 1n, b: Buffer.from([1]) })).toBe(true);
    expect(matches('text')).toBe(true);
    expect(matches({ a: 2n, b: Uint8Array.of(1) })).toBe(false);
  });
});

describe('a trend', () => {
  it('is the slope that single spikes do not move', () => {
    const line = Array.from({ length: 100 }, (_, x) => [x, 3 * x + (x % 10 === 0 ? 500 : 0)] as const);
    expect(slope(line)).toBeCloseTo(3, 1);
    expect(slope([])).toBe(0);
  });

  it('tells memory that grows and latency that grows from what is level', () => {
    const run = (memoryGrowth: number, latencyGrowth: number) => {
      const latency = latencyFigures(new Histogram());
      const windows = Array.from({ length: 120 }, (_, index) => ({
        atMs: 1000 * index,
        count: 10,
        perSecond: 10,
        bytes: 100,
        p50Ms: latency.p50,
        p99Ms: 2 + latencyGrowth * index,
        maxMs: 3,
      }));
      const samples = windows.map(({ atMs }, index) => ({
        atMs,
        rssBytes: 9e8,
        ownBytes: 2e8 + memoryGrowth * index + (index % 7) * 1e6,
        heapBytes: 1e7,
        cpuSeconds: 0,
        waiting: 0,
        lateMs: 0,
      }));
      return trendOf(windows, samples);
    };
    expect(run(0, 0)).toMatchObject({ memoryIsFlat: true, latencyIsFlat: true });
    expect(run(1e6, 0)).toMatchObject({ memoryIsFlat: false, latencyIsFlat: true });
    expect(run(0, 0.1)).toMatchObject({ memoryIsFlat: true, latencyIsFlat: false });
    expect(trendOf([], [])).toBeNull();
  });

  it('of memory is told from what collections left, where there were some, and not from garbage in between', () => {
    const windows = Array.from({ length: 120 }, (_, at) => ({
      atMs: 1000 * at,
      count: 10,
      perSecond: 10,
      bytes: 100,
      p50Ms: 1,
      p99Ms: 2,
      maxMs: 3,
    }));
    // Garbage gathers all the time.
    const samples = windows.map(({ atMs }, at) => ({
      atMs,
      rssBytes: 9e8,
      ownBytes: 5e7 + 4e5 * at,
      heapBytes: 1e7,
      cpuSeconds: 0,
      waiting: 0,
      lateMs: 0,
    }));
    const kept = (growth: number) => [30, 60, 90, 119].map((at) => ({ atMs: 1000 * at, bytes: 6e7 + growth * at }));
    expect(trendOf(windows, samples)).toMatchObject({ memoryIsFlat: false, keptBytes: [] });
    expect(trendOf(windows, samples, kept(1000))).toMatchObject({ memoryIsFlat: true });
    expect(trendOf(windows, samples, kept(2e5))).toMatchObject({ memoryIsFlat: false });
    expect(trendOf(windows, samples, kept(0).slice(0, 2))).toMatchObject({ memoryIsFlat: false });
  });
});
