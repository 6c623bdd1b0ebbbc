/** Writing one's own policy: say what happens on an event, leave the rest to sensible defaults. */
import { LtlError } from '../words/errors.js';
import { AWAKE, AWAKE_STATE, asleepState, type Decision, NEVER, type Policy } from './contract.js';

/** A policy's own part. `start` is awake without a timer when it is left out, with `memory` as its first memory. */
export type PolicyDefinition<Memory> = Pick<Policy<Memory>, 'spec' | 'decide'> &
  Partial<Omit<Policy<Memory>, 'spec' | 'decide'>> & { readonly memory: Memory };

/**
 * Completes and checks a policy. States default to awake (1 per idle ms) and a free sleep without wake cost, costing to
 * `idle`, the proven ratio to null. Throws E_POLICY when the states make no sense.
 */
export function definePolicy<Memory>(definition: PolicyDefinition<Memory>): Policy<Memory> {
  const { memory, ...given } = definition;
  const policy: Policy<Memory> = {
    states: [AWAKE_STATE, asleepState(0)],
    costing: 'idle',
    worstRatio: null,
    clairvoyant: false,
    start: (): Decision<Memory> => ({ state: AWAKE, timerMs: NEVER, reason: 'start', memory }),
    ...given,
  };
  checkStates(policy);
  return policy;
}

function checkStates({ spec, states }: Pick<Policy, 'spec' | 'states'>): void {
  if (states.length === 0) throw new LtlError('E_POLICY', `${spec} has no states; the first is awake`);
  if (states[AWAKE]?.refuses === true) throw new LtlError('E_POLICY', `${spec} refuses records while awake`);
  const names = new Set<string>();
  for (const { name, power, wakeCost, wakeMs } of states) {
    if (names.has(name)) throw new LtlError('E_POLICY', `${spec} has two states named ${name}`);
    names.add(name);
    if (![power, wakeCost, wakeMs].every((price) => Number.isFinite(price) && price >= 0))
      throw new LtlError('E_POLICY', `${spec}: power, wake cost and wake-up time of ${name} are numbers from 0`);
  }
}
