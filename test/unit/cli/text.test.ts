/** Figures and lines for people. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { counted, duration, grouped, rate, size } from '../../../src/cli/numbers.js';
import { hang, wrap } from '../../../src/cli/text.js';

describe('numbers', () => {
  it('are grouped, counted and given their units', () => {
    expect(grouped(1_234_567)).toBe('1,234,567');
    expect([counted(0, 'record'), counted(1, 'record'), counted(1200, 'record')]).toEqual([
      '0 records',
      '1 record',
      '1,200 records',
    ]);
    expect([0, 1023, 1024, 8 * 2 ** 20, 5 * 2 ** 40].map(size)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '8.0 MiB',
      '5.0 TiB',
    ]);
    expect([0.0123, 1.234, 123.4, 12_345, 125_000].map(duration)).toEqual([
      '12 µs',
      '1.23 ms',
      '123 ms',
      '12.3 s',
      '2 min 5 s',
    ]);
    expect(rate(1000, 500)).toBe('2,000/s');
  });
});

describe('wrap', () => {
  it('keeps every word, in lines that fit', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(words, fc.integer({ min: 12, max: 40 }), (given, width) => {
        const lines = wrap(given.join(' '), width);
        expect(lines.join(' ')).toBe(given.join(' '));
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('hangs text behind its label', () => {
    expect(hang('a', 4, 'one two three', 12)).toBe('a   one two\n    three');
    expect(hang('long label', 4, 'one', 12)).toBe('long label\n    one');
  });
});
