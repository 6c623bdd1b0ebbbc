/**
 * The system that a sleep policy governs, as the policy sees it: idle, busy, asleep or waking up. How deep it sleeps is a
 * number beside the machine; falling deeper is SLEEP again. An arrival changes only an idle system: elsewhere the record
 * waits or is refused. A busy or waking system ignores SLEEP: it finishes its work
 * first and asks again. The simulator runs on this machine's table, and so can a driver of the running runtime.
 */
import { setup } from 'xstate';

/** UP: a wake-up is finished. DRAIN: the last record was served. */
export type PolicyMachineEvent = 'ARRIVE' | 'DRAIN' | 'SLEEP' | 'WAKE' | 'UP';
export type PolicyMachineGuard = 'hasWork';
export type PolicyMachineEffect = 'serve' | 'askWhatNext';

const nothing = (): void => {};

export const policy = setup({
  types: { events: {} as { type: PolicyMachineEvent } },
  guards: { hasWork: () => false },
  actions: { serve: nothing, askWhatNext: nothing },
}).createMachine({
  id: 'policy',
  initial: 'idle',
  states: {
    idle: {
      on: {
        ARRIVE: { target: 'busy', actions: 'serve' },
        SLEEP: 'asleep',
      },
    },
    busy: {
      on: {
        DRAIN: { target: 'idle', actions: 'askWhatNext' },
      },
    },
    // Records wait here, or are refused; whether one of them wakes the system is the policy's decision.
    asleep: {
      on: {
        SLEEP: 'asleep',
        WAKE: 'waking',
      },
    },
    waking: {
      on: {
        UP: [
          { guard: 'hasWork', target: 'busy', actions: 'serve' },
          { target: 'idle', actions: 'askWhatNext' },
        ],
      },
    },
  },
});
