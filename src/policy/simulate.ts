/** Running arrivals through a policy: the short way from a trace and a policy to an outcome. */
import type { Policy } from './contract.js';
import { type Outcome, outcomeOf } from './outcome.js';
import { Simulation, type SimulationOptions } from './simulation.js';
import type { ArrivalBlock } from './trace.js';

export interface SimulateOptions extends SimulationOptions {
  /** Named in the outcome; the caller has seeded arrivals, services and policy with it. */
  readonly seed?: number;
}

/** Runs every policy over the same arrivals in one pass; outcomes stand in the order of the policies. */
export async function simulate(
  policies: readonly Policy[],
  arrivals: AsyncIterable<ArrivalBlock> | Iterable<ArrivalBlock>,
  options: SimulateOptions = {},
): Promise<Outcome[]> {
  const simulations = policies.map((policy) => new Simulation(policy, options));
  for await (const block of arrivals) for (const simulation of simulations) feed(simulation, block);
  return simulations.map((simulation) => outcomeOf(simulation, options.seed ?? 1));
}

/** Pushes a block of arrivals into one simulation. */
export function feed(simulation: Simulation, { atMs, bytes, count }: ArrivalBlock): void {
  for (let index = 0; index < count; index++) simulation.arrive(atMs[index] ?? 0, bytes[index] ?? 0);
}
