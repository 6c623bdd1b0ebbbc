/**
 * Sleeping by the clock: a file says at which times of the day which state holds. Awake outside all windows; records that
 * come in a napping window wait for its end, in a refusing window they are refused.
 *
 *     # comment
 *     start 16:31:46        time of day at time 0 of the trace (00:00 when left out)
 *     22:00-06:00 nap
 *     06:00-06:30 deep
 */
import { LtlError } from '../../words/errors.js';
import { AWAKE, type Policy, type SleepState } from '../contract.js';
import { definePolicy } from '../define.js';

const DAY_MS = 86_400_000;

/** The states named in a calendar unless others are given. */
export const CALENDAR_STATES: readonly SleepState[] = [
  { name: 'awake', power: 1, wakeCost: 0, wakeMs: 0, refuses: false },
  { name: 'nap', power: 0, wakeCost: 0, wakeMs: 0, refuses: false },
  { name: 'deep', power: 0, wakeCost: 0, wakeMs: 0, refuses: true },
];

/** From this time of day on, that state. */
interface Turn {
  readonly dayMs: number;
  readonly state: number;
}

/** Throws E_POLICY naming the line that is not a window, overlaps another, or names no state. */
export function calendarPolicy(spec: string, states: readonly SleepState[], text: string): Policy<null> {
  const { startMs, turns } = readCalendar(spec, states, text);
  return definePolicy({
    spec,
    states,
    costing: 'states',
    memory: null,
    start: (atMs) => hold(turns, startMs, atMs),
    decide: ({ atMs }) => hold(turns, startMs, atMs),
  });
}

function hold(turns: readonly Turn[], startMs: number, atMs: number) {
  const dayMs = (startMs + atMs) % DAY_MS;
  const now = turns.findLast((turn) => turn.dayMs <= dayMs) ?? turns.at(-1);
  const next = turns.find((turn) => turn.dayMs > dayMs);
  const timerMs = atMs + (next === undefined ? DAY_MS + (turns[0]?.dayMs ?? 0) - dayMs : next.dayMs - dayMs);
  return { state: now?.state ?? AWAKE, timerMs, reason: 'calendar', memory: null };
}

interface Window {
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: number;
}

function readCalendar(spec: string, states: readonly SleepState[], text: string): { startMs: number; turns: Turn[] } {
  let startMs = 0;
  const windows: Window[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/#.*/, '').trim();
    if (line === '') continue;
    const fault = (message: string): LtlError => new LtlError('E_POLICY', `${spec} line ${index + 1}: ${message}`);
    const [first = '', second = '', ...more] = line.split(/\s+/);
    if (first === 'start' && more.length === 0) {
      startMs = timeOfDay(second) ?? raise(fault(`'${second}' is no time of day, as 16:31 or 16:31:46`));
      continue;
    }
    const [from = null, to = null] = first.split('-').map(timeOfDay);
    const state = states.findIndex(({ name }) => name === second);
    if (from === null || to === null || from === to || more.length > 0)
      throw fault(`'${line}' is no window, as 22:00-06:00 nap`);
    if (state < 0) throw fault(`no state is named '${second}'; one of ${states.map(({ name }) => name).join(', ')}`);
    const parts = from < to ? [[from, to] as const] : ([[from, DAY_MS] as const, [0, to] as const] as const);
    for (const [fromMs, toMs] of parts) {
      if (windows.some((other) => fromMs < other.toMs && other.fromMs < toMs)) throw fault('overlaps another window');
      if (fromMs < toMs) windows.push({ fromMs, toMs, state });
    }
  }
  if (windows.length === 0) throw new LtlError('E_POLICY', `${spec} holds no window, as 22:00-06:00 nap`);
  return { startMs, turns: turnsOf(windows) };
}

/** The day as turns: awake wherever no window holds, and one turn at midnight so that every moment has one before it. */
function turnsOf(windows: readonly Window[]): Turn[] {
  const turns: Turn[] = [];
  let untilMs = 0;
  for (const { fromMs, toMs, state } of windows.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (fromMs > untilMs) turns.push({ dayMs: untilMs, state: AWAKE });
    turns.push({ dayMs: fromMs, state });
    untilMs = toMs;
  }
  if (untilMs < DAY_MS) turns.push({ dayMs: untilMs, state: AWAKE });
  return turns;
}

function timeOfDay(text: string): number | null {
  const [, hours, minutes, seconds = '0'] = /^(\d\d?):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
  const ms = 1000 * (3600 * Number(hours) + 60 * Number(minutes) + Number(seconds));
  return hours === undefined || Number(minutes) > 59 || Number(seconds) > 59 || ms > DAY_MS ? null : ms;
}

function raise(error: Error): never {
  throw error;
}
