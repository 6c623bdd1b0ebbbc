/**
 * The one who asks the policy: keeps its memory, the timer that it armed and what it wants, and refuses an answer that makes
 * no sense. The simulator drives a governor on its virtual clock; a driver of the running runtime drives one on the real
 * clock, and any number of them in the shadow. Its whole state is a snapshot, plain JSON.
 *
 * Single-threaded; a driver tells events in order of time, and at one instant departures first, then arrivals, then the timer.
 */
import { LtlError } from '../words/errors.js';
import { type Decision, NEVER, type Policy, type PolicyEvent } from './contract.js';

/** A governor between two events. */
export interface GovernorSnapshot {
  /** The policy's own text: a snapshot fits only the policy that it was taken from. */
  readonly spec: string;
  /** Null for no timer. */
  readonly timerMs: number | null;
  readonly state: number;
  readonly reason: string;
  readonly memory: unknown;
}

/** Timers in a row at one instant before the policy is said to be stuck. */
const STALLS_MAX = 10_000;

export class Governor {
  readonly policy: Policy;
  #wanted: Decision<unknown>;
  #firedMs: number = Number.NEGATIVE_INFINITY;
  #stalls = 0;

  constructor(policy: Policy, startMs: number) {
    this.policy = policy;
    this.#wanted = this.#checked(policy.start(startMs), startMs);
  }

  /** What holds now: the state to be in, when to tell it `timer` (NEVER for not at all), and why. */
  get wanted(): Decision<unknown> {
    return this.#wanted;
  }

  /**
   * Tells what happened; the answer holds from now on. `timer` is told at `wanted.timerMs` and at no other time.
   * Throws E_POLICY when the policy arms a timer in the past, names a state that it has not, or never lets time go on.
   */
  tell(
    kind: PolicyEvent['kind'],
    atMs: number,
    waiting: number,
    state: number,
    nextArrivalMs: number | null = null,
    count: number = kind === 'arrival' ? 1 : 0,
  ): Decision<unknown> {
    if (kind === 'timer') this.#fire(atMs);
    const decision = this.policy.decide({ kind, atMs, waiting, count, state, nextArrivalMs }, this.#wanted.memory);
    this.#wanted = this.#checked(decision, atMs);
    return decision;
  }

  snapshot(): GovernorSnapshot {
    const { state, reason, memory, timerMs } = this.#wanted;
    return { spec: this.policy.spec, timerMs: timerMs === NEVER ? null : timerMs, state, reason, memory };
  }

  /** Goes on from a snapshot. Throws E_POLICY when it was taken from another policy. */
  restore({ spec, timerMs, ...rest }: GovernorSnapshot): void {
    if (spec !== this.policy.spec)
      throw new LtlError('E_POLICY', `a snapshot of ${spec} does not fit ${this.policy.spec}`);
    this.#wanted = { ...rest, timerMs: timerMs ?? NEVER };
  }

  #fire(atMs: number): void {
    if (atMs > this.#firedMs) this.#stalls = 0;
    else if (++this.#stalls > STALLS_MAX)
      throw new LtlError('E_POLICY', `${this.policy.spec} fires its timer at ${atMs} ms for ever`);
    this.#firedMs = atMs;
  }

  #checked(decision: Decision<unknown>, atMs: number): Decision<unknown> {
    if (decision.timerMs < atMs)
      throw new LtlError('E_POLICY', `${this.policy.spec} arms its timer in the past, at ${decision.timerMs} ms`);
    if (this.policy.states[decision.state] === undefined)
      throw new LtlError('E_POLICY', `${this.policy.spec} has no state ${decision.state}`);
    return decision;
  }
}
