/**
 * A counting semaphore with weighted requests: strict first come, first served, so a heavy request at the head is not
 * starved by light ones behind it. available + held = n in every state.
 */
import { setup } from 'xstate';
import type { Figures } from './figures.js';
import { figuresFrom, guards, type LockEventObject, opsFor } from './xstate-figures.js';

export type SemaphoreEvent = 'ACQUIRE' | 'TRY' | 'RESERVE' | 'RELEASE' | 'HAND' | 'LEAVE';

const ops = opsFor<SemaphoreEvent>();
const nothing = (): void => {};

export const semaphore = setup({
  types: {
    context: {} as Figures,
    events: {} as LockEventObject<SemaphoreEvent>,
    input: {} as Partial<Figures> | undefined,
  },
  guards: { blocked: guards.blocked, last: guards.last },
  actions: {
    take: ops.take,
    put: ops.put,
    park: ops.park,
    unpark: ops.unpark,
    grant: nothing,
    refuse: nothing,
    grantHead: nothing,
    hand: nothing,
  },
}).createMachine({
  id: 'semaphore',
  context: figuresFrom,
  initial: 'open',
  states: {
    open: {
      on: {
        ACQUIRE: [{ guard: 'blocked', target: 'queued', actions: 'park' }, { actions: ['take', 'grant'] }],
        TRY: [{ guard: 'blocked', actions: 'refuse' }, { actions: ['take', 'grant'] }],
        RESERVE: { target: 'queued', actions: 'park' },
        RELEASE: { actions: 'put' },
      },
    },
    queued: {
      on: {
        ACQUIRE: { actions: 'park' },
        TRY: { actions: 'refuse' },
        RESERVE: { actions: 'park' },
        RELEASE: { actions: ['put', 'hand'] },
        HAND: [
          // The head keeps its place until there is enough for it.
          { guard: 'blocked' },
          { guard: 'last', target: 'open', actions: ['unpark', 'take', 'grantHead'] },
          { actions: ['unpark', 'take', 'grantHead', 'hand'] },
        ],
        LEAVE: [{ guard: 'last', target: 'open', actions: 'unpark' }, { actions: ['unpark', 'hand'] }],
      },
    },
  },
});
