/**
 * The way the runtime works: one mode at a time, and any mode can follow any other. Leaving a mode undoes what entering
 * it did, so the order of modes leaves no residue. `custom` is the caller's own set of settings, enabled as one.
 */
import { setup } from 'xstate';

export type ModeEvent = 'NORMAL' | 'CUSTOM' | 'BLOCK' | 'STRICT' | 'FORGIVE' | 'SLOWDOWN' | 'SPEEDUP';
export type ModeGuard = never;
export type ModeEffect =
  | 'applyCustom'
  | 'dropCustom'
  | 'runOneByOne'
  | 'runTogether'
  | 'refuseFaults'
  | 'forgiveFaults'
  | 'judgeFaultsAsUsual'
  | 'limitRate'
  | 'liftRateLimit'
  | 'widenBatches'
  | 'restoreBatches';

const nothing = (): void => {};

export const mode = setup({
  types: { events: {} as { type: ModeEvent } },
  actions: {
    applyCustom: nothing,
    dropCustom: nothing,
    runOneByOne: nothing,
    runTogether: nothing,
    refuseFaults: nothing,
    forgiveFaults: nothing,
    judgeFaultsAsUsual: nothing,
    limitRate: nothing,
    liftRateLimit: nothing,
    widenBatches: nothing,
    restoreBatches: nothing,
  },
}).createMachine({
  id: 'mode',
  initial: 'normal',
  // Asking for the mode that is on already changes nothing: each state takes its own event and stays.
  on: {
    NORMAL: '.normal',
    CUSTOM: '.custom',
    BLOCK: '.block',
    STRICT: '.strict',
    FORGIVE: '.forgive',
    SLOWDOWN: '.slowdown',
    SPEEDUP: '.speedup',
  },
  states: {
    normal: { on: { NORMAL: {} } },
    custom: { entry: 'applyCustom', exit: 'dropCustom', on: { CUSTOM: {} } },
    block: { entry: 'runOneByOne', exit: 'runTogether', on: { BLOCK: {} } },
    strict: { entry: 'refuseFaults', exit: 'judgeFaultsAsUsual', on: { STRICT: {} } },
    forgive: { entry: 'forgiveFaults', exit: 'judgeFaultsAsUsual', on: { FORGIVE: {} } },
    slowdown: { entry: 'limitRate', exit: 'liftRateLimit', on: { SLOWDOWN: {} } },
    speedup: { entry: 'widenBatches', exit: 'restoreBatches', on: { SPEEDUP: {} } },
  },
});
