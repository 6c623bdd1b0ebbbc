/**
 * Sleep and waking: the sleep machine decides, this carries out. Every sleep has a wake-up time (`wakeAfterMs`); nothing
 * else wakes a sleeper, reading its status least of all.
 */
import { Stepper } from '../tables/stepper.js';
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
  #wakers: (() => void)[] = [];
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

  /** Resolves when the depth is awake: at once if it is. */
  whenAwake(): Promise<void> {
    if (this.#machine.matches('depth.awake')) return Promise.resolve();
    return new Promise((resolve) => this.#wakers.push(resolve));
  }

  /** Falls asleep; resolves when the actors concerned have stopped. Throws E_ARGUMENT. */
  async sleep(sym: symbol, wakeAfterMs: number = WAKE_AFTER_MS): Promise<void> {
    const event = EVENTS.get(sym);
    if (event === undefined)
      throw new LtlError('E_ARGUMENT', 'sleep takes symSLEEP_NAP, symSLEEP_DEEP, symREADS or symWRITES');
    if (typeof wakeAfterMs !== 'number' || !(wakeAfterMs > 0))
      throw new LtlError('E_ARGUMENT', `wakeAfterMs must be above 0, or Infinity, not ${String(wakeAfterMs)}`);
    this.#wakeAfterMs = wakeAfterMs;
    this.#why = `sleep(${sym.description?.slice('ltl.'.length) ?? ''}) was called`;
    await this.#step(event);
  }

  /** Clears all sleep. Resolves when the actors go on; they catch up in the background. */
  async awake(): Promise<void> {
    if (this.isAwake) return;
    this.#why = 'awake() was called';
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
    };
  }

  close(): void {
    this.#disarm();
    for (const wake of this.#wakers.splice(0)) wake();
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
        this.#why = 'its wake-up time came';
        void this.#step('DEADLINE');
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
