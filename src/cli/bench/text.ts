/** The results of a bench for a terminal: a row a figure, a column a store. */
import type { Compared } from '../../bench/compare.js';
import { SOAK_MS_MIN } from '../../bench/job.js';
import type { LatencyFigures, Summary, Trend } from '../../bench/summary.js';
import { duration, grouped, size } from '../numbers.js';

/** Rows of the table, the first cell says what. Also the table of the page. */
export function resultRows(summaries: readonly Summary[]): string[][] {
  const row = (what: string, of: (summary: Summary) => string): string[] => [what, ...summaries.map(of)];
  const latency = (what: string, name: keyof LatencyFigures): string[] =>
    row(what, ({ latencyMs }) => (latencyMs.count === 0 ? '-' : duration(latencyMs[name])));
  const rows = [row('records a second', ({ perSecond }) => grouped(Math.round(perSecond)))];
  if (summaries.some(({ rounds }) => rounds > 1))
    rows.push(
      row(
        'lowest to highest round',
        ({ perSecondRange: [low, high] }) => `${grouped(Math.round(low))} - ${grouped(Math.round(high))}`,
      ),
    );
  rows.push(
    row('given, a second', ({ bytesPerSecond }) => size(Math.round(bytesPerSecond))),
    latency('p50', 'p50'),
    latency('p90', 'p90'),
    latency('p99', 'p99'),
    latency('p99.9', 'p999'),
    latency('p99.99', 'p9999'),
    latency('max', 'max'),
    row('CPU seconds per million records', ({ cpuSecondsPerMillion }) => cpuSecondsPerMillion.toFixed(2)),
    row('bytes written per byte given', ({ bytesWrittenPerByte }) => bytesWrittenPerByte?.toFixed(2) ?? 'unknown'),
    row('bytes stored per byte given', ({ bytesStoredPerByte }) => bytesStoredPerByte.toFixed(2)),
  );
  if (summaries.some(({ ratio }) => ratio !== null))
    rows.push(
      row('ltl, times this throughput', ({ ratio }) => (ratio === null ? '' : `${ratio.throughput.toFixed(2)} x`)),
      row('ltl, times this p99', ({ ratio }) => (ratio === null ? '' : `${ratio.p99.toFixed(2)} x`)),
    );
  rows.push(
    row('acknowledged, with warm-up', ({ work }) => grouped(work.acknowledged)),
    row('found when opened again', ({ work }) => grouped(work.found)),
    row('read back and compared', ({ work }) => grouped(work.compared)),
    row('every checksum verified', ({ work: { verified } }) => (verified === null ? '-' : 'yes')),
  );
  return rows;
}

const BARS = '▁▂▃▄▅▆▇█';
const SPARK_CELLS = 60;

export function resultsText(summaries: readonly Summary[], notes: readonly string[]): string {
  const table = columns([['', ...summaries.map(({ label }) => label)], ...resultRows(summaries)]);
  const sparks = summaries
    .filter(({ windows }) => windows.length > 1)
    .map(
      ({ label, windows }) => `throughput over time, ${label}\n  ${spark(windows.map(({ perSecond }) => perSecond))}\n`,
    );
  return [table, ...sparks, ...notes.map((note) => `${note}\n`)].join('\n');
}

/** What a reader must know before the figures: overload, an early end, absent peers, and how a long run went. */
export function notesOf(summaries: readonly Summary[], absent: Compared['absent'], inMemory: boolean): string[] {
  const notes = absent.map(
    ({ store, needs }) => `absent: ${store} (npm install ${needs}, in the folder where you run this)`,
  );
  if (inMemory)
    notes.push(
      'The folder is in memory, where a sync costs nothing: these figures say nothing about a disk. Give --path.',
    );
  for (const { label, rounds, overload, interrupted, diskLow, trend, measuredMs } of summaries) {
    if (interrupted) notes.push(`${label}: stopped after ${duration(measuredMs)}; the figures are of that part.`);
    if (diskLow)
      notes.push(`${label}: ended after ${duration(measuredMs)}, because the disk had less than 1 GiB left.`);
    if (overload !== null)
      notes.push(
        `${label}: OVERLOADED: ${grouped(Math.round(overload.offeredPerSecond))} records a second were offered, ${grouped(Math.round(overload.achievedPerSecond))} became durable; at the end ${grouped(overload.backlog)} waited, and the load was ${duration(overload.lateMs)} late. Its latencies grow with the time it runs, and those that were never handed over are not in them.`,
      );
    if (trend !== null && measuredMs / rounds >= SOAK_MS_MIN) notes.push(`${label}: ${trendText(trend)}`);
  }
  return notes;
}

function trendText(trend: Trend): string {
  const { overMs, memoryBytes, keptBytes, memoryBytesPerHour, memoryIsFlat, p99MsFirst, p99MsLast, latencyIsFlat } =
    trend;
  const grown = `${memoryBytesPerHour < 0 ? '-' : '+'}${size(Math.round(Math.abs(memoryBytesPerHour)))} an hour`;
  const kept =
    keptBytes.length === 0 ? '' : `; with all garbage collected ${keptBytes.map((bytes) => size(bytes)).join(', ')}`;
  return `over the last ${duration(overMs)} memory was ${memoryIsFlat ? 'flat' : 'GROWING'} (${size(memoryBytes)}, slope ${grown}${kept}) and latency ${latencyIsFlat ? 'flat' : 'GROWING'} (p99 ${duration(p99MsFirst)} in the first third, ${duration(p99MsLast)} in the last).`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}

function spark(values: readonly number[]): string {
  const step = Math.max(1, Math.ceil(values.length / SPARK_CELLS));
  const cells = Array.from({ length: Math.ceil(values.length / step) }, (_, cell) => {
    const some = values.slice(cell * step, (cell + 1) * step);
    return some.reduce((sum, value) => sum + value, 0) / some.length;
  });
  const most = Math.max(...cells, 1e-9);
  return cells.map((value) => BARS[Math.min(BARS.length - 1, Math.floor((value / most) * BARS.length))] ?? '').join('');
}
