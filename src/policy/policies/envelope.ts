/** The lower envelope of the states' cost lines `power · t + wakeCost`: which state is cheapest for each idle length. */
import type { SleepState } from '../contract.js';
import type { Step } from './descent.js';

/**
 * The steps of the policy that is always in the state whose line is lowest at the present length of idleness. States that
 * lie nowhere on the envelope are left out. With two states this is break-even; the cost never exceeds twice the optimum
 * (Irani, Shukla, Gupta, "Online strategies for dynamic power management in systems with multiple power-saving states",
 * ACM Transactions on Embedded Computing Systems 2(3), 2003).
 */
export function envelopeSteps(states: readonly SleepState[]): readonly Step[] {
  const steps: Step[] = [];
  let index = 0;
  for (;;) {
    const next = nextOnEnvelope(states, index);
    if (next === null) return steps;
    steps.push({ ...next, reason: 'crossing' });
    index = next.state;
  }
}

/** The deeper line that crosses this one first; of several that cross at once the flattest. */
function nextOnEnvelope(states: readonly SleepState[], from: number): { afterMs: number; state: number } | null {
  const here = states[from];
  let best: { afterMs: number; state: number } | null = null;
  for (let state = from + 1; here !== undefined && state < states.length; state++) {
    const there = states[state] as SleepState;
    if (there.power >= here.power) continue;
    const afterMs = Math.max(0, (there.wakeCost - here.wakeCost) / (here.power - there.power));
    if (best === null || afterMs <= best.afterMs) best = { afterMs, state };
  }
  return best;
}

/** Idle length from which leaving the awake state pays; NEVER when no state is cheaper at any length. */
export function breakEvenMs(states: readonly SleepState[]): number {
  return envelopeSteps(states)[0]?.afterMs ?? Number.POSITIVE_INFINITY;
}
