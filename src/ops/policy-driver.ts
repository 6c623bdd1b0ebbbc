/**
 * Runs a policy on a running instance: tells it what comes and when all is done, arms its timers, and lets the instance nap
 * and wake as it says. What the policy decides and what the instance does are kept apart: a decision counts from its
 * own time, and is carried out as soon as nothing stands in its way.
 *
 * There is one timer, the policy's; no other wakes the process while asleep. A policy that throws, or says what makes no
 * sense, is ended: the instance is woken and goes on awake, and the failure is there to be read.
 *
 * Thread safety: one thread. Ordering: events are told in the order in which they are seen, their times rise.
 */
import type { Policy } from '../policy/contract.js';
import { AWAKE, NEVER } from '../policy/contract.js';
import { GovernedSystem } from '../policy/governed.js';
import type { Transition } from '../policy/tally.js';
import type { Clock, Timer } from '../ports/clock.js';
import { isLtlError, LtlError } from '../words/errors.js';

/** The instance, as a policy's driver needs it. */
export interface GovernedInstance {
  /** Falls asleep; `refuses` for a sleep in which appends are refused. Rejects only when the instance is at its end. */
  sleep(refuses: boolean, why: string): Promise<void>;
  awake(why: string): Promise<void>;
  /** What stands in the way of falling asleep now, in words. */
  blockers(): string[];
  /** Resolves when all that has come is durable, verified and indexed: not while asleep. `onPart` is told when all is but so many. */
  settled(onPart: (left: number) => void): Promise<void>;
}

/** Who is told of what happens; times are ms since the policy began. */
export interface DriverObserver {
  arrived(atMs: number, count: number, bytes: number, isRefused: boolean): void;
  drained(atMs: number): void;
  /** All is done but the last so many records. */
  progressed(atMs: number, left: number): void;
  /** A timer fired, so many ms after it was due. */
  fired(dueMs: number, lateMs: number): void;
  /** A change of state, seen so many ms after the time that counts for it. */
  changed(change: Transition, lateMs: number): void;
  /** Somebody else woke the instance. */
  woken(atMs: number, reason: string): void;
  /** The instance has come into a state, so many ms after it was told to. */
  carriedOut(state: number, tookMs: number): void;
}

/** When it looks again whether what stood in the way of a sleep is gone. */
const BLOCKED_RETRY_MS = 100;
/** A timer holds 24.8 days at most: longer ones take several. */
const TIMER_MS_MAX = 2 ** 31 - 1;
/** Times are told in whole microseconds, which text keeps. */
const STEPS_PER_MS = 1000;

export class PolicyDriver {
  readonly policy: Policy;
  readonly #clock: Clock;
  readonly #instance: GovernedInstance;
  readonly #observer: DriverObserver;
  readonly #startMs: number;
  readonly #system: GovernedSystem;
  #timer: Timer | null = null;
  #timerMs = NEVER;
  #retry: Timer | null = null;
  /** The state that the instance was told to be in last. */
  #carriedOut: number = AWAKE;
  #settling = false;
  #ended = false;
  #nowMs = 0;
  #failure: LtlError | null = null;

  /** Throws E_POLICY when the policy cannot run live, or says nonsense at once. */
  constructor(policy: Policy, clock: Clock, instance: GovernedInstance, observer: DriverObserver) {
    if (policy.clairvoyant)
      throw new LtlError('E_POLICY', `${policy.spec} asks when the next record comes: it can be simulated, not run`);
    this.policy = policy;
    this.#clock = clock;
    this.#instance = instance;
    this.#observer = observer;
    this.#startMs = clock.nowMs();
    this.#system = asPolicy(policy, () => new GovernedSystem(policy, 0, this.#systemObserver()));
  }

  /** Begins: a policy may want to sleep at once. */
  start(): void {
    this.#tell(() => undefined);
  }

  /** ms since the policy began, later than any timer that fired. */
  now(): number {
    const nowMs = Math.round((this.#clock.nowMs() - this.#startMs) * STEPS_PER_MS) / STEPS_PER_MS;
    const { firedMs } = this.#system;
    const least = Math.max(this.#nowMs, firedMs === Number.NEGATIVE_INFINITY ? 0 : firedMs + 1 / STEPS_PER_MS);
    this.#nowMs = nowMs >= least ? nowMs : Math.ceil(least * STEPS_PER_MS) / STEPS_PER_MS;
    return this.#nowMs;
  }

  get failure(): LtlError | null {
    return this.#failure;
  }
  get system(): GovernedSystem {
    return this.#system;
  }
  arrived(count: number, bytes: number): void {
    this.#tell((atMs) => {
      this.#system.advance(atMs);
      const isRefused = this.policy.states[this.#system.state]?.refuses === true;
      this.#observer.arrived(atMs, count, bytes, isRefused);
      this.#system.arrive(atMs, count);
    });
  }

  /** So many records were turned away because the instance sleeps as the policy said. */
  refused(count: number): void {
    this.arrived(count, 0);
  }

  /** The instance was woken, not by this policy. */
  woken(why: string): void {
    this.#carriedOut = AWAKE;
    this.#tell((atMs) => {
      this.#system.advance(atMs);
      this.#observer.woken(atMs, why);
      this.#system.wake(atMs, 'user');
    });
  }

  /** Ends it; the instance stays as it is. */
  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#retry?.cancel();
  }

  #tell(what: (atMs: number) => void): void {
    if (this.#ended) return;
    try {
      what(this.now());
      this.#follow();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** After each event: the timer, the end of the work, and what the instance is to do. */
  #follow(): void {
    this.#arm();
    if (this.#system.isBusy && !this.#settling) void this.#settle();
    this.#carryOut();
  }

  #arm(): void {
    const { timerMs } = this.#system;
    if (timerMs === this.#timerMs && this.#timer !== null) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerMs = timerMs;
    if (timerMs === NEVER) return;
    const delayMs = Math.ceil(this.#startMs + timerMs - this.#clock.nowMs());
    this.#timer = this.#clock.after(Math.min(Math.max(0, delayMs), TIMER_MS_MAX), () => {
      this.#timer = null;
      this.#tell(() => this.#system.tick(this.#reachedMs(timerMs)));
    });
    this.#timer.unref();
  }

  /**
   * The time since the start, or the due time of a timer whose moment has come: differences of large times are rounded, and
   * a timer that is due by one reckoning and not by the other would be armed again and again.
   */
  #reachedMs(dueMs: number): number {
    const nowMs = this.#clock.nowMs();
    const sinceMs = nowMs - this.#startMs;
    return nowMs >= this.#startMs + dueMs ? Math.max(sinceMs, dueMs) : sinceMs;
  }

  async #settle(): Promise<void> {
    this.#settling = true;
    try {
      await this.#instance.settled((left) => this.#observer.progressed(this.now(), left));
      this.#settling = false;
      this.#tell((atMs) => {
        this.#system.advance(atMs);
        this.#observer.drained(atMs);
        this.#system.drained(atMs);
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  #carryOut(): void {
    const { state } = this.#system;
    if (state === this.#carriedOut) return;
    const fallsAsleep = state !== AWAKE && this.#instance.blockers().length > 0;
    if (fallsAsleep) {
      this.#lookAgain();
      return;
    }
    this.#carriedOut = state;
    const why = `policy ${this.policy.spec}: ${this.#system.change.reason}`;
    const fromMs = this.#clock.nowMs();
    const done =
      state === AWAKE
        ? this.#instance.awake(why)
        : this.#instance.sleep(this.policy.states[state]?.refuses === true, why);
    done.then(
      () => this.#observer.carriedOut(state, this.#clock.nowMs() - fromMs),
      (error: unknown) => this.#fail(error),
    );
  }

  #lookAgain(): void {
    if (this.#retry !== null) return;
    this.#retry = this.#clock.after(BLOCKED_RETRY_MS, () => {
      this.#retry = null;
      this.#tell(() => undefined);
    });
    this.#retry.unref();
  }

  /** An instance that closes, or has lost its writer, has no use for a policy: that is no failure of the policy. */
  #fail(error: unknown): void {
    if (this.#ended) return;
    this.end();
    if (isLtlError(error, 'E_CLOSED')) return;
    this.#failure = isLtlError(error)
      ? error
      : new LtlError(
          'E_POLICY',
          `${this.policy.spec} failed: ${error instanceof Error ? error.message : String(error)}`,
          {
            cause: error,
          },
        );
    this.#instance.awake(`policy ${this.policy.spec} failed`).catch((late: unknown) => {
      // Closed meanwhile; the first failure is the one that tells.
      if (!isLtlError(late)) throw late;
    });
  }

  #systemObserver() {
    const lateMs = (atMs: number): number => Math.max(0, this.#clock.nowMs() - this.#startMs - atMs);
    return {
      fired: (dueMs: number): void => this.#observer.fired(dueMs, lateMs(dueMs)),
      changed: (change: Transition): void => this.#observer.changed(change, lateMs(change.atMs)),
    };
  }
}

/** What a policy throws while it is asked for the first time is E_POLICY, as one that throws later. */
export function asPolicy<T>(policy: Policy, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (isLtlError(error)) throw error;
    throw new LtlError('E_POLICY', `${policy.spec} failed: ${(error as Error).message}`, { cause: error });
  }
}
