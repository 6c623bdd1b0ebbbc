/** One simulated run as plain data: the fields that are a contract, then what a reader of the report also wants to know. */
import type { Policy } from './contract.js';
import { type IdleAccount, type IdleCost, named } from './idleCost.js';
import type { Simulation } from './simulation.js';
import type { Tally } from './tally.js';

/** All times in ms, all costs in the user's unit. */
export interface Outcome {
  readonly records: number;
  /** Time of the last record. */
  readonly spanMs: number;
  readonly policy: string;
  readonly seed: number;
  readonly cost: IdleCost;
  /** Least cost over the same idle periods, known in advance; null without a cost model or where work may wait. */
  readonly optimum: number | null;
  /** cost.total / optimum; null where the optimum is 0 or null. */
  readonly ratio: number | null;
  readonly sleeps: number;
  readonly wakes: number;
  /** Most records that waited at once; a record that finds an idle, awake system never waits. */
  readonly backlogMax: number;
  /** Delays run from arrival to the beginning of service. */
  readonly delaySumMs: number;
  readonly delayMeanMs: number | null;
  readonly delayP50Ms: number | null;
  readonly delayP99Ms: number | null;
  /** Batches that a commit rule let gather and that a wake-up handled; 0 for policies that wake at every arrival. */
  readonly flushes: number;
  /** Those among them that were full. */
  readonly flushesFull: number;
  readonly refusals: number;
  /** Proven worst ratio of the policy; null: none is proven. */
  readonly worstRatio: number | null;
  readonly delayMaxMs: number | null;
  readonly bytes: number;
  readonly backlogBytesMax: number;
  /** Longest time from the decision to wake until the backlog was gone. */
  readonly catchUpMaxMs: number;
  readonly busyMs: number;
  /** Work offered per time between first and last record; null when that time is 0. */
  readonly rho: number | null;
  /** Records never served because the policy never woke again. */
  readonly waitingAtEnd: number;
  /** Time in each state while not working, between the first record and the end of the last work. */
  readonly stateMs: Readonly<Record<string, number>>;
  /** Changes of state by reason. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Ends a simulation and reads its results; or, with a time, reads what there is until then. */
export function outcomeOf(simulation: Simulation, seed: number, untilMs?: number): Outcome {
  const { tally, account } = untilMs === undefined ? simulation.finish() : simulation.until(untilMs);
  return {
    ...contractFields(simulation.policy, tally, account, seed),
    ...furtherFields(simulation.policy, tally, account),
  };
}

function contractFields(policy: Policy, tally: Tally, account: IdleAccount, seed: number) {
  const { delays } = tally;
  const cost = account.cost(policy);
  const optimum = account.optimum(policy);
  const gathers = policy.costing === 'none';
  return {
    records: tally.records,
    spanMs: tally.lastMs,
    policy: policy.spec,
    seed,
    cost,
    optimum,
    ratio: cost.total === null || optimum === null || optimum === 0 ? null : cost.total / optimum,
    sleeps: tally.sleeps,
    wakes: tally.wakes,
    backlogMax: tally.backlogMax,
    delaySumMs: delays.sum,
    delayMeanMs: delays.count === 0 ? null : delays.sum / delays.count,
    delayP50Ms: delays.percentile(0.5),
    delayP99Ms: delays.percentile(0.99),
    flushes: gathers ? tally.wakes : 0,
    flushesFull: gathers ? tally.wakesFull : 0,
    refusals: tally.refusals,
  };
}

function furtherFields(policy: Policy, tally: Tally, account: IdleAccount) {
  const spanMs = tally.lastMs - tally.firstMs;
  return {
    worstRatio: policy.worstRatio,
    delayMaxMs: tally.delays.count === 0 ? null : tally.delays.max,
    bytes: tally.bytes,
    backlogBytesMax: tally.backlogBytesMax,
    catchUpMaxMs: tally.catchUpMsMax,
    busyMs: tally.busyMs,
    rho: spanMs === 0 ? null : tally.busyMs / spanMs,
    waitingAtEnd: tally.waitingAtEnd,
    stateMs: named(policy.states, account.stateMs),
    reasons: Object.fromEntries([...tally.reasons].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}
