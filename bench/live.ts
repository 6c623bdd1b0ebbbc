/**
 * `npm run bench -- live`: does a sleep policy save CPU seconds on a bursty trace that is replayed into a real instance? Every run is a process
 * of its own (`ltl policy run`), rounds of all policies are interleaved, and each policy is paired with always-awake of
 * the same round. Work that a policy puts off is caught up with before its run ends, so nothing is saved by not doing it.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import type { RunFigures } from '../src/policy/prediction.js';
import { type Estimate, estimate, pairedDifference } from '../src/policy/statistics.js';
import { LtlError } from '../src/words/errors.js';
import { machineFacts, machineText } from './measure/machine.js';
import { root } from './peers.js';
import { progress, save } from './report/output.js';
import { digits, table } from './report/table.js';

const BASE = 'always-awake';
const POLICIES = [BASE, 'timeout:500', 'every:500', 'count-or-time:500,500', 'count-or-time:500,2000'] as const;
const TRACE = '../shared/traces/azure-llm-code.csv.gz';
/** Bursts of 100 records a second for half a second, a second and a half apart: made when there is no trace. */
const LAW = 'on-off:0.1,500,1500';

const HELP = `usage: npm run bench -- live [--trace FILE] [--speed X] [--for TIME] [--rounds N] [--policy SPEC …] [--quick] [--json FILE]
  --trace FILE   arrivals (default: ${TRACE} when it is there, else ${LAW})
  --speed X      so many times as fast as the trace (default 40; 1 for the law)
  --for TIME     of each run (default 10s)
  --rounds N     interleaved rounds (default 5)
  --policy SPEC  instead of ${POLICIES.slice(1).join(' ')}; several
  --quick        one short round of two policies: shows that it works, not what it saves
  --json FILE    where the results go
`;

const runFile = promisify(execFile);

interface Run {
  readonly policy: string;
  readonly figures: RunFigures;
  readonly acknowledged: { readonly p50Ms: number | null; readonly p99Ms: number | null };
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      trace: { type: 'string' },
      speed: { type: 'string' },
      for: { type: 'string', default: '10s' },
      rounds: { type: 'string', default: '5' },
      policy: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const rounds = values.quick ? 1 : Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new LtlError('E_USAGE', `--rounds ${values.rounds}: a whole number from 1 on`);
  const policies = values.quick ? POLICIES.slice(0, 2) : values.policy.length > 0 ? [BASE, ...values.policy] : POLICIES;
  const trace = values.trace ?? (existsSync(join(root, TRACE)) && !values.quick ? join(root, TRACE) : null);
  const arrivals =
    trace === null
      ? ['--arrivals', LAW, '--arrivals-count', '100000', '--speed', values.speed ?? '1']
      : ['--trace', trace, '--speed', values.speed ?? '40'];
  const common = [...arrivals, '--for', values.quick ? '300ms' : values.for];

  process.stdout.write(machineText(machineFacts('.', [])));
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round++)
    for (const policy of policies) {
      progress(`round ${round + 1} of ${rounds}: ${policy}`);
      runs.push(await once(policy, common));
    }
  progress('');
  const source = trace === null ? LAW : trace.replace(/^.*[\\/]/, '');
  process.stdout.write(
    `\n${source}, ${common.slice(-4).join(' ')}, ${rounds} interleaved rounds\n\n${report(policies, runs)}`,
  );
  if (values.json !== undefined) save(values.json, `${JSON.stringify({ source, common, rounds, runs }, null, 1)}\n`);
}

async function once(policy: string, common: readonly string[]): Promise<Run> {
  const main = join(root, 'dist/src/cli/main.js');
  const words = [main, 'policy', 'run', '--policy', policy, '--json', ...common];
  const { stdout } = await runFile(process.execPath, words, { maxBuffer: 2 ** 26 });
  const { columns, acknowledged } = JSON.parse(stdout) as {
    readonly columns: readonly { readonly figures: RunFigures }[];
    readonly acknowledged: Run['acknowledged'];
  };
  const figures = columns[0]?.figures;
  if (figures === undefined) throw new LtlError('E_ACTOR_FAILED', `the run of ${policy} measured nothing`);
  return { policy, figures, acknowledged };
}

function report(policies: readonly string[], runs: readonly Run[]): string {
  const of = (policy: string, read: (run: Run) => number | null): number[] =>
    runs.filter((one) => one.policy === policy).map((one) => read(one) ?? Number.NaN);
  const cpu = (one: Run): number | null => one.figures.cpuMs;
  const saved = (policy: string): Estimate => pairedDifference(of(policy, cpu), of(BASE, cpu));
  const mean = (policy: string, read: (run: Run) => number | null): string => digits(estimate(of(policy, read)).mean);
  const rows = policies.map((policy) => [
    policy,
    mean(policy, (one) => one.figures.records),
    range(estimate(of(policy, cpu))),
    policy === BASE ? '' : range(saved(policy)),
    mean(policy, (one) => one.figures.visibilityMeanMs),
    mean(policy, (one) => one.figures.visibilityP99Ms),
    mean(policy, (one) => one.acknowledged.p50Ms),
    mean(policy, (one) => one.acknowledged.p99Ms),
    mean(policy, (one) => one.figures.wakes),
    mean(policy, (one) => one.figures.passes),
    mean(policy, (one) => one.figures.fsyncs),
  ]);
  const head = [
    'policy',
    'records',
    'CPU ms',
    'minus awake',
    'visible ms',
    'p99',
    'ack p50',
    'p99',
    'wakes',
    'passes',
    'fsyncs',
  ];
  return `${table(head, rows)}\n${verdict(policies, saved, (policy) => estimate(of(policy, cpu)).mean)}\n`;
}

/** The best saving whose confidence interval leaves no doubt; else why there is none. */
function verdict(
  policies: readonly string[],
  saved: (policy: string) => Estimate,
  meanOf: (policy: string) => number,
): string {
  const sure = policies
    .filter((policy) => policy !== BASE)
    .map((policy) => ({ policy, ...saved(policy) }))
    .filter(({ mean, ci95 }) => ci95 !== null && mean + ci95 < 0)
    .toSorted((a, b) => a.mean - b.mean);
  const [best] = sure;
  if (best !== undefined)
    return `${best.policy} saves ${digits((-100 * best.mean) / meanOf(BASE))} % of the CPU time of ${BASE} (95 % confidence interval of the paired difference below 0).`;
  return `None saves CPU time beyond doubt: what a policy can save are passes of the followers, and either there were few of them in ${BASE}, or too few rounds to tell.`;
}

const range = ({ mean, ci95 }: Estimate): string => (ci95 === null ? digits(mean) : `${digits(mean)} ±${digits(ci95)}`);
