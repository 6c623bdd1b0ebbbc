/**
 * One child as its supervisor sees it: its state by name, its handle, its budget and what it last died of.
 */
import type { Clock } from '../ports/clock.js';
import { START_MS_DEFAULT, STOP_GRACE_MS } from '../words/actor-limits.js';
import { LtlError, toWireError } from '../words/errors.js';
import { Budget } from './budget.js';
import type { ExitReason } from './exit.js';
import type { Backoff, ChildHandle, ChildSpec, ChildState, ChildStatus, RestartBudget } from './spec.js';

export class Child {
  readonly spec: ChildSpec;
  state: ChildState = 'idle';
  /** It is to be up: it is started when its turn comes. */
  wanted = true;
  /** It is to be stopped, with the group of a sibling that failed. */
  doomed = false;
  /** Not to be started before that time. */
  notBeforeMs = 0;
  restarts = 0;
  lastExit: ExitReason | undefined;
  readonly #clock: Clock;
  readonly #failures: Budget;
  readonly #budget: Budget | undefined;
  #handle: ChildHandle | undefined;
  #unseenExit: ExitReason | undefined;
  #startedMs: number | undefined;

  constructor(spec: ChildSpec, clock: Clock, period: RestartBudget) {
    this.spec = spec;
    this.#clock = clock;
    this.#failures = new Budget(period);
    this.#budget = spec.budget === undefined ? undefined : new Budget(spec.budget);
  }

  /** It has a handle: it is up, or its end has not been dealt with yet. */
  get held(): boolean {
    return this.#handle !== undefined;
  }

  /** Its end, while nobody has dealt with it. */
  get unseenExit(): ExitReason | undefined {
    return this.#unseenExit;
  }

  /** Starts it; `woken` is called when it ends later. Returns why it failed to start, or undefined. */
  async start(woken: () => void): Promise<ExitReason | undefined> {
    this.state = 'starting';
    const startMs = this.spec.startMs ?? START_MS_DEFAULT;
    const started = Promise.resolve().then(() => this.spec.start());
    const late = Symbol('late');
    try {
      const handle = await before(this.#clock, startMs, started, late);
      if (handle === late) {
        this.#abandon(started);
        throw new LtlError('E_TIMEOUT', `${this.spec.id} was not ready within ${startMs} ms`);
      }
      this.#hold(handle, woken);
      return undefined;
    } catch (error) {
      return this.ended({ kind: 'error', error: toWireError(error) });
    }
  }

  /** Stops it; returns how it ended. A child that does not keep to its deadline is left behind as hung. */
  async stop(): Promise<ExitReason> {
    this.state = 'stopping';
    const handle = this.#handle;
    if (handle === undefined) return this.ended({ kind: 'stopped' });
    const stopped = Promise.resolve()
      .then(() => handle.stop(this.spec.shutdownMs))
      .then(() => handle.exited);
    try {
      const reason = await before(this.#clock, this.spec.shutdownMs + STOP_GRACE_MS, stopped, {
        kind: 'hung',
      } as const);
      return this.ended(reason);
    } catch (error) {
      return this.ended({ kind: 'error', error: toWireError(error) });
    }
  }

  /** Forgets the handle of a child that is no more. */
  ended(reason: ExitReason): ExitReason {
    this.#handle = undefined;
    this.#unseenExit = undefined;
    this.doomed = false;
    this.lastExit = reason;
    this.state = 'ended';
    return reason;
  }

  /** Counts a failure: the pause before its restart, or undefined when its own budget is spent. */
  fail(backoff: Backoff): number | undefined {
    const nowMs = this.#clock.nowMs();
    const earlier = this.#failures.count(nowMs);
    this.#failures.spend(nowMs);
    this.restarts++;
    if (this.#budget?.spend(nowMs) === false) return undefined;
    return Math.min(backoff.maxMs, backoff.minMs * backoff.factor ** earlier);
  }

  get budget(): string {
    return String(this.#budget);
  }

  status(): ChildStatus {
    const { spec, state, restarts, lastExit } = this;
    return { id: spec.id, state, restart: spec.restart, restarts, startedMs: this.#startedMs, lastExit };
  }

  #hold(handle: ChildHandle, woken: () => void): void {
    this.#handle = handle;
    this.#startedMs = this.#clock.nowMs();
    this.state = 'running';
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
