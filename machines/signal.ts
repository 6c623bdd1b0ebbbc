/**
 * Signals. Auto reset: one SET lets one waiter through and is used up by it. Manual reset: SET opens the gate for all, until
 * RESET closes it. `pending` is set while somebody still waits: the queue's head is being let through, or keeps the signal
 * while it waits for other things too.
 */
import { setup } from 'xstate';
import type { Figures } from './figures.js';
import { figuresFrom, guards, type LockEventObject, opsFor } from './xstate-figures.js';

export type SignalEvent = 'ACQUIRE' | 'TRY' | 'RESERVE' | 'SET' | 'RESET' | 'HAND' | 'LEAVE';

const ops = opsFor<SignalEvent>();
const nothing = (): void => {};

const words = setup({
  types: {
    context: {} as Figures,
    events: {} as LockEventObject<SignalEvent>,
    input: {} as Partial<Figures> | undefined,
  },
  guards: { last: guards.last },
  actions: { park: ops.park, unpark: ops.unpark, grant: nothing, refuse: nothing, grantHead: nothing, hand: nothing },
});

export const signalAuto = words.createMachine({
  id: 'signalAuto',
  context: figuresFrom,
  initial: 'unset',
  states: {
    unset: {
      on: {
        ACQUIRE: { target: 'waited', actions: 'park' },
        TRY: { actions: 'refuse' },
        RESERVE: { target: 'waited', actions: 'park' },
        SET: 'set',
        RESET: {},
      },
    },
    waited: {
      on: {
        ACQUIRE: { actions: 'park' },
        TRY: { actions: 'refuse' },
        RESERVE: { actions: 'park' },
        SET: { target: 'pending', actions: 'hand' },
        RESET: {},
        LEAVE: [{ guard: 'last', target: 'unset', actions: 'unpark' }, { actions: 'unpark' }],
      },
    },
    set: {
      on: {
        ACQUIRE: { target: 'unset', actions: 'grant' },
        TRY: { target: 'unset', actions: 'grant' },
        RESERVE: { target: 'pending', actions: 'park' },
        SET: {},
        RESET: 'unset',
      },
    },
    pending: {
      on: {
        ACQUIRE: { actions: 'park' },
        TRY: { actions: 'refuse' },
        RESERVE: { actions: 'park' },
        SET: {},
        RESET: 'waited',
        HAND: [
          { guard: 'last', target: 'unset', actions: ['unpark', 'grantHead'] },
          { target: 'waited', actions: ['unpark', 'grantHead'] },
        ],
        LEAVE: [{ guard: 'last', target: 'set', actions: 'unpark' }, { actions: ['unpark', 'hand'] }],
      },
    },
  },
});

export const signalManual = words.createMachine({
  id: 'signalManual',
  context: figuresFrom,
  initial: 'unset',
  states: {
    unset: {
      on: {
        ACQUIRE: { target: 'waited', actions: 'park' },
        TRY: { actions: 'refuse' },
        RESERVE: { target: 'waited', actions: 'park' },
        SET: 'set',
        RESET: {},
      },
    },
    waited: {
      on: {
        ACQUIRE: { actions: 'park' },
        TRY: { actions: 'refuse' },
        RESERVE: { actions: 'park' },
        SET: { target: 'pending', actions: 'hand' },
        RESET: {},
        LEAVE: [{ guard: 'last', target: 'unset', actions: 'unpark' }, { actions: 'unpark' }],
      },
    },
    set: {
      on: {
        ACQUIRE: { actions: 'grant' },
        TRY: { actions: 'grant' },
        RESERVE: { target: 'pending', actions: 'park' },
        SET: {},
        RESET: 'unset',
      },
    },
    pending: {
      on: {
        ACQUIRE: { actions: 'park' },
        TRY: { actions: 'refuse' },
        RESERVE: { actions: 'park' },
        SET: {},
        RESET: 'waited',
        HAND: [
          { guard: 'last', target: 'set', actions: ['unpark', 'grantHead'] },
          { actions: ['unpark', 'grantHead', 'hand'] },
        ],
        LEAVE: [{ guard: 'last', target: 'set', actions: 'unpark' }, { actions: ['unpark', 'hand'] }],
      },
    },
  },
});
