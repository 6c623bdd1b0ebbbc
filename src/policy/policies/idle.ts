/** Policies that decide from the present idle period alone, with a timeout or a ladder of them. */
import { AWAKE, NEVER, type Policy, type SleepState } from '../contract.js';
import { definePolicy } from '../define.js';
import { cheapestState } from '../idleCost.js';
import { descendingPolicy, type Step } from './descent.js';
import { envelopeSteps } from './envelope.js';

interface Idle {
  readonly spec: string;
  readonly states: readonly SleepState[];
}

/** Never sleeps: what every other policy is measured against. */
export function alwaysAwakePolicy({ spec, states }: Idle): Policy<null> {
  return definePolicy({
    spec,
    states,
    worstRatio: states.length === 1 ? 1 : null,
    memory: null,
    decide: () => ({ state: AWAKE, timerMs: NEVER, reason: 'always', memory: null }),
  });
}

/** Follows the same steps in every idle period. */
export function stepsPolicy({ spec, states }: Idle, steps: readonly Step[], worstRatio: number | null): Policy {
  return descendingPolicy({ spec, states, worstRatio, lesson: null, plan: () => steps });
}

/** Sleeps after T idle ms. */
export function timeoutPolicy(idle: Idle, timeoutMs: number): Policy {
  return stepsPolicy(idle, [{ afterMs: timeoutMs, state: 1, reason: 'timeout' }], timeoutRatio(timeoutMs, idle.states));
}

/** Goes down where the states' cost lines cross. */
export function envelopePolicy(idle: Idle): Policy {
  return stepsPolicy(idle, envelopeSteps(idle.states), 2);
}

/** The offline optimum as a policy: it is told when the next record comes and goes straight to the cheapest state. */
export function oraclePolicy({ spec, states }: Idle): Policy<null> {
  return definePolicy({
    spec,
    states,
    worstRatio: 1,
    clairvoyant: true,
    memory: null,
    decide: ({ kind, atMs, nextArrivalMs }) => {
      const sleeps = kind === 'drained' && nextArrivalMs !== null;
      const state = sleeps ? cheapestState(states, nextArrivalMs - atMs) : AWAKE;
      return { state, timerMs: NEVER, reason: kind === 'drained' ? 'foresight' : 'arrival', memory: null };
    },
  });
}

/**
 * Worst ratio of a timeout T against the optimum with break-even length B. The adversary ends the idle period just after
 * the timeout: (T + B) / min(T, B). It is 2 at T = B and grows on both sides; null (unbounded) when T or B is 0.
 */
function timeoutRatio(timeoutMs: number, states: readonly SleepState[]): number | null {
  const [awake, asleep] = states;
  if (awake === undefined || asleep === undefined || asleep.power !== 0 || awake.wakeCost !== 0 || awake.power === 0)
    return null;
  const breakEven = asleep.wakeCost / awake.power;
  const least = Math.min(timeoutMs, breakEven);
  return least === 0 ? null : (timeoutMs + breakEven) / least;
}
