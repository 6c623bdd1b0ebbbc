/** The worst ratio of a plan of steps to the offline optimum, worked out exactly from the states' cost lines. */
import type { SleepState } from '../contract.js';
import type { Step } from './descent.js';

/**
 * Between two steps the cost is a line a + b·t and the optimum is concave. On a piece o + s·t of the optimum the ratio grows
 * where b·o > s·a, and from piece to piece o grows and s falls: so the ratio falls first and grows then, and its supremum lies
 * just after or before a step, or at infinity. Null when it is unbounded.
 */
export function worstRatio(states: readonly SleepState[], steps: readonly Step[]): number | null {
  let worst = 1;
  const meet = (cost: number, optimum: number): void => {
    if (cost > 0) worst = Math.max(worst, optimum === 0 ? Number.POSITIVE_INFINITY : cost / optimum);
  };
  const walk = walked(states, steps);
  for (const { fromMs, toMs, spent, state } of walk) {
    for (const atMs of [fromMs, toMs]) {
      if (atMs === Number.POSITIVE_INFINITY) continue;
      meet(spent + state.power * (atMs - fromMs) + state.wakeCost, optimumOf(states, atMs));
    }
  }
  const powerLeast = Math.min(...states.map(({ power }) => power));
  const last = walk.at(-1);
  if (last !== undefined && last.state.power > powerLeast) meet(last.state.power, powerLeast);
  // Twelve digits are more than a bound needs, and hide the rounding of the divisions above.
  return Number.isFinite(worst) ? Number(worst.toPrecision(12)) : null;
}

interface Stay {
  readonly fromMs: number;
  readonly toMs: number;
  readonly spent: number;
  readonly state: SleepState;
}

function walked(states: readonly SleepState[], steps: readonly Step[]): Stay[] {
  const stays: Stay[] = [];
  let fromMs = 0;
  let spent = 0;
  let state = states[0] as SleepState;
  for (const step of steps) {
    stays.push({ fromMs, toMs: step.afterMs, spent, state });
    spent += state.power * (step.afterMs - fromMs);
    fromMs = step.afterMs;
    state = states[step.state] as SleepState;
  }
  stays.push({ fromMs, toMs: Number.POSITIVE_INFINITY, spent, state });
  return stays;
}

function optimumOf(states: readonly SleepState[], idleMs: number): number {
  return Math.min(...states.map(({ power, wakeCost }) => power * idleMs + wakeCost));
}
