/** `ltl policy help`: made from the registries that the parser and the simulator use, so that it is never out of date. */
import { KINDS } from '../../policy/kinds.js';
import { ARRIVAL_LAWS, SERVICE_LAWS } from '../../policy/laws.js';
import { METRICS } from '../../policy/metrics.js';
import { MODIFIERS } from '../../policy/spec.js';
import { POLICY_COMMANDS } from './commands.js';
import { POLICY_OPTIONS } from './options.js';

const WIDTH = 40;

function rows(list: readonly (readonly [string, string])[]): string {
  return list
    .map(([left, right]) =>
      left.length < WIDTH ? `  ${left.padEnd(WIDTH)}${right}` : `  ${left}\n  ${' '.repeat(WIDTH)}${right}`,
    )
    .join('\n');
}

const grammarRows = (list: readonly { grammar: string; doc: string }[]): string =>
  rows(list.map(({ grammar, doc }) => [grammar, doc] as const));

export function policyHelp(): string {
  return `usage: ltl policy COMMAND [options]

Describe a sleep policy, run it over arrivals, see what it costs and what it saves: simulated, which needs no store, or
live in a real instance (calibrate, run, record), whose record replay and report read.

commands
${rows([...Object.entries(POLICY_COMMANDS).map(([name, { about }]) => [name, about] as const), ['help', 'this text']])}

policies (times in ms, costs in a unit of your own; T, W, B, D, M, P, C are numbers from 0, N is whole from 1)
${grammarRows(KINDS)}

modifiers, after any policy
${grammarRows(MODIFIERS)}

arrival laws (rates and lengths in one unit of time; with a policy over a trace that unit is the ms)
${grammarRows(ARRIVAL_LAWS)}

service laws
${grammarRows(SERVICE_LAWS)}

options
${rows(Object.entries(POLICY_OPTIONS).map(([name, { value, about }]) => [`--${name}${value === null ? '' : ` ${value}`}`, about] as const))}

metrics, for --objectives and --weights
${rows(Object.entries(METRICS).map(([name, { doc }]) => [name, doc] as const))}

conventions
  At one instant departures come first, then arrivals, then timers: an idle period that ends exactly at a timeout does
  not sleep; a record at the end of a window or vacation is handled by that wake-up. Time before the first and after the
  last record costs nothing. Delay is the wait from arrival until service begins. Percentiles are by nearest rank, exact
  up to a million records, then within 0.1 %. The optimum is the least cost over the same idle periods, known in advance;
  worst is the ratio to it that the policy is proven never to exceed. ci95 is the half-width of a 95 % confidence interval
  over the replications (Student's t); a policy counts no flushes unless it gathers records.

examples
  ltl policy simulate --trace day.csv.gz --policy break-even:5000 --json
  ltl policy compare --trace day.csv.gz --policy always-awake:5000 --policy timeout:1000,5000 --policy menu:5000
  ltl policy sweep --trace day.csv.gz --policy count-or-time:N,D --vary N=8,64,512 --vary D=1..1000x7 --html sweep.html
  ltl policy model --arrivals poisson:0.5 --service exp:1 --policy count:5 --arrivals-count 200000 --replications 10

  ltl policy calibrate --out here.json
  ltl policy run --trace day.csv.gz --speed 60 --policy every:1000 --calibration here.json --record run.ndjson
  ltl policy replay run.ndjson

exit status: 0 done, 64 a mistake in a spec or option, 65 a malformed trace, or a replay that differs, 66 a file that
cannot be read, 73 a folder that cannot be made
`;
}
