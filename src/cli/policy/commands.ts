/** simulate, compare, sweep and model: each checks its options, runs, and writes a table or JSON, and a report when asked. */

import type { Policy } from '../../policy/contract.js';
import { parseArrivals, parseService } from '../../policy/laws.js';
import { parseWeights, type Weights } from '../../policy/metrics.js';
import { replicationSeed, runModel } from '../../policy/model.js';
import type { Outcome } from '../../policy/outcome.js';
import { REPORT_TRANSITIONS_MAX } from '../../policy/report/page.js';
import { ArrivalRecorder } from '../../policy/report/recorder.js';
import { runStudy, type StudyRow } from '../../policy/study.js';
import { expandTemplates, parseVariation } from '../../policy/sweep.js';
import { LtlError } from '../../words/errors.js';
import { frontRows, objectivesOf } from './front.js';
import { type PolicyIo, Progress } from './io.js';
import { LIVE_COMMANDS } from './live.js';
import { type PolicyArguments, type PolicyOptionName, readOptions } from './options.js';
import { policyMaker } from './own.js';
import { writeReport } from './report.js';
import { type NamedSource, REPLICATIONS_MAX, readCalibration, readSources, warmUpShare } from './source.js';
import { estimatesTable, estimateText, formatTable, outcomesTable } from './table.js';

const SOURCE_OPTIONS = ['trace', 'arrivals', 'arrivals-count', 'service', 'calibration', 'seed'] as const;
const OUTPUT_OPTIONS = ['weights', 'objectives', 'json', 'html', 'figures'] as const;

export interface PolicySubcommand {
  readonly about: string;
  /** How many words beside options it takes (default 0). */
  readonly operandsMax?: number;
  readonly options: readonly PolicyOptionName[];
  /** Resolves with an exit status where it is not 0. */
  run(given: PolicyArguments, io: PolicyIo): Promise<number | void>;
}

export const POLICY_COMMANDS: Readonly<Record<string, PolicySubcommand>> = {
  simulate: {
    about: 'one policy over one trace: what it costs and saves',
    options: [...SOURCE_OPTIONS, 'policy', ...OUTPUT_OPTIONS],
    run: simulateCommand,
  },
  compare: {
    about: 'several policies over the same arrivals, traces or replications of a law',
    options: [...SOURCE_OPTIONS, 'policy', 'replications', 'warm-up', ...OUTPUT_OPTIONS],
    run: compareCommand,
  },
  sweep: {
    about: 'a policy over many values of its parameters, with the Pareto front',
    options: [...SOURCE_OPTIONS, 'policy', 'vary', 'replications', 'warm-up', ...OUTPUT_OPTIONS],
    run: sweepCommand,
  },
  model: {
    about: 'a queue with random arrivals and services: Wq, W, L, cycle, wake-ups, with confidence intervals',
    options: [
      'arrivals',
      'arrivals-count',
      'service',
      'calibration',
      'policy',
      'replications',
      'warm-up',
      'seed',
      'json',
    ],
    run: modelCommand,
  },
  ...LIVE_COMMANDS,
};

/** Runs a policy subcommand by name and gives its exit status. */
export async function runSubcommand(name: string, words: readonly string[], io: PolicyIo): Promise<number> {
  const command = POLICY_COMMANDS[name] as PolicySubcommand;
  return (await command.run(readOptions(name, words, command.options, command.operandsMax), io)) ?? 0;
}

const printJson = (io: PolicyIo, value: unknown): void => void io.stdout.write(`${JSON.stringify(value)}\n`);

async function simulateCommand(given: PolicyArguments, io: PolicyIo): Promise<void> {
  const specs = [given.needed('policy')];
  const [source, ...more] = readSources(given, io);
  if (source === undefined || more.length > 0) throw new LtlError('E_USAGE', 'simulate takes one --trace');
  const [row] = await study(given, io, source, specs);
  const outcome = (row as StudyRow).outcomes[0] as Outcome;
  if (given.has('json')) printJson(io, outcome);
  else io.stdout.write(`${outcomesTable([outcome], weightsOf(given))}\n${detailsTable(outcome)}`);
}

async function compareCommand(given: PolicyArguments, io: PolicyIo): Promise<void> {
  const specs = given.all('policy');
  if (specs.length < 2) throw new LtlError('E_USAGE', 'compare needs two --policy or more');
  const comparisons = [];
  const sources = readSources(given, io);
  if (sources.length > 1 && (given.has('html') || given.has('figures')))
    throw new LtlError('E_USAGE', 'a report shows one --trace');
  for (const source of sources) {
    const rows = await study(given, io, source, specs);
    comparisons.push({ source: source.name, replications: source.replications, policies: rows.map(plainRow) });
    if (given.has('json')) continue;
    io.stdout.write(`${source.name}\n${outcomesTable(firsts(rows), weightsOf(given))}`);
    if (source.replications > 1) io.stdout.write(`\n${estimatesTable(rows)}`);
    io.stdout.write('\n');
  }
  if (given.has('json')) printJson(io, { seed: given.seed(), comparisons });
}

async function sweepCommand(given: PolicyArguments, io: PolicyIo): Promise<void> {
  const templates = given.all('policy');
  if (templates.length === 0) throw new LtlError('E_USAGE', 'sweep needs --policy SPEC');
  const specs = expandTemplates(templates, given.all('vary').map(parseVariation));
  const [source, ...more] = readSources(given, io);
  if (source === undefined || more.length > 0) throw new LtlError('E_USAGE', 'sweep takes one --trace');
  const rows = await study(given, io, source, specs);
  const objectives = objectivesOf(given, rows);
  const front = new Set(frontRows(rows, objectives));
  if (given.has('json')) {
    const points = rows.map((row) => ({ ...plainRow(row), onFront: front.has(row) }));
    const onFront = [...front].map((row) => row.policy.spec);
    printJson(io, {
      seed: given.seed(),
      source: source.name,
      replications: source.replications,
      objectives,
      front: onFront,
      points,
    });
    return;
  }
  const at = (row: StudyRow): number => row.estimates[objectives[0]]?.mean ?? 0;
  const ordered = rows.toSorted((a, b) => at(a) - at(b));
  const lines = ordered.map((row) => [
    front.has(row) ? '*' : '',
    row.policy.spec,
    ...objectives.map((metric) => row.estimates[metric]?.mean ?? null),
    row.outcomes[0]?.ratio ?? null,
  ]);
  io.stdout.write(`${formatTable(['front', 'policy', ...objectives, 'ratio'], lines)}* = on the Pareto front\n`);
}

async function modelCommand(given: PolicyArguments, io: PolicyIo): Promise<void> {
  const spec = given.needed('policy');
  const calibration = readCalibration(given);
  const policies = await policyMaker([spec], calibration);
  const progress = new Progress(io);
  const options = {
    arrivals: parseArrivals(given.needed('arrivals')),
    service: parseService(given.one('service') ?? calibration?.service ?? given.needed('service')),
    policy: (seed: number) => policies(seed)[0] as Policy,
    arrivalsCount: given.whole('arrivals-count', 100_000, 10, 1_000_000_000),
    replications: given.whole('replications', 10, 1, REPLICATIONS_MAX),
    seed: given.seed(),
    warmUpShare: warmUpShare(given, 0.1),
    onProgress: (done: number, total: number) => progress.show(done, total),
  };
  const result = runModel(options);
  progress.clear();
  const inputs = {
    policy: spec,
    arrivals: options.arrivals.spec,
    service: options.service.spec,
    arrivalsCount: options.arrivalsCount,
    replications: options.replications,
    seed: options.seed,
  };
  if (given.has('json')) {
    printJson(io, { ...result, ...inputs });
    return;
  }
  const figures = (['Wq', 'W', 'L', 'cycle', 'wakesPerTime'] as const).map((name) => [
    name,
    estimateText(result[name]),
  ]);
  io.stdout.write(formatTable(['figure', 'mean ± 95 %'], figures));
}

async function study(
  given: PolicyArguments,
  io: PolicyIo,
  source: NamedSource,
  specs: readonly string[],
): Promise<StudyRow[]> {
  const policies = await policyMaker(specs, readCalibration(given));
  const progress = new Progress(io);
  let done = 0;
  const draws = given.has('html') || given.has('figures');
  const arrivals = new ArrivalRecorder();
  const rows = await runStudy({
    policies,
    source,
    seed: given.seed(),
    policySeed: replicationSeed,
    transitionsMax: draws ? REPORT_TRANSITIONS_MAX : 0,
    onBlock: (block, replication) => {
      if (draws && replication === 0) arrivals.add(block);
      done += block.count;
      progress.show(done, source.total);
    },
  });
  progress.clear();
  warn(io, source, rows);
  if (draws) writeReport(given, source, rows, arrivals);
  return rows;
}

function warn(io: PolicyIo, source: NamedSource, rows: readonly StudyRow[]): void {
  const rho = Math.max(...firsts(rows).map((outcome) => outcome.rho ?? 0));
  if (rho >= 1)
    io.stderr.write(
      `ltl policy: rho is ${rho.toFixed(2)}: work came faster than it could be served; delays grow with the trace\n`,
    );
  else if (rho >= 0.9)
    io.stderr.write(
      `ltl policy: rho is ${rho.toFixed(2)}: catching up after a sleep takes 1/(1 - rho) times the work\n`,
    );
  if (source.memoryless && rows.length > 1)
    io.stderr.write(
      'ltl policy: poisson arrivals carry no memory and cannot rank timeouts; compare on real traces too\n',
    );
}

const firsts = (rows: readonly StudyRow[]): Outcome[] => rows.map((row) => row.outcomes[0] as Outcome);

function weightsOf(given: PolicyArguments): Weights | null {
  const text = given.one('weights');
  return text === null ? null : parseWeights(text);
}

function plainRow({ policy, outcomes, estimates, differences }: StudyRow) {
  return { policy: policy.spec, outcomes, estimates, differences };
}

function detailsTable(outcome: Outcome): string {
  const wholes = (
    [
      'records',
      'spanMs',
      'bytes',
      'busyMs',
      'backlogBytesMax',
      'catchUpMaxMs',
      'flushes',
      'flushesFull',
      'waitingAtEnd',
    ] as const
  )
    .map((name) => [name, outcome[name]] as const)
    .filter(([, value]) => value !== 0);
  const states = Object.entries(outcome.stateMs).map(([state, ms]) => [`ms ${state}`, ms] as const);
  const reasons = Object.entries(outcome.reasons).map(([reason, count]) => [`changes: ${reason}`, count] as const);
  return formatTable(['', ''], [...wholes, ...states, ...reasons]).trimStart();
}
