/**
 * The replay of a live run: the arrivals, drains and wake-ups from outside that a record holds go through the simulator
 * under the same policy, which fires the timers and changes the states by itself. What comes out is held against what the
 * run wrote down: the same changes for the same reasons in the same order, and the same timers.
 */
import type { Policy } from './contract.js';
import type { PolicyRecord, RecordChange } from './record.js';
import { Simulation } from './simulation.js';

export interface Replay {
  /** The changes of state that the simulator made. */
  readonly changes: readonly RecordChange[];
  readonly timersMs: readonly number[];
  /** The first difference in words; null: both logs are identical. */
  readonly difference: string | null;
  /** How late the runtime saw a change or a timer at most, in ms after the time that counts for it. */
  readonly lateMsMax: number;
}

/** Times are written with as many digits as they have; this is for reading them by hand, and for nothing else. */
const SAME_MS = 1e-6;

/** Replays a record; `toleranceMs` is how late the runtime may have seen a change. */
export function replay(record: PolicyRecord, policy: Policy, toleranceMs: number): Replay {
  const { changes, timersMs } = simulated(record, policy);
  const recorded = record.events.filter((event) => event.event === 'change');
  const timers = record.events.filter((event) => event.event === 'timer');
  const lates = [...recorded, ...timers].map(({ late_ms }) => late_ms);
  const lateMsMax = lates.reduce((most, late) => Math.max(most, late), 0);
  const late = recorded.findIndex(({ late_ms }) => late_ms > toleranceMs);
  const difference =
    changeDifference(recorded, changes) ??
    timerDifference(
      timers.map(({ t_ms }) => t_ms),
      timersMs,
    ) ??
    (late < 0
      ? null
      : `change ${late + 1} was seen ${text(recorded[late]?.late_ms)} ms late, beyond the tolerance of ${text(toleranceMs)} ms`);
  return { changes, timersMs, difference, lateMsMax };
}

function simulated(record: PolicyRecord, policy: Policy): Pick<Replay, 'changes' | 'timersMs'> {
  const timersMs: number[] = [];
  const simulation = new Simulation(policy, {
    drainsMs: record.events.filter(({ event }) => event === 'drained').map(({ t_ms }) => t_ms),
    transitionsMax: Number.POSITIVE_INFINITY,
    onTimer: (atMs) => timersMs.push(atMs),
  });
  let lastMs = 0;
  for (const event of record.events) {
    if (event.event === 'arrival') simulation.arrive(event.t_ms, event.bytes, event.records);
    else if (event.event === 'woken') simulation.wake(event.t_ms, 'user');
    lastMs = Math.max(lastMs, event.t_ms);
  }
  // A record that breaks off may end with a timer; one that ends in order ends later than all of them.
  const firedMs = record.events.findLast(({ event }) => event === 'timer')?.t_ms;
  const { tally } = simulation.until(firedMs === lastMs ? lastMs + SAME_MS : lastMs);
  const name = (state: number): string => policy.states[state]?.name ?? String(state);
  const changes = tally.transitions.map(({ atMs, from, to, reason }) => ({
    t_ms: atMs,
    from: name(from),
    to: name(to),
    reason,
  }));
  return { changes, timersMs };
}

function changeDifference(recorded: readonly RecordChange[], changes: readonly RecordChange[]): string | null {
  for (let index = 0; index < Math.max(recorded.length, changes.length); index++) {
    const [was, is] = [changeText(recorded[index]), changeText(changes[index])];
    if (was !== is) return `change ${index + 1}: the run had ${was}, the simulator has ${is}`;
  }
  return null;
}

function timerDifference(recorded: readonly number[], timersMs: readonly number[]): string | null {
  for (let index = 0; index < Math.max(recorded.length, timersMs.length); index++) {
    const [was, is] = [recorded[index], timersMs[index]];
    if (was === undefined || is === undefined || Math.abs(was - is) > SAME_MS)
      return `timer ${index + 1}: the run had ${text(was)}, the simulator has ${text(is)} ms`;
  }
  return null;
}

const text = (value: number | undefined): string => (value === undefined ? 'none' : String(Number(value.toFixed(3))));

function changeText(change: RecordChange | undefined): string {
  return change === undefined ? 'none' : `${change.from} to ${change.to} (${change.reason}) at ${text(change.t_ms)} ms`;
}
