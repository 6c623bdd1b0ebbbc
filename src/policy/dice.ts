/**
 * Randomness, all of it from seeds. A stream is an xoroshiro128+ generator (pure-rand) moved to its own far-off place by
 * jumps of 2^64 draws, so that arrivals, services and replications never share numbers: changing the policy changes
 * no arrival (common random numbers).
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { ln } from './numerics.js';

/** Numbers from 0 up to and without 1, in an order fixed by seed and stream. */
export type Dice = () => number;

/** The stream of that number (from 0) of a seed, a whole number from 0 to 2^32 - 1. */
export function rollDice(seed: number, stream: number): Dice {
  const generator = xoroshiro128plus(seed | 0);
  for (let jump = 0; jump <= stream; jump++) generator.jump();
  return () => uniformFloat64(generator);
}

/** The nth uniform number of a seed without any state between draws, for policies: their memory holds only n. */
export function uniformAt(seed: number, n: number): number {
  const low = scramble((seed + Math.imul(n + 1, 0x9e3779b9)) | 0);
  const high = scramble(low ^ scramble((seed ^ Math.floor(n / 2 ** 32) ^ 0x5851f42d) | 0));
  return ((high >>> 6) * 2 ** 27 + (low >>> 5)) / 2 ** 53;
}

/** A length of that mean, exponentially distributed, from a uniform number. */
export function exponential(mean: number, uniform: number): number {
  return uniform === 0 ? 0 : -mean * ln(1 - uniform);
}

/** The finaliser of MurmurHash3: every input bit changes every output bit with probability one half. */
function scramble(bits: number): number {
  let hash = bits;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
