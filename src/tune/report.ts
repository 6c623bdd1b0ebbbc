/** What a run of tune found as a page for a person: the front, each setting beside the default, and the disk by itself. */
import { barFigure } from '../page/bars.js';
import { figureSection, htmlPage, type Section, tableHtml } from '../page/page.js';
import { shortNumber } from '../page/scale.js';
import { scatterFigure } from '../page/scatter.js';
import type { SettingReport } from './judge.js';
import type { SyncFigures } from './machine.js';
import type { Interval } from './statistics.js';
import { GOAL_NAMES, type Goal } from './sweep.js';
import type { TuneReport } from './tune.js';

const GOOD = '#2a9d5c';
const BAD = '#c2603a';
const OPEN = '#8fa3b8';

export function tunePage(report: TuneReport): string {
  const { machine, goal, recommended, tookMs, seed } = report;
  return htmlPage({
    title: 'ltl tune',
    heading: `ltl tune: ${recommended.name} for ${goal}`,
    facts: [
      `Recommended for ${goal}: ${recommended.name}: ${recommended.why}.`,
      `${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}, in ${machine.folder}; load before ${machine.loadBefore.toFixed(2)}; ${(tookMs / 1000).toFixed(0)} s, seed ${seed}.`,
    ],
    sections: [
      ...comparisonSection(report),
      figureSection(front(report.settings)),
      ...GOAL_NAMES.map((one) => figureSection(benefitBars(report.settings, one))),
      settingsTable(report.settings),
      benefitsTable(report.settings),
      figureSection(syncBars(report.alone.syncs)),
      aloneTable(report),
      ...projectionTable(report),
    ],
  });
}

function comparisonSection({ comparison }: TuneReport): Section[] {
  if (comparison === null) return [];
  return [
    figureSection(
      barFigure({
        name: 'comparison',
        title: `${comparison.name} beside the default, measured again`,
        caption: `By which factor it is better in ${comparison.pairs} fresh pairs, with 95 % intervals; 1 is the default.`,
        bars: GOAL_NAMES.map((goal) => bar(goal, comparison.benefits[goal])),
      }),
    ),
  ];
}

function front(settings: readonly SettingReport[]): ReturnType<typeof scatterFigure> {
  const onFront = settings.flatMap(({ onFront: isOn }, index) => (isOn ? [index] : []));
  return scatterFigure({
    name: 'front',
    title: 'Throughput against the 99th percentile of an acknowledgement',
    caption:
      'Each dot is a setting, by its medians; p99 with 8 in flight. Joined are those that no other beats in both; "default again" is no other setting and shows the noise. Better is to the right and down.',
    xLabel: 'records a second, 1024 in flight',
    yLabel: 'p99, ms',
    points: settings.map(({ name, recordsPerSecond, p99Ms }) => ({ name, x: recordsPerSecond.value, y: p99Ms.value })),
    front: onFront.toSorted(
      (left, right) => (settings[left]?.recordsPerSecond.value ?? 0) - (settings[right]?.recordsPerSecond.value ?? 0),
    ),
  });
}

const ABOUT: Readonly<Record<Goal, string>> = {
  throughput: 'records a second with 1024 in flight',
  latency: 'p99 of an acknowledgement with 8 in flight',
  quiet: 'processor time per record, one record a millisecond',
};

function benefitBars(settings: readonly SettingReport[], goal: Goal): ReturnType<typeof barFigure> {
  return barFigure({
    name: goal,
    title: `${goal}: ${ABOUT[goal]}, beside the default`,
    caption:
      'By which factor the setting is better than the default of the same rounds, with 95 % intervals. Grey ones cannot be told from it. "default again" shows the noise.',
    bars: settings
      .filter(({ changes, name }) => Object.keys(changes).length > 0 || name !== 'default')
      .map(({ name, benefits }) => bar(name, benefits[goal])),
  });
}

function bar(name: string, { value, low, high }: Interval): Parameters<typeof barFigure>[0]['bars'][number] {
  const isKnown = Number.isFinite(high) && low > 0;
  return {
    name,
    value,
    colour: low > 1 ? GOOD : high < 1 ? BAD : OPEN,
    text: isKnown ? value.toFixed(2) : `${value.toFixed(2)}, once`,
    ...(isKnown ? { range: [low, high] as const } : {}),
  };
}

function settingsTable(settings: readonly SettingReport[]): Section {
  const head = ['setting', 'rounds', 'records/s', 'p50 ms', 'p99 ms', 'CPU ms a 1000, calm'];
  const rows = settings.map((row) => [
    row.name,
    String(row.rounds),
    ...[row.recordsPerSecond, row.p50Ms, row.p99Ms, row.calmCpuMs].map(spread),
  ]);
  return {
    name: 'settings',
    title: 'All settings',
    caption: 'Medians over the rounds, with 95 % intervals by bootstrap.',
    html: tableHtml(head, rows),
  };
}

function benefitsTable(settings: readonly SettingReport[]): Section {
  const rows = settings.map(({ name, benefits }) => [
    name,
    ...GOAL_NAMES.map((goal) => {
      const { value, low, high } = benefits[goal];
      return low === 0 ? `${value.toFixed(2)}, once` : `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
    }),
  ]);
  return {
    name: 'benefits',
    title: 'All settings beside the default',
    caption: 'By which factor each is better in the same rounds, with 95 % intervals.',
    html: tableHtml(['setting', ...GOAL_NAMES], rows),
  };
}

const spread = ({ value, low, high }: Interval): string =>
  `${shortNumber(value)} (${shortNumber(low)} to ${shortNumber(high)})`;

function syncBars(syncs: readonly SyncFigures[]): ReturnType<typeof barFigure> {
  return barFigure({
    name: 'syncs',
    title: 'The disk by itself: write and sync, µs',
    caption: 'Medians by size and way of writing; the line is the 95 % interval of the median.',
    bars: syncs.map(({ way, bytes, us }) => ({
      name: `${bytes / 1024} KiB, ${way}`,
      value: us.value,
      range: [us.low, us.high],
      text: us.value.toFixed(0),
    })),
  });
}

function projectionTable({ projection }: TuneReport): Section[] {
  if (projection.length === 0) return [];
  const rows = projection.map(({ cores, recordsPerSecond, bound }) => [
    String(cores),
    shortNumber(recordsPerSecond),
    bound,
  ]);
  return [
    {
      name: 'projection',
      title: 'Projection: what other numbers of cores would do',
      caption:
        'No measurement: worked out from the processor time per record and the sync of a full group, as docs/tuning.md says. One caller thread a core, one core left to the runtime.',
      html: tableHtml(['cores', 'records/s, at best', 'bound by'], rows),
    },
  ];
}

function aloneTable({ alone: { syncs, encodeNs, wakeUs, spinUs, lookNs } }: TuneReport): Section {
  const rows = [
    ...syncs.map(({ way, bytes, us, p99Us, samples }) => [
      `write and sync of ${bytes / 1024} KiB, ${way}`,
      `${us.value.toFixed(0)} µs`,
      `${spread(us)}; p99 ${p99Us.toFixed(0)} of ${samples}`,
    ]),
    ['encoding a record of 100 bytes', `${encodeNs.value.toFixed(0)} ns`, spread(encodeNs)],
    ...(wakeUs === null ? [] : [['waking a thread, one way', `${wakeUs.value.toFixed(1)} µs`, spread(wakeUs)]]),
    ...(spinUs === null ? [] : [['reaching a spinning thread', `${spinUs.value.toFixed(2)} µs`, spread(spinUs)]]),
    ['one look while spinning', `${lookNs.value.toFixed(0)} ns`, spread(lookNs)],
  ];
  return {
    name: 'alone',
    title: 'The machine by itself',
    caption: 'Medians with 95 % intervals.',
    html: tableHtml(['', 'median', 'interval'], rows),
  };
}
