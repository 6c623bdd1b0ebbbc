/** Means of independent replications with their 95 % confidence intervals, plain and paired. */

/** A mean and the half-width of its 95 % confidence interval; null where fewer than two values make none. */
export interface Estimate {
  readonly mean: number;
  readonly ci95: number | null;
}

/** Mean of independent values, with Student's t for so few of them. */
export function estimate(values: readonly number[]): Estimate {
  const { length } = values;
  const mean = values.reduce((sum, value) => sum + value, 0) / length;
  if (length < 2) return { mean, ci95: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (length - 1);
  return { mean, ci95: studentT(length - 1) * Math.sqrt(variance / length) };
}

/** Mean difference of values that were observed under the same random numbers, one of each pair from each list. */
export function pairedDifference(values: readonly number[], base: readonly number[]): Estimate {
  return estimate(values.map((value, index) => value - (base[index] ?? 0)));
}

const STUDENT_T: readonly number[] = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281];

/** Two-sided 95 % quantile of Student's t: a table for few degrees of freedom, Cornish and Fisher's expansion beyond it. */
function studentT(freedom: number): number {
  const known = STUDENT_T[freedom - 1];
  if (known !== undefined) return known;
  const z = 1.959963984540054;
  const z3 = z * z * z;
  const z5 = z3 * z * z;
  return z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom);
}
