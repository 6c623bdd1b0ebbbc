/**
 * Limits on the time in a state, around any policy: a least time awake and asleep against flapping, and a longest time asleep
 * so that no sleep lasts for ever. The policy inside is asked as ever; what it wants is held back until it is allowed.
 */
import { AWAKE, type Decision, NEVER, type Policy, type PolicyEvent } from '../contract.js';

export interface DwellLimits {
  readonly awakeLeastMs: number;
  readonly asleepLeastMs: number;
  /** NEVER for no limit. */
  readonly asleepMostMs: number;
}

/** A decision as memory: null for no timer, because memory is JSON, which has no infinity. */
interface Wanted<Memory> extends Omit<Decision<Memory>, 'timerMs'> {
  readonly timerMs: number | null;
}

interface LimitedMemory<Memory> {
  /** What the policy inside wants. */
  readonly wanted: Wanted<Memory>;
  /** When the system last fell asleep or woke; null before it first did. */
  readonly sinceMs: number | null;
}

/** The policy with limits. A least time asleep lets work wait, so that no optimum stands beside it any more. */
export function limitedPolicy<Memory>(
  policy: Policy<Memory>,
  spec: string,
  limits: DwellLimits,
): Policy<LimitedMemory<Memory>> {
  const waits = limits.asleepLeastMs > 0 && policy.costing === 'idle';
  return {
    ...policy,
    spec,
    costing: waits ? 'states' : policy.costing,
    worstRatio: null,
    start: (atMs) => {
      const first = policy.start(atMs);
      const timerMs = first.state === AWAKE ? first.timerMs : Math.min(first.timerMs, atMs + limits.asleepMostMs);
      const sinceMs = first.state === AWAKE ? null : atMs;
      return { ...first, timerMs, memory: { wanted: remembered(first), sinceMs } };
    },
    decide: (event, { wanted, sinceMs }) => {
      const timerMs = wanted.timerMs ?? NEVER;
      const asks = event.kind !== 'timer' || timerMs <= event.atMs;
      return held(asks ? policy.decide(event, wanted.memory) : { ...wanted, timerMs }, event, sinceMs, limits);
    },
  };
}

function remembered<Memory>(decision: Decision<Memory>): Wanted<Memory> {
  return { ...decision, timerMs: decision.timerMs === NEVER ? null : decision.timerMs };
}

function held<Memory>(
  inner: Decision<Memory>,
  event: PolicyEvent,
  sinceMs: number | null,
  limits: DwellLimits,
): Decision<LimitedMemory<Memory>> {
  const { atMs, state } = event;
  const wanted = remembered(inner);
  const asleep = state !== AWAKE;
  const busy = !asleep && event.waiting > 0;
  const dueMs = asleep && sinceMs !== null ? sinceMs + limits.asleepMostMs : NEVER;
  if (asleep && dueMs <= atMs && wanted.state !== AWAKE) {
    return { state: AWAKE, timerMs: NEVER, reason: 'longest', memory: { wanted, sinceMs: atMs } };
  }
  const crosses = (wanted.state === AWAKE) === asleep;
  const fromMs = sinceMs === null ? atMs : sinceMs + (asleep ? limits.asleepLeastMs : limits.awakeLeastMs);
  const allowedMs = crosses ? fromMs : atMs;
  if (allowedMs > atMs) {
    const timerMs = Math.min(inner.timerMs, allowedMs, dueMs);
    return { state, timerMs, reason: 'dwell', memory: { wanted, sinceMs } };
  }
  const changedMs = crosses && !busy ? atMs : sinceMs;
  const nextDueMs = wanted.state === AWAKE || busy ? NEVER : (changedMs ?? atMs) + limits.asleepMostMs;
  return {
    ...inner,
    timerMs: Math.min(inner.timerMs, Math.max(nextDueMs, atMs)),
    memory: { wanted, sinceMs: changedMs },
  };
}
