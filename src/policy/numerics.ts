/**
 * Logarithm, exponential and sine from additions, multiplications and divisions only. IEEE 754 fixes those to the bit, so
 * the same seed gives the same bytes on every version of Node and every machine; Math.log, exp, pow and sin promise less.
 * All three are accurate to a few units in the last place.
 */

const LN2_HIGH = 0.69314718036912381649;
const LN2_LOW = 1.90821492927058770002e-10;
const { SQRT2 } = Math;

/** Natural logarithm of a finite number above 0. */
export function ln(x: number): number {
  let mantissa = x;
  let exponent = 0;
  for (; mantissa >= SQRT2; exponent++) mantissa /= 2;
  for (; mantissa < SQRT2 / 2; exponent--) mantissa *= 2;
  const s = (mantissa - 1) / (mantissa + 1);
  const s2 = s * s;
  let series = 0;
  for (let power = 23; power >= 3; power -= 2) series = s2 * (1 / power + series);
  return exponent * LN2_HIGH + (2 * s + (2 * s * series + exponent * LN2_LOW));
}

/** e to the power x, for |x| below 700. */
export function exp(x: number): number {
  const halvings = Math.round(x / (LN2_HIGH + LN2_LOW));
  const rest = x - halvings * LN2_HIGH - halvings * LN2_LOW;
  let series = 1;
  for (let term = 16; term >= 1; term--) series = 1 + (rest / term) * series;
  const factor = halvings < 0 ? 0.5 : 2;
  for (let left = Math.abs(halvings); left > 0; left--) series *= factor;
  return series;
}

/** Sine of a whole turn's fraction: sineOfTurn(0.25) is 1. */
export function sineOfTurn(turn: number): number {
  let fraction = turn - Math.floor(turn);
  if (fraction > 0.75) fraction -= 1;
  else if (fraction > 0.25) fraction = 0.5 - fraction;
  const angle = fraction * 6.283185307179586;
  const square = angle * angle;
  let series = 1;
  for (let term = 21; term >= 3; term -= 2) series = 1 - (square / (term * (term - 1))) * series;
  return angle * series;
}
