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
import type { EffectOf, EventOf } from '../tables/names.js';
import { Stepper } from '../tables/stepper.js';
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
import type { Backoff, ChildHandle, ChildSpec, Strategy, SupervisorEvent, SupervisorStatus } from './spec.js';

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
  readonly #machine = new Stepper('supervisor', {});
  readonly #children: readonly Child[];
  /** Children that are to stop for good, on their own. */
  readonly #dismissed = new Set<Child>();
  #failure: ExitReason | undefined;
  #restarts = 0;
  #started: Promise<void> | undefined;
  #announceUp: () => void = () => undefined;
  #announceEnd: (reason: ExitReason) => void = () => undefined;
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
      this.#announceEnd = resolve;
    });
    this.#children = options.children.map((spec) => this.#child(spec));
    const ids = new Set(options.children.map(({ id }) => id));
    if (ids.size !== options.children.length) throw new LtlError('E_ARGUMENT', 'two children have the same id');
  }

  /** Starts the children in order. Rejects with a child's error when it does not start: those before it are stopped again. */
  start(): Promise<void> {
    this.#started ??= new Promise((resolve, reject) => {
      this.#announceUp = resolve;
      void this.exited.then((reason) => {
        if (reason.kind !== 'stopped') reject(exitError('the supervisor', reason));
        else reject(new LtlError('E_CLOSED', 'the supervisor was stopped before all its children were up'));
      });
      if (this.#step('START')) void this.#loop();
    });
    return this.#started;
  }

  /** Stops the children in reverse order, each within its own deadline. Resolves when all are down; never rejects. */
  async stop(): Promise<void> {
    if (this.#step('STOP')) this.#wake();
    await this.exited;
  }

  /** Stops one child for good; the others do not notice. Does not wait for it. */
  dismiss(id: string): void {
    const child = this.#children.find(({ spec }) => spec.id === id);
    if (child === undefined) return;
    this.#dismissed.add(child);
    void this.#tellChild(child, 'STOP');
    this.#wake();
  }

  status(): SupervisorStatus {
    return {
      state: this.#machine.state,
      strategy: this.#strategy,
      restarts: this.#restarts,
      children: this.#children.map((child) => child.status()),
      failure: this.#failure,
    };
  }

  #child(spec: ChildSpec): Child {
    const child: Child = new Child(
      spec,
      {
        staysDown: () => this.#isLeaving(child) || staysDown(spec, child.lastExit),
        withinBudget: () => child.withinBudget && this.#budget.allows(this.#clock.nowMs()),
      },
      this.#clock,
      this.#period,
    );
    return child;
  }

  #isLeaving(child: Child): boolean {
    return this.#machine.matches('down') || this.#dismissed.has(child);
  }

  /** Moves the supervisor's own machine; true when the event meant something. */
  #step(event: EventOf<'supervisor'>): boolean {
    const effects = this.#machine.step(event);
    for (const effect of effects ?? []) {
      if (effect === 'announceUp') this.#announceUp();
      else if (effect === 'announceEnd') this.#announceEnd(this.#failure ?? { kind: 'stopped' });
      else for (const child of this.#children) void this.#tellChild(child, 'STOP');
    }
    return effects !== undefined;
  }

  async #loop(): Promise<void> {
    while (this.#machine.matches('up') || this.#machine.matches('down')) await this.#act();
  }

  /** One act, whatever is most urgent now: an end, then a stop, last child first, then a start, first child first. */
  async #act(): Promise<void> {
    const ended = this.#children.find((child) => child.unseenExit !== undefined);
    if (ended?.unseenExit !== undefined) {
      ended.release(ended.unseenExit);
      return this.#tellChild(ended, 'EXITED');
    }
    const doomed = this.#children.findLast((child) => child.doomed);
    if (doomed !== undefined) return this.#tellChild(doomed, 'ASK');
    const due = this.#children.find((child) => child.machine.matches('due'));
    if (due === undefined) {
      this.#step('SETTLED');
      return this.#machine.matches('up') ? this.#pause(undefined) : undefined;
    }
    const waitMs = due.notBeforeMs - this.#clock.nowMs();
    return waitMs > 0 ? this.#pause(waitMs) : this.#tellChild(due, 'START');
  }

  /** Steps a child's machine and carries out what it answers. */
  async #tellChild(child: Child, event: EventOf<'child'>): Promise<void> {
    for (const effect of child.machine.step(event) ?? []) await this.#carryOut(effect, child);
  }

  async #carryOut(effect: EffectOf<'child'>, child: Child): Promise<void> {
    const id = child.spec.id;
    const atMs = this.#clock.nowMs();
    const reason: ExitReason = child.lastExit ?? { kind: 'stopped' };
    const final = child.machine.matches('ended') || child.machine.matches('failed');
    switch (effect) {
      case 'spawn':
        return this.#spawn(child);
      case 'askToStop':
        this.#tell({ type: 'stopping', id, atMs });
        await child.askToStop();
        return this.#tellChild(child, 'EXITED');
      case 'announceStarted':
        return this.#tell({ type: 'started', id, atMs, restarts: child.restarts });
      case 'announceExited':
        return this.#tell({ type: 'exited', id, atMs, reason, final });
      case 'announceStopped':
        return this.#tell({ type: 'stopped', id, atMs, reason, final });
      case 'scheduleRestart':
        return this.#scheduleRestart(child);
      case 'escalate':
        return this.#giveUp(child, beyondBudget(id, this.#spentBudget(child), reason));
    }
  }

  async #spawn(child: Child): Promise<void> {
    const failure = await child.spawn(() => this.#wake());
    if (failure === undefined) {
      await this.#tellChild(child, 'READY');
      // Whoever asked for the stop while it started could not mark it then.
      if (this.#isLeaving(child)) await this.#tellChild(child, 'STOP');
      return;
    }
    // A child that cannot start at all is the caller's to know; one that cannot be restarted is tried within the budget.
    if (this.#machine.matches('up.starting')) this.#giveUp(child, failure);
    await this.#tellChild(child, 'EXITED');
  }

  /** The failed child comes up after its pause, and its group goes down and up with it. */
  #scheduleRestart(child: Child): void {
    this.#restarts++;
    this.#budget.spend(this.#clock.nowMs());
    this.#step('LOST');
    const delayMs = child.scheduleRestart(this.#backoff);
    const group = this.#group(child);
    for (const member of group)
      if (!member.machine.matches('due')) member.machine.step(member.spec.restart === 'temporary' ? 'STOP' : 'CYCLE');
    const ids = group.map((member) => member.spec.id);
    this.#tell({ type: 'restarting', id: child.spec.id, atMs: this.#clock.nowMs(), delayMs, group: ids });
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

  /** Which of the two budgets is used up. */
  #spentBudget(child: Child): string {
    return child.withinBudget ? `the supervisor's ${String(this.#budget)}` : `its own ${child.budget}`;
  }

  #giveUp(child: Child, reason: ExitReason): void {
    this.#failure = reason;
    this.#step('GIVE_UP');
    this.#tell({ type: 'escalated', id: child.spec.id, atMs: this.#clock.nowMs(), reason });
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

/** Is this end, by the rules of its restart, the last one of the child? */
export function staysDown(spec: ChildSpec, reason: ExitReason | undefined): boolean {
  if (spec.restart === 'temporary') return true;
  return spec.restart === 'transient' && reason !== undefined && isNormal(reason);
}

function beyondBudget(id: string, budget: string, last: ExitReason): ExitReason {
  const message = `${id} failed beyond ${budget}; last: ${describeExit(last)}`;
  return { kind: 'error', error: { code: 'E_RESTART_INTENSITY', message, details: { id, last } } };
}
