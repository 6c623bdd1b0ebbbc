/** What is said of made-up figures: what is recommended, and what is not. */
import { describe, expect, it } from 'vitest';
import { rollDice } from '../../../src/policy/dice.js';
import { candidateFor, report, type SettingReport, verdictOf, worthTogether } from '../../../src/tune/judge.js';
import { DEFAULT, keysOf, type Setting, settingOf, singles, TWIN, together } from '../../../src/tune/settings.js';
import type { Round } from '../../../src/tune/sweep.js';
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
