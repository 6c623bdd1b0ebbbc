/** What a run of tune found, as text. */
import type { SettingReport } from '../tune/judge.js';
import { type MachineFigures, SYNC_WAYS } from '../tune/machine.js';
import type { Interval } from '../tune/statistics.js';
import type { TuneReport } from '../tune/tune.js';
import { duration, grouped, size } from './numbers.js';

export function tuneText(report: TuneReport): string {
  const { machine, goal, comparison, recommended, candidates, settings } = report;
  const others = Object.entries(candidates).filter(([name, candidate]) => name !== goal && candidate !== null);
  return [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, load ${machine.loadBefore.toFixed(2)}; in ${machine.folder}`,
    '',
    ...disk(report.alone),
    '',
    ...table(settings),
    '',
    'In brackets: by which factor it is better than the default of the same rounds, 95 % intervals.',
    '* no other setting has more throughput at no longer a p99 (Pareto front)',
    '',
    ...(comparison === null
      ? []
      : [
          `Measured again, ${comparison.name} beside the default, ${comparison.pairs} pairs: throughput ${factor(comparison.benefits.throughput)}, latency ${factor(comparison.benefits.latency)}, quiet ${factor(comparison.benefits.quiet)}`,
        ]),
    `Recommended for ${goal}: ${recommended.name} (${recommended.why})`,
    ...others.map(([name, candidate]) => `For ${name}, ${candidate} may be worth a run with --goal ${name}`),
    '',
  ].join('\n');
}

function disk({ syncs, encodeNs, wakeUs, spinUs, lookNs }: MachineFigures): string[] {
  const sizes = [...new Set(syncs.map(({ bytes }) => bytes))];
  const rows = SYNC_WAYS.map((way) => [
    way,
    ...sizes.map((bytes) => {
      const one = syncs.find((sync) => sync.way === way && sync.bytes === bytes);
      return one === undefined ? 'not here' : `${one.us.value.toFixed(0)} (${one.p99Us.toFixed(0)})`;
    }),
  ]);
  const wake = wakeUs === null ? '' : `; waking a thread ${wakeUs.value.toFixed(1)} µs`;
  const spin = spinUs === null ? '' : `, reaching a spinning one ${spinUs.value.toFixed(2)} µs`;
  return [
    ...columns([['write and sync, µs: median (p99)', ...sizes.map(size)], ...rows]),
    `encoding a record ${encodeNs.value.toFixed(0)} ns; a look while spinning ${lookNs.value.toFixed(0)} ns${wake}${spin}`,
  ];
}

function table(settings: readonly SettingReport[]): string[] {
  const rows = settings.map(({ name, rounds, recordsPerSecond, p99Ms, calmCpuMs, benefits, onFront }) => [
    `${onFront ? '*' : ' '} ${name}`,
    String(rounds),
    `${grouped(Math.round(recordsPerSecond.value))} [${factor(benefits.throughput)}]`,
    `${duration(p99Ms.value)} [${factor(benefits.latency)}]`,
    `${calmCpuMs.value.toFixed(0)} [${factor(benefits.quiet)}]`,
  ]);
  return columns([['  setting', 'rounds', 'records/s', 'p99', 'CPU ms a 1000 records, calm'], ...rows]);
}

function factor({ value, low, high }: Interval): string {
  if (low === 0) return value === 1 ? 'no pair' : `${value.toFixed(2)}, once`;
  return `${value.toFixed(2)}, ${low.toFixed(2)} to ${high.toFixed(2)}`;
}

/** The first column to the left, the others to the right. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('   '),
  );
}
