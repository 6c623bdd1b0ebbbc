/** The registry of policies: name, grammar, what it does, how it is made. Parsing, help and docs are read from it. */
import { LtlError } from '../words/errors.js';
import { AWAKE_STATE, asleepState, type Policy, type SleepState } from './contract.js';
import { exponential, uniformAt } from './dice.js';
import { readNumber } from './grammar.js';
import { countOrTimePolicy, countPolicy, everyPolicy, vacationPolicy } from './policies/batch.js';
import { CALENDAR_STATES, calendarPolicy } from './policies/calendar.js';
import { breakEvenMs } from './policies/envelope.js';
import { alwaysAwakePolicy, envelopePolicy, ladderPolicy, oraclePolicy } from './policies/idle.js';
import { histogramPolicy, learnedPolicy, menuPolicy, randomisedPolicy } from './policies/predicting.js';
import { ladderStates, readLines } from './states.js';

/** One policy to be made. */
export interface Making {
  /** The whole text, for errors and for the policy's name. */
  readonly spec: string;
  /** The comma-separated arguments, as many as the kind allows. */
  readonly parts: readonly string[];
  /** States given with `+states`, awake first; null for the kind's own. */
  readonly states: readonly SleepState[] | null;
  readonly seed: number;
  readonly readText: (path: string) => string;
}

export interface Kind {
  readonly name: string;
  readonly grammar: string;
  readonly doc: string;
  /** Least and most number of arguments. */
  readonly least: number;
  readonly most: number;
  make(making: Making): Policy;
}

const number = ({ spec, parts }: Making, index: number, what: string, rule = {}): number =>
  readNumber(parts[index] ?? '', what, spec, rule);

const COUNT = { least: 1, whole: true };

/** `B` (awake 1/0, asleep 0/B) or cost lines `P/C,P/C,…`, unless `+states` gives the states. */
function lines(making: Making): readonly SleepState[] {
  if (making.states !== null) return making.states;
  const [first = ''] = making.parts;
  if (first.includes('/')) return readLines(making.spec, making.parts);
  if (making.parts.length > 1)
    throw new LtlError('E_POLICY', `${making.spec}: give one wake cost B, or states P/C,P/C,…`);
  return [AWAKE_STATE, asleepState(number(making, 0, 'B'))];
}

/** Awake and one sleep state with that wake cost, unless `+states` gives exactly one sleep state. */
function twoStates(making: Making, wakeCost: number): readonly SleepState[] {
  if (making.states === null) return [AWAKE_STATE, asleepState(wakeCost)];
  if (making.states.length === 2) return making.states;
  throw new LtlError('E_POLICY', `${making.spec} has one sleep state; +states gives ${making.states.length - 1}`);
}

export const KINDS: readonly Kind[] = [
  {
    name: 'always-awake',
    grammar: 'always-awake[:W]',
    doc: 'never sleeps; W is the wake cost of the sleep that the optimum beside it may use',
    least: 0,
    most: 1,
    make: (making) => {
      const own = making.parts.length === 0 ? [AWAKE_STATE] : [AWAKE_STATE, asleepState(number(making, 0, 'W'))];
      return alwaysAwakePolicy({ spec: making.spec, states: making.states ?? own });
    },
  },
  {
    name: 'timeout',
    grammar: 'timeout:T[,W]',
    doc: 'sleeps after T idle ms; each sleep costs W (default T) at its wake-up',
    least: 1,
    most: 2,
    make: (making) => {
      const timeout = number(making, 0, 'T');
      const wakeCost = making.parts.length === 1 ? timeout : number(making, 1, 'W');
      return ladderPolicy({ spec: making.spec, states: twoStates(making, wakeCost) }, [timeout]);
    },
  },
  {
    name: 'break-even',
    grammar: 'break-even:B',
    doc: 'timeout:B,B; never costs more than twice the optimum',
    least: 1,
    most: 1,
    make: (making) => {
      const breakEven = number(making, 0, 'B');
      return ladderPolicy({ spec: making.spec, states: twoStates(making, breakEven) }, [breakEven]);
    },
  },
  {
    name: 'envelope',
    grammar: 'envelope:P/C,P/C,…',
    doc: 'goes down where the cost lines P·t + C of the states cross, awake first; at most twice the optimum',
    least: 0,
    most: 64,
    make: (making) => envelopePolicy({ spec: making.spec, states: lines(making) }),
  },
  {
    name: 'ladder',
    grammar: 'ladder:T1,T2,…',
    doc: 'goes one state deeper after T1, T2, … idle ms; wake costs default to those that make the times break even',
    least: 1,
    most: 16,
    make: (making) => {
      const times = making.parts.map((_, index) => number(making, index, `T${index + 1}`));
      const states = making.states ?? ladderStates(times);
      if (states.length !== times.length + 1)
        throw new LtlError(
          'E_POLICY',
          `${making.spec} has ${times.length} times for ${states.length - 1} sleep states`,
        );
      if (times.some((time, index) => index > 0 && time <= (times[index - 1] ?? 0)))
        throw new LtlError('E_POLICY', `${making.spec}: the times of a ladder rise`);
      return ladderPolicy({ spec: making.spec, states }, times);
    },
  },
  {
    name: 'menu',
    grammar: 'menu:B | menu:P/C,P/C,…',
    doc: 'predicts the typical interval as Linux does and goes straight to the state that suits it',
    least: 0,
    most: 64,
    make: (making) => menuPolicy({ spec: making.spec, states: lines(making) }),
  },
  {
    name: 'histogram',
    grammar: 'histogram:B[,BUCKET_MS[,HEAD,TAIL]]',
    doc: 'sleeps at once, wakes ahead of the share HEAD (0.05) of past idle lengths, sleeps again after TAIL (0.99)',
    least: 1,
    most: 4,
    make: (making) => {
      const states = twoStates(making, number(making, 0, 'B'));
      const bucketMs = making.parts.length > 1 ? number(making, 1, 'BUCKET_MS', { above: true }) : 1000;
      if (making.parts.length === 3) throw new LtlError('E_POLICY', `${making.spec}: HEAD needs TAIL`);
      const share = { most: 1 };
      const headShare = making.parts.length > 2 ? number(making, 2, 'HEAD', share) : 0.05;
      const tailShare = making.parts.length > 2 ? number(making, 3, 'TAIL', share) : 0.99;
      if (headShare >= tailShare) throw new LtlError('E_POLICY', `${making.spec}: HEAD is below TAIL`);
      return histogramPolicy({ spec: making.spec, states }, { bucketMs, headShare, tailShare });
    },
  },
  {
    name: 'randomised',
    grammar: 'randomised:B',
    doc: 'draws its timeout anew for each idle period; at most e/(e-1) = 1.582 times the optimum in expectation',
    least: 1,
    most: 1,
    make: (making) => {
      const states = twoStates(making, number(making, 0, 'B'));
      return randomisedPolicy({ spec: making.spec, states }, breakEvenMs(states), making.seed);
    },
  },
  {
    name: 'learned',
    grammar: 'learned:B,LAMBDA',
    doc: 'takes advice from past idle lengths: 1 + LAMBDA when it is right, 1 + 1/LAMBDA at worst; 0 < LAMBDA <= 1',
    least: 2,
    most: 2,
    make: (making) => {
      const states = twoStates(making, number(making, 0, 'B'));
      const lambda = number(making, 1, 'LAMBDA', { above: true, most: 1 });
      return learnedPolicy({ spec: making.spec, states }, breakEvenMs(states), lambda);
    },
  },
  {
    name: 'oracle',
    grammar: 'oracle:B | oracle:P/C,P/C,…',
    doc: 'the offline optimum: it knows when the next record comes; for comparison, never live',
    least: 0,
    most: 64,
    make: (making) => oraclePolicy({ spec: making.spec, states: lines(making) }),
  },
  {
    name: 'every',
    grammar: 'every:T',
    doc: 'wakes at time 0 and then T after it last went to sleep; sleeps whenever the system is empty',
    least: 1,
    most: 1,
    make: (making) =>
      everyPolicy({ spec: making.spec, states: twoStates(making, 0) }, number(making, 0, 'T', { above: true })),
  },
  {
    name: 'count',
    grammar: 'count:N',
    doc: 'wakes at the Nth waiting record',
    least: 1,
    most: 1,
    make: (making) => countPolicy({ spec: making.spec, states: twoStates(making, 0) }, number(making, 0, 'N', COUNT)),
  },
  {
    name: 'count-or-time',
    grammar: 'count-or-time:N,D',
    doc: 'wakes at the Nth waiting record or D ms after the first, whichever is first: a commit rule',
    least: 2,
    most: 2,
    make: (making) => {
      const count = number(making, 0, 'N', COUNT);
      return countOrTimePolicy({ spec: making.spec, states: twoStates(making, 0) }, count, number(making, 1, 'D'));
    },
  },
  {
    name: 'vacation',
    grammar: 'vacation:exp:M | vacation:const:M',
    doc: 'sleeps when the system is empty, in vacations of mean (or constant) length M until one finds work',
    least: 1,
    most: 1,
    make: (making) => {
      const [, law = '', mean = ''] = /^(exp|const):(.*)$/.exec(making.parts[0] ?? '') ?? [];
      if (law === '') throw new LtlError('E_POLICY', `${making.spec}: a vacation is exp:M or const:M`);
      const meanMs = readNumber(mean, 'M', making.spec, { above: true });
      const draw = (n: number): number => exponential(meanMs, uniformAt(making.seed, n));
      const states = twoStates(making, 0);
      return vacationPolicy({ spec: making.spec, states }, law === 'exp' ? draw : () => meanMs);
    },
  },
  {
    name: 'calendar',
    grammar: 'calendar:FILE',
    doc: 'sleeps by the clock: lines as `22:00-06:00 nap`, and `start 16:31` for the time of day at time 0',
    least: 1,
    most: 1,
    make: (making) =>
      calendarPolicy(making.spec, making.states ?? CALENDAR_STATES, making.readText(making.parts[0] ?? '')),
  },
];
