/**
 * A supervisor as a whole. It goes down either because it was asked to or because it gave up, and is over only when
 * every child is down. It lives once.
 */
import { setup } from 'xstate';

export type SupervisorEvent = 'START' | 'LOST' | 'SETTLED' | 'GIVE_UP' | 'STOP';
export type SupervisorGuard = never;
export type SupervisorEffect = 'announceUp' | 'dismissChildren' | 'announceEnd';

const nothing = (): void => {};

export const supervisor = setup({
  types: { events: {} as { type: SupervisorEvent } },
  actions: { announceUp: nothing, dismissChildren: nothing, announceEnd: nothing },
}).createMachine({
  id: 'supervisor',
  initial: 'idle',
  states: {
    idle: { on: { START: 'up', STOP: 'stopped' } },
    up: {
      initial: 'starting',
      states: {
        // SETTLED says that nothing is left to start or to stop.
        starting: { on: { SETTLED: { target: 'running', actions: 'announceUp' } } },
        running: { on: { LOST: 'restarting' } },
        restarting: { on: { SETTLED: 'running' } },
      },
      on: { GIVE_UP: 'down.failing', STOP: 'down.stopping' },
    },
    down: {
      initial: 'stopping',
      entry: 'dismissChildren',
      states: {
        stopping: { on: { SETTLED: '#supervisor.stopped' } },
        failing: { on: { SETTLED: '#supervisor.failed' } },
      },
    },
    stopped: { entry: 'announceEnd' },
    failed: { entry: 'announceEnd' },
  },
});
