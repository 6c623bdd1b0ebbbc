/**
 * calibrate, run, record, replay and report: policies on the real runtime, from the command line. The runtime is imported
 * only when a command needs it.
 */
import { parseCalibration } from '../../policy/calibration.js';
import type { Policy } from '../../policy/contract.js';
import { actualOf, type PolicyRecord, parseRecord } from '../../policy/record.js';
import { replay } from '../../policy/replay.js';
import { FIGURE_ROWS, livePage, liveReport } from '../../policy/report/live.js';
import { LtlError } from '../../words/errors.js';
import { StopRequest } from '../signals.js';
import { writable } from '../writable.js';
import type { PolicySubcommand } from './commands.js';
import { type PolicyIo, readText, writeText } from './io.js';
import type { PolicyArguments } from './options.js';
import { policyMaker } from './own.js';
import type { Acknowledged } from './run.js';
import { readCalibration } from './source.js';
import { formatTable } from './table.js';

const TOLERANCE_MS = 250;
const ROUNDS = 5;
const ROUNDS_MAX = 1000;
const RUN_OPTIONS = ['policy', 'shadow', 'calibration', 'seed', 'path', 'json', 'html'] as const;

export const LIVE_COMMANDS: Readonly<Record<string, PolicySubcommand>> = {
  calibrate: {
    about: 'measure service, sync and wake-up times of the runtime here, for --calibration',
    options: ['path', 'rounds', 'out', 'json'],
    run: async (given, io) => {
      const out = writable('--out', given.one('out'));
      const { calibrate } = await import('./calibrate.js');
      const rounds = given.whole('rounds', ROUNDS, 1, ROUNDS_MAX);
      using stop = new StopRequest();
      const progress = (text: string): void => progressLine(io, text);
      const calibration = await calibrate(given.one('path'), rounds, progress, stop.signal);
      if (calibration === null) return stopped(stop, io, 'nothing is calibrated');
      const text = `${JSON.stringify(calibration, null, 2)}\n`;
      // What is written is what the simulator will read: a mistake must show here.
      parseCalibration(text, 'the calibration');
      if (out !== null) writeText(out, text);
      if (out === null || given.has('json')) io.stdout.write(text);
      return stop.exitStatus;
    },
  },
  run: {
    about: 'replay an arrival trace live, into a real instance under a policy, with rivals in the shadow',
    options: ['trace', 'arrivals', 'arrivals-count', 'speed', 'for', 'record', ...RUN_OPTIONS],
    run: async (given, io) => {
      writable('--html', given.one('html'));
      const { runTrace } = await import('./run.js');
      using stop = new StopRequest();
      const run = await runTrace(given, io, (text) => progressLine(io, text), stop.signal);
      if (run === null) return stopped(stop, io, 'nothing was measured');
      const { recordPath, source, acknowledged, remove } = run;
      try {
        await tell(given, io, parseRecord(readText(recordPath), recordPath), source, acknowledged);
        return stop.exitStatus;
      } finally {
        remove();
      }
    },
  },
  record: {
    about: 'append lines of stdin to a store as they come, under a policy, and keep what it saw in FILE',
    operandsMax: 1,
    options: [...RUN_OPTIONS],
    run: async (given, io) => {
      const path = given.operand('the FILE that the record goes to');
      writable('--html', given.one('html'));
      const { recordLines } = await import('./record.js');
      using stop = new StopRequest();
      const acknowledged = await recordLines(given, io, path, stop.signal);
      await tell(given, io, parseRecord(readText(path), path), path, acknowledged);
      return stop.exitStatus;
    },
  },
  replay: {
    about: 'feed the record FILE of a live run to the simulator: the log of changes must be identical',
    operandsMax: 1,
    options: ['policy', 'seed', 'tolerance', 'json'],
    run: replayCommand,
  },
  report: {
    about: 'of the record FILE of a live run: predicted beside actual, and rivals over the same arrivals',
    operandsMax: 1,
    options: ['policy', 'shadow', 'calibration', 'json', 'html'],
    run: async (given, io) => {
      const path = given.operand('the FILE of a record');
      await tell(given, io, parseRecord(readText(path), path), path, null);
    },
  },
};

async function replayCommand(given: PolicyArguments, io: PolicyIo): Promise<void> {
  const path = given.operand('the FILE of a record');
  const record = parseRecord(readText(path), path);
  const toleranceMs = given.positive('tolerance') ?? TOLERANCE_MS;
  const policy = await policyOf(given, record);
  const { changes, timersMs, difference, lateMsMax } = replay(record, policy, toleranceMs);
  const found = { policy: policy.spec, changes: changes.length, timers: timersMs.length, lateMsMax, toleranceMs };
  if (difference !== null) throw new LtlError('E_DIFFERS', `${path}: ${difference}`);
  if (given.has('json')) io.stdout.write(`${JSON.stringify({ ...found, identical: true })}\n`);
  else
    io.stdout.write(
      `identical: ${changes.length} changes and ${timersMs.length} timers of ${policy.spec}; seen at most ${lateMsMax.toFixed(2)} ms late (tolerance ${toleranceMs} ms)\n`,
    );
}

/** Prints the report of a record, and writes its page when asked. */
async function tell(
  given: PolicyArguments,
  io: PolicyIo,
  record: PolicyRecord,
  source: string,
  acknowledged: Acknowledged | { readonly records: number } | null,
): Promise<void> {
  const policy = await policyOf(given, record);
  const make = await policyMaker(given.all('shadow'), null);
  const report = liveReport(record, policy, readCalibration(given), make(record.head.seed));
  const page = given.one('html');
  if (page !== null) writeText(page, livePage(report, source.replace(/^.*[\\/]/, '')));
  if (actualOf(record) === null)
    io.stderr.write('ltl policy: the record breaks off before its end: nothing was measured\n');
  const { forMs, records, columns } = report;
  if (given.has('json')) {
    io.stdout.write(`${JSON.stringify({ policy: policy.spec, source, forMs, records, acknowledged, columns })}\n`);
    return;
  }
  const heads = columns.map((column) => (column.kind === 'shadow' ? column.policy : column.kind));
  const rows = FIGURE_ROWS.map(({ name, of }) => [name, ...columns.map(({ figures }) => shown(of(figures)))]);
  io.stdout.write(
    `${policy.spec} over ${source}: ${records.toLocaleString('en')} records, ${(forMs / 1000).toFixed(1)} s\n`,
  );
  io.stdout.write(formatTable(['', ...heads], rows));
  if (acknowledged !== null && 'p50Ms' in acknowledged) io.stdout.write(acknowledgedLine(acknowledged));
}

/** A trace that comes faster than it can be done shows here. */
function acknowledgedLine({ records, p50Ms, p99Ms, maxMs }: Acknowledged): string {
  if (p50Ms === null || p99Ms === null || maxMs === null) return '';
  return `acknowledged ${records.toLocaleString('en')}, from when each was due: p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, max ${maxMs.toFixed(2)} ms\n`;
}

const shown = (value: number | null): number | null => (value === null ? null : Math.round(value * 100) / 100);

/** The policy of the record, or the one that is given: a policy of one's own cannot be made from its name. */
async function policyOf(given: PolicyArguments, { head }: PolicyRecord): Promise<Policy> {
  const make = await policyMaker([given.one('policy') ?? head.policy], null);
  const [policy] = make(given.has('seed') ? given.seed() : head.seed);
  return policy as Policy;
}

/** A run that was ended before there was anything to tell. */
function stopped(stop: StopRequest, io: PolicyIo, what: string): number {
  io.stderr.write(`ltl policy: ended by ${stop.received ?? 'a signal'}; ${what}\n`);
  return stop.exitStatus;
}

/** Longer than the terminal, it would wrap and could not be wiped. */
function progressLine(io: PolicyIo, text: string): void {
  const { isTTY, columns = 80 } = io.stderr;
  if (isTTY === true) io.stderr.write(`\r\u001B[K${text.slice(0, Math.max(20, columns - 1))}`);
}
