/**
 * The record of a live run: what the policy saw and what it decided, one JSON object a line, times in ms since it began.
 *
 *     {"record":"ltl policy","version":1,"policy":"timeout:50,200","seed":1,"states":["awake","asleep"],"startedMs":…}
 *     {"event":"arrival","t_ms":3.25,"records":2,"bytes":180}
 *     {"event":"drained","t_ms":61.5}
 *     {"event":"timer","t_ms":111.5,"late_ms":0.4}
 *     {"event":"change","t_ms":111.5,"late_ms":0.4,"from":"awake","to":"asleep","reason":"timeout"}
 *     {"event":"woken","t_ms":500,"reason":"awake() was called"}
 *     {"event":"end","t_ms":900,"actual":{…}}
 *
 * `t_ms` is the time that counts for the policy; `late_ms` after it the thread found the time. Arrivals, drains and being
 * woken come from outside; timers and changes follow from them, which is what a replay shows.
 */
import { LtlError } from '../words/errors.js';
import type { Policy } from './contract.js';
import type { RunFigures } from './prediction.js';
import type { ArrivalBlock } from './trace.js';

export interface RecordHead {
  readonly record: 'ltl policy';
  readonly version: 1;
  readonly policy: string;
  /** Of the policy's dice. */
  readonly seed: number;
  /** Names of the policy's states. */
  readonly states: readonly string[];
  /** Epoch ms of time 0. */
  readonly startedMs: number;
}

export type RecordEvent =
  | { readonly event: 'arrival'; readonly t_ms: number; readonly records: number; readonly bytes: number }
  | { readonly event: 'drained'; readonly t_ms: number }
  | { readonly event: 'woken'; readonly t_ms: number; readonly reason: string }
  | { readonly event: 'timer'; readonly t_ms: number; readonly late_ms: number }
  | ({ readonly event: 'change'; readonly late_ms: number } & RecordChange)
  | { readonly event: 'end'; readonly t_ms: number; readonly actual: RunFigures };

/** A change of state by the names of the states. */
export interface RecordChange {
  readonly t_ms: number;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

export interface PolicyRecord {
  readonly head: RecordHead;
  readonly events: readonly RecordEvent[];
}

/** The first line of a record. */
export function headOf(policy: Policy, seed: number, startedMs: number): RecordHead {
  const states = policy.states.map(({ name }) => name);
  return { record: 'ltl policy', version: 1, policy: policy.spec, seed, states, startedMs };
}

/** Reads a record. Throws E_TRACE that names the line, counted from 1. */
export function parseRecord(text: string, name: string): PolicyRecord {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const fault = (line: number, what: string, cause?: unknown): LtlError =>
    new LtlError('E_TRACE', `${name} line ${line} ${what}`, { cause, details: { line } });
  const rows = lines.map((line, index) => {
    try {
      return JSON.parse(line) as unknown;
    } catch (cause) {
      throw fault(index + 1, 'is not JSON; a record of a live run holds one object a line', cause);
    }
  });
  const [head, ...events] = rows;
  if (!isHead(head)) throw fault(1, 'is not the head of a record of a live run, {"record":"ltl policy","version":1,…}');
  let lastMs = 0;
  for (const [index, row] of events.entries()) {
    if (!isEvent(row)) throw fault(index + 2, 'is no event of a live run');
    if (row.event === 'timer' || row.event === 'change') continue;
    if (row.t_ms < lastMs) throw fault(index + 2, `goes back in time, from ${lastMs} to ${row.t_ms} ms`);
    lastMs = row.t_ms;
  }
  return { head, events: events as RecordEvent[] };
}

/** The arrivals of a record as a trace: one line a record, those of one turn at one time with even sizes. */
export function* arrivalsOf({ events }: PolicyRecord): Generator<ArrivalBlock> {
  for (const event of events) {
    if (event.event !== 'arrival') continue;
    const { records: count, bytes, t_ms } = event;
    const sizes = Float64Array.from({ length: count }, (_, index) => shareOf(bytes, count, index));
    yield { atMs: new Float64Array(count).fill(t_ms), bytes: sizes, count };
  }
}

/** The time until which a record goes. */
export function endOf({ events }: PolicyRecord): number {
  return events.reduce((most, { t_ms }) => Math.max(most, t_ms), 0);
}

/** What the run measured of itself; null when it did not come to its end. */
export function actualOf({ events }: PolicyRecord): RunFigures | null {
  const last = events.at(-1);
  return last?.event === 'end' ? last.actual : null;
}

/** Whole bytes that sum to all. */
const shareOf = (bytes: number, count: number, index: number): number =>
  Math.floor((bytes * (index + 1)) / count) - Math.floor((bytes * index) / count);

function isHead(row: unknown): row is RecordHead {
  const { record, version, policy, seed, states } = (row ?? {}) as Partial<Record<keyof RecordHead, unknown>>;
  const named = typeof policy === 'string' && Array.isArray(states) && states.every((one) => typeof one === 'string');
  return record === 'ltl policy' && version === 1 && Number.isInteger(seed) && named;
}

const isTime = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isCount = (value: unknown, least: number): boolean => Number.isSafeInteger(value) && (value as number) >= least;

function isEvent(row: unknown): row is RecordEvent {
  const { event, t_ms, late_ms, records, bytes, from, to, reason, actual } = (row ?? {}) as Record<string, unknown>;
  if (!isTime(t_ms)) return false;
  switch (event) {
    case 'arrival':
      return isCount(records, 1) && isCount(bytes, 0);
    case 'drained':
      return true;
    case 'woken':
      return typeof reason === 'string';
    case 'timer':
      return isTime(late_ms);
    case 'change':
      return isTime(late_ms) && [from, to, reason].every((word) => typeof word === 'string');
    case 'end':
      return typeof actual === 'object' && actual !== null;
    default:
      return false;
  }
}
