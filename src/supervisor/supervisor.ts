/**
 * Keeps children up: starts them in order, stops them in reverse, restarts what failed by its strategy, and gives up by
 * name when that happens too often. It follows Erlang/OTP's supervisor; where it differs is said in docs/actors.md.
 *
 * One loop does one thing at a time (stop a child, start a child, wait) and looks at everything anew after each. So what
 * happens meanwhile needs no case of its own: a stop asked for during a restart, a second child that dies while the first
 * is stopped, a child that dies during shutdown, are all found at the next look.
 *
 * Ownership: used by one thread. Order: a child is started only when all wanted children before it are up, and stopped
 * only when those after it that must stop are down. Fairness: ends are dealt with in the order of the children.
 */
import { type Clock, realClock } from '../ports/clock.js';
import {
  BACKOFF_MS_MAX,
  BACKOFF_MS_MIN,
  RESTART_INTENSITY_DEFAULT,
  RESTART_PERIOD_MS_DEFAULT,
} from '../words/actor-limits.js';
import { LtlError } from '../words/errors.js';
import { Budget } from './budget.js';
import { Child } from './child.js';
import { describeExit, type ExitReason, exitError, isNormal } from './exit.js';
import type {
  Backoff,
  ChildHandle,
  ChildSpec,
  Strategy,
  SupervisorEvent,
  SupervisorState,
  SupervisorStatus,
} from './spec.js';

export interface SupervisorOptions {
  readonly strategy: Strategy;
  readonly children: readonly ChildSpec[];
  /** Restarts allowed within periodMs; 5 when absent. */
  readonly intensity?: number;
  /** Milliseconds; 10 000 when absent. */
  readonly periodMs?: number;
  /** 10 ms, doubled up to 2 s, when absent. */
  readonly backoff?: Backoff;
  readonly clock?: Clock;
  /** Called at once for everything that happens; must not throw. */
  readonly onEvent?: (event: SupervisorEvent) => void;
}

/** A supervisor is itself a child handle, so supervisors make trees. It lives once: start, stop, and no start again. */
export class Supervisor implements ChildHandle {
  /** Resolves when it has ended: stopped when asked, or failed by escalation, with every child down either way. */
  readonly exited: Promise<ExitReason>;
  readonly #strategy: Strategy;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #budget: Budget;
  readonly #period: { readonly intensity: number; readonly periodMs: number };
  readonly #tell: (event: SupervisorEvent) => void;
  #children: Child[];
  #state: SupervisorState = 'idle';
  #failure: ExitReason | undefined;
  #restarts = 0;
  #started: Promise<void> | undefined;
  #isUp: (() => void) | undefined;
  #settleExited: (reason: ExitReason) => void = () => undefined;
  #wake: () => void = () => undefined;

  constructor(options: SupervisorOptions) {
    this.#strategy = options.strategy;
    this.#clock = options.clock ?? realClock;
    this.#backoff = options.backoff ?? { minMs: BACKOFF_MS_MIN, maxMs: BACKOFF_MS_MAX, factor: 2 };
    this.#period = {
      intensity: options.intensity ?? RESTART_INTENSITY_DEFAULT,
      periodMs: options.periodMs ?? RESTART_PERIOD_MS_DEFAULT,
    };
    this.#budget = new Budget(this.#period);
    this.#tell = options.onEvent ?? (() => undefined);
    this.exited = new Promise((resolve) => {
      this.#settleExited = resolve;
    });
    this.#children = options.children.map((spec) => new Child(spec, this.#clock, this.#period));
    const ids = new Set(options.children.map(({ id }) => id));
    if (ids.size !== options.children.length) throw new LtlError('E_ARGUMENT', 'two children have the same id');
  }

  /** Starts the children in order. Rejects with a child's error when it does not start: those before it are stopped again. */
  start(): Promise<void> {
    if (this.#started !== undefined) return this.#started;
    if (this.#state !== 'idle')
      return Promise.reject(new LtlError('E_CLOSED', 'the supervisor was stopped before it started'));
    this.#state = 'starting';
    this.#started = new Promise((resolve, reject) => {
      this.#isUp = resolve;
      void this.exited.then((reason) => {
        if (reason.kind === 'stopped') reject(new LtlError('E_CLOSED', 'the supervisor was stopped while it started'));
        else reject(exitError('the supervisor', reason));
      });
    });
    void this.#loop();
    return this.#started;
  }

  /** Stops the children in reverse order, each within its own deadline. Resolves when all are down; never rejects. */
  async stop(_deadlineMs?: number): Promise<void> {
    if (this.#state === 'idle') this.#finish('stopped', { kind: 'stopped' });
    if (this.#state !== 'stopped' && this.#state !== 'failed') {
      this.#state = 'stopping';
      this.#wake();
    }
    await this.exited;
  }

  status(): SupervisorStatus {
    return {
      state: this.#state,
      strategy: this.#strategy,
      restarts: this.#restarts,
      children: this.#children.map((child) => child.status()),
      failure: this.#failure,
    };
  }

  async #loop(): Promise<void> {
    while (this.#state !== 'stopped' && this.#state !== 'failed') await this.#step();
  }

  /** One act, whatever is most urgent now. */
  async #step(): Promise<void> {
    const ended = this.#children.find((child) => child.unseenExit !== undefined);
    if (ended?.unseenExit !== undefined) return this.#dealWith(ended, ended.unseenExit);
    const goingDown = this.#state === 'stopping';
    const toStop = this.#children.findLast((child) => child.held && (goingDown || child.doomed));
    if (toStop !== undefined) return this.#stopChild(toStop);
    if (goingDown) {
      if (this.#failure === undefined) return this.#finish('stopped', { kind: 'stopped' });
      return this.#finish('failed', this.#failure);
    }
    const toStart = this.#children.find((child) => child.wanted && !child.held);
    if (toStart === undefined) {
      this.#state = 'running';
      this.#isUp?.();
      return this.#pause(undefined);
    }
    const waitMs = toStart.notBeforeMs - this.#clock.nowMs();
    return waitMs > 0 ? this.#pause(waitMs) : this.#startChild(toStart);
  }

  /** A child ended by itself: forget it, or restart its group, or give up. */
  #dealWith(child: Child, reason: ExitReason): void {
    const expected = child.doomed || this.#state === 'stopping';
    child.ended(reason);
    this.#tell({ type: 'exited', id: child.spec.id, atMs: this.#clock.nowMs(), reason });
    if (expected) return;
    if (child.spec.restart === 'temporary' || (child.spec.restart === 'transient' && isNormal(reason))) {
      child.wanted = false;
      return;
    }
    this.#restart(child, reason);
  }

  #restart(child: Child, reason: ExitReason): void {
    const nowMs = this.#clock.nowMs();
    const within = this.#budget.spend(nowMs);
    const delayMs = child.fail(this.#backoff);
    if (!within) return this.#escalate(child, reason, String(this.#budget));
    if (delayMs === undefined) return this.#escalate(child, reason, `its own ${child.budget}`);
    this.#restarts++;
    if (this.#state === 'running') this.#state = 'restarting';
    child.state = 'waiting';
    child.notBeforeMs = nowMs + delayMs;
    const group = this.#group(child);
    for (const member of group) {
      member.doomed = member.held;
      member.wanted = member === child || (member.spec.restart !== 'temporary' && (member.wanted || member.held));
    }
    const ids = group.map((member) => member.spec.id);
    this.#tell({ type: 'restarting', id: child.spec.id, atMs: nowMs, delayMs, group: ids });
  }

  /** The child and those that go down and up with it. */
  #group(child: Child): readonly Child[] {
    switch (this.#strategy) {
      case 'one-for-one':
        return [child];
      case 'one-for-all':
        return this.#children;
      case 'rest-for-one':
        return this.#children.slice(this.#children.indexOf(child));
    }
  }

  async #stopChild(child: Child): Promise<void> {
    this.#tell({ type: 'stopping', id: child.spec.id, atMs: this.#clock.nowMs() });
    const reason = await child.stop();
    this.#tell({ type: 'stopped', id: child.spec.id, atMs: this.#clock.nowMs(), reason });
  }

  async #startChild(child: Child): Promise<void> {
    const failure = await child.start(() => this.#wake());
    if (failure === undefined) {
      this.#tell({ type: 'started', id: child.spec.id, atMs: this.#clock.nowMs(), restarts: child.restarts });
      return;
    }
    this.#tell({ type: 'exited', id: child.spec.id, atMs: this.#clock.nowMs(), reason: failure });
    if (this.#state === 'stopping') return;
    // A child that cannot start at all is the caller's to know; one that cannot be restarted is tried within the budget.
    if (this.#state === 'starting') this.#giveUp(child, failure);
    else if (child.spec.restart === 'temporary') child.wanted = false;
    else this.#restart(child, failure);
  }

  #escalate(child: Child, last: ExitReason, limit: string): void {
    const message = `${child.spec.id} failed beyond ${limit}; last: ${describeExit(last)}`;
    this.#giveUp(child, {
      kind: 'error',
      error: { code: 'E_RESTART_INTENSITY', message, details: { id: child.spec.id, last } },
    });
  }

  #giveUp(child: Child, reason: ExitReason): void {
    this.#failure = reason;
    this.#state = 'stopping';
    this.#tell({ type: 'escalated', id: child.spec.id, atMs: this.#clock.nowMs(), reason });
  }

  #finish(state: 'stopped' | 'failed', reason: ExitReason): void {
    this.#state = state;
    this.#settleExited(reason);
  }

  /** Waits until something happens, or for `forMs`. */
  #pause(forMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = forMs === undefined ? undefined : this.#clock.after(forMs, () => resolve());
      this.#wake = () => {
        timer?.cancel();
        resolve();
      };
    });
  }
}
