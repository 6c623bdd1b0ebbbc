/** The closing table of a bench: each target, what was reached, and a plain word. Also read by the tests. */
import { digits, table } from './table.js';

export interface Verdict {
  readonly what: string;
  readonly reached: number;
  readonly target: number;
  /** `least`: reached must be the target or more; `most`: the target or less. */
  readonly bound: 'least' | 'most';
  readonly unit: string;
  /** What it was compared with: the best peer's name, or nothing for an absolute figure. */
  readonly against: string;
  readonly met: boolean;
}

export function verdict(row: Omit<Verdict, 'met'>): Verdict {
  return { ...row, met: row.bound === 'least' ? row.reached >= row.target : row.reached <= row.target };
}

export function verdictTable(rows: readonly Verdict[]): string {
  return table(
    ['target', 'reached', 'wanted', 'against', 'verdict'],
    rows.map(({ what, reached, target, bound, unit, against, met }) => [
      what,
      `${digits(reached)}${unit}`,
      `${bound === 'least' ? '>=' : '<='} ${target}${unit}`,
      against,
      met ? 'met' : 'MISSED',
    ]),
  );
}
