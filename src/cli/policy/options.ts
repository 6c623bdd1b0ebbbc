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
} as const satisfies Record<string, PolicyOption>;

export type PolicyOptionName = keyof typeof POLICY_OPTIONS;

/** The given options, with every value that was given to each. */
export class PolicyArguments {
  readonly #command: string;
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(command: string, values: ReadonlyMap<string, readonly string[]>) {
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
  for (const token of tokens) {
    if (token.kind === 'positional') throw new LtlError('E_USAGE', `${command} takes no argument '${token.value}'`);
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
  return new PolicyArguments(command, values);
}

function unknownOption(command: string, given: string, allowed: readonly PolicyOptionName[]): LtlError {
  const near = nearest(
    given,
    allowed.map((name) => `--${name}`),
  );
  const hint = near === null ? `; it takes ${allowed.map((name) => `--${name}`).join(' ')}` : `; did you mean ${near}?`;
  return new LtlError('E_USAGE', `${command} has no option ${given}${hint}`);
}
