/** From text to policy: `NAME[:ARGUMENTS][+MODIFIER:ARGUMENTS]…`. The registry below is also what help is made from. */
import { LtlError } from '../words/errors.js';
import { AWAKE_STATE, asleepState, type Policy, type SleepState } from './contract.js';
import { nearestName, readArguments, readNumber } from './grammar.js';
import { countOrTimePolicy, countPolicy, everyPolicy } from './policies/batch.js';
import { alwaysAwakePolicy, envelopePolicy, timeoutPolicy } from './policies/idle.js';

interface Spec {
  /** The whole text. */
  readonly spec: string;
  readonly name: string;
  /** What stands after the colon; null without one. */
  readonly arguments: string | null;
}

interface Kind {
  readonly name: string;
  readonly grammar: string;
  readonly doc: string;
  make(spec: Spec): Policy;
}

const KINDS: readonly Kind[] = [
  {
    name: 'always-awake',
    grammar: 'always-awake[:W]',
    doc: 'never sleeps; W = wake cost of the sleep that the optimum may use',
    make: (spec) => {
      const [wakeCost] = readArguments(spec.arguments, spec.spec, 'always-awake[:W]', 0, 1);
      const asleep = wakeCost === undefined ? [] : [asleepState(readNumber(wakeCost, 'W', spec.spec))];
      return alwaysAwakePolicy({ spec: spec.spec, states: [AWAKE_STATE, ...asleep] });
    },
  },
  {
    name: 'timeout',
    grammar: 'timeout:T[,W]',
    doc: 'sleeps after T idle ms; each sleep costs W (default T) at its wake-up',
    make: (spec) => {
      const [timeout = '', wakeCost = timeout] = readArguments(spec.arguments, spec.spec, 'timeout:T[,W]', 1, 2);
      const states = [AWAKE_STATE, asleepState(readNumber(wakeCost, 'W', spec.spec))];
      return timeoutPolicy({ spec: spec.spec, states }, readNumber(timeout, 'T', spec.spec));
    },
  },
  {
    name: 'break-even',
    grammar: 'break-even:B',
    doc: 'timeout:B,B: never costs more than twice the optimum',
    make: (spec) => {
      const [breakEven = ''] = readArguments(spec.arguments, spec.spec, 'break-even:B', 1);
      const wakeCost = readNumber(breakEven, 'B', spec.spec);
      return timeoutPolicy({ spec: spec.spec, states: [AWAKE_STATE, asleepState(wakeCost)] }, wakeCost);
    },
  },
  {
    name: 'envelope',
    grammar: 'envelope:P/C,P/C,…',
    doc: 'goes down where the cost lines P·t + C of the states cross; the first state is awake',
    make: (spec) => envelopePolicy({ spec: spec.spec, states: readLines(spec, 'envelope:P/C,P/C,…') }),
  },
  {
    name: 'every',
    grammar: 'every:T',
    doc: 'wakes at time 0 and then T after it last went to sleep; sleeps whenever the system is empty',
    make: (spec) => {
      const [every = ''] = readArguments(spec.arguments, spec.spec, 'every:T', 1);
      return everyPolicy({ spec: spec.spec }, readNumber(every, 'T', spec.spec, { above: true }));
    },
  },
  {
    name: 'count',
    grammar: 'count:N',
    doc: 'wakes at the Nth waiting record',
    make: (spec) => {
      const [count = ''] = readArguments(spec.arguments, spec.spec, 'count:N', 1);
      return countPolicy({ spec: spec.spec }, readNumber(count, 'N', spec.spec, { least: 1, whole: true }));
    },
  },
  {
    name: 'count-or-time',
    grammar: 'count-or-time:N,D',
    doc: 'wakes at the Nth waiting record or D ms after the first, whichever is first',
    make: (spec) => {
      const [count = '', window = ''] = readArguments(spec.arguments, spec.spec, 'count-or-time:N,D', 2);
      const records = readNumber(count, 'N', spec.spec, { least: 1, whole: true });
      return countOrTimePolicy({ spec: spec.spec }, records, readNumber(window, 'D', spec.spec));
    },
  },
];

/** A policy from its text. Throws E_POLICY that names the text, the fault and the grammar. */
export function parsePolicy(text: string): Policy {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const kind = KINDS.find((one) => one.name === name);
  if (kind === undefined) {
    const near = nearestName(
      name,
      KINDS.map((one) => one.name),
    );
    const hint = near === null ? `one of ${KINDS.map((one) => one.name).join(', ')}` : `did you mean ${near}?`;
    throw new LtlError('E_POLICY', `no policy is named '${name}'; ${hint}`);
  }
  return kind.make({ spec: text, name, arguments: colon < 0 ? null : text.slice(colon + 1) });
}

/** States given as cost lines, shallowest first: power falls and wake cost rises. */
function readLines(spec: Spec, grammar: string): SleepState[] {
  const lines = readArguments(spec.arguments, spec.spec, grammar, 2, 64).map((line, index) => {
    const [power = '', wakeCost = '', ...more] = line.split('/');
    if (more.length > 0) throw new LtlError('E_POLICY', `${spec.spec}: a state is P/C, not '${line}'`);
    return {
      name: index === 0 ? 'awake' : `sleep${index}`,
      power: readNumber(power, `P of '${line}'`, spec.spec),
      wakeCost: readNumber(wakeCost, `C of '${line}'`, spec.spec),
      wakeMs: 0,
      refuses: false,
    };
  });
  for (const [index, state] of lines.entries()) {
    const above = lines[index - 1];
    if (above !== undefined && (state.power >= above.power || state.wakeCost < above.wakeCost))
      throw new LtlError(
        'E_POLICY',
        `${spec.spec}: shallowest first, power falls and wake cost rises from state to state`,
      );
  }
  return lines;
}
