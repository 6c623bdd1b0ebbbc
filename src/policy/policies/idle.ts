/** Policies that decide from the present idle period alone, with a timeout or a ladder of them. */
import { AWAKE, NEVER, type Policy, type SleepState } from '../contract.js';
import { definePolicy } from '../define.js';
import { cheapestState } from '../idleCost.js';
import { descendingPolicy, type Step } from './descent.js';
import { envelopeSteps } from './envelope.js';
import { worstRatio } from './ratio.js';

interface Idle {
  readonly spec: string;
  readonly states: readonly SleepState[];
}

/** Never sleeps: what every other policy is measured against. */
export function alwaysAwakePolicy({ spec, states }: Idle): Policy<null> {
  return definePolicy({
    spec,
    states,
    worstRatio: worstRatio(states, []),
    memory: null,
    decide: () => ({ state: AWAKE, timerMs: NEVER, reason: 'always', memory: null }),
  });
}

/** Follows the same steps in every idle period. */
function stepsPolicy({ spec, states }: Idle, steps: readonly Step[]): Policy {
  return descendingPolicy({
    spec,
    states,
    worstRatio: worstRatio(states, steps),
    lesson: null,
    plan: () => steps,
  });
}

/** Goes down into the nth sleep state after the nth of the given idle times; with one of them the plain timeout. */
export function ladderPolicy(idle: Idle, timesMs: readonly number[]): Policy {
  return stepsPolicy(
    idle,
    timesMs.map((afterMs, index) => ({ afterMs, state: index + 1, reason: 'timeout' })),
  );
}

/** Goes down where the states' cost lines cross. */
export function envelopePolicy(idle: Idle): Policy {
  return stepsPolicy(idle, envelopeSteps(idle.states));
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
