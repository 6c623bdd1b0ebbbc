/**
 * Sleep: how deep, and which sides. Depth, reads and writes are orthogonal; waking wakes all three. Every way of falling
 * asleep arms the deadline (the clock is the conductor's, DEADLINE is only an event), so no sleep lasts for ever by mistake.
 *
 * Reads pass when `reads.open` and not `depth.deep`; writes pass when `writes.open` and not `depth.deep`. The gates of the
 * two sides and the halt of the deep sleep are separate effects, so that neither undoes the other.
 */
import { setup } from 'xstate';

export type SleepEvent = 'NAP' | 'DEEP' | 'SLEEP_READS' | 'SLEEP_WRITES' | 'AWAKE' | 'DEADLINE';
export type SleepGuard = never;
export type SleepEffect =
  | 'armDeadline'
  | 'disarmDeadline'
  | 'closeIndexGate'
  | 'openIndexGate'
  | 'haltAll'
  | 'resumeAll'
  | 'closeReadGate'
  | 'openReadGate'
  | 'closeWriteGate'
  | 'openWriteGate'
  | 'catchUp';

const nothing = (): void => {};

export const sleep = setup({
  types: { events: {} as { type: SleepEvent } },
  actions: {
    armDeadline: nothing,
    disarmDeadline: nothing,
    closeIndexGate: nothing,
    openIndexGate: nothing,
    haltAll: nothing,
    resumeAll: nothing,
    closeReadGate: nothing,
    openReadGate: nothing,
    closeWriteGate: nothing,
    openWriteGate: nothing,
    catchUp: nothing,
  },
}).createMachine({
  id: 'sleep',
  type: 'parallel',
  states: {
    depth: {
      initial: 'awake',
      states: {
        awake: {
          on: {
            NAP: { target: 'nap', actions: ['armDeadline', 'closeIndexGate'] },
            DEEP: { target: 'deep', actions: ['armDeadline', 'closeIndexGate'] },
          },
        },
        nap: {
          on: {
            NAP: { actions: 'armDeadline' },
            DEEP: { target: 'deep', actions: 'armDeadline' },
            AWAKE: { target: 'awake', actions: ['disarmDeadline', 'openIndexGate', 'catchUp'] },
            DEADLINE: { target: 'awake', actions: ['disarmDeadline', 'openIndexGate', 'catchUp'] },
          },
        },
        deep: {
          entry: 'haltAll',
          exit: 'resumeAll',
          on: {
            NAP: { target: 'nap', actions: 'armDeadline' },
            DEEP: { actions: 'armDeadline' },
            AWAKE: { target: 'awake', actions: ['disarmDeadline', 'openIndexGate', 'catchUp'] },
            DEADLINE: { target: 'awake', actions: ['disarmDeadline', 'openIndexGate', 'catchUp'] },
          },
        },
      },
    },
    reads: {
      initial: 'open',
      states: {
        open: { on: { SLEEP_READS: { target: 'asleep', actions: 'armDeadline' } } },
        asleep: {
          entry: 'closeReadGate',
          exit: 'openReadGate',
          on: {
            SLEEP_READS: { actions: 'armDeadline' },
            AWAKE: { target: 'open', actions: 'disarmDeadline' },
            DEADLINE: { target: 'open', actions: 'disarmDeadline' },
          },
        },
      },
    },
    writes: {
      initial: 'open',
      states: {
        open: { on: { SLEEP_WRITES: { target: 'asleep', actions: 'armDeadline' } } },
        asleep: {
          entry: 'closeWriteGate',
          exit: 'openWriteGate',
          on: {
            SLEEP_WRITES: { actions: 'armDeadline' },
            AWAKE: { target: 'open', actions: 'disarmDeadline' },
            DEADLINE: { target: 'open', actions: 'disarmDeadline' },
          },
        },
      },
    },
  },
});
