/**
 * One supervised child, seen from its supervisor. The guards are the supervisor's knowledge: whether this exit is the end
 * of the child, and whether the restart budget (so many in a period) still allows another try. A thread with a native store
 * open must never be terminated, so a child that will not stop is reported and waited for, not killed.
 */
import { setup } from 'xstate';

export type ChildEvent = 'START' | 'READY' | 'EXITED' | 'DEADLINE' | 'ELAPSED' | 'RESTART' | 'STOP';
export type ChildGuard = 'staysDown' | 'withinBudget';
export type ChildEffect =
  | 'spawn'
  | 'armStartDeadline'
  | 'armStopDeadline'
  | 'armBackoff'
  | 'disarmTimer'
  | 'countRestart'
  | 'announceRunning'
  | 'announceRestarted'
  | 'announceDown'
  | 'announceStopped'
  | 'askToStop'
  | 'reportStuck'
  | 'escalate';

const nothing = (): void => {};

export const child = setup({
  types: { events: {} as { type: ChildEvent } },
  guards: { staysDown: () => false, withinBudget: () => true },
  actions: {
    spawn: nothing,
    armStartDeadline: nothing,
    armStopDeadline: nothing,
    armBackoff: nothing,
    disarmTimer: nothing,
    countRestart: nothing,
    announceRunning: nothing,
    announceRestarted: nothing,
    announceDown: nothing,
    announceStopped: nothing,
    askToStop: nothing,
    reportStuck: nothing,
    escalate: nothing,
  },
}).createMachine({
  id: 'child',
  initial: 'specified',
  states: {
    specified: { on: { START: 'alive.starting', STOP: 'stopped' } },
    alive: {
      initial: 'starting',
      states: {
        starting: {
          entry: ['spawn', 'armStartDeadline'],
          exit: 'disarmTimer',
          on: {
            READY: { target: 'running', actions: 'announceRunning' },
            // It hangs in its start: it is asked to end, and its exit is judged like any other.
            DEADLINE: { actions: ['reportStuck', 'askToStop'] },
          },
        },
        running: {
          // A sibling it depends on was restarted, or it was found hung.
          on: { RESTART: '#child.cycling' },
        },
        restarting: {
          entry: ['spawn', 'armStartDeadline'],
          exit: 'disarmTimer',
          on: {
            READY: { target: 'running', actions: 'announceRestarted' },
            DEADLINE: { actions: ['reportStuck', 'askToStop'] },
          },
        },
      },
      on: {
        EXITED: [
          { guard: 'staysDown', target: 'stopped', actions: 'announceDown' },
          { guard: 'withinBudget', target: 'backoff', actions: ['announceDown', 'countRestart'] },
          { target: 'failed', actions: 'announceDown' },
        ],
        STOP: 'stopping',
      },
    },
    backoff: {
      entry: 'armBackoff',
      exit: 'disarmTimer',
      on: { ELAPSED: 'alive.restarting', STOP: 'stopped' },
    },
    // An orderly stop that is followed by a start: it costs nothing of the budget.
    cycling: {
      entry: ['askToStop', 'armStopDeadline'],
      exit: 'disarmTimer',
      on: { EXITED: 'alive.restarting', DEADLINE: { actions: 'reportStuck' }, STOP: 'stopping' },
    },
    stopping: {
      entry: ['askToStop', 'armStopDeadline'],
      exit: 'disarmTimer',
      on: { EXITED: 'stopped', DEADLINE: { actions: 'reportStuck' } },
    },
    stopped: { entry: 'announceStopped', on: { START: 'alive.starting' } },
    failed: { entry: 'escalate', on: { START: 'alive.starting', STOP: 'stopped' } },
  },
});
