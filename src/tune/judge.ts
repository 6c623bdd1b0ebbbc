/**
 * From rounds of figures to what may be said: each setting beside the default, the Pareto front, how noisy the machine was,
 * and which setting is worth a closer look for a goal. Pure functions of the figures.
 */
import type { Dice } from '../policy/dice.js';
import { type Changes, DEFAULT, type Setting, TWIN } from './settings.js';
import { type Interval, medianInterval, pairedRatio, paretoFront } from './statistics.js';
import { GOALS, type Goal, type Round } from './sweep.js';
import type { Figures } from './trial.js';

/** By which factor a setting is better than the default, above 1 for better, for each goal. */
export type Benefits = Readonly<Record<Goal, Interval>>;

export interface SettingReport {
  readonly name: string;
  readonly changes: Changes;
  /** Rounds in which it was measured. */
  readonly rounds: number;
  readonly recordsPerSecond: Interval;
  readonly p50Ms: Interval;
  readonly p99Ms: Interval;
  readonly calmCpuMs: Interval;
  /** Paired with the default of the same rounds. */
  readonly benefits: Benefits;
  /** No other setting has more throughput at no longer a p99, by the medians. */
  readonly onFront: boolean;
}

/**
 * `clear`: differences can be told. `noisy`: the default differs from itself by more than NOISE_MAX. `short`: there was no
 * time for two rounds.
 */
export type Verdict = 'clear' | 'noisy' | 'short';

/** By how much the default may differ from itself, by the ends of the interval. */
export const NOISE_MAX = 1.35;
/** Below it a difference is not worth a closer look. */
const WORTH = 1.02;
/** What a goal may cost in the other figures: at most so many times the default's p99, at least such a share of its throughput. */
const GUARDS: Readonly<Record<Goal, { readonly p99: number; readonly throughput: number }>> = {
  throughput: { p99: 1.5, throughput: 1 },
  latency: { p99: 1, throughput: 0.5 },
  quiet: { p99: 3, throughput: 0.5 },
};

export function benefits(rounds: readonly Round[], name: string): Benefits {
  const pairs = rounds.flatMap((round) => {
    const own = round.get(name);
    const base = round.get(DEFAULT.name);
    return own === undefined || base === undefined ? [] : [[own, base] as const];
  });
  const benefit = (goal: Goal): Interval => {
    const { figure, more } = GOALS[goal];
    const own = pairs.map(([figures]) => figures[figure]);
    const base = pairs.map(([, figures]) => figures[figure]);
    return more ? pairedRatio(own, base) : pairedRatio(base, own);
  };
  return { throughput: benefit('throughput'), latency: benefit('latency'), quiet: benefit('quiet') };
}

/** A row for each setting that was measured, in the order given. */
export function report(settings: readonly Setting[], rounds: readonly Round[], dice: Dice): SettingReport[] {
  const rows = settings.flatMap(({ name, changes }) => {
    const figures = rounds.flatMap((round) => round.get(name) ?? []);
    if (figures.length === 0) return [];
    const median = (figure: keyof Figures): Interval =>
      medianInterval(
        figures.map((one) => one[figure]),
        dice,
      );
    return {
      name,
      changes,
      rounds: figures.length,
      recordsPerSecond: median('recordsPerSecond'),
      p50Ms: median('p50Ms'),
      p99Ms: median('p99Ms'),
      calmCpuMs: median('calmCpuMs'),
      benefits: benefits(rounds, name),
    };
  });
  // The twin is no setting of its own: it must not stand on the front, nor push the default from it.
  const own = rows.filter(({ name }) => name !== TWIN.name);
  const points = own.map((row) => ({ gain: row.recordsPerSecond.value, cost: row.p99Ms.value }));
  const front = new Set(paretoFront(points).map((index) => own[index]?.name));
  return rows.map((row) => ({ ...row, onFront: front.has(row.name) }));
}

/** Whether the goal's figure can be told apart here: by what the default differs from itself. */
export function verdictOf(rows: readonly SettingReport[], goal: Goal): Verdict {
  const twin = rows.find(({ name }) => name === TWIN.name);
  if (twin === undefined || twin.rounds < 2) return 'short';
  const { low, high } = twin.benefits[goal];
  if (low === 0) return 'short';
  return Math.max(high, 1 / low) > NOISE_MAX ? 'noisy' : 'clear';
}

/** The setting that may be better for the goal, by the lower end of its interval; null when none is worth a closer look. */
export function candidateFor(rows: readonly SettingReport[], goal: Goal): SettingReport | null {
  const fit = rows.filter(
    ({ name, benefits: found }) =>
      name !== DEFAULT.name && name !== TWIN.name && found[goal].value > WORTH && isWithin(GUARDS[goal], found),
  );
  return fit.toSorted((left, right) => right.benefits[goal].low - left.benefits[goal].low)[0] ?? null;
}

/** The last step: the candidate and the default in fresh pairs. */
export interface Comparison {
  readonly name: string;
  readonly pairs: number;
  /** By which factor it is better than the default, for each goal. */
  readonly benefits: Benefits;
}

/** What a run of tune says in the end, and why. */
export interface Recommendation {
  readonly name: string;
  readonly changes: Changes;
  readonly why: string;
}

/** The candidate when it won in fresh pairs, and did not pay for it there either; else the default. */
export function recommend(
  goal: Goal,
  verdict: Verdict,
  candidate: Setting | null,
  comparison: Comparison | null,
): Recommendation {
  const keep = (why: string): Recommendation => ({ ...DEFAULT, why });
  if (verdict === 'short') return keep('there was too little time to tell: allow more with --for');
  if (verdict === 'noisy')
    return keep('the machine was too noisy to tell: the default differed from itself by as much');
  if (candidate === null || comparison === null) return keep('no other setting looked better for this goal');
  const { name, changes } = candidate;
  if (!(comparison.benefits[goal].low > 1)) return keep(`${name} looked better, but was not in a fresh comparison`);
  if (!isWithin(GUARDS[goal], comparison.benefits))
    return keep(`${name} was better in a fresh comparison, but paid too much in the other figures`);
  return { name, changes, why: 'better than the default in a fresh comparison' };
}

function isWithin(guard: (typeof GUARDS)[Goal], { throughput, latency }: Benefits): boolean {
  return throughput.value >= guard.throughput && latency.value >= 1 / guard.p99;
}

/** Of the settings that change one key, those whose change was better for the goal, best last, so that it holds. */
export function worthTogether(rows: readonly SettingReport[], goal: Goal): SettingReport[] {
  return rows
    .filter(({ name, benefits: { [goal]: own } }) => name !== TWIN.name && name !== DEFAULT.name && own.low > 1)
    .toSorted((left, right) => left.benefits[goal].value - right.benefits[goal].value);
}
