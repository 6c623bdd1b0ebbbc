/** `ltl bench append`: one's own load on one's own disk, alone or beside other stores. */
import os from 'node:os';
import { absentStores, compare } from '../../bench/compare.js';
import type { RunProgress } from '../../bench/job.js';
import { isInMemory, machineFacts, machineText } from '../../bench/machine.js';
import { type BenchReport, benchPage, benchPicture } from '../../bench/page.js';
import { STORES } from '../../bench/stores/registry.js';
import { summarise } from '../../bench/summary.js';
import { makeScratch } from '../../ports/scratch.js';
import type { Command, Io, Run } from '../command.js';
import { grouped } from '../numbers.js';
import { writeAll } from '../output.js';
import { Progress } from '../progress.js';
import { StopRequest } from '../signals.js';
import { type Written, writeThenPrint } from '../writable.js';
import { type AppendBench, readAppendBench } from './options.js';
import { notesOf, resultRows, resultsText } from './text.js';

export const BENCH_APPEND = {
  summary: 'measure durable appends: your records, your rate, your disk',
  operands: '',
  operandsMax: 0,
  options: {
    size: { type: 'string', value: 'BYTES', about: 'bytes of a record as MessagePack (default: 98)' },
    shape: {
      type: 'string',
      value: 'FILE',
      about: 'JSON: {"name","fields"} of a message, or a sample record, or a list of samples',
    },
    form: {
      type: 'string',
      value: 'FORM',
      about: 'promise (one each, the default), batch (appendBatch), ticket (one wait for many)',
    },
    parse: {
      type: 'boolean',
      about: 'the thread that appends a record parses it from a line of JSON first, as a program that reads lines does',
    },
    batch: { type: 'string', value: 'N', about: 'records of a batch, with --form batch or ticket (default: 1000)' },
    'in-flight': {
      type: 'string',
      value: 'N',
      about: 'promises under way at a time, for each producer (default: 64; 16 batches; 65536 records in an open loop)',
    },
    producers: { type: 'string', value: 'N', about: 'threads that append (default: the thread that opened the store)' },
    for: { type: 'string', value: 'TIME', about: 'how long: 500ms, 10s, 10m, 1h (default: 10s; a whole trace)' },
    'warm-up': {
      type: 'string',
      value: 'TIME',
      about: 'what comes before and is not measured; 0 for none (default: a tenth, at most 2s)',
    },
    rate: { type: 'string', value: 'R', about: 'open loop: R records a second, whatever becomes of those before' },
    arrivals: { type: 'string', value: 'LAW', about: 'constant (the default) or poisson, with --rate' },
    seed: { type: 'string', value: 'N', about: 'of the Poisson arrivals (default: 1)' },
    trace: { type: 'string', value: 'FILE', about: 'open loop: arrivals of a t_ms,bytes trace, csv or NDJSON' },
    speed: { type: 'string', value: 'X', about: 'replays a trace X times as fast (default: 1)' },
    pace: {
      type: 'string',
      value: 'HOW',
      about: 'an open loop waits by spin (exact, takes a core; the default) or timer (up to 2 ms late)',
    },
    peers: { type: 'string', value: 'LIST', about: 'beside others: plain, lmdb, sqlite, level' },
    rounds: { type: 'string', value: 'N', about: 'interleaved rounds of --for each (default: 3 with peers, else 1)' },
    path: { type: 'string', value: 'DIR', about: 'a folder on the disk to measure (default: for temporary files)' },
    anyway: { type: 'boolean', about: 'also when that folder holds a store, which is not touched' },
    json: { type: 'boolean', about: 'print JSON, for machines' },
    html: { type: 'string', value: 'FILE', about: 'write a report with charts, one file' },
    svg: { type: 'string', value: 'FILE', about: 'write the charts as a picture' },
    help: { type: 'boolean', short: 'h', about: 'this text' },
  },
  more: `Latency counts until the record is on disk. In an open loop it counts from the time at which the record was meant to be
handed over, so a stall shows in every record that it kept waiting. The store is made in a folder of its own below --path and
removed at the end; then it is opened again and checked before. SIGINT ends the run in order and prints what there is.`,
  examples: [
    'ltl bench append --size 300 --in-flight 256 --for 5s',
    'ltl bench append --rate 20000 --arrivals poisson --for 10m --html soak.html',
    'ltl bench append --shape order.json --peers plain,lmdb --html orders.html',
  ],
  load: async (): Promise<Run> => benchAppend,
} as const satisfies Command;

const benchAppend: Run = async (given, io) => {
  const bench = await readAppendBench(given);
  using stop = new StopRequest();
  using scratch = makeScratch(bench.path ?? defaultParent(), 'ltl-bench-');
  await measure(bench, scratch.folder, stop, io);
  return stop.exitStatus;
};

async function measure(bench: AppendBench, folder: string, stop: StopRequest, io: Io): Promise<void> {
  const { load, stores, rounds, about } = bench;
  const absent = absentStores(stores);
  const packages = stores.flatMap((store) => STORES[store]?.needs ?? []);
  const machine = machineFacts(folder, packages);
  if (!bench.json) await writeAll(io.stdout, `${about}\n${machineText(machine)}\n\n`);
  for (const { store, needs } of absent)
    io.stderr.write(`ltl bench: ${store} is left out: ${needs} is not installed\n`);
  const progress = new Progress(io.stderr, 'bench');
  const { contenders } = await compare({
    load,
    stores,
    rounds,
    folder,
    signal: stop.signal,
    onProgress: (label, round, told) =>
      progress.update(told.share, progressText(rounds > 1 ? `${label}, round ${round + 1} of ${rounds}` : label, told)),
  }).finally(() => progress.end());
  const summaries = summarise(load, contenders);
  const notes = notesOf(summaries, absent, machine.inMemory);
  const report: BenchReport = {
    title: 'ltl bench append',
    about,
    machine,
    notes,
    summaries,
    rows: resultRows(summaries),
  };
  const text = bench.json
    ? `${JSON.stringify({ bench: 'append', format: 1, about, machine, load, absent, notes, results: summaries })}\n`
    : summaries.length === 0
      ? 'Stopped before anything was measured.\n'
      : resultsText(summaries, notes);
  const reports: Written[] = [
    [bench.html, () => benchPage(report)],
    [bench.svg, () => benchPicture(report)],
  ];
  await writeThenPrint(reports, () => writeAll(io.stdout, text));
}

function progressText(label: string, { step, acknowledged, perSecond, waiting }: RunProgress): string {
  const doing = { 'warm-up': 'warming up', run: '', drain: 'waiting for the rest', check: 'reading back' }[step];
  const behind = waiting > 0 ? `, ${grouped(waiting)} waiting` : '';
  return `${label}${doing === '' ? '' : `, ${doing}`}: ${grouped(Math.round(perSecond))}/s, ${grouped(acknowledged)} records${behind}`;
}

/** The folder for temporary files, or this one where that is memory: a sync that costs nothing would measure nothing. */
function defaultParent(): string {
  return isInMemory(os.tmpdir()) ? process.cwd() : os.tmpdir();
}
