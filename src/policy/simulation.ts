/**
 * The discrete-event simulation of one server that sleeps and wakes as a policy says. Arrivals are pushed in order; the
 * clock is virtual and jumps from event to event. It is deterministic: nothing here reads a clock or draws a number.
 *
 * At one instant departures and finished wake-ups come first, then arrivals, then the policy's timer. Work of zero length
 * is done on the spot. So an idle period that ends exactly at a timeout does not sleep, a record on the boundary of a
 * vacation is handled by that wake-up, and the Nth record flushes at its own time.
 */
import { Backlog } from './backlog.js';
import { AWAKE, type Decision, NEVER, type Policy, type PolicyEvent } from './contract.js';
import { Governor } from './governor.js';
import { IdleAccount } from './idleCost.js';
import { ARRIVE, ASLEEP, BUSY, DRAIN, IDLE, nextPhase, SLEEP, UP, WAKE } from './phases.js';
import { Tally } from './tally.js';

/** Service time of a record in ms, from its size; the simulation asks once a record, in order of service. */
export type Service = (bytes: number) => number;

export interface SimulationOptions {
  /** Service times; none means that work takes no time. */
  readonly service?: Service | null;
  /** Keep at most so many transitions (default 0). */
  readonly transitionsMax?: number;
  /** Forget all statistics gathered before this record (counted from 0), so that the empty start does not bias means. */
  readonly warmUpRecords?: number;
}

export class Simulation {
  readonly policy: Policy;
  readonly #governor: Governor;
  readonly #service: Service | null;
  #warmUpRecords: number;
  #account: IdleAccount;
  #tally: Tally;
  readonly #backlog = new Backlog();

  #nowMs = 0;
  #phase: number = IDLE;
  #state: number = AWAKE;
  #workMs = NEVER;
  #inSystem = 0;
  #servedArrivalMs = 0;
  #idleFromMs = Number.NaN;
  #spentToMs = Number.NaN;
  #wokeMs = Number.NaN;

  #held = false;
  #heldMs = 0;
  #heldBytes = 0;
  #upcomingMs = NEVER;

  constructor(policy: Policy, options: SimulationOptions = {}) {
    this.policy = policy;
    this.#service = options.service ?? null;
    this.#warmUpRecords = options.warmUpRecords ?? 0;
    this.#account = new IdleAccount(policy.states);
    this.#tally = new Tally(options.transitionsMax ?? 0);
    this.#governor = new Governor(policy, 0);
    if (this.#governor.wanted.state !== AWAKE) this.#fallAsleep(this.#governor.wanted);
  }

  /** The next record; times never decrease. A clairvoyant policy is always one record behind, to be told the next. */
  arrive(atMs: number, bytes: number): void {
    if (!this.policy.clairvoyant) {
      this.#admit(atMs, bytes);
      return;
    }
    if (this.#held) this.#admitHeld(atMs);
    this.#held = true;
    this.#heldMs = atMs;
    this.#heldBytes = bytes;
  }

  /** What has been counted so far. */
  get tally(): Tally {
    return this.#tally;
  }

  /** Runs on until nothing waits or nothing more would happen; then the results. */
  finish(): { readonly tally: Tally; readonly account: IdleAccount } {
    if (this.#held) this.#admitHeld(NEVER);
    this.#held = false;
    while (this.#inSystem > 0) {
      if (Math.min(this.#workMs, this.#governor.wanted.timerMs) === NEVER) break;
      this.#step();
    }
    this.#spend();
    this.#tally.close(this.#nowMs, this.#state !== AWAKE, this.#inSystem);
    return { tally: this.#tally, account: this.#account };
  }

  #admitHeld(nextMs: number): void {
    this.#upcomingMs = this.#heldMs;
    this.#advance(this.#heldMs);
    this.#upcomingMs = nextMs;
    this.#admit(this.#heldMs, this.#heldBytes);
  }

  #admit(atMs: number, bytes: number): void {
    this.#advance(atMs);
    this.#nowMs = atMs;
    if (this.#tally.records === 0) this.#spentToMs = atMs;
    else if (this.#tally.records === this.#warmUpRecords) this.#forget();
    this.#tally.arrived(atMs, bytes);
    this.#endIdlePeriod();
    if (this.policy.states[this.#state]?.refuses === true) {
      this.#tally.refusals++;
      this.#idleFromMs = atMs;
      this.#ask('arrival');
      return;
    }
    this.#tally.population(atMs, this.#inSystem++);
    const idle = this.#phase === IDLE;
    if (idle) {
      this.#spend();
      this.#phase = nextPhase(this.#phase, ARRIVE, true);
    }
    this.#backlog.push(atMs, bytes);
    if (!idle) this.#tally.waiting(this.#backlog.count, this.#backlog.bytes);
    this.#ask('arrival');
    if (idle) this.#serve();
  }

  /** Everything that happens before an arrival at that time. */
  #advance(toMs: number): void {
    for (;;) {
      const { timerMs } = this.#governor.wanted;
      if (timerMs >= toMs && (this.#workMs > toMs || this.#workMs > timerMs)) return;
      this.#step();
    }
  }

  /** The next departure, finished wake-up or timer; work before the timer at the same instant. */
  #step(): void {
    const { timerMs } = this.#governor.wanted;
    if (this.#workMs > timerMs) {
      this.#nowMs = timerMs;
      this.#ask('timer');
      return;
    }
    this.#nowMs = this.#workMs;
    this.#workMs = NEVER;
    if (this.#phase === BUSY) {
      this.#depart();
      this.#serve();
    } else this.#rise();
  }

  /** Serves from the head of the backlog until a service takes time or nothing is left. */
  #serve(): void {
    while (this.#backlog.count > 0) {
      const bytes = this.#backlog.headBytes;
      this.#servedArrivalMs = this.#backlog.headAtMs;
      this.#backlog.shift();
      const serviceMs = this.#service === null ? 0 : this.#service(bytes);
      this.#tally.served(this.#nowMs - this.#servedArrivalMs, serviceMs);
      if (serviceMs > 0) {
        this.#workMs = this.#nowMs + serviceMs;
        return;
      }
      this.#depart();
    }
    this.#phase = nextPhase(this.#phase, DRAIN, false);
    this.#idleFromMs = this.#nowMs;
    this.#tally.emptied(this.#nowMs, this.#wokeMs);
    this.#idle();
  }

  /** A wake-up is finished. */
  #rise(): void {
    this.#phase = nextPhase(this.#phase, UP, this.#inSystem > 0);
    if (this.#phase === BUSY) this.#serve();
    else this.#idle();
  }

  #idle(): void {
    this.#wokeMs = Number.NaN;
    this.#spentToMs = this.#tally.records === 0 ? Number.NaN : this.#nowMs;
    this.#ask('drained');
  }

  #depart(): void {
    this.#tally.population(this.#nowMs, this.#inSystem--);
    this.#tally.departed(this.#nowMs - this.#servedArrivalMs);
  }

  #ask(kind: PolicyEvent['kind']): void {
    const upcomingMs = this.policy.clairvoyant ? this.#upcomingMs : null;
    const decision = this.#governor.tell(kind, this.#nowMs, this.#inSystem, this.#state, upcomingMs);
    if (decision.state === this.#state) return;
    if (decision.state === AWAKE) this.#wakeUp(decision.reason);
    else this.#fallAsleep(decision);
  }

  /** A busy or waking system ignores it: it finishes its work and asks again when it has drained. */
  #fallAsleep(decision: Decision<unknown>): void {
    const phase = nextPhase(this.#phase, SLEEP, false);
    if (phase < 0) return;
    this.#spend();
    this.#tally.slept(this.#nowMs, this.#state, decision);
    this.#phase = phase;
    this.#state = decision.state;
  }

  #wakeUp(reason: string): void {
    this.#spend();
    const from = this.#state;
    this.#account.wake(from);
    this.#tally.woke(this.#nowMs, from, reason);
    this.#state = AWAKE;
    this.#wokeMs = this.#nowMs;
    this.#phase = nextPhase(this.#phase, WAKE, false);
    const wakeMs = this.policy.states[from]?.wakeMs ?? 0;
    if (wakeMs > 0) this.#workMs = this.#nowMs + wakeMs;
    else this.#rise();
  }

  /** Time in the present state up to now, when the system is neither working nor waking up. */
  #spend(): void {
    if (this.#phase === IDLE || this.#phase === ASLEEP) {
      if (this.#nowMs > this.#spentToMs) this.#account.spend(this.#state, this.#nowMs - this.#spentToMs);
      if (this.#nowMs >= this.#spentToMs) this.#spentToMs = this.#nowMs;
    }
  }

  /** An arrival ends the idle period; one that ends awake pays the awake state's own wake cost, which is mostly 0. */
  #endIdlePeriod(): void {
    if (Number.isNaN(this.#idleFromMs)) return;
    this.#account.period(this.#nowMs - this.#idleFromMs);
    this.#idleFromMs = Number.NaN;
    if (this.#state === AWAKE) this.#account.wake(AWAKE);
  }

  #forget(): void {
    this.#warmUpRecords = 0;
    this.#spend();
    this.#account = new IdleAccount(this.policy.states);
    this.#tally = this.#tally.restarted(this.#nowMs);
    this.#idleFromMs = Number.NaN;
  }
}
