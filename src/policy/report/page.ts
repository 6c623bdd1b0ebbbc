/** The report: one HTML file with everything inside it, for a person to read and to pass on. */
import type { MetricName } from '../metrics.js';
import type { Outcome } from '../outcome.js';
import type { StudyRow } from '../study.js';
import { costFigure, delayFigure, paretoFigure } from './charts.js';
import { closeUpFigure, overviewFigure } from './lanes.js';
import type { ArrivalRecorder } from './recorder.js';
import { duration, escapeText, type Figure, shortNumber } from './svg.js';

/** Changes of state that a report keeps of each policy. */
export const REPORT_TRANSITIONS_MAX = 200_000;

export interface ReportInput {
  readonly source: string;
  readonly seed: number;
  readonly replications: number;
  readonly rows: readonly StudyRow[];
  readonly arrivals: ArrivalRecorder;
  /** The metrics of the Pareto front. */
  readonly objectives: readonly [MetricName, MetricName];
  /** Rows whose states are drawn; all when left out. */
  readonly drawn?: readonly StudyRow[];
}

/** The figures of a report, those that have something to show. */
export function reportFigures({ rows, drawn = rows, arrivals, objectives }: ReportInput): Figure[] {
  return [
    costFigure(drawn),
    paretoFigure(rows, objectives),
    overviewFigure(drawn, arrivals),
    closeUpFigure(drawn, arrivals),
    delayFigure(drawn),
  ].filter((figure) => figure !== null);
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;color:#2b2f36;background:#f5f6f8;margin:0}
main{max-width:1040px;margin:0 auto;padding:24px}h1{font-size:24px;margin:8px 0}h2{font-size:17px;margin:0 0 4px}
section{background:#fff;border:1px solid #e3e6ea;border-radius:8px;padding:16px 20px;margin:16px 0;overflow-x:auto}
p{margin:0 0 10px;color:#555c66;max-width:75ch}svg{width:100%;height:auto;display:block}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px;width:100%}
th,td{text-align:right;padding:4px 8px;border-bottom:1px solid #eceef1;white-space:nowrap}
th{font-weight:600;color:#555c66}th:first-child,td:first-child{text-align:left}
td:first-child{white-space:normal;overflow-wrap:anywhere;min-width:12em}`;

export function reportPage(input: ReportInput): string {
  const { source, seed, replications, arrivals } = input;
  const perSecond = arrivals.lastMs === 0 ? '' : `, ${shortNumber((1000 * arrivals.count) / arrivals.lastMs)} a second`;
  const again =
    replications > 1 ? `; the first of ${replications} replications is drawn, the front is over all of them` : '';
  const facts = `${shortNumber(arrivals.count)} records in ${duration(arrivals.lastMs)}${perSecond}; seed ${seed}${again}.`;
  const figures = reportFigures(input)
    .map(({ name, title, caption, svg }) => section(name, title, caption, svg))
    .join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Sleep policies: ${escapeText(source)}</title><style>${STYLE}</style></head><body><main>
<h1>Sleep policies over ${escapeText(source)}</h1><p>${escapeText(facts)}</p>
${section('results', 'Results', 'Cost is in the unit of the policy’s own prices. Ratio is cost over the offline optimum, worst is what the policy is proven never to exceed (in expectation for a randomised one). Delay is the wait until service begins, in ms.', resultsTable(input.rows))}
${figures}
</main></body></html>
`;
}

function section(name: string, title: string, caption: string, body: string): string {
  return `<section id="${name}"><h2>${escapeText(title)}</h2><p>${escapeText(caption)}</p>${body}</section>`;
}

interface Column {
  readonly head: string;
  readonly value: (outcome: Outcome) => number | null;
}

const COLUMNS: readonly Column[] = [
  { head: 'cost', value: (outcome) => outcome.cost.total },
  { head: 'optimum', value: (outcome) => outcome.optimum },
  { head: 'ratio', value: (outcome) => outcome.ratio },
  { head: 'worst', value: (outcome) => outcome.worstRatio },
  { head: 'wakes', value: (outcome) => outcome.wakes },
  { head: 'delay mean', value: (outcome) => outcome.delayMeanMs },
  { head: 'p50', value: (outcome) => outcome.delayP50Ms },
  { head: 'p99', value: (outcome) => outcome.delayP99Ms },
  { head: 'backlog', value: (outcome) => outcome.backlogMax },
  { head: 'refused', value: (outcome) => outcome.refusals },
];

/** The first replication of each policy, without the columns that no policy fills. */
function resultsTable(rows: readonly StudyRow[]): string {
  const outcomes = rows.flatMap((row) => row.outcomes[0] ?? []);
  const columns = COLUMNS.filter(({ value }) => outcomes.some((outcome) => value(outcome) !== null));
  const lines = outcomes.map((outcome) => {
    const cells = columns
      .map(({ value }) => value(outcome))
      .map((value) => (value === null ? '–' : shortNumber(value)));
    return `<tr><td>${escapeText(outcome.policy)}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const head = ['policy', ...columns.map((column) => column.head)].map((name) => `<th>${name}</th>`).join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>${lines.join('')}</tbody></table>`;
}
