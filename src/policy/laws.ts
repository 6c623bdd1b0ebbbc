/**
 * The laws that arrivals and services are drawn from, as text: `poisson:0.5`, `exp:1`. Lengths and rates share one unit
 * of time, which is the millisecond wherever a trace is in play.
 */

import { LtlError } from '../words/errors.js';
import { type Dice, exponential } from './dice.js';
import { readArguments, readNumber } from './grammar.js';
import { exp, ln, sineOfTurn } from './numerics.js';

/** A stream of arrival times that never decrease. */
export interface ArrivalLaw {
  readonly spec: string;
  /** Mean arrivals per unit of time. */
  readonly rate: number;
  /** True when idle periods carry no memory, so that timeouts cannot be told apart by it. */
  readonly memoryless: boolean;
  /** Starts the stream: each call gives the time of the next arrival. */
  start(dice: Dice): () => number;
}

export interface ServiceLaw {
  readonly spec: string;
  /** Mean service time; null where it depends on the sizes of the records. */
  readonly mean: number | null;
  /** Starts the stream: each call gives the next service time, for a record of that size. */
  start(dice: Dice): (bytes: number) => number;
}

interface LawKind<Law> {
  readonly name: string;
  readonly grammar: string;
  readonly doc: string;
  readonly count: number;
  make(spec: string, values: readonly number[]): Law;
}

export const ARRIVAL_LAWS: readonly LawKind<ArrivalLaw>[] = [
  {
    name: 'poisson',
    grammar: 'poisson:RATE',
    doc: 'independent arrivals; cannot rank timeouts, because its idle periods carry no memory',
    count: 1,
    make: (spec, [rate = 0]) => renewal(spec, rate, true, (dice) => exponential(1 / rate, dice())),
  },
  {
    name: 'constant',
    grammar: 'constant:GAP',
    doc: 'one arrival every GAP',
    count: 1,
    make: (spec, [gap = 0]) => renewal(spec, 1 / gap, false, () => gap),
  },
  {
    name: 'pareto',
    grammar: 'pareto:ALPHA,MEAN',
    doc: 'heavy-tailed gaps with tail index ALPHA > 1 and mean MEAN',
    count: 2,
    make: (spec, [alpha = 0, mean = 0]) => renewal(spec, 1 / mean, false, paretoDraw(spec, alpha, mean)),
  },
  {
    name: 'on-off',
    grammar: 'on-off:RATE,ON,OFF',
    doc: 'poisson bursts at RATE of mean length ON, between silences of mean length OFF',
    count: 3,
    make: (spec, [rate = 0, on = 0, off = 0]) => modulated(spec, [rate, 0], [on, off]),
  },
  {
    name: 'mmpp',
    grammar: 'mmpp:RATE1,LENGTH1,RATE2,LENGTH2',
    doc: 'poisson arrivals that change between two rates, each held for an exponential time of that mean',
    count: 4,
    make: (spec, [rate1 = 0, length1 = 0, rate2 = 0, length2 = 0]) =>
      modulated(spec, [rate1, rate2], [length1, length2]),
  },
  {
    name: 'diurnal',
    grammar: 'diurnal:RATE,PERIOD,SWING',
    doc: 'poisson arrivals at RATE·(1 + SWING·sin), 0 < SWING <= 1, a day of length PERIOD',
    count: 3,
    make: diurnal,
  },
];

export const SERVICE_LAWS: readonly LawKind<ServiceLaw>[] = [
  {
    name: 'const',
    grammar: 'const:D',
    doc: 'every service takes D',
    count: 1,
    make: (spec, [length = 0]) => ({ spec, mean: length, start: () => () => length }),
  },
  {
    name: 'exp',
    grammar: 'exp:M',
    doc: 'exponential services of mean M',
    count: 1,
    make: (spec, [mean = 0]) => ({ spec, mean, start: (dice) => () => exponential(mean, dice()) }),
  },
  {
    name: 'pareto',
    grammar: 'pareto:ALPHA,MEAN',
    doc: 'heavy-tailed services with tail index ALPHA > 1 and mean MEAN',
    count: 2,
    make: (spec, [alpha = 0, mean = 0]) => {
      const draw = paretoDraw(spec, alpha, mean);
      return { spec, mean, start: (dice) => () => draw(dice) };
    },
  },
  {
    name: 'bytes',
    grammar: 'bytes:T',
    doc: 'T per byte of the record',
    count: 1,
    make: (spec, [perByte = 0]) => ({ spec, mean: null, start: () => (bytes) => bytes * perByte }),
  },
  {
    name: 'each',
    grammar: 'each:D,T',
    doc: 'D per record and T per byte of it; calibrations are written in it',
    count: 2,
    make: (spec, [each = 0, perByte = 0]) => ({ spec, mean: null, start: () => (bytes) => each + bytes * perByte }),
  },
];

/** The law of arrivals that a text names. Throws E_POLICY with the grammar. */
export function parseArrivals(text: string): ArrivalLaw {
  return parseLaw(text, 'arrivals', ARRIVAL_LAWS);
}

/** The law of services that a text names. Throws E_POLICY with the grammar. */
export function parseService(text: string): ServiceLaw {
  return parseLaw(text, 'service', SERVICE_LAWS);
}

function parseLaw<Law>(text: string, what: string, kinds: readonly LawKind<Law>[]): Law {
  const [name = '', rest = null] = text.split(':', 2);
  const kind = kinds.find((one) => one.name === name);
  if (kind === undefined)
    throw new LtlError(
      'E_POLICY',
      `no ${what} law is named '${name}'; one of ${kinds.map((one) => one.grammar).join(', ')}`,
    );
  const parts = readArguments(rest, text, kind.grammar, kind.count);
  const values = parts.map((part) =>
    readNumber(part, `'${part}'`, text, { above: !['const', 'mmpp', 'each'].includes(kind.name) }),
  );
  return kind.make(text, values);
}

function renewal(spec: string, rate: number, memoryless: boolean, gap: (dice: Dice) => number): ArrivalLaw {
  return {
    spec,
    rate,
    memoryless,
    start: (dice) => {
      let at = 0;
      return () => (at += gap(dice));
    },
  };
}

function paretoDraw(spec: string, alpha: number, mean: number): (dice: Dice) => number {
  if (alpha <= 1) throw new LtlError('E_POLICY', `${spec}: ALPHA is above 1, or there is no mean`);
  const least = (mean * (alpha - 1)) / alpha;
  return (dice) => least * exp(-ln(1 - dice()) / alpha);
}

function modulated(spec: string, rates: readonly [number, number], lengths: readonly [number, number]): ArrivalLaw {
  if (rates[0] + rates[1] === 0 || lengths[0] === 0 || lengths[1] === 0)
    throw new LtlError('E_POLICY', `${spec}: one rate and both lengths are above 0`);
  const rate = (rates[0] * lengths[0] + rates[1] * lengths[1]) / (lengths[0] + lengths[1]);
  return { spec, rate, memoryless: false, start: (dice) => modulatedTimes(rates, lengths, dice) };
}

function modulatedTimes(rates: readonly number[], lengths: readonly number[], dice: Dice): () => number {
  let phase = 0;
  let at = 0;
  let phaseEnd = exponential(lengths[0] ?? 0, dice());
  return () => {
    for (;;) {
      const rate = rates[phase] ?? 0;
      const next = rate === 0 ? Number.POSITIVE_INFINITY : at + exponential(1 / rate, dice());
      if (next <= phaseEnd) return (at = next);
      at = phaseEnd;
      phase = 1 - phase;
      phaseEnd = at + exponential(lengths[phase] ?? 0, dice());
    }
  };
}

/** Thinning (Lewis, Shedler, 1979): arrivals at the highest rate, each kept with the share that the present rate has of it. */
function diurnal(spec: string, [rate = 0, period = 0, swing = 0]: readonly number[]): ArrivalLaw {
  if (swing > 1) throw new LtlError('E_POLICY', `${spec}: SWING is at most 1`);
  const highest = rate * (1 + swing);
  const start = (dice: Dice) => {
    let at = 0;
    return () => {
      do at += exponential(1 / highest, dice());
      while (dice() * highest > rate * (1 + swing * sineOfTurn(at / period)));
      return at;
    };
  };
  return { spec, rate, memoryless: false, start };
}
