/**
 * Every machine by name: one place to add one. Importing this file imports XState, so the runtime imports `data.ts`
 * instead, which the build replaces by the finished tables.
 */
import { child } from '../../machines/child.js';
import { integrity } from '../../machines/integrity.js';
import { lock } from '../../machines/lock.js';
import { mode } from '../../machines/mode.js';
import { mutex } from '../../machines/mutex.js';
import { phase } from '../../machines/phase.js';
import { policy } from '../../machines/policy.js';
import { semaphore } from '../../machines/semaphore.js';
import { signalAuto, signalManual } from '../../machines/signal.js';
import { sleep } from '../../machines/sleep.js';
import { supervisor } from '../../machines/supervisor.js';

export const MACHINES = {
  phase,
  mode,
  sleep,
  child,
  supervisor,
  integrity,
  policy,
  mutex,
  semaphore,
  lock,
  signalAuto,
  signalManual,
} as const;
