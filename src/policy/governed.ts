/**
 * A system under a policy whose work is done by somebody else: the core of a live run. It keeps the phase by the same table
 * and asks the same governor as the simulation does, but is told when work has come and when it is done. It has no clock
 * and does nothing: whoever drives it says the time, and reads from it the state to be in and the next timer.
 *
 * Events are told in order of time. Before each of them the timers that were due are told, at their due times and not when
 * somebody found the time for them: so the log does not depend on how late a thread was, and a simulation of the same
 * arrivals and drains comes to the same decisions.
 *
 * Nothing departs before all has: `waiting` counts what has come since the system last had nothing to do.
 */
import { AWAKE, type Decision, type Policy, type PolicyEvent } from './contract.js';
import { Governor } from './governor.js';
import { ARRIVE, ASLEEP, BUSY, DRAIN, IDLE, nextPhase, SLEEP, UP, WAKE } from './phases.js';
import type { Transition } from './tally.js';

/** Who hears what happens in the order in which it does. */
export interface GovernedObserver {
  /** A timer of the policy, at its due time. */
  fired(dueMs: number): void;
  /** A change of state, at the time that counts for the policy. */
  changed(change: Transition): void;
}

export class GovernedSystem {
  readonly policy: Policy;
  readonly #governor: Governor;
  readonly #observer: GovernedObserver;
  #phase: number = IDLE;
  #state: number = AWAKE;
  #waiting = 0;
  #firedMs: number = Number.NEGATIVE_INFINITY;
  /** Of the last change; the policy's first reason until there was one. */
  #change: Transition;

  constructor(policy: Policy, startMs: number, observer: GovernedObserver) {
    this.policy = policy;
    this.#observer = observer;
    this.#governor = new Governor(policy, startMs);
    const { wanted } = this.#governor;
    this.#change = { atMs: startMs, from: AWAKE, to: AWAKE, reason: wanted.reason };
    if (wanted.state !== AWAKE) this.#fallAsleep(startMs, wanted);
  }

  /** Index of the state in the policy's states; AWAKE while it works or wakes up. */
  get state(): number {
    return this.#state;
  }
  /** Records that have come since the system last had nothing to do. */
  get waiting(): number {
    return this.#waiting;
  }
  /** True while there is work, or a wake-up, whose end is to be told with `drained`. */
  get isBusy(): boolean {
    return this.#phase !== IDLE && this.#phase !== ASLEEP;
  }
  /** When the next timer is due; NEVER for none. */
  get timerMs(): number {
    return this.#governor.wanted.timerMs;
  }
  /** What the policy said last, whether or not it changed anything. */
  get wanted(): Decision<unknown> {
    return this.#governor.wanted;
  }
  /** Since when the system is in its state, and why. */
  get change(): Transition {
    return this.#change;
  }
  /** When the last timer fired: whatever else happens is later. */
  get firedMs(): number {
    return this.#firedMs;
  }

  /** Tells the timers that are due before that time: at one instant arrivals and drains come before the timer. */
  advance(toMs: number): void {
    while (this.timerMs < toMs) this.#fire();
  }

  /** So many records came at once. In a state that refuses they are turned away. */
  arrive(atMs: number, count: number): void {
    this.advance(atMs);
    if (this.policy.states[this.#state]?.refuses !== true) {
      this.#waiting += count;
      if (this.#phase === IDLE) this.#phase = nextPhase(IDLE, ARRIVE, true);
    }
    this.#ask('arrival', atMs, count);
  }

  /** All work is done, or the wake-up is finished and found none. Only while busy. */
  drained(atMs: number): void {
    this.advance(atMs);
    if (!this.isBusy) return;
    if (this.#phase !== BUSY) this.#phase = nextPhase(this.#phase, UP, this.#waiting > 0);
    if (this.#phase === BUSY) this.#phase = nextPhase(BUSY, DRAIN, false);
    this.#waiting = 0;
    this.#ask('drained', atMs, 0);
  }

  /** Somebody else woke the system; the policy is asked when it has drained. */
  wake(atMs: number, reason: string): void {
    this.advance(atMs);
    if (this.#phase === ASLEEP) this.#wakeUp(atMs, reason);
  }

  /** Tells the timers that are due by then. */
  tick(nowMs: number): void {
    while (this.timerMs <= nowMs) this.#fire();
  }

  #fire(): void {
    const dueMs = this.timerMs;
    this.#firedMs = dueMs;
    this.#observer.fired(dueMs);
    this.#ask('timer', dueMs, 0);
  }

  #ask(kind: PolicyEvent['kind'], atMs: number, count: number): void {
    const decision = this.#governor.tell(kind, atMs, this.#waiting, this.#state, null, count);
    if (decision.state === this.#state) return;
    if (decision.state === AWAKE) this.#wakeUp(atMs, decision.reason);
    else this.#fallAsleep(atMs, decision);
  }

  /** A busy or waking system ignores it: it finishes its work and asks again when it has drained. */
  #fallAsleep(atMs: number, { state, reason }: Decision<unknown>): void {
    const phase = nextPhase(this.#phase, SLEEP, false);
    if (phase < 0) return;
    this.#phase = phase;
    this.#changed(atMs, state, reason);
  }

  #wakeUp(atMs: number, reason: string): void {
    this.#phase = nextPhase(this.#phase, WAKE, false);
    this.#changed(atMs, AWAKE, reason);
  }

  #changed(atMs: number, to: number, reason: string): void {
    this.#change = { atMs, from: this.#state, to, reason };
    this.#state = to;
    this.#observer.changed(this.#change);
  }
}
