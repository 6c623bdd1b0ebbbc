/**
 * The price of idleness. Time and wake-ups are gathered per state and multiplied by their prices only at the end, so that
 * whole inputs give whole, exact results. The offline optimum takes for each idle period the cheapest line
 * `power · length + wakeCost` over all states: it knows when the period will end and goes straight to the best state.
 */
import { AWAKE, type Policy, type SleepState } from './contract.js';

export interface IdleCost {
  /** Null for a policy without a cost model. */
  readonly total: number | null;
  /** Per state: power times idle ms in it, plus its wake-ups; the parts sum to the total. */
  readonly byState: Readonly<Record<string, number>>;
}

export class IdleAccount {
  readonly #states: readonly SleepState[];
  readonly stateMs: Float64Array;
  readonly #wakes: Float64Array;
  readonly #bestMs: Float64Array;
  readonly #bestPeriods: Float64Array;

  constructor(states: readonly SleepState[]) {
    this.#states = states;
    this.stateMs = new Float64Array(states.length);
    this.#wakes = new Float64Array(states.length);
    this.#bestMs = new Float64Array(states.length);
    this.#bestPeriods = new Float64Array(states.length);
  }

  /** The system idled in a state for some ms. */
  spend(state: number, ms: number): void {
    this.stateMs[state] = (this.stateMs[state] ?? 0) + ms;
  }

  /** An idle period ended, or a wake-up was made, out of this state. */
  wake(state: number): void {
    this.#wakes[state] = (this.#wakes[state] ?? 0) + 1;
  }

  /** A whole idle period as the optimum sees it. */
  period(ms: number): void {
    const best = cheapestState(this.#states, ms);
    this.#bestMs[best] = (this.#bestMs[best] ?? 0) + ms;
    this.#bestPeriods[best] = (this.#bestPeriods[best] ?? 0) + 1;
  }

  cost(policy: Policy): IdleCost {
    if (policy.costing === 'none') return { total: null, byState: {} };
    const byState = price(this.#states, this.stateMs, this.#wakes);
    return { total: byState.reduce((sum, part) => sum + part, 0), byState: named(this.#states, byState) };
  }

  optimum(policy: Policy): number | null {
    if (policy.costing !== 'idle') return null;
    return price(this.#states, this.#bestMs, this.#bestPeriods).reduce((sum, part) => sum + part, 0);
  }
}

function price(states: readonly SleepState[], ms: Float64Array, wakes: Float64Array): number[] {
  return states.map(({ power, wakeCost }, index) => power * (ms[index] ?? 0) + wakeCost * (wakes[index] ?? 0));
}

/** Values by the states' names. */
export function named(states: readonly SleepState[], values: ArrayLike<number>): Record<string, number> {
  return Object.fromEntries(states.map(({ name }, index) => [name, values[index] ?? 0]));
}

/** The state whose line is cheapest for an idle period of that length; AWAKE when nothing is cheaper. */
export function cheapestState(states: readonly SleepState[], ms: number): number {
  let best = AWAKE;
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < states.length; index++) {
    const { power, wakeCost } = states[index] as SleepState;
    const cost = power * ms + wakeCost;
    if (cost < least) {
      least = cost;
      best = index;
    }
  }
  return best;
}
