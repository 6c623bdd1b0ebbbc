/**
 * Policies that let work gather: asleep whenever the system is empty, awake when the time or the count has come. They are
 * commit rules as much as sleep policies, have no idle cost, and are judged by delay against wake-ups.
 */
import { AWAKE, AWAKE_STATE, asleepState, type Decision, NEVER, type Policy, type SleepState } from '../contract.js';
import { definePolicy } from '../define.js';

const ASLEEP = 1;
const STATES: readonly SleepState[] = [AWAKE_STATE, asleepState(0)];

interface Batch {
  readonly spec: string;
  readonly states?: readonly SleepState[] | undefined;
}

function batching<Memory>(
  { spec, states = STATES }: Batch,
  memory: Memory,
  decide: Policy<Memory>['decide'],
  start: (atMs: number) => Memory = () => memory,
): Policy<Memory> {
  return definePolicy({
    spec,
    states,
    costing: 'none',
    memory,
    decide,
    start: (atMs) => ({ state: ASLEEP, timerMs: NEVER, reason: 'start', memory: start(atMs) }),
  });
}

const awake = <Memory>(reason: string, memory: Memory): Decision<Memory> => ({
  state: AWAKE,
  timerMs: NEVER,
  reason,
  memory,
});

const asleep = <Memory>(state: number, timerMs: number, memory: Memory): Decision<Memory> => ({
  state: Math.max(state, ASLEEP),
  timerMs,
  reason: 'drained',
  memory,
});

interface Vacation {
  /** When the present vacation began. */
  readonly fromMs: number;
  /** When it ends; null while nothing waits for its end. */
  readonly endMs: number | null;
  /** Vacations drawn so far. */
  readonly draws: number;
}

/**
 * The T-policy: wakes T after it went to sleep, again and again while it finds nothing. Wake-ups that would find nothing are
 * not made, only computed: the timer is armed when the first record waits. The first wake-up is at time 0.
 */
export function everyPolicy(batch: Batch, everyMs: number): Policy<Vacation> {
  const boundary = ({ fromMs, draws }: Vacation, atMs: number): number => {
    const least = draws === 0 ? 0 : 1;
    let turns = Math.max(least, Math.ceil((atMs - fromMs) / everyMs));
    while (fromMs + turns * everyMs < atMs) turns++;
    return fromMs + turns * everyMs;
  };
  return vacationing(batch, (vacation, atMs) => ({
    fromMs: vacation.fromMs,
    endMs: boundary(vacation, atMs),
    draws: vacation.draws,
  }));
}

/** Multiple vacations of lengths given by `length(n)` for the nth of the run. */
export function vacationPolicy(batch: Batch, lengthMs: (draw: number) => number): Policy<Vacation> {
  return vacationing(batch, ({ fromMs, draws }, atMs) => {
    let endMs = fromMs;
    let drawn = draws;
    do endMs += lengthMs(drawn++);
    while (endMs < atMs);
    return { fromMs, endMs, draws: drawn };
  });
}

function vacationing(batch: Batch, end: (vacation: Vacation, atMs: number) => Vacation): Policy<Vacation> {
  return batching<Vacation>(batch, { fromMs: 0, endMs: null, draws: 0 }, (event, memory) => {
    const { fromMs, draws } = memory;
    if (event.kind === 'timer') return awake('vacation', { fromMs, endMs: null, draws: draws + 1 });
    if (event.kind === 'drained') return asleep(event.state, NEVER, { fromMs: event.atMs, endMs: null, draws });
    if (event.state === AWAKE) return awake('arrival', memory);
    const next = memory.endMs === null ? end(memory, event.atMs) : memory;
    return asleep(event.state, next.endMs ?? NEVER, next);
  });
}

/** The N-policy: wakes at the Nth waiting record. */
export function countPolicy(batch: Batch, count: number): Policy<null> {
  return batching(batch, null, (event) => {
    if (event.kind === 'drained') return asleep(event.state, NEVER, null);
    if (event.state === AWAKE || event.waiting >= count) return awake('full', null);
    return asleep(event.state, NEVER, null);
  });
}

interface Window {
  /** When the open window runs out; null while nothing waits. */
  readonly endMs: number | null;
}

/** Wakes at the Nth waiting record or D ms after the first, whichever comes first. */
export function countOrTimePolicy(batch: Batch, count: number, windowMs: number): Policy<Window> {
  const closed: Window = { endMs: null };
  return batching(batch, closed, (event, memory) => {
    if (event.kind === 'timer') return awake('window', closed);
    if (event.kind === 'drained') return asleep(event.state, NEVER, closed);
    if (event.state === AWAKE || event.waiting >= count) return awake('full', closed);
    const endMs = memory.endMs ?? event.atMs + windowMs;
    return asleep(event.state, endMs, { endMs });
  });
}
