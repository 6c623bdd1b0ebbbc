/** The words of each machine as types: what a stepper accepts and answers. Types only, so that nothing imports XState. */
import type { ChildEffect, ChildEvent, ChildGuard } from '../../machines/child.js';
import type { LockEffect, LockGuard, LockOp } from '../../machines/figures.js';
import type { IntegrityEffect, IntegrityEvent, IntegrityGuard } from '../../machines/integrity.js';
import type { LockEvent } from '../../machines/lock.js';
import type { ModeEffect, ModeEvent, ModeGuard } from '../../machines/mode.js';
import type { MutexEvent } from '../../machines/mutex.js';
import type { PhaseEffect, PhaseEvent, PhaseGuard } from '../../machines/phase.js';
import type { PolicyMachineEffect, PolicyMachineEvent, PolicyMachineGuard } from '../../machines/policy.js';
import type { SemaphoreEvent } from '../../machines/semaphore.js';
import type { SignalEvent } from '../../machines/signal.js';
import type { SleepEffect, SleepEvent, SleepGuard } from '../../machines/sleep.js';
import type { SupervisorEffect, SupervisorEvent, SupervisorGuard } from '../../machines/supervisor.js';

export interface MachineWords {
  readonly phase: { readonly event: PhaseEvent; readonly effect: PhaseEffect; readonly guard: PhaseGuard };
  readonly mode: { readonly event: ModeEvent; readonly effect: ModeEffect; readonly guard: ModeGuard };
  readonly sleep: { readonly event: SleepEvent; readonly effect: SleepEffect; readonly guard: SleepGuard };
  readonly child: { readonly event: ChildEvent; readonly effect: ChildEffect; readonly guard: ChildGuard };
  readonly supervisor: {
    readonly event: SupervisorEvent;
    readonly effect: SupervisorEffect;
    readonly guard: SupervisorGuard;
  };
  readonly integrity: {
    readonly event: IntegrityEvent;
    readonly effect: IntegrityEffect;
    readonly guard: IntegrityGuard;
  };
  readonly policy: {
    readonly event: PolicyMachineEvent;
    readonly effect: PolicyMachineEffect;
    readonly guard: PolicyMachineGuard;
  };
  readonly mutex: LockWords<MutexEvent>;
  readonly semaphore: LockWords<SemaphoreEvent>;
  readonly lock: LockWords<LockEvent>;
  readonly signalAuto: LockWords<SignalEvent>;
  readonly signalManual: LockWords<SignalEvent>;
}

/** The lock machines share their guards, integer ops and effects; each has its own events. */
interface LockWords<Event extends string> {
  readonly event: Event;
  readonly effect: LockEffect | LockOp;
  readonly guard: LockGuard;
}

export type MachineName = keyof MachineWords;
export type EventOf<N extends MachineName> = MachineWords[N]['event'];
export type EffectOf<N extends MachineName> = MachineWords[N]['effect'];
export type GuardOf<N extends MachineName> = MachineWords[N]['guard'];
