/**
 * Trials in rounds: each round measures every setting once, the default among them, in a new random order. So each figure
 * has a partner that was measured within seconds of it, and what drifts meanwhile falls on both.
 */
import type { Dice } from '../policy/dice.js';
import { DEFAULT, type Setting, TWIN } from './settings.js';
import { shuffle } from './statistics.js';
import { type Figures, type Lengths, runTrial } from './trial.js';

/** What a goal looks at: one figure, and whether more of it is better. */
export const GOALS = {
  throughput: { figure: 'recordsPerSecond', more: true },
  latency: { figure: 'p99Ms', more: false },
  quiet: { figure: 'calmCpuMs', more: false },
} as const satisfies Record<string, { figure: keyof Figures; more: boolean }>;
export type Goal = keyof typeof GOALS;
export const GOAL_NAMES: readonly Goal[] = ['throughput', 'latency', 'quiet'];

/** Figures by setting name, one map a round. */
export type Round = ReadonlyMap<string, Figures>;

export interface SweepOptions {
  readonly root: string;
  readonly lengths: Lengths;
  readonly dice: Dice;
  readonly signal: AbortSignal;
  readonly onTrial: (setting: Setting) => void;
}

export class Sweep {
  readonly rounds: Round[] = [];
  /** How long a trial takes with all that belongs to it: the mean so far. */
  trialMs = 0;
  #trials = 0;
  readonly #options: SweepOptions;

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** A trial that does not count: it compiles what the others run. */
  async warmUp(): Promise<void> {
    await this.#trial(DEFAULT);
  }

  /**
   * Rounds of the default, its twin, and these, until there is no time for another trial, or so many rounds are done. The first
   * of all is finished even so: a setting without a partner would tell nothing.
   */
  async run(settings: readonly Setting[], endMs: number, roundsMax: number): Promise<void> {
    const all = [DEFAULT, TWIN, ...settings];
    for (let round = 0; round < roundsMax && (this.rounds.length === 0 || this.#hasTime(endMs)); round += 1)
      await this.#round(all, this.rounds.length === 0 ? Number.POSITIVE_INFINITY : endMs);
  }

  /** Rounds of two settings only. */
  async compare(setting: Setting, endMs: number): Promise<Round[]> {
    const from = this.rounds.length;
    while (this.#hasTime(endMs - this.trialMs)) await this.#round([DEFAULT, setting], Number.POSITIVE_INFINITY);
    return this.rounds.splice(from);
  }

  #hasTime(endMs: number): boolean {
    return !this.#options.signal.aborted && performance.now() + this.trialMs < endMs;
  }

  async #round(settings: readonly Setting[], endMs: number): Promise<void> {
    const figures = new Map<string, Figures>();
    this.rounds.push(figures);
    for (const setting of shuffle(settings, this.#options.dice)) {
      if (!this.#hasTime(endMs)) return;
      const measured = await this.#trial(setting);
      if (measured !== null) figures.set(setting.name, measured);
    }
  }

  async #trial(setting: Setting): Promise<Figures | null> {
    const { root, lengths, signal, onTrial } = this.#options;
    onTrial(setting);
    const startMs = performance.now();
    const figures = await runTrial(root, setting, lengths, signal);
    this.#trials += 1;
    this.trialMs += (performance.now() - startMs - this.trialMs) / this.#trials;
    return figures;
  }
}
