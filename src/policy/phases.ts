/** The phases of the governed system as integers, from the table of `machines/policy.ts`: one look-up a change. */
import { tableOf } from '../tables/load.js';

const table = tableOf('policy');

export const IDLE: number = table.state('idle');
export const BUSY: number = table.state('busy');
export const ASLEEP: number = table.state('asleep');

export const ARRIVE: number = table.event('ARRIVE');
export const DRAIN: number = table.event('DRAIN');
export const SLEEP: number = table.event('SLEEP');
export const WAKE: number = table.event('WAKE');
export const UP: number = table.event('UP');

const HAS_WORK = table.guardBit('hasWork');

/** The phase after an event, or a negative number where the machine ignores it. */
export function nextPhase(phase: number, event: number, hasWork: boolean): number {
  return table.next[table.cell(phase, event, hasWork ? HAS_WORK : 0)] as number;
}
