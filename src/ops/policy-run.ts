/**
 * One policy on one instance, from its start to its end: the driver, what is measured, the record if one is kept, and the
 * rivals in the shadow, which see the same arrivals and only simulate.
 */
import type { Calibration } from '../policy/calibration.js';
import { NEVER, type Policy } from '../policy/contract.js';
import type { Outcome } from '../policy/outcome.js';
import { Prediction, type RunFigures } from '../policy/prediction.js';
import { headOf, type RecordEvent, type RecordHead } from '../policy/record.js';
import type { Clock } from '../ports/clock.js';
import { LtlError, toWireError } from '../words/errors.js';
import { PolicyActual, type Totals } from './policy-actual.js';
import { type GovernedInstance, PolicyDriver } from './policy-driver.js';

/** Plain data for status(): why the policy has the instance awake or asleep, and what comes next. Times are epoch ms. */
export interface PolicyStatus {
  readonly policy: string;
  /** The state's name; the first is awake. */
  readonly state: string;
  readonly isBusy: boolean;
  /** Why it came into that state, in the policy's word. */
  readonly reason: string;
  readonly sinceMs: number;
  /** When the policy is asked again if nothing happens; null for never. */
  readonly nextTimerMs: number | null;
  /** What keeps the instance from falling asleep, in words; empty: nothing does. */
  readonly blockedBy: readonly string[];
  readonly shadows: readonly string[];
  /** The file that the record goes to, and why it breaks off, if it does. */
  readonly record: { readonly path: string; readonly failure: string | null } | null;
  /** Why the policy was ended; null: it was not. */
  readonly failure: PolicyFailure | null;
}

export interface PolicyFailure {
  readonly code: string;
  readonly message: string;
}

/** A rival's account of the same arrivals. */
export interface ShadowReport {
  readonly policy: string;
  /** What would have been measured, as far as the simulation tells; null when it failed. */
  readonly figures: RunFigures | null;
  /** Costs and the offline optimum, as `ltl policy simulate` gives them. */
  readonly outcome: Outcome | null;
  readonly failure: PolicyFailure | null;
}

/** What a policy did so far, or until it ended. */
export interface PolicyReport {
  readonly policy: string;
  /** Epoch ms. */
  readonly startedMs: number;
  readonly forMs: number;
  readonly actual: RunFigures;
  /** The same policy, simulated over the same arrivals with the calibration; null without one. */
  readonly predicted: RunFigures | null;
  /** Changes of state by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly timers: number;
  /** How late a timer fired at most, and how long falling asleep or waking took at most. */
  readonly timerLateMsMax: number;
  readonly changeTookMsMax: number;
  readonly shadows: readonly ShadowReport[];
  readonly failure: PolicyFailure | null;
}

/** Where the record of a run goes. */
export interface RecordSink {
  readonly path: string;
  /** Why nothing is kept any more, or null. The run itself goes on. */
  readonly failure: LtlError | null;
  add(line: RecordHead | RecordEvent): void;
  close(): void;
}

export interface RunOptions {
  readonly shadows: readonly Policy[];
  readonly calibration: Calibration | null;
  readonly recorder: RecordSink | null;
  readonly seed: number;
  readonly totals: () => Totals;
  readonly clock: Clock;
  /** What the instance is at work on, in words; only for status. */
  readonly work: () => string[];
}

interface Shadow {
  readonly prediction: Prediction;
  failure: LtlError | null;
}

export class PolicyRun {
  readonly #driver: PolicyDriver;
  readonly #instance: GovernedInstance;
  readonly #options: RunOptions;
  readonly #actual: PolicyActual;
  readonly #shadows: readonly Shadow[];
  readonly #predicted: Shadow | null;
  readonly #startedMs = Date.now();
  #last: PolicyReport | null = null;

  /** Throws E_POLICY for a policy that cannot run live. */
  constructor(policy: Policy, instance: GovernedInstance, options: RunOptions) {
    const { recorder, calibration, seed, shadows } = options;
    this.#options = options;
    this.#instance = instance;
    this.#actual = new PolicyActual(options.totals);
    const shadow = (one: Policy): Shadow => ({ prediction: new Prediction(one, calibration, seed), failure: null });
    this.#shadows = shadows.map(shadow);
    this.#predicted = calibration === null ? null : shadow(policy);
    const actual = this.#actual;
    recorder?.add(headOf(policy, seed, this.#startedMs));
    const name = (state: number): string => policy.states[state]?.name ?? String(state);
    this.#driver = new PolicyDriver(policy, options.clock, instance, {
      arrived: (atMs, records, bytes, isRefused) => {
        if (isRefused) actual.refusals += records;
        else actual.arrived(atMs, records, bytes);
        this.#tellShadows(atMs, records, bytes);
        recorder?.add({ event: 'arrival', t_ms: atMs, records, bytes });
      },
      progressed: (atMs, left) => actual.visible(atMs, left),
      drained: (atMs) => {
        actual.drained(atMs);
        recorder?.add({ event: 'drained', t_ms: atMs });
      },
      fired: (dueMs, lateMs) => {
        actual.fired(lateMs);
        recorder?.add({ event: 'timer', t_ms: dueMs, late_ms: rounded(lateMs) });
      },
      changed: (change, lateMs) => {
        actual.changed(change);
        const { atMs, from, to, reason } = change;
        recorder?.add({
          event: 'change',
          t_ms: atMs,
          late_ms: rounded(lateMs),
          from: name(from),
          to: name(to),
          reason,
        });
      },
      woken: (atMs, reason) => recorder?.add({ event: 'woken', t_ms: atMs, reason }),
      carriedOut: (_state, tookMs) => {
        if (tookMs > actual.tookMsMax) actual.tookMsMax = tookMs;
      },
    });
    this.#driver.start();
  }

  get spec(): string {
    return this.#driver.policy.spec;
  }

  arrived(records: number, bytes: number): void {
    this.#driver.arrived(records, bytes);
  }

  /** So many records were refused because of this policy's sleep. */
  refused(records: number): void {
    this.#driver.refused(records);
  }

  woken(why: string): void {
    this.#driver.woken(why);
  }

  status(): PolicyStatus {
    const { system, failure, policy } = this.#driver;
    const { change, timerMs, state, isBusy } = system;
    const { recorder } = this.#options;
    return {
      policy: policy.spec,
      state: policy.states[state]?.name ?? String(state),
      isBusy,
      reason: change.reason,
      sinceMs: this.#startedMs + change.atMs,
      nextTimerMs: timerMs === NEVER || failure !== null ? null : this.#startedMs + timerMs,
      blockedBy: [...this.#instance.blockers(), ...this.#options.work()],
      shadows: this.#shadows.map(({ prediction }) => prediction.policy.spec),
      record: recorder === null ? null : { path: recorder.path, failure: recorder.failure?.message ?? null },
      failure: failureOf(failure),
    };
  }

  /** What it did so far; after `end`, until then. */
  report(): PolicyReport {
    if (this.#last !== null) return this.#last;
    const forMs = this.#driver.now();
    const actual = this.#actual;
    return {
      policy: this.spec,
      startedMs: this.#startedMs,
      forMs,
      actual: actual.figures(),
      predicted: this.#predicted === null ? null : this.#ofShadow(this.#predicted, (one) => one.figures(forMs)),
      reasons: Object.fromEntries(actual.reasons),
      timers: actual.timers,
      timerLateMsMax: actual.lateMsMax,
      changeTookMsMax: actual.tookMsMax,
      shadows: this.#shadows.map((shadow) => ({
        policy: shadow.prediction.policy.spec,
        figures: this.#ofShadow(shadow, (one) => one.figures(forMs)),
        outcome: this.#ofShadow(shadow, (one) => one.outcome(forMs)),
        failure: failureOf(shadow.failure),
      })),
      failure: failureOf(this.#driver.failure),
    };
  }

  /** Ends the run and its record. */
  end(): PolicyReport {
    if (this.#last !== null) return this.#last;
    this.#driver.end();
    const report = this.report();
    this.#last = report;
    this.#options.recorder?.add({ event: 'end', t_ms: report.forMs, actual: report.actual });
    this.#options.recorder?.close();
    return report;
  }

  /** A shadow that fails is left behind; it must harm nobody. */
  #tellShadows(atMs: number, records: number, bytes: number): void {
    const all = this.#predicted === null ? this.#shadows : [this.#predicted, ...this.#shadows];
    for (const shadow of all) this.#ofShadow(shadow, (prediction) => prediction.arrive(atMs, bytes, records));
  }

  #ofShadow<T>(shadow: Shadow, ask: (prediction: Prediction) => T): T | null {
    if (shadow.failure !== null) return null;
    try {
      return ask(shadow.prediction);
    } catch (error) {
      const message = `${shadow.prediction.policy.spec} failed in the shadow: ${(error as Error).message}`;
      shadow.failure = new LtlError('E_POLICY', message, { cause: error });
      return null;
    }
  }
}

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;

function failureOf(error: LtlError | null): PolicyFailure | null {
  if (error === null) return null;
  const { code, message } = toWireError(error);
  return { code, message };
}
