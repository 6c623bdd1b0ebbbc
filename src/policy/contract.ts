/**
 * What a sleep policy is: a plain object that is told what happened and answers what holds from now on. It knows nothing
 * of who drives it: the simulator with its virtual clock and the running runtime ask it the same questions.
 *
 * A decision is whole, not a difference: the state to be in, the one timer that is armed, why, and the policy's memory.
 * Asking twice with the same event and memory gives the same answer; memory is plain data (JSON), so that a driver can
 * store it, replay it, or run a rival policy in the shadow.
 */

/** Index of the awake state in every policy's `states`; all others are sleep states, shallowest first. */
export const AWAKE = 0;

/** No timer is armed. */
export const NEVER: number = Number.POSITIVE_INFINITY;

/** One state that the system may idle in, with its prices. Costs are in the user's own unit, never in joules. */
export interface SleepState {
  readonly name: string;
  /** Cost of one idle ms in this state. */
  readonly power: number;
  /** Cost of one wake-up from this state. */
  readonly wakeCost: number;
  /** Time from the decision to wake until work starts, in ms. */
  readonly wakeMs: number;
  /** True: records that arrive in this state are refused (a loss system, as DEEP); false: they wait (as NAP). */
  readonly refuses: boolean;
}

/** What the policy is told. At one instant departures come first, then arrivals, then the timer. */
export interface PolicyEvent {
  /**
   * `arrival`: a record came. `drained`: the system is awake and has nothing to do, because the last record was served or
   * because a wake-up found none. `timer`: the armed timer fired.
   */
  readonly kind: 'arrival' | 'drained' | 'timer';
  /** Time of the event on the driver's clock, in ms; never decreasing. */
  readonly atMs: number;
  /** Records in the system, waiting or in service; an arrival counts itself unless it was refused. */
  readonly waiting: number;
  /** Records that came with an `arrival`: 1 in a trace, all those of one turn in a running instance; 0 for other events. */
  readonly count: number;
  /** The state the system is in; AWAKE while it works or wakes up. */
  readonly state: number;
  /** When the next record will come (NEVER after the last): told to clairvoyant policies only, null to all others. */
  readonly nextArrivalMs: number | null;
}

/** What holds from now on. */
export interface Decision<Memory> {
  /** The state to be in. A system that is busy finishes its work first: it asks again when it has drained. */
  readonly state: number;
  /** When to be asked again if nothing else happens, in ms on the driver's clock; NEVER for no timer. */
  readonly timerMs: number;
  /** Why, in one word that is counted: `timeout`, `arrival`, `full`, … */
  readonly reason: string;
  readonly memory: Memory;
}

/**
 * How a policy is paid for. `idle`: every arrival wakes it, so that idle periods do not depend on the policy and the
 * offline optimum is the least cost over the same periods. `states`: it may let work wait, so its time in each state has
 * a price but no optimum. `none`: no cost model, delays only.
 */
export type Costing = 'idle' | 'states' | 'none';

/** A sleep policy; see `definePolicy` for writing one's own. */
export interface Policy<Memory = unknown> {
  /** The text that names it, as in `timeout:5000`. */
  readonly spec: string;
  readonly states: readonly SleepState[];
  readonly costing: Costing;
  /** Proven worst ratio of cost to the offline optimum (in expectation for a randomised policy); null: none is proven. */
  readonly worstRatio: number | null;
  /** True: it asks for `nextArrivalMs`, so that it can be simulated and never run live. */
  readonly clairvoyant: boolean;
  /** What holds when the clock starts. */
  start(atMs: number): Decision<Memory>;
  /** What holds after an event. Pure: no clock, no randomness but what memory carries, no change to its arguments. */
  decide(event: PolicyEvent, memory: Memory): Decision<Memory>;
}

/** The awake state where nothing else is said: one cost unit per idle ms. */
export const AWAKE_STATE: SleepState = { name: 'awake', power: 1, wakeCost: 0, wakeMs: 0, refuses: false };

/** A free sleep state with the given wake cost. */
export function asleepState(wakeCost: number): SleepState {
  return { name: 'asleep', power: 0, wakeCost, wakeMs: 0, refuses: false };
}
