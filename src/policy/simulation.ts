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
  /**
   * Time from an arrival at an idle, awake system until it is taken up, in ms (default 0). What comes meanwhile is taken up
   * with it, in one pass; what comes during a pass is taken up so long after its end. Without it work is taken up as it comes.
   */
  readonly pickUpMs?: number;
  /** Keep each record's time from its arrival until the end of its pass (default false). */
  readonly keepsVisibility?: boolean;
  /**
   * Recorded times at which the system had drained, in order: they take the place of service and wake-up times, so that work
   * or a wake-up that begins ends at the next of them, and never when there is none.
   */
  readonly drainsMs?: readonly number[];
  /** Told of each of the policy's timers as it fires. */
  readonly onTimer?: (atMs: number) => void;
}

export class Simulation {
  readonly policy: Policy;
  readonly #governor: Governor;
  readonly #service: Service | null;
  readonly #pickUpMs: number;
  readonly #drainsMs: readonly number[] | null;
  #drain = 0;
  readonly #onTimer: ((atMs: number) => void) | null;
  #warmUpRecords: number;
  #account: IdleAccount;
  #tally: Tally;
  readonly #backlog = new Backlog();

  #nowMs = 0;
  #phase: number = IDLE;
  #state: number = AWAKE;
  #workMs = NEVER;
  /** Work has come and is not taken up yet. */
  #pickingUp = false;
  /** Records that the present pass has still to serve. */
  #passLeft = 0;
  #inSystem = 0;
  #servedArrivalMs = 0;
  #idleFromMs = Number.NaN;
  #spentToMs = Number.NaN;
  #wokeMs = Number.NaN;

  #held = false;
  #heldMs = 0;
  #heldBytes = 0;
  #heldCount = 1;
  #upcomingMs = NEVER;

  constructor(policy: Policy, options: SimulationOptions = {}) {
    this.policy = policy;
    this.#service = options.service ?? null;
    this.#pickUpMs = options.pickUpMs ?? 0;
    this.#drainsMs = options.drainsMs ?? null;
    this.#onTimer = options.onTimer ?? null;
    this.#warmUpRecords = options.warmUpRecords ?? 0;
    this.#account = new IdleAccount(policy.states);
    this.#tally = new Tally(options.transitionsMax ?? 0, options.keepsVisibility);
    this.#governor = new Governor(policy, 0);
    if (this.#governor.wanted.state !== AWAKE) this.#fallAsleep(this.#governor.wanted);
  }

  /**
   * The next record, or `count` of them at once with so many bytes in all, of which the policy is told as of one arrival;
   * times never decrease. A clairvoyant policy is always one arrival behind, to be told the next.
   */
  arrive(atMs: number, bytes: number, count = 1): void {
    if (!this.policy.clairvoyant) {
      this.#admit(atMs, bytes, count);
      return;
    }
    if (this.#held) this.#admitHeld(atMs);
    this.#held = true;
    this.#heldMs = atMs;
    this.#heldBytes = bytes;
    this.#heldCount = count;
  }

  /** Somebody else woke the system: it is awake whatever the policy wants, which is told when it has drained. */
  wake(atMs: number, reason: string): void {
    this.#advance(atMs);
    this.#nowMs = atMs;
    if (this.#phase === ASLEEP) this.#wakeUp(reason);
  }

  /** Runs on to that time, at which nothing need have ended; the results so far. More may be told afterwards. */
  until(atMs: number): { readonly tally: Tally; readonly account: IdleAccount } {
    // A clairvoyant policy has not been told its last arrival yet: it stays behind.
    if (!this.policy.clairvoyant && atMs > this.#nowMs) {
      this.#advance(atMs);
      this.#nowMs = atMs;
      this.#spend();
    }
    return { tally: this.#tally, account: this.#account };
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
    this.#admit(this.#heldMs, this.#heldBytes, this.#heldCount);
  }

  #admit(atMs: number, bytes: number, count: number): void {
    this.#advance(atMs);
    this.#nowMs = atMs;
    if (this.#tally.records === 0) this.#spentToMs = atMs;
    else if (this.#tally.records === this.#warmUpRecords) this.#forget();
    this.#tally.arrived(atMs, bytes, count);
    this.#endIdlePeriod();
    if (this.policy.states[this.#state]?.refuses === true) {
      this.#tally.refusals += count;
      this.#idleFromMs = atMs;
      this.#ask('arrival', count);
      return;
    }
    this.#tally.population(atMs, this.#inSystem);
    this.#inSystem += count;
    const idle = this.#phase === IDLE;
    if (idle) {
      this.#spend();
      this.#phase = nextPhase(this.#phase, ARRIVE, true);
    }
    for (let record = 0; record < count; record++) this.#backlog.push(atMs, bytes / count);
    if (!idle) this.#tally.waiting(this.#backlog.count, this.#backlog.bytes);
    this.#ask('arrival', count);
    if (idle) this.#takeUp();
  }

  #takeUp(): void {
    if (this.#pickUpMs > 0) this.#pickUp();
    else this.#pass();
    if (this.#backlog.count > 0) this.#tally.waiting(this.#backlog.count, this.#backlog.bytes);
  }

  #pickUp(): void {
    this.#pickingUp = true;
    this.#workMs = this.#nowMs + this.#pickUpMs;
  }

  /** Serves what has come by now, and, where nothing need be picked up, what comes meanwhile. */
  #pass(): void {
    this.#passLeft = this.#pickUpMs > 0 ? this.#backlog.count : Number.POSITIVE_INFINITY;
    this.#tally.passes++;
    this.#serve();
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
      this.#onTimer?.(timerMs);
      this.#ask('timer');
      return;
    }
    this.#nowMs = this.#workMs;
    this.#workMs = NEVER;
    if (this.#phase === BUSY) {
      if (this.#pickingUp) {
        this.#pickingUp = false;
        this.#pass();
        return;
      }
      this.#depart();
      this.#serve();
    } else this.#rise();
  }

  /** Serves from the head of the backlog until a service takes time or nothing is left of the pass. */
  #serve(): void {
    while (this.#backlog.count > 0 && this.#passLeft > 0) {
      this.#passLeft--;
      const bytes = this.#backlog.headBytes;
      this.#servedArrivalMs = this.#backlog.headAtMs;
      this.#backlog.shift();
      const endMs = this.#drainsMs === null ? null : (this.#drainsMs[this.#drain] ?? NEVER);
      const serviceMs = endMs === null ? (this.#service?.(bytes) ?? 0) : endMs - this.#nowMs;
      this.#tally.served(this.#nowMs - this.#servedArrivalMs, serviceMs);
      if (serviceMs > 0) {
        this.#workMs = endMs ?? this.#nowMs + serviceMs;
        return;
      }
      this.#depart();
    }
    if (this.#backlog.count > 0) {
      this.#tally.passEnded(this.#nowMs);
      this.#pickUp();
      return;
    }
    this.#phase = nextPhase(this.#phase, DRAIN, false);
    this.#idleFromMs = this.#nowMs;
    this.#tally.emptied(this.#nowMs, this.#wokeMs);
    this.#idle();
  }

  /** A wake-up is finished. */
  #rise(): void {
    this.#phase = nextPhase(this.#phase, UP, this.#inSystem > 0);
    if (this.#phase === BUSY) this.#pass();
    else this.#idle();
  }

  #idle(): void {
    this.#wokeMs = Number.NaN;
    this.#tally.drained(this.#nowMs);
    this.#drain++;
    this.#spentToMs = this.#tally.records === 0 ? Number.NaN : this.#nowMs;
    this.#ask('drained');
  }

  #depart(): void {
    this.#tally.population(this.#nowMs, this.#inSystem--);
    this.#tally.departed(this.#nowMs, this.#servedArrivalMs);
  }

  #ask(kind: PolicyEvent['kind'], count = 0): void {
    const upcomingMs = this.policy.clairvoyant ? this.#upcomingMs : null;
    const decision = this.#governor.tell(kind, this.#nowMs, this.#inSystem, this.#state, upcomingMs, count);
    if (decision.state === this.#state) return;
    if (decision.state === AWAKE) this.#wakeUp(decision.reason, kind === 'arrival' ? this.#pickUpMs : 0);
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

  /** `leastMs`: an arrival that wakes the system is taken up no sooner than one that finds it idle. */
  #wakeUp(reason: string, leastMs = 0): void {
    this.#spend();
    const from = this.#state;
    this.#account.wake(from);
    this.#tally.woke(this.#nowMs, from, reason);
    this.#state = AWAKE;
    this.#wokeMs = this.#nowMs;
    this.#phase = nextPhase(this.#phase, WAKE, false);
    const wakeMs = Math.max(this.policy.states[from]?.wakeMs ?? 0, leastMs);
    if (this.#drainsMs !== null) this.#workMs = this.#drainsMs[this.#drain] ?? NEVER;
    else if (wakeMs > 0) this.#workMs = this.#nowMs + wakeMs;
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
