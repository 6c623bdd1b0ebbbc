/**
 * Several policies over the same arrivals, once or in independent replications. All policies of a replication see the
 * same arrivals and the same services (common random numbers), so that differences between them are paired and need far
 * fewer replications than the figures themselves.
 */
import type { Policy } from './contract.js';
import { METRICS, type MetricName, metricNames } from './metrics.js';
import { type Outcome, outcomeOf } from './outcome.js';
import { feed } from './simulate.js';
import { type Service, Simulation } from './simulation.js';
import { type Estimate, estimate, pairedDifference } from './statistics.js';
import type { Transition } from './tally.js';
import type { ArrivalBlock } from './trace.js';

/** Where a study's arrivals and services come from; a trace has one replication, a law as many as asked for. */
export interface Source {
  readonly name: string;
  readonly replications: number;
  /** Records of each replication that pass before anything is counted (default 0). */
  readonly warmUpRecords?: number;
  arrivals(replication: number): AsyncIterable<ArrivalBlock> | Iterable<ArrivalBlock>;
  /** A service stream for one simulation; each policy gets its own, with the same numbers. */
  service(replication: number): Service | null;
}

export interface StudyOptions {
  /** The policies, made anew for each replication from its seed. */
  readonly policies: (seed: number) => readonly Policy[];
  readonly source: Source;
  readonly seed: number;
  /** The seed of the policies' own dice in a replication. */
  readonly policySeed: (seed: number, replication: number) => number;
  /** Keep the first replication's transitions, at most so many a policy. */
  readonly transitionsMax?: number;
  /** Sees each block before it is simulated. */
  readonly onBlock?: (block: ArrivalBlock, replication: number) => void;
}

/** One policy over all replications. */
export interface StudyRow {
  readonly policy: Policy;
  readonly outcomes: readonly Outcome[];
  /** Means over the replications; null where a metric has no value. */
  readonly estimates: Readonly<Record<MetricName, Estimate | null>>;
  /** Paired differences to the first policy; negative is better. */
  readonly differences: Readonly<Record<MetricName, Estimate | null>>;
  /** Of the first replication. */
  readonly transitions: readonly Transition[];
  readonly delays: readonly (readonly [number, number])[];
  /** End of the first replication's last work. */
  readonly endMs: number;
}

const DISTRIBUTION_POINTS = 200;

export async function runStudy(options: StudyOptions): Promise<StudyRow[]> {
  const { source, seed } = options;
  const outcomes: Outcome[][] = [];
  let first: readonly Simulation[] = [];
  for (let replication = 0; replication < source.replications; replication++) {
    const policies = options.policies(options.policySeed(seed, replication));
    const simulations = policies.map(
      (policy) =>
        new Simulation(policy, {
          service: source.service(replication),
          warmUpRecords: source.warmUpRecords ?? 0,
          transitionsMax: replication === 0 ? (options.transitionsMax ?? 0) : 0,
        }),
    );
    for await (const block of source.arrivals(replication)) {
      options.onBlock?.(block, replication);
      for (const simulation of simulations) feed(simulation, block);
    }
    for (const [index, simulation] of simulations.entries()) (outcomes[index] ??= []).push(outcomeOf(simulation, seed));
    if (replication === 0) first = simulations;
  }
  return first.map((simulation, index) => rowOf(simulation, outcomes[index] ?? [], outcomes[0] ?? []));
}

function rowOf(simulation: Simulation, outcomes: readonly Outcome[], base: readonly Outcome[]): StudyRow {
  const { policy, tally } = simulation;
  return {
    policy,
    outcomes,
    estimates: overMetrics((metric) => estimateOf(values(outcomes, metric))),
    differences: overMetrics((metric) => differenceOf(values(outcomes, metric), values(base, metric))),
    transitions: tally.transitions,
    delays: tally.delays.distribution(DISTRIBUTION_POINTS),
    endMs: tally.endMs,
  };
}

const values = (outcomes: readonly Outcome[], metric: MetricName): (number | null)[] =>
  outcomes.map((outcome) => METRICS[metric].of(outcome));

function estimateOf(list: readonly (number | null)[]): Estimate | null {
  const known = list.filter((value) => value !== null);
  return known.length === list.length ? estimate(known) : null;
}

function differenceOf(list: readonly (number | null)[], base: readonly (number | null)[]): Estimate | null {
  const known = list.filter((value) => value !== null);
  const knownBase = base.filter((value) => value !== null);
  return known.length === list.length && knownBase.length === list.length ? pairedDifference(known, knownBase) : null;
}

function overMetrics(read: (metric: MetricName) => Estimate | null): Record<MetricName, Estimate | null> {
  return Object.fromEntries(metricNames().map((metric) => [metric, read(metric)])) as Record<
    MetricName,
    Estimate | null
  >;
}
