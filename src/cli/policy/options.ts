/** The options of the policy commands: one list that the parser checks against and the help is made from. */
import { parseArgs } from 'node:util';
import { readNumber } from '../../policy/grammar.js';
import { LtlError } from '../../words/errors.js';
import { nearest } from '../../words/nearest.js';

interface PolicyOption {
  readonly value: string | null;
  readonly about: string;
}

export const POLICY_OPTIONS = {
  trace: { value: 'FILE', about: 'arrivals: `t_ms,bytes` csv or NDJSON, gzip too; - is stdin; compare takes several' },
  arrivals: { value: 'LAW', about: 'arrivals from a law instead of a trace' },
  'arrivals-count': { value: 'N', about: 'how many of them (default 100000)' },
  policy: { value: 'SPEC', about: 'the policy, or module:FILE for one of your own; compare and sweep take several' },
  service: { value: 'LAW', about: 'service times; without it work takes no time' },
  calibration: { value: 'FILE', about: 'service and wake-up times measured here: {"service":LAW,"wakeMs":{STATE:MS}}' },
  vary: { value: 'LETTER=VALUES', about: 'sweep: T=10,20,50 or T=10..5000x9 (nine values, even in ratio)' },
  objectives: { value: 'A,B', about: 'sweep: the two metrics of the Pareto front' },
  weights: { value: 'METRIC=W,…', about: 'adds a score: the weighted sum of metrics' },
  replications: { value: 'R', about: 'independent runs of a law (default 1; model 10)' },
  'warm-up': { value: 'SHARE', about: 'share of the arrivals of a law before counting begins (default 0; model 0.1)' },
  seed: { value: 'S', about: 'whole number; the same seed gives the same bytes (default 1)' },
  json: { value: null, about: 'one JSON object on stdout' },
  figures: { value: 'DIR', about: 'also write the figures of that report, one SVG file each' },
  html: { value: 'FILE', about: 'also write a report that is one file, for a browser' },
  path: { value: 'DIR', about: 'run: the folder of the store (default: a temporary one); record: as for `ltl append`' },
  shadow: {
    value: 'SPEC',
    about: 'run, record, report: a rival that sees the same arrivals and only simulates; several',
  },
  speed: { value: 'X', about: 'run: X times as fast as the trace (default 1)' },
  for: { value: 'TIME', about: 'run: only so much of the run, as 500ms, 60s, 5m' },
  record: { value: 'FILE', about: 'run: also keep what the policy saw' },
  tolerance: { value: 'MS', about: 'replay: how late the runtime may have seen a change (default 250)' },
  rounds: {
    value: 'N',
    about: 'calibrate: interleaved rounds, of which the median is taken (default 5, some 5 s each)',
  },
  out: { value: 'FILE', about: 'calibrate: where the calibration goes (default: stdout)' },
} as const satisfies Record<string, PolicyOption>;

export type PolicyOptionName = keyof typeof POLICY_OPTIONS;

const TIME_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The given options, with every value that was given to each. */
export class PolicyArguments {
  /** What was given beside options. */
  readonly operands: readonly string[];
  readonly #command: string;
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(command: string, values: ReadonlyMap<string, readonly string[]>, operands: readonly string[]) {
    this.operands = operands;
    this.#command = command;
    this.#values = values;
  }

  all(name: PolicyOptionName): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  has(name: PolicyOptionName): boolean {
    return this.#values.has(name);
  }

  /** The one value, or null. Throws E_USAGE when it was given several times. */
  one(name: PolicyOptionName): string | null {
    const [first = null, ...more] = this.all(name);
    if (more.length > 0) throw new LtlError('E_USAGE', `${this.#command} takes one --${name}`);
    return first;
  }

  /** The one value. Throws E_USAGE when it is missing. */
  needed(name: PolicyOptionName): string {
    const value = this.one(name);
    if (value !== null) return value;
    throw new LtlError('E_USAGE', `${this.#command} needs --${name} ${POLICY_OPTIONS[name].value ?? ''}`.trimEnd());
  }

  /** The one operand. Throws E_USAGE when it is missing. */
  operand(name: string): string {
    const [first] = this.operands;
    if (first === undefined) throw new LtlError('E_USAGE', `${this.#command} needs ${name}`);
    return first;
  }

  /** A number above 0, or null. */
  positive(name: PolicyOptionName): number | null {
    const text = this.one(name);
    return text === null ? null : readNumber(text, 'the value', `--${name}`, { above: true });
  }

  /** A time as 500ms, 60s, 5m, in ms; or null. */
  time(name: PolicyOptionName): number | null {
    const text = this.one(name);
    if (text === null) return null;
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
    const ms = Number(number) * (TIME_UNITS[unit] ?? Number.NaN);
    if (ms > 0) return ms;
    throw new LtlError('E_USAGE', `--${name} is a time above 0 with its unit, as 500ms, 60s, 5m, not '${text}'`);
  }

  whole(name: PolicyOptionName, otherwise: number, least: number, most: number): number {
    const text = this.one(name);
    return text === null ? otherwise : readNumber(text, 'the value', `--${name}`, { least, most, whole: true });
  }

  seed(): number {
    return this.whole('seed', 1, 0, 2 ** 32 - 1);
  }
}

/** Checks the words of a command against the options that it takes. Throws E_USAGE that names the nearest option. */
export function readOptions(
  command: string,
  words: readonly string[],
  allowed: readonly PolicyOptionName[],
  operandsMax = 0,
): PolicyArguments {
  const options = Object.fromEntries(
    allowed.map((name) => [
      name,
      {
        type: POLICY_OPTIONS[name].value === null ? ('boolean' as const) : ('string' as const),
        multiple: true as const,
      },
    ]),
  );
  const { tokens } = parseArgs({ args: [...words], options, strict: false, tokens: true, allowPositionals: true });
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (operands.push(token.value) <= operandsMax) continue;
      throw new LtlError(
        'E_USAGE',
        `${command} takes no ${operandsMax === 0 ? '' : 'second '}argument '${token.value}'`,
      );
    }
    if (token.kind === 'option-terminator') continue;
    const option = allowed.find((name) => name === token.name);
    if (option === undefined) throw unknownOption(command, token.rawName, allowed);
    const wants = POLICY_OPTIONS[option].value;
    if ((token.value === undefined) !== (wants === null))
      throw new LtlError(
        'E_USAGE',
        `${token.rawName} ${wants === null ? 'takes no value' : `needs a value, ${wants}`}`,
      );
    values.set(option, [...(values.get(option) ?? []), token.value ?? '']);
  }
  return new PolicyArguments(command, values, operands);
}

function unknownOption(command: string, given: string, allowed: readonly PolicyOptionName[]): LtlError {
  const near = nearest(
    given,
    allowed.map((name) => `--${name}`),
  );
  const hint = near === null ? `; it takes ${allowed.map((name) => `--${name}`).join(' ')}` : `; did you mean ${near}?`;
  return new LtlError('E_USAGE', `${command} has no option ${given}${hint}`);
}
