/**
 * A queue as the literature draws it: random arrivals, random services, one server that sleeps by a policy. Independent
 * replications give means with confidence intervals that can be held against closed forms.
 */
import { LtlError } from '../words/errors.js';
import type { Policy } from './contract.js';
import { generateArrivals, generateServices } from './generate.js';
import type { ArrivalLaw, ServiceLaw } from './laws.js';
import { feed } from './simulate.js';
import { Simulation } from './simulation.js';
import { type Estimate, estimate } from './statistics.js';

export interface ModelOptions {
  readonly arrivals: ArrivalLaw;
  readonly service: ServiceLaw;
  /** The policy, made anew for each replication from its seed. */
  readonly policy: (seed: number) => Policy;
  readonly arrivalsCount: number;
  readonly replications: number;
  readonly seed: number;
  /** Share of the arrivals that pass before anything is counted; 0.1 when left out. */
  readonly warmUpShare?: number;
  /** Told now and then how many arrivals of how many are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Steady-state figures; times are in the unit of the rates. A figure that was never observed is null. */
export interface ModelResult {
  /** Wait from arrival to the beginning of service. */
  readonly Wq: Estimate | null;
  /** Time from arrival to departure. */
  readonly W: Estimate | null;
  /** Records in the system, waiting or in service, averaged over time. */
  readonly L: Estimate | null;
  /** Time from one end of work to the next: each time the system runs empty after having served. */
  readonly cycle: Estimate | null;
  /** Wake-ups that found work, per unit of time. */
  readonly wakesPerTime: Estimate | null;
  /** Offered load: arrival rate times mean service time; null where that depends on the records' sizes. */
  readonly rho: number | null;
}

type Figures = Record<'Wq' | 'W' | 'L' | 'cycle' | 'wakesPerTime', number>;

/** Throws E_UNSTABLE when work arrives as fast as it can be served, or faster. */
export function runModel(options: ModelOptions): ModelResult {
  const { arrivals, service, replications } = options;
  const rho = service.mean === null ? null : arrivals.rate * service.mean;
  if (rho !== null && rho >= 1)
    throw new LtlError('E_UNSTABLE', `${arrivals.spec} with ${service.spec} offers a load of ${rho}`);
  const runs: Figures[] = [];
  for (let replication = 0; replication < replications; replication++) runs.push(replicate(options, replication));
  const over = (figure: keyof Figures): Estimate | null => {
    const values = runs.map((run) => run[figure]).filter((value) => Number.isFinite(value));
    return values.length < runs.length ? null : estimate(values);
  };
  return {
    Wq: over('Wq'),
    W: over('W'),
    L: over('L'),
    cycle: over('cycle'),
    wakesPerTime: over('wakesPerTime'),
    rho,
  };
}

function replicate(options: ModelOptions, replication: number): Figures {
  const { arrivals, service, arrivalsCount, replications, seed, warmUpShare = 0.1, onProgress } = options;
  const simulation = new Simulation(options.policy(replicationSeed(seed, replication)), {
    service: generateServices(service, seed, replication),
    warmUpRecords: Math.floor(arrivalsCount * warmUpShare),
  });
  let done = 0;
  for (const block of generateArrivals(arrivals, arrivalsCount, seed, replication)) {
    feed(simulation, block);
    done += block.count;
    onProgress?.(replication * arrivalsCount + done, replications * arrivalsCount);
  }
  // Read before the drain after the last arrival, which is no part of the steady state.
  const { tally } = simulation;
  const spanned = tally.lastMs - tally.sinceMs;
  return {
    Wq: tally.delays.sum / tally.delays.count,
    W: tally.sojournMsSum / tally.departures,
    L: tally.populationMs / spanned,
    cycle: (tally.emptyLastMs - tally.emptyFirstMs) / tally.cycles,
    wakesPerTime: tally.wakes / spanned,
  };
}

/** The seed of a policy's own dice in a replication. */
export function replicationSeed(seed: number, replication: number): number {
  return (seed + Math.imul(replication, 0x9e3779b9)) >>> 0;
}
