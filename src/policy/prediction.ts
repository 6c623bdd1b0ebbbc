/**
 * What a run would show if it went as the simulation says: the figures that a running instance can be measured by, so that
 * the two can stand side by side. Fed with arrivals as they come, live or from a record.
 *
 * Syncs are predicted by the rule of the group commit: one begins as soon as there is something and the last one is done.
 */
import { type Calibration, type CpuPrices, calibratedPolicy } from './calibration.js';
import type { Policy } from './contract.js';
import type { Delays } from './delays.js';
import { generateServices } from './generate.js';
import { parseService } from './laws.js';
import { type Outcome, outcomeOf } from './outcome.js';
import { Simulation } from './simulation.js';
import type { Tally, Transition } from './tally.js';

/** What a run is judged by, simulated or real; null where it is not known. Times in ms. */
export interface RunFigures {
  readonly records: number;
  /** From arrival until a record is verified and indexed, and what came with it too: the end of the pass. */
  readonly visibilityMeanMs: number | null;
  readonly visibilityP50Ms: number | null;
  readonly visibilityP99Ms: number | null;
  readonly visibilityMaxMs: number | null;
  /** Most records, and bytes, that had come and were not taken up. */
  readonly backlogMax: number;
  readonly backlogBytesMax: number;
  /** Longest time from the decision to wake until the backlog was gone. */
  readonly catchUpMaxMs: number;
  readonly fsyncs: number | null;
  readonly sleeps: number;
  readonly wakes: number;
  /** Times that the followers took up work and came to rest. */
  readonly passes: number;
  readonly refusals: number;
  /** CPU time of all threads. */
  readonly cpuMs: number | null;
}

/** Mean, percentiles and most of a distribution, as figures of visibility. */
export function visibilityOf(delays: Delays) {
  return {
    visibilityMeanMs: delays.count === 0 ? null : delays.sum / delays.count,
    visibilityP50Ms: delays.percentile(0.5),
    visibilityP99Ms: delays.percentile(0.99),
    visibilityMaxMs: delays.count === 0 ? null : delays.max,
  };
}

export class Prediction {
  readonly policy: Policy;
  readonly #calibration: Calibration | null;
  readonly #simulation: Simulation;
  readonly #syncs: SyncCount | null;
  readonly #seed: number;

  /** Without a calibration work takes no time, and neither syncs nor CPU are predicted. */
  constructor(policy: Policy, calibration: Calibration | null, seed = 1, transitionsMax = 0) {
    this.policy = calibration === null ? policy : calibratedPolicy(policy, calibration);
    this.#calibration = calibration;
    this.#seed = seed;
    const syncMs = calibration?.syncMs ?? null;
    this.#syncs = syncMs === null ? null : new SyncCount(syncMs);
    this.#simulation = new Simulation(this.policy, {
      service: calibration === null ? null : generateServices(parseService(calibration.service), seed),
      pickUpMs: calibration?.pickUpMs ?? 0,
      keepsVisibility: true,
      transitionsMax,
    });
  }

  /** So many records came at once, of so many bytes in all. */
  arrive(atMs: number, bytes: number, count: number): void {
    this.#simulation.arrive(atMs, bytes, count);
    this.#syncs?.arrive(atMs);
  }

  /** What it would have cost until that time. */
  outcome(untilMs: number): Outcome {
    return outcomeOf(this.#simulation, this.#seed, untilMs);
  }

  get transitions(): readonly Transition[] {
    return this.#simulation.tally.transitions;
  }

  figures(untilMs: number): RunFigures {
    const { tally } = this.#simulation.until(untilMs);
    const { records, backlogMax, backlogBytesMax, catchUpMsMax, sleeps, wakes, drains, refusals, visibility } = tally;
    const fsyncs = this.#syncs?.count ?? null;
    const cpu = this.#calibration?.cpu ?? null;
    return {
      records,
      ...visibilityOf(visibility as Delays),
      backlogMax,
      backlogBytesMax,
      catchUpMaxMs: catchUpMsMax,
      fsyncs,
      sleeps,
      wakes,
      passes: drains,
      refusals,
      cpuMs: cpu === null || this.#syncs === null ? null : cpuOf(cpu, this.#syncs, tally),
    };
  }
}

function cpuOf(cpu: CpuPrices, { count, turns }: SyncCount, { records, passes, wakes }: Tally): number {
  const groups = (count - turns) * cpu.groupMs + turns * cpu.turnMs;
  return records * cpu.recordMs + groups + passes * cpu.passMs + wakes * cpu.wakeMs;
}

/** Counts the syncs of a group commit that has no artificial delay. */
class SyncCount {
  count = 0;
  /** Those among them that found the disk at rest. */
  turns = 0;
  readonly #syncMs: number;
  #endMs = Number.NEGATIVE_INFINITY;
  /** Something waits for the present sync to end. */
  #isNext = false;

  constructor(syncMs: number) {
    this.#syncMs = syncMs;
  }

  arrive(atMs: number): void {
    if (this.#isNext && atMs > this.#endMs) {
      this.#endMs += this.#syncMs;
      this.#isNext = false;
    }
    if (atMs > this.#endMs) {
      this.#endMs = atMs + this.#syncMs;
      this.count++;
      this.turns++;
    } else if (!this.#isNext) {
      this.#isNext = true;
      this.count++;
    }
  }
}
