/**
 * One supervised child, seen from its supervisor. What must go down is first marked (doomed) and asked when its turn comes,
 * and what must come up is due until its turn comes: so the supervisor can keep its order of stop and start whatever
 * happens meanwhile. The guards are the supervisor's knowledge: whether this exit is the end of the child, and whether
 * the restart budgets (so many in a period) still allow another try.
 */
import { setup } from 'xstate';

export type ChildEvent = 'START' | 'READY' | 'EXITED' | 'CYCLE' | 'STOP' | 'ASK';
export type ChildGuard = 'staysDown' | 'withinBudget';
export type ChildEffect =
  | 'spawn'
  | 'askToStop'
  | 'announceStarted'
  | 'announceExited'
  | 'announceStopped'
  | 'scheduleRestart'
  | 'escalate';

const nothing = (): void => {};

export const child = setup({
  types: { events: {} as { type: ChildEvent } },
  guards: { staysDown: () => false, withinBudget: () => true },
  actions: {
    spawn: nothing,
    askToStop: nothing,
    announceStarted: nothing,
    announceExited: nothing,
    announceStopped: nothing,
    scheduleRestart: nothing,
    escalate: nothing,
  },
}).createMachine({
  id: 'child',
  initial: 'due',
  states: {
    // It is to be up, and is started when its turn comes.
    due: {
      initial: 'specified',
      states: {
        specified: {},
        // Its group is going down and up again.
        waiting: {},
        backoff: {},
      },
      on: { START: 'up.starting', STOP: { target: 'ended', actions: 'announceStopped' } },
    },
    up: {
      initial: 'starting',
      states: {
        starting: { entry: 'spawn', on: { READY: { target: 'running', actions: 'announceStarted' } } },
        running: { on: { CYCLE: '#child.cycling', STOP: '#child.leaving' } },
      },
      on: {
        EXITED: [
          { guard: 'staysDown', target: 'ended', actions: 'announceExited' },
          { guard: 'withinBudget', target: 'due.backoff', actions: ['announceExited', 'scheduleRestart'] },
          { target: 'failed', actions: ['announceExited', 'escalate'] },
        ],
      },
    },
    // An orderly stop that is followed by a start: it costs nothing of the budget.
    cycling: {
      initial: 'doomed',
      states: {
        doomed: { on: { ASK: 'asked', STOP: '#child.leaving' } },
        asked: { entry: 'askToStop', on: { STOP: '#child.leaving.going' } },
      },
      on: { EXITED: { target: 'due.waiting', actions: 'announceStopped' } },
    },
    leaving: {
      initial: 'doomed',
      states: {
        doomed: { on: { ASK: 'asked' } },
        asked: { entry: 'askToStop' },
        // It was asked already, then to come back.
        going: {},
      },
      on: { EXITED: { target: 'ended', actions: 'announceStopped' } },
    },
    ended: { on: { START: 'up.starting' } },
    failed: {},
  },
});
