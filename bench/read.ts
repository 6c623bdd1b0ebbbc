/**
 * `bench read`: random gets, scans, opening, and opening after SIGKILL while appending, of ltl beside other stores that
 * hold the same records. Every record read is compared with what was appended; after a kill every acknowledged one must
 * be there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { STORES, storePackages } from '../src/bench/stores/registry.js';
import { median } from '../src/measure/trend.js';
import { inChild, killedChild } from './measure/child.js';
import { type Machine, machineFacts, machineText, withScratch } from './measure/machine.js';
import { OPTIONS_HELP, readOptions } from './measure/options.js';
import type { Acknowledged, ReadJob, ReadResult, ReadStep, ReopenResult } from './read.child.js';
import { progress, Report, save } from './report/output.js';
import { type Panel, picture } from './report/svg.js';
import { digits, table } from './report/table.js';
import { type Verdict, verdict, verdictTable } from './report/verdict.js';

interface Summary {
  readonly store: string;
  readonly label: string;
  readonly role: 'ours' | 'peer' | 'limit';
  readonly records: number;
  readonly getsPerSecond: number;
  readonly scannedPerSecond: number;
  readonly scannedInBlocksPerSecond: number;
  readonly openMs: number;
  readonly openReaderMs: number;
  readonly reopenMs: number;
  /** Scan and cut of the tail, and the syncs, as the store itself tells them; NaN when it does not. */
  readonly tailMs: number;
  readonly syncMs: number;
  readonly bytesPerRecord: number;
  /** Records acknowledged before the kills, all found again. */
  readonly survived: number;
}

/** How often ours is killed and opened, of a million records or more. */
const OWN_KILLS = 11;

const HELP = `usage: npm run bench -- read [options]

Random gets, scans, opening, and opening after SIGKILL, at a million records (--full: and at ten million).

${OPTIONS_HELP}`;

/** Runs the bench and prints its report; the exit code is 0 whether targets are met or not. */
export async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args, 'read', []);
  if (options === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const sizes = options.quick ? [5_000] : options.full ? [1_000_000, 10_000_000] : [1_000_000];
  const stores = options.stores.filter((store) => STORES[store]?.role !== 'limit');
  await withScratch(async (scratch) => {
    const report = new Report();
    const machine = machineFacts(scratch, storePackages());
    const absent =
      options.absent.length === 0
        ? ''
        : `absent, because their package is not installed: ${options.absent.join(', ')}\n`;
    report.show(`${machineText(machine)}${absent}medians of ${options.rounds} rounds; files in the page cache\n`);
    const summaries: Summary[] = [];
    for (const records of sizes) {
      const some: Summary[] = [];
      for (const store of stores) some.push(await measure(store, records, options.rounds, scratch));
      report.show(sizeText(records, some));
      summaries.push(...some);
    }
    const verdicts = sizes.flatMap((records) => judge(records, summaries));
    report.show(`\n${verdictTable(verdicts)}`);
    if (options.text !== undefined) save(options.text, report.text);
    if (options.json !== undefined)
      save(options.json, `${JSON.stringify({ machine, verdicts, summaries }, null, 1)}\n`);
    if (options.svg !== undefined) save(options.svg, draw(machine, sizes, summaries));
  });
}

async function measure(store: string, records: number, rounds: number, scratch: string): Promise<Summary> {
  const kind = STORES[store];
  if (kind === undefined) throw new Error(`no store ${store}`);
  const folder = mkdtempSync(join(scratch, 'read-'));
  try {
    const step = (name: ReadStep): ReadJob => {
      progress(`${kind.label}, ${records} records: ${name}`);
      return { step: name, store, folder: join(folder, 'store'), records, gets: Math.min(records, 300_000) };
    };
    const file = new URL('./read.child.js', import.meta.url);
    await inChild(file, step('fill'));
    const reads: ReadResult[] = [];
    for (let round = 0; round < rounds; round += 1) reads.push(await inChild<ReadResult>(file, step('read')));
    const reopens: ReopenResult[] = [];
    // Recovery is short and depends on where in a segment the kill comes: ours is looked at more often.
    const kills = kind.role === 'ours' && records >= 1_000_000 ? Math.max(rounds, OWN_KILLS) : rounds;
    for (let round = 0; round < kills; round += 1) {
      const floor = reopens.at(-1)?.count ?? records;
      // An own pace a round, so that the kills do not all meet the same moment.
      const last = await killedChild<Acknowledged>(file, step('append-until-killed'), floor + 20_000 + round * 3_137);
      const reopened = await inChild<ReopenResult>(file, step('reopen'));
      if (reopened.count < last.acknowledged)
        throw new Error(`${kind.label}: ${last.acknowledged} were acknowledged, ${reopened.count} survived SIGKILL`);
      reopens.push(reopened);
    }
    const middle = (of: (round: ReadResult) => number): number => median(reads.map(of));
    return {
      store,
      label: kind.label,
      role: kind.role,
      records,
      getsPerSecond: middle((round) => round.getsPerSecond),
      scannedPerSecond: middle((round) => round.scannedPerSecond),
      scannedInBlocksPerSecond: middle((round) => round.scannedInBlocksPerSecond),
      openMs: middle((round) => round.openMs),
      openReaderMs: middle((round) => round.openReaderMs),
      reopenMs: median(reopens.map(({ openMs }) => openMs)),
      tailMs: median(reopens.map(({ recovery }) => recovery?.tailMs ?? Number.NaN)),
      syncMs: median(reopens.map(({ recovery }) => recovery?.syncMs ?? Number.NaN)),
      bytesPerRecord: middle((round) => round.dataBytes / records),
      survived: (reopens.at(-1)?.count ?? 0) - records,
    };
  } finally {
    progress('');
    rmSync(folder, { recursive: true, force: true });
  }
}

function sizeText(records: number, summaries: readonly Summary[]): string {
  const rows = summaries.map((summary) => [
    summary.label,
    digits(summary.getsPerSecond / 1000),
    digits(summary.scannedPerSecond / 1000),
    digits(summary.scannedInBlocksPerSecond / 1000),
    digits(summary.openMs),
    digits(summary.openReaderMs),
    digits(summary.reopenMs),
    digits(summary.tailMs),
    digits(summary.syncMs),
    digits(summary.bytesPerRecord),
    String(summary.survived),
  ]);
  const head = [
    '',
    'get k/s',
    'scan k/s',
    'in blocks',
    'open ms',
    'reader ms',
    'after kill ms',
    'tail ms',
    'sync ms',
    'bytes each',
    'survived',
  ];
  return `\n${records} records\n${table(head, rows)}`;
}

function judge(records: number, summaries: readonly Summary[]): Verdict[] {
  const here = summaries.filter((summary) => summary.records === records);
  const ours = here.find(({ role }) => role === 'ours');
  if (ours === undefined) return [];
  const size = `${records} records`;
  const peers = here.filter(({ role }) => role === 'peer');
  const lmdb = peers.find(({ store }) => store === 'lmdb');
  const scanner = peers.toSorted((a, b) => bestScan(b) - bestScan(a))[0];
  const most = (what: string, reached: number, target: number): Verdict =>
    verdict({ what: `${what}, ${size}`, reached, target, bound: 'most', unit: ' ms', against: '' });
  const least = (what: string, reached: number, target: number, against: string): Verdict =>
    verdict({ what: `${what}, ${size}`, reached, target, bound: 'least', unit: ' x', against });
  return [
    ...(lmdb === undefined ? [] : [least('random get', ours.getsPerSecond / lmdb.getsPerSecond, 1, lmdb.label)]),
    ...(scanner === undefined
      ? []
      : [
          least('scan, in blocks', ours.scannedInBlocksPerSecond / bestScan(scanner), 1.2, scanner.label),
          least('scan, one by one', ours.scannedPerSecond / bestScan(scanner), 1.2, scanner.label),
        ]),
    most('recovery after SIGKILL, scan and cut', ours.tailMs, 10),
    most('recovery after SIGKILL, with its syncs', ours.tailMs + ours.syncMs, 10),
    most('open of a writer', ours.openMs, 200),
    most('open of a writer after SIGKILL', ours.reopenMs, 200),
    most('open of a reader', ours.openReaderMs, 60),
  ];
}

const bestScan = ({ scannedPerSecond, scannedInBlocksPerSecond }: Summary): number =>
  Math.max(scannedPerSecond, scannedInBlocksPerSecond);

function draw(machine: Machine, sizes: readonly number[], summaries: readonly Summary[]): string {
  const panels = sizes.flatMap((records): Panel[] => {
    const here = summaries.filter((summary) => summary.records === records);
    const panel = (title: string, unit: string, of: (summary: Summary) => number): Panel => ({
      title: `${title}, ${records / 1_000_000} million`,
      unit,
      bars: here.map((summary) => ({ label: summary.label, role: summary.role, value: of(summary) })),
    });
    return [
      panel('random get', 'thousand a second', (summary) => summary.getsPerSecond / 1000),
      panel('scan', 'thousand a second', (summary) => bestScan(summary) / 1000),
      panel('open after SIGKILL', 'ms, shorter is better', (summary) => summary.reopenMs),
      panel('bytes a record', 'shorter is better', (summary) => summary.bytesPerRecord),
    ];
  });
  return picture('Reading, opening, recovering', machineText(machine).trim().split('\n'), panels);
}
