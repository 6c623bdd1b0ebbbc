import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../../src/cli/duration.js';

describe('a duration on the command line', () => {
  it('is a number with a unit', () => {
    for (const [text, ms] of [
      ['500ms', 500],
      ['60s', 60_000],
      ['1.5s', 1500],
      ['2m', 120_000],
      ['1h', 3_600_000],
    ] as const)
      expect(parseDuration(text, '--for', 1, 1e9)).toBe(ms);
  });

  it.each(['', '60', 's', '-5s', '1e3s', '5 s', '5d', 'Infinitys', '99999999999s'])('%j is refused by name', (text) => {
    expect(() => parseDuration(text, '--for', 1, 1e9)).toThrow(/E_USAGE: --for wants a duration/);
  });

  it('keeps within its bounds', () => {
    expect(() => parseDuration('2s', '--for', 3000, 10_000)).toThrow('--for is from 3s to 10s, not 2s');
    expect(() => parseDuration('11s', '--for', 3000, 10_000)).toThrow('not 11s');
  });
});
