/** The report of a bench as a page and as a picture: the same figures, for a person to read and to pass on. */
import { barFigure } from '../page/bars.js';
import { lineFigure, type Series } from '../page/line.js';
import { figureSection, htmlPage, type Section, tableHtml } from '../page/page.js';
import { shortNumber } from '../page/scale.js';
import { type Figure, seriesColour, stackFigures } from '../page/svg.js';
import { type Machine, machineText } from './machine.js';
import type { Summary } from './summary.js';

export interface BenchReport {
  readonly title: string;
  /** The load, in a sentence. */
  readonly about: string;
  readonly machine: Machine;
  readonly notes: readonly string[];
  readonly summaries: readonly Summary[];
  /** Rows of the table of results: what, then a cell for each contender. */
  readonly rows: readonly (readonly string[])[];
}

export function benchPage(report: BenchReport): string {
  const { title, about, machine, notes, summaries, rows } = report;
  const results: Section = {
    name: 'results',
    title: 'Results',
    caption:
      'Latency runs from the time at which a record was handed over, or with a rate or a trace was meant to be handed over, until it was on disk. A percentile is within 0.4 % of the true value.',
    html: tableHtml(['', ...summaries.map(({ label }) => label)], rows),
  };
  return htmlPage({
    title,
    heading: title,
    facts: [about, machineText(machine)],
    warnings: notes,
    sections: [results, ...benchFigures(summaries).map(figureSection)],
  });
}

export function benchPicture({ title, about, machine, notes, summaries }: BenchReport): string {
  return stackFigures(
    title,
    [about, machineText(machine), ...summaries.map(inOneLine), ...notes],
    benchFigures(summaries),
  );
}

/** A picture has no table. */
function inOneLine({ label, perSecond, latencyMs: { p50, p99, p9999, max }, cpuSecondsPerMillion }: Summary): string {
  const [half, most, rare, worst] = [p50, p99, p9999, max].map(millisText);
  return `${label}: ${shortNumber(perSecond)} records a second; p50 ${half}, p99 ${most}, p99.99 ${rare}, worst ${worst}; ${cpuSecondsPerMillion.toFixed(2)} CPU seconds per million`;
}

function benchFigures(summaries: readonly Summary[]): Figure[] {
  const [first] = summaries;
  if (first === undefined) return [];
  const figures = [throughputFigure(summaries), percentileFigure(summaries)];
  if (summaries.length > 1) figures.unshift(comparisonFigure(summaries));
  if (first.windows.length > 1) figures.push(latencyFigure(first));
  if (first.samples.length > 1) figures.push(memoryFigure(summaries));
  if (first.overload !== null) figures.push(lateFigure(first));
  return figures;
}

function comparisonFigure(summaries: readonly Summary[]): Figure {
  return barFigure({
    name: 'comparison',
    title: 'Durable records a second',
    caption: 'Medians of the interleaved rounds; the line goes from the lowest to the highest round.',
    bars: summaries.map(({ label, perSecond, perSecondRange, role, rounds }, index) => ({
      name: role === 'limit' ? `${label} (limit)` : label,
      value: perSecond,
      ...(rounds > 1 ? { range: perSecondRange } : {}),
      text: shortNumber(perSecond),
      colour: seriesColour(index),
    })),
  });
}

function throughputFigure(summaries: readonly Summary[]): Figure {
  return lineFigure({
    name: 'throughput',
    title: 'Throughput over time',
    caption:
      'Records that became durable, a second, in each window of the measured time; of several rounds the one in the middle.',
    x: 'time',
    y: { label: 'records a second', scale: 'zero' },
    series: summaries.map((summary) => overTime(summary, summary.label, ({ perSecond }) => perSecond)),
  });
}

const PERCENTILES = [
  [0, 'min', 'min'],
  [1, '50 %', 'p50'],
  [2, '90 %', 'p90'],
  [3, '99 %', 'p99'],
  [4, '99.9 %', 'p999'],
  [5, '99.99 %', 'p9999'],
  [6, 'max', 'max'],
] as const;

function percentileFigure(summaries: readonly Summary[]): Figure {
  return lineFigure({
    name: 'percentiles',
    title: 'Latency by percentile',
    caption:
      'So many per cent of the records were durable within this time. Each step to the right is ten times as rare.',
    x: { label: 'share of the records', ticks: PERCENTILES.map(([at, text]) => [at, text] as const), scale: 'zero' },
    y: { label: 'latency', format: millisText },
    series: summaries.map(({ label, latencyMs }) => ({
      name: label,
      points: PERCENTILES.map(([at, , name]) => [at, Math.max(latencyMs[name], 1e-4)] as const),
    })),
  });
}

function latencyFigure(summary: Summary): Figure {
  return lineFigure({
    name: 'latency',
    title: `Latency over time: ${summary.label}`,
    caption: 'The median, the 99th percentile and the worst of each window.',
    x: 'time',
    y: { label: 'latency', format: millisText },
    series: [
      overTime(summary, 'median', ({ p50Ms }) => p50Ms),
      overTime(summary, '99th percentile', ({ p99Ms }) => p99Ms),
      // Dashed: where few records fall in a window it is the 99th percentile too, which must show through.
      { ...overTime(summary, 'worst', ({ maxMs }) => maxMs), dashed: true },
    ],
  });
}

function overTime(summary: Summary, name: string, of: (window: Summary['windows'][number]) => number): Series {
  return {
    name,
    points: summary.windows.map((window) => {
      const value = of(window);
      // A window without a record has a throughput, 0, and no latency.
      return [window.atMs, window.count === 0 && value === 0 && name !== summary.label ? Number.NaN : value] as const;
    }),
  };
}

function memoryFigure(summaries: readonly Summary[]): Figure {
  return lineFigure({
    name: 'memory',
    title: 'Memory over time',
    caption:
      'Memory of the whole process with all its threads. Where the system tells them apart, mapped files (the index of ltl, the whole of some peers) are left out: they are the page cache’s.',
    x: 'time',
    y: { label: 'MiB', scale: 'zero' },
    series: summaries.flatMap(({ label, samples }) => [
      {
        name: label,
        points: samples.map(({ atMs, ownBytes, rssBytes }) => [atMs, (ownBytes ?? rssBytes) / 2 ** 20] as const),
      },
      {
        name: `${label}, heap of its main thread`,
        points: samples.map(({ atMs, heapBytes }) => [atMs, heapBytes / 2 ** 20] as const),
        dashed: true,
      },
    ]),
  });
}

function lateFigure({ samples }: Summary): Figure {
  return lineFigure({
    name: 'late',
    title: 'Behind the schedule',
    caption: 'By how much the load was behind its schedule: a line that climbs is a backlog that grows.',
    x: 'time',
    y: { label: 'late', format: millisText, scale: 'zero' },
    series: [{ name: 'late', points: samples.map(({ atMs, lateMs }) => [atMs, lateMs] as const) }],
  });
}

/** 0.157 → 157 µs; 12.3 → 12.3 ms; 1234 → 1.23 s */
function millisText(ms: number): string {
  if (ms === 0) return '0';
  if (ms < 1) return `${Number((ms * 1000).toPrecision(3))} µs`;
  if (ms < 1000) return `${Number(ms.toPrecision(3))} ms`;
  return `${Number((ms / 1000).toPrecision(3))} s`;
}
