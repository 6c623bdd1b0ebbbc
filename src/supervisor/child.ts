/**
 * One child as its supervisor sees it: its machine, its handle, its budget and what it last died of. It carries out what
 * the machine decides; when, is the supervisor's business.
 */
import type { Clock } from '../ports/clock.js';
import { type Guards, Stepper } from '../tables/stepper.js';
import { START_MS_DEFAULT, STOP_GRACE_MS } from '../words/actor-limits.js';
import { LtlError, toWireError } from '../words/errors.js';
import { Budget } from './budget.js';
import type { ExitReason } from './exit.js';
import type { Backoff, ChildHandle, ChildSpec, ChildStatus, RestartBudget } from './spec.js';

export class Child {
  readonly spec: ChildSpec;
  readonly machine: Stepper<'child'>;
  /** Why it ended the last time. */
  lastExit: ExitReason | undefined;
  /** Not to be started before that time. */
  notBeforeMs = 0;
  readonly #clock: Clock;
  readonly #recent: Budget;
  readonly #budget: Budget | undefined;
  #handle: ChildHandle | undefined;
  #unseenExit: ExitReason | undefined;
  #startedMs: number | undefined;
  #restarts = 0;

  constructor(spec: ChildSpec, guards: Guards<'child'>, clock: Clock, period: RestartBudget) {
    this.spec = spec;
    this.machine = new Stepper('child', { name: spec.id, guards });
    this.#clock = clock;
    this.#recent = new Budget(period);
    this.#budget = spec.budget === undefined ? undefined : new Budget(spec.budget);
  }

  /** Its end, while nobody has dealt with it. */
  get unseenExit(): ExitReason | undefined {
    return this.#unseenExit;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** It is to go down in its turn. */
  get doomed(): boolean {
    return this.machine.matches('cycling') || this.machine.matches('leaving');
  }

  /** Starts it; `woken` is called when it ends later. Returns why it failed to start, or undefined. */
  async spawn(woken: () => void): Promise<ExitReason | undefined> {
    const startMs = this.spec.startMs ?? START_MS_DEFAULT;
    const started = Promise.resolve().then(() => this.spec.start());
    try {
      const handle = await before(this.#clock, startMs, started, 'late' as const);
      if (handle === 'late') {
        this.#abandon(started);
        throw new LtlError('E_TIMEOUT', `${this.spec.id} was not ready within ${startMs} ms`);
      }
      this.#hold(handle, woken);
      return undefined;
    } catch (error) {
      return this.release({ kind: 'error', error: toWireError(error) });
    }
  }

  /** Sees to it that it stops; returns how it ended. A child that does not keep to its deadline is left behind as hung. */
  async askToStop(): Promise<ExitReason> {
    const handle = this.#handle;
    if (handle === undefined) return this.release({ kind: 'stopped' });
    const stopped = Promise.resolve()
      .then(() => handle.stop(this.spec.shutdownMs))
      .then(() => handle.exited);
    try {
      const hung = { kind: 'hung' } as const;
      return this.release(await before(this.#clock, this.spec.shutdownMs + STOP_GRACE_MS, stopped, hung));
    } catch (error) {
      return this.release({ kind: 'error', error: toWireError(error) });
    }
  }

  /** Lets go of a child that is no more. */
  release(reason: ExitReason): ExitReason {
    this.#handle = undefined;
    this.#unseenExit = undefined;
    this.lastExit = reason;
    return reason;
  }

  /** Its own budget, in words. */
  get budget(): string {
    return String(this.#budget);
  }

  /** True when its own budget, if it has one, allows one more restart. */
  get withinBudget(): boolean {
    return this.#budget?.allows(this.#clock.nowMs()) ?? true;
  }

  /** Counts a restart and sets when it may start: the pause grows with its restarts within the period. Returns the pause. */
  scheduleRestart(backoff: Backoff): number {
    const nowMs = this.#clock.nowMs();
    const delayMs = Math.min(backoff.maxMs, backoff.minMs * backoff.factor ** this.#recent.count(nowMs));
    this.#recent.spend(nowMs);
    this.#budget?.spend(nowMs);
    this.#restarts++;
    this.notBeforeMs = nowMs + delayMs;
    return delayMs;
  }

  status(): ChildStatus {
    const { spec, lastExit } = this;
    const state = this.machine.state;
    return {
      id: spec.id,
      state,
      restart: spec.restart,
      restarts: this.#restarts,
      startedMs: this.#startedMs,
      lastExit,
    };
  }

  #hold(handle: ChildHandle, woken: () => void): void {
    this.#handle = handle;
    this.#startedMs = this.#clock.nowMs();
    void handle.exited.then((reason) => {
      if (this.#handle !== handle) return;
      this.#unseenExit = reason;
      woken();
    });
  }

  /** A start that comes too late is undone when it comes; what it says then concerns nobody. */
  #abandon(started: Promise<ChildHandle>): void {
    started.then(
      (handle) => handle.stop(this.spec.shutdownMs),
      () => undefined,
    );
  }
}

/** The promise's value, or `otherwise` when `withinMs` are over first. */
async function before<Value, Other>(
  clock: Clock,
  withinMs: number,
  promise: Promise<Value>,
  otherwise: Other,
): Promise<Value | Other> {
  let timer: { cancel(): void } | undefined;
  const over = new Promise<Other>((resolve) => {
    timer = clock.after(withinMs, () => resolve(otherwise));
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    timer?.cancel();
  }
}
