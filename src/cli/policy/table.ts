/** Tables for the terminal: numbers to the right, words to the left, nothing wider than it must be. */
import { metricNames, score, type Weights } from '../../policy/metrics.js';
import type { Outcome } from '../../policy/outcome.js';
import type { Estimate } from '../../policy/statistics.js';
import type { StudyRow } from '../../policy/study.js';

type Cell = string | number | null;

export function formatTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [header, ...rows.map((row) => row.map(cellText))];
  const widths = header.map((_, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)));
  const right = header.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  const lines = texts.map((row) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return right[column] === true ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function cellText(cell: Cell): string {
  if (cell === null) return '-';
  return typeof cell === 'string' ? cell : numberText(cell);
}

/** Whole numbers with separators, others with four significant digits. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  const digits = Math.abs(value) >= 1000 ? 0 : 4;
  return digits === 0 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(digits)));
}

export function estimateText(value: Estimate | null): string {
  if (value === null) return '-';
  return value.ci95 === null ? numberText(value.mean) : `${numberText(value.mean)} ±${numberText(value.ci95)}`;
}

const FRACTION_COLUMNS = ['policy', 'cost', 'optimum', 'ratio', 'worst', 'sleeps', 'wakes', 'delay mean'] as const;
const COLUMNS = [...FRACTION_COLUMNS, 'p50', 'p99 ms', 'backlog', 'refused'] as const;

/** One line a policy: what it costs beside the optimum and its proven worst ratio, and what its sleep does to delays. */
export function outcomesTable(outcomes: readonly Outcome[], weights: Weights | null): string {
  const header = weights === null ? COLUMNS : [...COLUMNS, 'score'];
  const rows = outcomes.map((outcome) => {
    const row = [
      outcome.policy,
      outcome.cost.total,
      outcome.optimum,
      outcome.ratio,
      outcome.worstRatio,
      outcome.sleeps,
      outcome.wakes,
      outcome.delayMeanMs,
      outcome.delayP50Ms,
      outcome.delayP99Ms,
      outcome.backlogMax,
      outcome.refusals,
    ];
    return weights === null ? row : [...row, score(outcome, weights)];
  });
  return formatTable(header, rows);
}

/** Means over replications with their confidence intervals, then paired differences to the first policy. */
export function estimatesTable(rows: readonly StudyRow[]): string {
  const shown = metricNames().filter((metric) => rows.some((row) => (row.estimates[metric]?.mean ?? 0) !== 0));
  const means = rows.map((row) => [row.policy.spec, ...shown.map((metric) => estimateText(row.estimates[metric]))]);
  const differences = rows
    .slice(1)
    .map((row) => [row.policy.spec, ...shown.map((metric) => estimateText(row.differences[metric]))]);
  const head = formatTable(['mean ± 95 %', ...shown], means);
  if (differences.length === 0) return head;
  return `${head}\n${formatTable([`minus ${rows[0]?.policy.spec ?? ''}`, ...shown], differences)}`;
}
