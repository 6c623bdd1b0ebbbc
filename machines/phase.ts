/**
 * The life of one instance: closed, starting, running, leaving, closed again; failed from anywhere. Every step of starting
 * and leaving is an effect that the conductor carries out and answers with an event; the machine itself does nothing.
 */
import { setup } from 'xstate';

export type PhaseEvent =
  | 'OPEN'
  | 'INIT_DONE'
  | 'SETUP_DONE'
  | 'INTEGRITY_DONE'
  | 'RUN'
  | 'CLOSE'
  | 'DRAINED'
  | 'FLUSHED'
  | 'STOPPED'
  | 'FAIL';
export type PhaseGuard = 'isNew';
export type PhaseEffect =
  | 'runInit'
  | 'runSetup'
  | 'runIntegrity'
  | 'hookStart'
  | 'openGates'
  | 'closeGates'
  | 'hookExit'
  | 'runDrain'
  | 'runFlush'
  | 'runStop'
  | 'announceClosed'
  | 'recordFailure';

const nothing = (): void => {};

export const phase = setup({
  types: { events: {} as { type: PhaseEvent } },
  guards: { isNew: () => false },
  actions: {
    runInit: nothing,
    runSetup: nothing,
    runIntegrity: nothing,
    hookStart: nothing,
    openGates: nothing,
    closeGates: nothing,
    hookExit: nothing,
    runDrain: nothing,
    runFlush: nothing,
    runStop: nothing,
    announceClosed: nothing,
    recordFailure: nothing,
  },
}).createMachine({
  id: 'phase',
  initial: 'closed',
  states: {
    closed: { on: { OPEN: 'start', FAIL: 'failed' } },
    start: {
      initial: 'init',
      states: {
        init: { entry: 'runInit', on: { INIT_DONE: [{ guard: 'isNew', target: 'setup' }, { target: 'integrity' }] } },
        setup: { entry: 'runSetup', on: { SETUP_DONE: 'integrity' } },
        integrity: { entry: 'runIntegrity', on: { INTEGRITY_DONE: 'ready' } },
        ready: { entry: 'hookStart', on: { RUN: '#phase.run' } },
      },
      // Nothing was accepted yet, so there is nothing to drain.
      on: { CLOSE: 'exit.stop', FAIL: 'failed' },
    },
    run: { entry: 'openGates', exit: 'closeGates', on: { CLOSE: 'exit', FAIL: 'failed' } },
    exit: {
      initial: 'drain',
      entry: 'hookExit',
      states: {
        drain: { entry: 'runDrain', on: { DRAINED: 'flush' } },
        flush: { entry: 'runFlush', on: { FLUSHED: 'stop' } },
        stop: { entry: 'runStop', on: { STOPPED: { target: '#phase.closed', actions: 'announceClosed' } } },
      },
      on: { FAIL: 'failed' },
    },
    failed: { entry: 'recordFailure', on: { CLOSE: 'exit.stop' } },
  },
});
