/**
 * `bench append`: durable appends of ltl beside other stores in one run. Rounds are interleaved (every store once, in a
 * rotated order, then again), so that a slow moment of the machine meets them all; medians are shown, and ratios to the
 * best durable peer of the same run.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { STORES, storePackages } from '../src/bench/stores/registry.js';
import { median } from '../src/measure/trend.js';
import type { AppendJob, AppendResult } from './append.child.js';
import { inChild } from './measure/child.js';
import { type Machine, machineFacts, machineText, withScratch } from './measure/machine.js';
import { type BenchOptions, OPTIONS_HELP, readOptions } from './measure/options.js';
import { progress, Report, save } from './report/output.js';
import { type Panel, picture } from './report/svg.js';
import { digits, table } from './report/table.js';
import { type Verdict, verdict, verdictTable } from './report/verdict.js';
import { tiny, WORKLOADS, type Workload } from './workloads.js';

/** No measurement goes on for longer, however slow the disk. */
const FOR_MS = 4000;
/** The warm-up takes a quarter of the records, but no longer than that. */
const WARM_UP_MS = 1000;

interface Contender {
  readonly store: string;
  readonly label: string;
  readonly form: Workload['drive']['form'];
}

/** A contender's rounds of one workload, and their medians. */
interface Summary {
  readonly workload: string;
  readonly store: string;
  readonly label: string;
  readonly role: 'ours' | 'peer' | 'limit';
  readonly perSecond: number;
  readonly perSecondRange: readonly [number, number];
  readonly warmUpPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuSecondsPerMillion: number;
  readonly bytesPerRecord: number;
  readonly rounds: readonly AppendResult[];
}

const HELP = `usage: npm run bench -- append [options]

Durable appends: ltl beside other stores, a promise resolved only after fdatasync. Workloads: ${WORKLOADS.map(({ name }) => name).join(', ')}.

${OPTIONS_HELP}`;

/** Runs the bench and prints its report; the exit code is 0 whether targets are met or not. */
export async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(
    args,
    'append',
    WORKLOADS.map((workload) => workload.name),
  );
  if (options === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const chosen = WORKLOADS.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const workloads = options.quick ? chosen.map(tiny) : chosen;
  await withScratch(async (scratch) => {
    const report = new Report();
    const machine = machineFacts(scratch, storePackages());
    report.show(introduction(machine, options));
    const summaries: Summary[] = [];
    for (const workload of workloads) {
      const some = await measure(workload, options, scratch);
      summaries.push(...some);
      report.show(workloadText(workload, some));
    }
    const verdicts = judge(workloads, summaries);
    report.show(`\n${verdictTable(verdicts)}`);
    if (options.text !== undefined) save(options.text, report.text);
    if (options.json !== undefined)
      save(options.json, `${JSON.stringify({ machine, workloads, verdicts, summaries }, null, 1)}\n`);
    if (options.svg !== undefined) save(options.svg, draw(machine, workloads, summaries));
  });
}

function introduction(machine: Machine, { rounds, quick, stores, absent }: BenchOptions): string {
  const hows = stores.map((store) => `  ${STORES[store]?.label}: ${STORES[store]?.how}\n`).join('');
  const missing = absent.length === 0 ? '' : `absent, because their package is not installed: ${absent.join(', ')}\n`;
  const warning = quick ? 'quick run: these figures say that the bench works, nothing else\n' : '';
  return `${machineText(machine)}${hows}${missing}${warning}medians of ${rounds} interleaved rounds, each from an empty folder, after a warm-up of a quarter, at most ${WARM_UP_MS / 1000} s; at most ${FOR_MS / 1000} s each\n`;
}

async function measure(workload: Workload, options: BenchOptions, scratch: string): Promise<Summary[]> {
  const contenders = contendersFor(workload, options.stores);
  const results = contenders.map((): AppendResult[] => []);
  for (let round = 0; round < options.rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const at = (turn + round) % contenders.length;
      const contender = contenders[at] as Contender;
      progress(`${workload.name}: round ${round + 1} of ${options.rounds}, ${contender.label}`);
      results[at]?.push(await once(workload, contender, scratch, round === 0));
    }
  }
  progress('');
  return contenders.map((contender, at) => summarise(workload, contender, results[at] ?? []));
}

/** Every store once; ours twice where it has a cheaper form than a promise a batch. */
function contendersFor(workload: Workload, stores: readonly string[]): Contender[] {
  return stores.flatMap((store): Contender[] => {
    const kind = STORES[store];
    if (kind === undefined) return [];
    const { form } = workload.drive;
    if (form !== 'batch') return [{ store, label: kind.label, form }];
    const batches: Contender = { store, label: kind.batches ?? kind.label, form };
    return kind.posts === undefined ? [batches] : [batches, { store, label: kind.posts, form: 'post' }];
  });
}

async function once(
  workload: Workload,
  { store, form }: Contender,
  scratch: string,
  check: boolean,
): Promise<AppendResult> {
  const folder = mkdtempSync(join(scratch, 'run-'));
  try {
    const { mapBytes, likeness, registered, records } = workload;
    const work: AppendJob = {
      store,
      folder,
      drive: { ...workload.drive, form },
      mapBytes,
      likeness,
      registered,
      records,
      warmUp: Math.ceil(records / 4),
      warmUpMs: WARM_UP_MS,
      forMs: FOR_MS,
      check,
    };
    return await inChild<AppendResult>(new URL('./append.child.js', import.meta.url), work);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summarise(workload: Workload, { store, label }: Contender, rounds: readonly AppendResult[]): Summary {
  const middle = (of: (round: AppendResult) => number): number => median(rounds.map(of));
  const rates = rounds.map(({ perSecond }) => perSecond);
  return {
    workload: workload.name,
    store,
    label,
    role: STORES[store]?.role ?? 'peer',
    perSecond: middle((round) => round.perSecond),
    perSecondRange: [Math.min(...rates), Math.max(...rates)],
    warmUpPerSecond: middle((round) => round.warmUpPerSecond),
    p50Ms: middle((round) => round.p50Ms),
    p99Ms: middle((round) => round.p99Ms),
    cpuSecondsPerMillion: middle((round) => round.cpuSecondsPerMillion),
    bytesPerRecord: middle((round) => round.bytesPerRecord),
    rounds,
  };
}

function bestPeer(summaries: readonly Summary[], workload: Workload): Summary | undefined {
  return summaries
    .filter((summary) => summary.workload === workload.name && summary.role === 'peer')
    .toSorted((a, b) => b.perSecond - a.perSecond)[0];
}

function workloadText(workload: Workload, summaries: readonly Summary[]): string {
  const best = bestPeer(summaries, workload);
  const rows = summaries.map((summary) => [
    summary.role === 'limit' ? `${summary.label} (limit, not a peer)` : summary.label,
    digits(summary.perSecond / 1000),
    summary.perSecondRange.map((rate) => digits(rate / 1000)).join('-'),
    best === undefined ? '-' : digits(summary.perSecond / best.perSecond),
    digits(summary.warmUpPerSecond / 1000),
    digits(summary.p50Ms),
    digits(summary.p99Ms),
    digits(summary.cpuSecondsPerMillion),
    digits(summary.bytesPerRecord),
    segmentsText(summary),
    String(summary.rounds[0]?.compared ?? 0),
  ]);
  const head = [
    '',
    'k/s',
    'range',
    'x best peer',
    'warm-up k/s',
    'p50 ms',
    'p99 ms',
    'CPU s/M',
    'bytes each',
    'segments',
    'read back',
  ];
  const wanted = workload.target === undefined ? '' : `, wanted ${workload.target} x the best peer`;
  return `\n${workload.about}: ${workload.records} records of ${workload.mapBytes} bytes${wanted}\n${table(head, rows)}`;
}

function segmentsText({ rounds }: Summary): string {
  const { segments, segmentBytes = 0 } = rounds[0] ?? {};
  return segments === undefined ? '-' : `${segments} x ${digits(segmentBytes / 1024)} KiB`;
}

function judge(workloads: readonly Workload[], summaries: readonly Summary[]): Verdict[] {
  return workloads.flatMap((workload) => {
    const best = bestPeer(summaries, workload);
    const ours = summaries
      .filter((summary) => summary.workload === workload.name && summary.role === 'ours')
      .toSorted((a, b) => b.perSecond - a.perSecond)[0];
    if (ours === undefined) return [];
    const rows: Verdict[] = [];
    if (best !== undefined && workload.target !== undefined)
      rows.push(
        verdict({
          what: workload.about,
          reached: ours.perSecond / best.perSecond,
          target: workload.target,
          bound: 'least',
          unit: ' x',
          against: best.label,
        }),
      );
    if (workload.bytesTarget !== undefined)
      rows.push(
        verdict({
          what: `${workload.about}: bytes a record`,
          reached: ours.bytesPerRecord,
          target: workload.bytesTarget,
          bound: 'most',
          unit: ' B',
          against: '',
        }),
      );
    return rows;
  });
}

function draw(machine: Machine, workloads: readonly Workload[], summaries: readonly Summary[]): string {
  const panels = workloads.map((workload): Panel => {
    const of = summaries.filter((summary) => summary.workload === workload.name);
    const best = bestPeer(summaries, workload);
    return {
      title: workload.about,
      unit: 'thousand a second',
      bars: of.map(({ label, perSecond, perSecondRange: [low, high], role }) => ({
        label,
        value: perSecond / 1000,
        range: [low / 1000, high / 1000],
        role,
      })),
      ...(best !== undefined && workload.target !== undefined
        ? { target: (best.perSecond * workload.target) / 1000 }
        : {}),
    };
  });
  return picture(
    'Durable appends: acknowledged after fdatasync',
    [
      ...machineText(machine).trim().split('\n'),
      'Bars: medians of the rounds; lines: lowest to highest round. Dashed: the target, a multiple of the best peer. Pale: the limit of the disk, not a peer.',
    ],
    panels,
  );
}
