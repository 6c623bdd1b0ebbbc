/** The report of a study: its figures and its page. */
import { figureSection, htmlPage, tableHtml } from '../../page/page.js';
import { duration, shortNumber } from '../../page/scale.js';
import type { Figure } from '../../page/svg.js';
import type { MetricName } from '../metrics.js';
import type { Outcome } from '../outcome.js';
import type { StudyRow } from '../study.js';
import { costFigure, delayFigure, paretoFigure } from './charts.js';
import { closeUpFigure, overviewFigure } from './lanes.js';
import type { ArrivalRecorder } from './recorder.js';

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

export function reportPage(input: ReportInput): string {
  const { source, seed, replications, arrivals } = input;
  const perSecond = arrivals.lastMs === 0 ? '' : `, ${shortNumber((1000 * arrivals.count) / arrivals.lastMs)} a second`;
  const again =
    replications > 1 ? `; the first of ${replications} replications is drawn, the front is over all of them` : '';
  return htmlPage({
    title: `Sleep policies: ${source}`,
    heading: `Sleep policies over ${source}`,
    facts: [
      `${shortNumber(arrivals.count)} records in ${duration(arrivals.lastMs)}${perSecond}; seed ${seed}${again}.`,
    ],
    sections: [
      {
        name: 'results',
        title: 'Results',
        caption:
          'Cost is in the unit of the policy’s own prices. Ratio is cost over the offline optimum, worst is what the policy is proven never to exceed (in expectation for a randomised one). Delay is the wait until service begins, in ms.',
        html: resultsTable(input.rows),
      },
      ...reportFigures(input).map(figureSection),
    ],
  });
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
  const lines = outcomes.map((outcome) => [
    outcome.policy,
    ...columns.map(({ value }) => value(outcome)).map((value) => (value === null ? '–' : shortNumber(value))),
  ]);
  return tableHtml(['policy', ...columns.map(({ head }) => head)], lines);
}
