/**
 * A mutex: one holder, a queue, no barging. `vacant` is held by nobody while somebody waits: a permit on its way to the
 * head of the queue, or kept for it while the head waits for other locks too. So a newcomer never overtakes the queue.
 */
import { setup } from 'xstate';
import type { Figures } from './figures.js';
import { figuresFrom, guards, type LockEventObject, opsFor } from './xstate-figures.js';

export type MutexEvent = 'ACQUIRE' | 'TRY' | 'RESERVE' | 'RELEASE' | 'HAND' | 'LEAVE';

const ops = opsFor<MutexEvent>();
const nothing = (): void => {};

export const mutex = setup({
  types: {
    context: {} as Figures,
    events: {} as LockEventObject<MutexEvent>,
    input: {} as Partial<Figures> | undefined,
  },
  guards: { last: guards.last },
  actions: { park: ops.park, unpark: ops.unpark, grant: nothing, refuse: nothing, grantHead: nothing, hand: nothing },
}).createMachine({
  id: 'mutex',
  context: figuresFrom,
  initial: 'free',
  states: {
    free: {
      on: {
        ACQUIRE: { target: 'held', actions: 'grant' },
        TRY: { target: 'held', actions: 'grant' },
        RESERVE: { target: 'vacant', actions: 'park' },
      },
    },
    held: {
      on: {
        ACQUIRE: { target: 'queued', actions: 'park' },
        TRY: { actions: 'refuse' },
        RESERVE: { target: 'queued', actions: 'park' },
        RELEASE: 'free',
      },
    },
    queued: {
      on: {
        ACQUIRE: { actions: 'park' },
        TRY: { actions: 'refuse' },
        RESERVE: { actions: 'park' },
        RELEASE: { target: 'vacant', actions: 'hand' },
        LEAVE: [{ guard: 'last', target: 'held', actions: 'unpark' }, { actions: 'unpark' }],
      },
    },
    vacant: {
      on: {
        ACQUIRE: { actions: 'park' },
        TRY: { actions: 'refuse' },
        RESERVE: { actions: 'park' },
        HAND: [
          { guard: 'last', target: 'held', actions: ['unpark', 'grantHead'] },
          { target: 'queued', actions: ['unpark', 'grantHead'] },
        ],
        LEAVE: [{ guard: 'last', target: 'free', actions: 'unpark' }, { actions: ['unpark', 'hand'] }],
      },
    },
  },
});
