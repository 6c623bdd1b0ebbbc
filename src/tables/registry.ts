/**
 * Every machine by name: one place to add one. Importing this file imports XState, so the runtime imports `data.ts`
 * instead, which the build replaces by the finished tables.
 */
import { child } from '../../machines/child.js';
import { integrity } from '../../machines/integrity.js';
import { mode } from '../../machines/mode.js';
import { phase } from '../../machines/phase.js';
import { sleep } from '../../machines/sleep.js';
import { supervisor } from '../../machines/supervisor.js';

export const MACHINES = { phase, mode, sleep, child, supervisor, integrity } as const;
