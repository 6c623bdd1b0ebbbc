/**
 * Children as data: what a supervisor is told about each child, and the handle that its start returns. A child may be a
 * worker thread, an actor in this thread, or another supervisor: the supervisor does not know.
 */
import type { ExitReason } from './exit.js';

/** permanent: restarted after any end. transient: after a failure. temporary: never. */
export type Restart = 'permanent' | 'transient' | 'temporary';

/** one-for-one: the failed child alone; one-for-all: all; rest-for-one: it and those started after it. */
export type Strategy = 'one-for-one' | 'one-for-all' | 'rest-for-one';

/** At most `intensity` restarts within `periodMs`; the one beyond it escalates. */
export interface RestartBudget {
  readonly intensity: number;
  readonly periodMs: number;
}

/** The pause before a restart: minMs, times factor for each further failure of that child within the period, at most maxMs. */
export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
  readonly factor: number;
}

export interface ChildSpec {
  /** Unique within its supervisor. */
  readonly id: string;
  readonly restart: Restart;
  /** How long it may take to stop, in milliseconds. */
  readonly shutdownMs: number;
  /** How long it may take to start, in milliseconds; 30 000 when absent. */
  readonly startMs?: number;
  /** A budget of its own, beside the supervisor's. */
  readonly budget?: RestartBudget;
  /** Resolves when the child is ready. A rejection is a failure like any other. */
  start(): Promise<ChildHandle>;
}

export interface ChildHandle {
  /** Resolves once, however the child ends; never rejects. */
  readonly exited: Promise<ExitReason>;
  /** Asks the child to stop, and sees to it that it has when `deadlineMs` is over. */
  stop(deadlineMs: number): Promise<void>;
}

export interface ChildStatus {
  readonly id: string;
  /** Leaf path in machines/child.ts: `up.running`, `due.backoff`. */
  readonly state: string;
  readonly restart: Restart;
  readonly restarts: number;
  /** Milliseconds since the epoch of its last readiness. */
  readonly startedMs: number | undefined;
  readonly lastExit: ExitReason | undefined;
}

export interface SupervisorStatus {
  /** Leaf path in machines/supervisor.ts: `up.running`, `failed`. */
  readonly state: string;
  readonly strategy: Strategy;
  readonly restarts: number;
  readonly children: readonly ChildStatus[];
  /** Why the supervisor gave up. */
  readonly failure: ExitReason | undefined;
}

/** What a supervisor tells its owner, in the order in which it happened. `final`: that child will not come back. */
export type SupervisorEvent =
  | { readonly type: 'started'; readonly id: string; readonly atMs: number; readonly restarts: number }
  | {
      readonly type: 'exited';
      readonly id: string;
      readonly atMs: number;
      readonly reason: ExitReason;
      readonly final: boolean;
    }
  | {
      readonly type: 'restarting';
      readonly id: string;
      readonly atMs: number;
      readonly delayMs: number;
      readonly group: readonly string[];
    }
  | { readonly type: 'stopping'; readonly id: string; readonly atMs: number }
  | {
      readonly type: 'stopped';
      readonly id: string;
      readonly atMs: number;
      readonly reason: ExitReason;
      readonly final: boolean;
    }
  | { readonly type: 'escalated'; readonly id: string; readonly atMs: number; readonly reason: ExitReason };
