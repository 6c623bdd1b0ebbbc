/** What is said of made-up figures: what is recommended, and what is not. */
import { describe, expect, it } from 'vitest';
import { rollDice } from '../../../src/policy/dice.js';
import {
  benefits,
  type Comparison,
  candidateFor,
  recommend,
  report,
  type SettingReport,
  verdictOf,
  worthTogether,
} from '../../../src/tune/judge.js';
import { DEFAULT, keysOf, type Setting, settingOf, singles, TWIN, together } from '../../../src/tune/settings.js';
import type { Goal, Round } from '../../../src/tune/sweep.js';
import type { Figures } from '../../../src/tune/trial.js';

const BASE: Figures = {
  recordsPerSecond: 1_000_000,
  p50Ms: 0.2,
  p99Ms: 1,
  calmCpuMs: 100,
  callerUs: 1,
  runtimeUs: 0.5,
};
const DIRECT = settingOf({ 'log.write': 'direct' });
const SPINLESS = settingOf({ 'queue.spin.us': 0 });

/** Rounds in which each setting has the default's figures times its factors, and each figure some noise. */
function rounds(factors: readonly (readonly [Setting, Partial<Figures>])[], noise: number, count = 6): Round[] {
  const dice = rollDice(11, 0);
  return Array.from(
    { length: count },
    () =>
      new Map(
        factors.map(([{ name }, factor]) => {
          const entries = Object.entries(BASE).map(([key, value]) => [
            key,
            value * (factor[key as keyof Figures] ?? 1) * Math.exp(noise * (dice() - 0.5)),
          ]);
          return [name, Object.fromEntries(entries) as Figures];
        }),
      ),
  );
}

const judge = (factors: readonly (readonly [Setting, Partial<Figures>])[], noise: number, count = 6): SettingReport[] =>
  report(
    factors.map(([setting]) => setting),
    rounds(factors, noise, count),
    rollDice(1, 0),
  );

describe('what is worth a closer look', () => {
  it('is the setting that is better for the goal by the lower end of its interval', () => {
    const rows = judge(
      [
        [DEFAULT, {}],
        [TWIN, {}],
        [DIRECT, { recordsPerSecond: 1.4 }],
        [SPINLESS, { calmCpuMs: 0.5 }],
      ],
      0.05,
    );
    expect(verdictOf(rows, 'throughput')).toBe('clear');
    expect(candidateFor(rows, 'throughput')?.name).toBe(DIRECT.name);
    expect(candidateFor(rows, 'quiet')?.name).toBe(SPINLESS.name);
    expect(candidateFor(rows, 'latency')).toBeNull();
    expect(rows.find(({ name }) => name === DIRECT.name)?.onFront).toBe(true);
  });

  it('is never what pays for the goal with too much of the other figures', () => {
    const rows = judge(
      [
        [DEFAULT, {}],
        [TWIN, {}],
        [DIRECT, { recordsPerSecond: 1.4, p99Ms: 3 }],
      ],
      0.05,
    );
    expect(candidateFor(rows, 'throughput')).toBeNull();
  });

  it('is nothing where all settings are the default', () => {
    const rows = judge(
      [
        [DEFAULT, {}],
        [TWIN, {}],
        [DIRECT, {}],
      ],
      0.001,
    );
    expect(candidateFor(rows, 'throughput')).toBeNull();
    expect(worthTogether(rows, 'throughput').length).toBeLessThanOrEqual(1);
  });

  it('says that the machine is too noisy when the default differs from itself, and when there was too little time', () => {
    expect(
      verdictOf(
        judge(
          [
            [DEFAULT, {}],
            [TWIN, {}],
          ],
          2,
        ),
        'throughput',
      ),
    ).toBe('noisy');
    expect(
      verdictOf(
        judge(
          [
            [DEFAULT, {}],
            [TWIN, {}],
          ],
          0.01,
          1,
        ),
        'throughput',
      ),
    ).toBe('short');
    expect(verdictOf(judge([[DEFAULT, {}]], 0.01), 'throughput')).toBe('short');
  });
});

describe('the Pareto front', () => {
  it('has no other setting with more throughput at no longer a p99, and never the default a second time', () => {
    const rows = judge(
      [
        [DEFAULT, {}],
        // The twin is better in both, by luck.
        [TWIN, { recordsPerSecond: 1.2, p99Ms: 0.8 }],
        [DIRECT, { recordsPerSecond: 0.9, p99Ms: 0.5 }],
        [SPINLESS, { recordsPerSecond: 0.8, p99Ms: 0.6 }],
      ],
      0.001,
    );
    expect(rows.filter(({ onFront }) => onFront).map(({ name }) => name)).toEqual([DEFAULT.name, DIRECT.name]);
    for (const row of rows.filter(({ name }) => name !== TWIN.name)) {
      const beats = rows.filter(
        (other) =>
          other.name !== TWIN.name &&
          other.name !== row.name &&
          other.recordsPerSecond.value >= row.recordsPerSecond.value &&
          other.p99Ms.value <= row.p99Ms.value,
      );
      expect(beats.length === 0, row.name).toBe(row.onFront);
    }
  });
});

describe('what is recommended', () => {
  /** The last step with made-up figures: the setting has the default's times these factors in fresh pairs. */
  const compared = (factors: Partial<Figures>, noise: number, pairs = 7): Comparison => {
    const fresh = rounds(
      [
        [DEFAULT, {}],
        [DIRECT, factors],
      ],
      noise,
      pairs,
    );
    return { name: DIRECT.name, pairs, benefits: benefits(fresh, DIRECT.name) };
  };

  it('is the candidate when its whole interval is above the default in fresh pairs', () => {
    expect(recommend('throughput', 'clear', DIRECT, compared({ recordsPerSecond: 1.2 }, 0.1))).toEqual({
      ...DIRECT,
      why: 'better than the default in a fresh comparison',
    });
  });

  it.each<[string, Goal, Partial<Figures>, number, number, string]>([
    ['worse there', 'throughput', { recordsPerSecond: 0.95 }, 0.02, 7, 'was not in a fresh comparison'],
    ['better by less than the noise', 'throughput', { recordsPerSecond: 1.6 }, 1.5, 7, 'was not in a fresh'],
    ['measured in one pair only', 'throughput', { recordsPerSecond: 2 }, 0.01, 1, 'was not in a fresh comparison'],
    ['slow to acknowledge there', 'throughput', { recordsPerSecond: 1.5, p99Ms: 2 }, 0.01, 7, 'paid too much'],
    ['quiet, at a third of the throughput', 'quiet', { calmCpuMs: 0.5, recordsPerSecond: 0.3 }, 0.01, 7, 'paid too'],
  ])('is the default when the candidate is %s', (_, goal, factors, noise, pairs, why) => {
    const said = recommend(goal, 'clear', DIRECT, compared(factors, noise, pairs));
    expect(said).toMatchObject(DEFAULT);
    expect(said.why).toContain(why);
  });

  it('is the default when the machine was too noisy, the time too short, or nothing looked better, and says which', () => {
    const won = compared({ recordsPerSecond: 2 }, 0.01);
    expect(recommend('throughput', 'noisy', DIRECT, won)).toMatchObject({ name: 'default', changes: {} });
    expect(recommend('throughput', 'noisy', DIRECT, won).why).toContain('too noisy to tell');
    expect(recommend('throughput', 'short', DIRECT, won).why).toContain('too little time');
    expect(recommend('throughput', 'clear', null, null).why).toContain('no other setting looked better');
  });
});

describe('the settings', () => {
  it('each change a key from its default, and put together the later change holds', () => {
    for (const single of singles()) {
      expect(Object.keys(single.changes)).toHaveLength(1);
      expect(keysOf(single)).not.toEqual(keysOf(DEFAULT));
      expect(settingOf(single.changes)).toEqual(single);
    }
    expect(together([SPINLESS, DIRECT, settingOf({ 'queue.spin.us': 200 })])).toEqual({
      name: 'queue.spin.us=200 log.write=direct',
      changes: { 'queue.spin.us': 200, 'log.write': 'direct' },
    });
    expect(together([])).toEqual(DEFAULT);
    expect(keysOf(TWIN)).toEqual(keysOf(DEFAULT));
  });
});
