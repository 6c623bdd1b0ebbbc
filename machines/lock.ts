/**
 * A lock with two modes: soft (shared, readers) and hard (exclusive, a writer). One queue for both, first come, first
 * served: once a writer waits, later readers wait behind it, so neither side starves. A writer may become a reader without
 * letting anybody in between; one reader at a time may wait to become the writer, ahead of the queue, because the queue
 * could not move anyway while it reads. A second upgrader would wait for the first and the first for it: it is refused.
 */
import { setup } from 'xstate';
import type { Figures } from './figures.js';
import { figuresFrom, guards, type LockEventObject, opsFor } from './xstate-figures.js';

export type LockEvent =
  | 'SHARE'
  | 'EXCLUDE'
  | 'TRY_SHARE'
  | 'TRY_EXCLUDE'
  | 'RESERVE'
  | 'RELEASE_SHARED'
  | 'RELEASE_EXCLUSIVE'
  | 'HAND_SHARED'
  | 'HAND_EXCLUSIVE'
  | 'LEAVE'
  | 'DOWNGRADE'
  | 'UPGRADE'
  | 'ABANDON_UPGRADE';

const ops = opsFor<LockEvent>();
const nothing = (): void => {};

export const lock = setup({
  types: {
    context: {} as Figures,
    events: {} as LockEventObject<LockEvent>,
    input: {} as Partial<Figures> | undefined,
  },
  guards: { last: guards.last, idle: guards.idle, lastReader: guards.lastReader, othersRead: guards.othersRead },
  actions: {
    join: ops.join,
    quit: ops.quit,
    park: ops.park,
    unpark: ops.unpark,
    grant: nothing,
    refuse: nothing,
    grantHead: nothing,
    grantUpgrade: nothing,
    parkUpgrade: nothing,
    refuseUpgrade: nothing,
    hand: nothing,
  },
}).createMachine({
  id: 'lock',
  context: figuresFrom,
  initial: 'free',
  states: {
    free: {
      on: {
        SHARE: { target: 'shared', actions: ['join', 'grant'] },
        EXCLUDE: { target: 'exclusive', actions: 'grant' },
        TRY_SHARE: { target: 'shared', actions: ['join', 'grant'] },
        TRY_EXCLUDE: { target: 'exclusive', actions: 'grant' },
        RESERVE: { target: 'vacant', actions: 'park' },
      },
    },
    shared: {
      on: {
        SHARE: { actions: ['join', 'grant'] },
        EXCLUDE: { target: 'sharedQueued', actions: 'park' },
        TRY_SHARE: { actions: ['join', 'grant'] },
        TRY_EXCLUDE: { actions: 'refuse' },
        RESERVE: { target: 'sharedQueued', actions: 'park' },
        RELEASE_SHARED: [{ guard: 'lastReader', target: 'free', actions: 'quit' }, { actions: 'quit' }],
        UPGRADE: [
          { guard: 'lastReader', target: 'exclusive', actions: ['quit', 'grantUpgrade'] },
          { target: 'upgrading', actions: 'parkUpgrade' },
        ],
      },
    },
    sharedQueued: {
      on: {
        SHARE: { actions: 'park' },
        EXCLUDE: { actions: 'park' },
        TRY_SHARE: { actions: 'refuse' },
        TRY_EXCLUDE: { actions: 'refuse' },
        RESERVE: { actions: 'park' },
        RELEASE_SHARED: [{ guard: 'lastReader', target: 'vacant', actions: ['quit', 'hand'] }, { actions: 'quit' }],
        HAND_SHARED: [
          { guard: 'last', target: 'shared', actions: ['unpark', 'join', 'grantHead'] },
          { actions: ['unpark', 'join', 'grantHead', 'hand'] },
        ],
        // A writer at the head waits for the readers.
        HAND_EXCLUSIVE: {},
        LEAVE: [{ guard: 'last', target: 'shared', actions: 'unpark' }, { actions: ['unpark', 'hand'] }],
        UPGRADE: [
          { guard: 'lastReader', target: 'exclusiveQueued', actions: ['quit', 'grantUpgrade'] },
          { target: 'upgrading', actions: 'parkUpgrade' },
        ],
      },
    },
    exclusive: {
      on: {
        SHARE: { target: 'exclusiveQueued', actions: 'park' },
        EXCLUDE: { target: 'exclusiveQueued', actions: 'park' },
        TRY_SHARE: { actions: 'refuse' },
        TRY_EXCLUDE: { actions: 'refuse' },
        RESERVE: { target: 'exclusiveQueued', actions: 'park' },
        RELEASE_EXCLUSIVE: 'free',
        DOWNGRADE: { target: 'shared', actions: 'join' },
      },
    },
    exclusiveQueued: {
      on: {
        SHARE: { actions: 'park' },
        EXCLUDE: { actions: 'park' },
        TRY_SHARE: { actions: 'refuse' },
        TRY_EXCLUDE: { actions: 'refuse' },
        RESERVE: { actions: 'park' },
        RELEASE_EXCLUSIVE: { target: 'vacant', actions: 'hand' },
        LEAVE: [{ guard: 'last', target: 'exclusive', actions: 'unpark' }, { actions: 'unpark' }],
        DOWNGRADE: { target: 'sharedQueued', actions: ['join', 'hand'] },
      },
    },
    vacant: {
      on: {
        SHARE: { actions: 'park' },
        EXCLUDE: { actions: 'park' },
        TRY_SHARE: { actions: 'refuse' },
        TRY_EXCLUDE: { actions: 'refuse' },
        RESERVE: { actions: 'park' },
        HAND_SHARED: [
          { guard: 'last', target: 'shared', actions: ['unpark', 'join', 'grantHead'] },
          { target: 'sharedQueued', actions: ['unpark', 'join', 'grantHead', 'hand'] },
        ],
        HAND_EXCLUSIVE: [
          { guard: 'last', target: 'exclusive', actions: ['unpark', 'grantHead'] },
          { target: 'exclusiveQueued', actions: ['unpark', 'grantHead'] },
        ],
        LEAVE: [{ guard: 'last', target: 'free', actions: 'unpark' }, { actions: ['unpark', 'hand'] }],
      },
    },
    upgrading: {
      on: {
        SHARE: { actions: 'park' },
        EXCLUDE: { actions: 'park' },
        TRY_SHARE: { actions: 'refuse' },
        TRY_EXCLUDE: { actions: 'refuse' },
        RESERVE: { actions: 'park' },
        RELEASE_SHARED: [
          { guard: 'othersRead', actions: 'quit' },
          { guard: 'idle', target: 'exclusive', actions: ['quit', 'quit', 'grantUpgrade'] },
          { target: 'exclusiveQueued', actions: ['quit', 'quit', 'grantUpgrade'] },
        ],
        LEAVE: { actions: 'unpark' },
        UPGRADE: { actions: 'refuseUpgrade' },
        ABANDON_UPGRADE: [
          { guard: 'idle', target: 'shared' },
          { target: 'sharedQueued', actions: 'hand' },
        ],
      },
    },
  },
});
