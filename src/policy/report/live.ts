/**
 * The report of a live run: what was predicted beside what was measured, and what rivals would have shown over the same
 * arrivals. Made from the record of the run, so that it can be made again with another calibration or other rivals.
 */
import { barFigure } from '../../page/bars.js';
import { figureSection, htmlPage, type Section, tableHtml } from '../../page/page.js';
import { duration, shortNumber } from '../../page/scale.js';
import type { Figure } from '../../page/svg.js';
import type { Calibration } from '../calibration.js';
import type { Policy } from '../contract.js';
import { Prediction, type RunFigures } from '../prediction.js';
import { actualOf, arrivalsOf, endOf, type PolicyRecord } from '../record.js';
import type { Transition } from '../tally.js';
import { closeUpFigure, type LaneRow, overviewFigure } from './lanes.js';
import { ArrivalRecorder } from './recorder.js';

/** One column of the report. */
export interface LiveColumn {
  readonly kind: 'actual' | 'predicted' | 'shadow';
  readonly policy: string;
  readonly figures: RunFigures;
}

export interface LiveReport {
  readonly policy: string;
  readonly forMs: number;
  readonly records: number;
  /** The actual run first, then its prediction if there is a calibration, then the rivals in the order given. */
  readonly columns: readonly LiveColumn[];
}

interface Drawn extends LiveReport {
  readonly lanes: readonly LaneRow[];
  readonly arrivals: ArrivalRecorder;
}

const TRANSITIONS_MAX = 200_000;

/** Rivals are simulated with the calibration, or without one as if work took no time. */
export function liveReport(
  record: PolicyRecord,
  policy: Policy,
  calibration: Calibration | null,
  rivals: readonly Policy[],
): Drawn {
  const endMs = endOf(record);
  const simulated = [...(calibration === null ? [] : [policy]), ...rivals];
  const predictions = simulated.map((one) => new Prediction(one, calibration, record.head.seed, TRANSITIONS_MAX));
  const arrivals = new ArrivalRecorder();
  for (const block of arrivalsOf(record)) arrivals.add(block);
  for (const event of record.events) {
    if (event.event !== 'arrival') continue;
    for (const prediction of predictions) prediction.arrive(event.t_ms, event.bytes, event.records);
  }
  const actual = actualOf(record);
  const columns = predictions.map((prediction, index): LiveColumn => {
    const kind = calibration !== null && index === 0 ? 'predicted' : 'shadow';
    return { kind, policy: prediction.policy.spec, figures: prediction.figures(endMs) };
  });
  return {
    policy: policy.spec,
    forMs: endMs,
    records: arrivals.count,
    columns: actual === null ? columns : [{ kind: 'actual', policy: policy.spec, figures: actual }, ...columns],
    lanes: [
      lane(policy, `${policy.spec} (ran)`, transitionsOf(record, policy), endMs),
      ...predictions.map((prediction, index) => {
        const said = calibration !== null && index === 0 ? 'predicted' : 'shadow';
        return lane(prediction.policy, `${prediction.policy.spec} (${said})`, prediction.transitions, endMs);
      }),
    ],
    arrivals,
  };
}

/** A figure's name, its value as text, and what it means. */
export const FIGURE_ROWS: readonly {
  readonly name: string;
  readonly of: (figures: RunFigures) => number | null;
  readonly doc: string;
}[] = [
  { name: 'visibility mean ms', of: (run) => run.visibilityMeanMs, doc: 'from arrival until verified and indexed' },
  { name: 'visibility p50 ms', of: (run) => run.visibilityP50Ms, doc: 'its median' },
  { name: 'visibility p99 ms', of: (run) => run.visibilityP99Ms, doc: 'its 99th percentile' },
  { name: 'visibility max ms', of: (run) => run.visibilityMaxMs, doc: 'its longest' },
  { name: 'backlog max', of: (run) => run.backlogMax, doc: 'most records not taken up' },
  { name: 'backlog max bytes', of: (run) => run.backlogBytesMax, doc: 'most bytes not taken up' },
  { name: 'catch-up max ms', of: (run) => run.catchUpMaxMs, doc: 'longest from the decision to wake until caught up' },
  { name: 'fsyncs', of: (run) => run.fsyncs, doc: 'groups made durable' },
  { name: 'wake-ups', of: (run) => run.wakes, doc: 'out of a sleep' },
  { name: 'passes', of: (run) => run.passes, doc: 'times the followers took up work and came to rest' },
  { name: 'refused', of: (run) => run.refusals, doc: 'records turned away by a deep sleep' },
  { name: 'CPU ms', of: (run) => run.cpuMs, doc: 'of all threads of the process' },
];

/** The report as one HTML file. */
export function livePage(report: Drawn, source: string): string {
  const { columns, policy, forMs, records, lanes, arrivals } = report;
  const heads = columns.map(({ kind, policy: spec }) => (kind === 'shadow' ? `shadow ${spec}` : kind));
  const cell = (value: number | null): string => (value === null ? '–' : shortNumber(value));
  const rows = FIGURE_ROWS.map(({ name, of, doc }) => [
    `${name} (${doc})`,
    ...columns.map(({ figures }) => cell(of(figures))),
  ]);
  const figures: (Figure | null)[] = [
    bars(columns, 'cpu', 'CPU time', 'CPU time of all threads in ms, measured or predicted.', (run) => run.cpuMs),
    bars(
      columns,
      'visibility',
      'Visibility delay',
      'Mean time in ms from arrival until a record is verified and indexed.',
      (run) => run.visibilityMeanMs,
    ),
    overviewFigure(lanes, arrivals),
    closeUpFigure(lanes, arrivals),
  ];
  const table: Section = {
    name: 'figures',
    title: 'Predicted beside actual',
    caption:
      'What was measured while it ran; what the simulator says of the same policy with the calibration of this machine; and what rivals would have shown over the same arrivals.',
    html: tableHtml(['', ...heads], rows),
  };
  return htmlPage({
    title: `Live policy: ${policy}`,
    heading: `${policy} over ${source}, live`,
    facts: [`${shortNumber(records)} records in ${duration(forMs)}.`],
    sections: [table, ...figures.filter((figure) => figure !== null).map(figureSection)],
  });
}

function bars(
  columns: readonly LiveColumn[],
  name: string,
  title: string,
  caption: string,
  of: (figures: RunFigures) => number | null,
): Figure | null {
  const known = columns.flatMap(({ kind, policy, figures }) => {
    const value = of(figures);
    return value === null ? [] : [{ name: `${policy} (${kind === 'actual' ? 'ran' : kind})`, value }];
  });
  return known.length === 0 ? null : barFigure({ name, title, caption, bars: known });
}

function transitionsOf(record: PolicyRecord, policy: Policy): Transition[] {
  const index = (name: string): number =>
    Math.max(
      0,
      policy.states.findIndex((state) => state.name === name),
    );
  return record.events.flatMap((event) =>
    event.event === 'change'
      ? [{ atMs: event.t_ms, from: index(event.from), to: index(event.to), reason: event.reason }]
      : [],
  );
}

function lane(policy: Policy, spec: string, transitions: readonly Transition[], endMs: number): LaneRow {
  return { policy: { ...policy, spec }, transitions, outcomes: [], endMs };
}
