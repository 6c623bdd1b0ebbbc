/**
 * What is known about the store's bytes. Appends wait while a check runs. A torn tail (a crash in mid-write, nothing of it
 * acknowledged) is cut and the store is clean again; damage to acknowledged bytes is never cut away.
 */
import { setup } from 'xstate';

export type IntegrityEvent = 'CHECK' | 'FOUND_CLEAN' | 'FOUND_TORN' | 'FOUND_DAMAGED' | 'CUT_DONE' | 'CUT_FAILED';
export type IntegrityGuard = never;
export type IntegrityEffect =
  | 'runCheck'
  | 'closeAppendGate'
  | 'openAppendGate'
  | 'cutTail'
  | 'announceCut'
  | 'announceDamage';

const nothing = (): void => {};

export const integrity = setup({
  types: { events: {} as { type: IntegrityEvent } },
  actions: {
    runCheck: nothing,
    closeAppendGate: nothing,
    openAppendGate: nothing,
    cutTail: nothing,
    announceCut: nothing,
    announceDamage: nothing,
  },
}).createMachine({
  id: 'integrity',
  initial: 'unknown',
  states: {
    unknown: { on: { CHECK: 'checking' } },
    checking: {
      entry: ['closeAppendGate', 'runCheck'],
      on: { FOUND_CLEAN: 'clean', FOUND_TORN: 'torn', FOUND_DAMAGED: 'damaged' },
    },
    clean: { entry: 'openAppendGate', on: { CHECK: 'checking' } },
    torn: {
      entry: 'cutTail',
      on: { CUT_DONE: { target: 'clean', actions: 'announceCut' }, CUT_FAILED: 'damaged' },
    },
    damaged: { entry: 'announceDamage', on: { CHECK: 'checking' } },
  },
});
