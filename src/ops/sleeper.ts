/**
 * Sleep and waking: the sleep machine decides, this carries out. Every sleep has a wake-up time (`wakeAfterMs`); nothing
 * else wakes a sleeper, reading its status least of all.
 *
 * A policy sleeps and wakes by the same machine, and a user's word comes first: while a sleep of the user's lasts, the policy
 * neither wakes it nor puts it deeper, and a user's `awake()` ends the policy's sleep too.
 */
import { Stepper } from '../tables/stepper.js';
import { shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';
import { symREADS, symSLEEP_DEEP, symSLEEP_NAP, symWRITES } from '../words/symbols.js';

const WAKE_AFTER_MS = 60_000;
const TIMER_MS_MAX = 2 ** 31 - 1;

/** What falling asleep and waking does to the runtime. */
export interface SleepEffects {
  /** The index and audit gates: resolves when the actors have said that they closed or opened. */
  gateFollowers(open: boolean): Promise<void>;
  /** The machine moved: gates and flags are to be derived anew. */
  onChange(): void;
  /** A user's sleep has ended, or a user has woken what a policy had put to sleep: everything is awake. */
  onWoken(why: string): void;
}

/** Plain data for status(). */
export interface SleepStatus {
  readonly depth: 'awake' | 'nap' | 'deep';
  readonly reads: 'open' | 'asleep';
  readonly writes: 'open' | 'asleep';
  /** Epoch ms since when; null when awake. */
  readonly sinceMs: number | null;
  /** Epoch ms of the wake-up; null when awake or never. */
  readonly wakeAtMs: number | null;
  /** Why it is awake or asleep. */
  readonly why: string;
  /** Whose sleep it is: a user's own, which no policy ends, or a policy's; null when awake. */
  readonly by: 'user' | 'policy' | null;
}

const EVENTS = new Map([
  [symSLEEP_NAP as symbol, 'NAP'],
  [symSLEEP_DEEP as symbol, 'DEEP'],
  [symREADS as symbol, 'SLEEP_READS'],
  [symWRITES as symbol, 'SLEEP_WRITES'],
] as const);

export class Sleeper {
  readonly #machine = new Stepper('sleep', {});
  readonly #effects: SleepEffects;
  #timer: NodeJS.Timeout | null = null;
  #wakeAtMs: number | null = null;
  #wakeAfterMs = WAKE_AFTER_MS;
  #sinceMs: number | null = null;
  #why = 'awake since it was opened';
  #by: 'user' | 'policy' | null = null;
  #wakers: (() => void)[] = [];
  #isClosed = false;
  naps = 0;

  constructor(effects: SleepEffects) {
    this.#effects = effects;
  }

  /** State path of the machine: `depth.nap+reads.open+writes.open`. */
  get state(): string {
    return this.#machine.state;
  }

  get isAwake(): boolean {
    return (
      this.#machine.matches('depth.awake') &&
      this.#machine.matches('reads.open') &&
      this.#machine.matches('writes.open')
    );
  }

  /** Resolves when the depth is awake, or the instance closed: at once if it is. */
  whenAwake(): Promise<void> {
    if (this.#isClosed || this.#machine.matches('depth.awake')) return Promise.resolve();
    return new Promise((resolve) => this.#wakers.push(resolve));
  }

  /** Falls asleep; resolves when the actors concerned have stopped. Throws E_ARGUMENT. */
  async sleep(sym: symbol, wakeAfterMs: number = WAKE_AFTER_MS): Promise<void> {
    const event = EVENTS.get(sym);
    if (event === undefined)
      throw new LtlError('E_ARGUMENT', 'sleep takes symSLEEP_NAP, symSLEEP_DEEP, symREADS or symWRITES');
    if (typeof wakeAfterMs !== 'number' || !(wakeAfterMs > 0))
      throw new LtlError('E_ARGUMENT', `wakeAfterMs must be above 0, or Infinity, not ${shown(wakeAfterMs)}`);
    this.#wakeAfterMs = wakeAfterMs;
    this.#by = 'user';
    this.#why = `sleep(${sym.description?.slice('ltl.'.length) ?? ''}) was called`;
    await this.#step(event);
  }

  /** Clears all sleep. Resolves when the actors go on; they catch up in the background. */
  async awake(): Promise<void> {
    if (this.isAwake) return;
    await this.#userWake('AWAKE', 'awake() was called');
  }

  /** True while a sleep that the user asked for lasts. */
  get isUsers(): boolean {
    return this.#by === 'user';
  }

  /** A policy's sleep, which it alone ends; nothing happens while a sleep of the user's lasts. */
  async policySleep(deep: boolean, why: string): Promise<void> {
    if (this.#by === 'user') return;
    this.#by = 'policy';
    this.#wakeAfterMs = Number.POSITIVE_INFINITY;
    this.#why = why;
    await this.#step(deep ? 'DEEP' : 'NAP');
  }

  /** Ends a policy's sleep; nothing happens when there is none. */
  async policyAwake(why: string): Promise<void> {
    if (this.#by !== 'policy') return;
    this.#why = why;
    this.#by = null;
    await this.#step('AWAKE');
  }

  status(): SleepStatus {
    const [depth, reads, writes] = this.state.split('+').map((part) => part.slice(part.indexOf('.') + 1));
    return {
      depth: depth as SleepStatus['depth'],
      reads: reads as SleepStatus['reads'],
      writes: writes as SleepStatus['writes'],
      sinceMs: this.#sinceMs,
      wakeAtMs: this.#wakeAtMs,
      why: this.#why,
      by: this.#by,
    };
  }

  /** Nobody sleeps in a closed instance. Gates and actors are left as they are: both end with the instance. */
  close(): void {
    this.#isClosed = true;
    if (!this.isAwake) {
      this.#machine.step('AWAKE');
      this.#sinceMs = null;
      this.#by = null;
      this.#why = 'the instance was closed';
    }
    this.#disarm();
    for (const wake of this.#wakers.splice(0)) wake();
  }

  async #userWake(event: 'AWAKE' | 'DEADLINE', why: string): Promise<void> {
    this.#why = why;
    this.#by = null;
    const awake = this.#step(event);
    this.#effects.onWoken(why);
    await awake;
  }

  async #step(event: 'NAP' | 'DEEP' | 'SLEEP_READS' | 'SLEEP_WRITES' | 'AWAKE' | 'DEADLINE'): Promise<void> {
    const wasAwake = this.isAwake;
    const effects = this.#machine.step(event) ?? [];
    if (wasAwake && !this.isAwake) this.#sinceMs = Date.now();
    if (this.isAwake) this.#sinceMs = null;
    // Gates and flags follow at once; what needs the actors' word is awaited after.
    this.#effects.onChange();
    for (const effect of effects) {
      if (effect === 'armDeadline') this.#arm();
      else if (effect === 'disarmDeadline') this.#disarm();
    }
    if (effects.includes('closeIndexGate')) {
      this.naps += 1;
      await this.#effects.gateFollowers(false);
    }
    if (effects.includes('openIndexGate')) {
      await this.#effects.gateFollowers(true);
      for (const wake of this.#wakers.splice(0)) wake();
    }
  }

  #arm(): void {
    this.#disarm();
    if (this.#wakeAfterMs === Number.POSITIVE_INFINITY) return;
    this.#wakeAtMs = Date.now() + this.#wakeAfterMs;
    this.#await(performance.now() + this.#wakeAfterMs);
  }

  /** A timer holds 24.8 days at most: longer sleeps take several. */
  #await(deadlineMs: number): void {
    const leftMs = deadlineMs - performance.now();
    this.#timer = setTimeout(
      () => {
        if (performance.now() < deadlineMs) {
          this.#await(deadlineMs);
          return;
        }
        void this.#userWake('DEADLINE', 'its wake-up time came');
      },
      Math.min(Math.max(1, leftMs), TIMER_MS_MAX),
    );
    this.#timer.unref();
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#wakeAtMs = null;
  }
}
