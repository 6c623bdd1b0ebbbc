/** The timeline: states of each policy against the arrivals, over the whole time and in a close-up. */
import { duration, shortNumber, timeTicks } from '../../page/scale.js';
import {
  element,
  FIGURE_WIDTH,
  type Figure,
  figureSvg,
  label,
  MARGIN_LEFT,
  PLOT_WIDTH,
  pixels,
  rowName,
} from '../../page/svg.js';
import { AWAKE } from '../contract.js';
import type { StudyRow } from '../study.js';
import type { ArrivalRecorder } from './recorder.js';
import { stateColour, stateLegend } from './states.js';

/** What of a run the timeline draws; a run that really happened has no outcome. */
export type LaneRow = Pick<StudyRow, 'policy' | 'transitions' | 'outcomes' | 'endMs'>;

const LANE = 26;
const LANE_GAP = 8;
const ARRIVALS_HEIGHT = 84;
const TOP = 34;
const COLUMNS = 340;
/** Changes of state that a close-up shows of its first policy. */
const CLOSE_UP_CHANGES = 24;

/** A stretch of time in one state. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: number;
  readonly reason: string;
}

/** Policies that sleep at all, as many as a reader can take in. */
function shown(rows: readonly LaneRow[]): readonly LaneRow[] {
  return rows.slice(0, 8);
}

/** The whole time: arrivals per column above, and for each policy how much of each column it spent in which state. */
export function overviewFigure(rows: readonly LaneRow[], arrivals: ArrivalRecorder): Figure {
  const lanes = shown(rows);
  const spanMs = Math.max(arrivals.lastMs, 1);
  const title = 'States over the whole time';
  const bottom = TOP + ARRIVALS_HEIGHT + 16 + lanes.length * (LANE + LANE_GAP);
  const svg = figureSvg(
    bottom + 52,
    title,
    arrivalColumns(arrivals, spanMs),
    ...lanes.flatMap((row, index) => {
      const y = TOP + ARRIVALS_HEIGHT + 16 + index * (LANE + LANE_GAP);
      const lane = shareColumns(row, y, spanMs) + (isInstant(row) ? wakeColumns(row, y, spanMs) : '');
      return [rowName(y + 17, row.policy.spec), lane];
    }),
    timeAxis(spanMs, bottom),
    stateLegend(
      bottom + 44,
      lanes.map((row) => row.policy),
    ),
  );
  return {
    name: 'overview',
    title,
    svg,
    caption: `Arrivals in ${COLUMNS} steps of ${duration(spanMs / COLUMNS)} each, and below them the share of each step that a policy spent in which state.${
      lanes.some(isInstant) ? ' Where being awake takes no time, amber shows how many wake-ups fell into a step.' : ''
    }`,
  };
}

/** A few minutes or seconds of it, every arrival and every change of state; null when no policy ever changed. */
export function closeUpFigure(rows: readonly LaneRow[], arrivals: ArrivalRecorder): Figure | null {
  const lanes = shown(rows);
  const window = closeUpWindow(lanes, arrivals);
  if (window === null) return null;
  const { fromMs, toMs } = window;
  const title = 'A close-up';
  const bottom = TOP + 44 + lanes.length * (LANE + LANE_GAP);
  const svg = figureSvg(
    bottom + 52,
    title,
    label(MARGIN_LEFT - 10, TOP + 16, 'arrivals', 'e'),
    arrivalTicks(arrivals.times, fromMs, toMs),
    ...lanes.flatMap((row, index) => {
      const y = TOP + 44 + index * (LANE + LANE_GAP);
      const lane = stretchRects(row, y, fromMs, toMs) + (isInstant(row) ? wakeTicks(row, y, fromMs, toMs) : '');
      return [rowName(y + 17, row.policy.spec), lane];
    }),
    timeAxis(toMs - fromMs, bottom),
    stateLegend(
      bottom + 44,
      lanes.map((row) => row.policy),
    ),
  );
  return {
    name: 'close-up',
    title,
    svg,
    caption: `${duration(toMs - fromMs)} out of the middle, from ${duration(fromMs)} on: each line is an arrival, each bar a state. Point at a bar to read why it began.`,
  };
}

function stretches(row: LaneRow): Stretch[] {
  const list: Stretch[] = [];
  let fromMs = 0;
  let state: number = AWAKE;
  let reason = 'start';
  for (const change of row.transitions) {
    if (change.atMs > fromMs) list.push({ fromMs, toMs: change.atMs, state, reason });
    fromMs = change.atMs;
    state = change.to;
    ({ reason } = change);
  }
  if (row.endMs > fromMs) list.push({ fromMs, toMs: row.endMs, state, reason });
  return list;
}

function arrivalColumns(arrivals: ArrivalRecorder, spanMs: number): string {
  const counts = new Float64Array(COLUMNS);
  for (const [bucket, count] of arrivals.buckets.entries()) {
    const column = Math.min(COLUMNS - 1, Math.floor(((bucket * arrivals.bucketMs) / spanMs) * COLUMNS));
    if (count > 0) counts[column] = (counts[column] ?? 0) + count;
  }
  const most = Math.max(...counts, 1);
  const width = PLOT_WIDTH / COLUMNS;
  const base = TOP + ARRIVALS_HEIGHT;
  let path = '';
  for (const [column, count] of counts.entries()) {
    const height = count === 0 ? 0 : Math.max(1, (count / most) * ARRIVALS_HEIGHT);
    if (height > 0)
      path += `M${pixels(MARGIN_LEFT + column * width)} ${base}v${pixels(-height)}h${pixels(width)}v${pixels(height)}z`;
  }
  return [
    element('line', { x1: MARGIN_LEFT, x2: MARGIN_LEFT + PLOT_WIDTH, y1: base, y2: base, class: 'a' }),
    element('path', { d: path, fill: '#4b5563' }),
    label(MARGIN_LEFT - 10, TOP + 10, `${shortNumber(most)} in one step`, 'e s'),
    label(MARGIN_LEFT - 10, base, 'arrivals', 'e'),
  ].join('');
}

/** One path a state: in each column, stacked from the bottom, as high as its share of the column's time. */
function shareColumns(row: LaneRow, y: number, spanMs: number): string {
  const states = row.policy.states.length;
  const columnMs = spanMs / COLUMNS;
  const shares = Array.from({ length: states }, () => new Float64Array(COLUMNS));
  for (const { fromMs, toMs, state } of stretches(row)) {
    const last = Math.min(COLUMNS - 1, Math.floor(toMs / columnMs));
    for (let column = Math.floor(fromMs / columnMs); column <= last; column++) {
      const overlap = Math.min(toMs, (column + 1) * columnMs) - Math.max(fromMs, column * columnMs);
      const share = shares[state];
      if (share !== undefined && overlap > 0) share[column] = (share[column] ?? 0) + overlap / columnMs;
    }
  }
  const base = new Float64Array(COLUMNS);
  const width = PLOT_WIDTH / COLUMNS;
  return shares
    .map((share, state) => {
      let path = '';
      for (const [column, part] of share.entries()) {
        if (part < 0.001) continue;
        const top = y + LANE * (1 - (base[column] ?? 0) - part);
        path += `M${pixels(MARGIN_LEFT + column * width)} ${pixels(top)}h${pixels(width + 0.3)}v${pixels(part * LANE)}h${pixels(-width - 0.3)}z`;
        base[column] = (base[column] ?? 0) + part;
      }
      return element('path', { d: path, fill: stateColour(state, states) });
    })
    .join('');
}

/** True for a policy that wakes, works in no time and sleeps again: only its wake-ups can be seen. */
function isInstant(row: LaneRow): boolean {
  const outcome = row.outcomes[0];
  return outcome !== undefined && outcome.wakes > 0 && (outcome.stateMs['awake'] ?? 0) + outcome.busyMs === 0;
}

/** Wake-ups per column, as high as the column with most of them allows. */
function wakeColumns(row: LaneRow, y: number, spanMs: number): string {
  const counts = new Float64Array(COLUMNS);
  for (const { to, atMs } of row.transitions) {
    const column = Math.min(COLUMNS - 1, Math.floor((atMs / spanMs) * COLUMNS));
    if (to === AWAKE) counts[column] = (counts[column] ?? 0) + 1;
  }
  const most = Math.max(...counts, 1);
  const width = PLOT_WIDTH / COLUMNS;
  let path = '';
  for (const [column, count] of counts.entries()) {
    const height = (count / most) * LANE;
    if (count > 0)
      path += `M${pixels(MARGIN_LEFT + column * width)} ${pixels(y + LANE)}v${pixels(-height)}h${pixels(width)}v${pixels(height)}z`;
  }
  return element('path', { d: path, fill: stateColour(AWAKE, row.policy.states.length) });
}

function closeUpWindow(rows: readonly LaneRow[], arrivals: ArrivalRecorder): { fromMs: number; toMs: number } | null {
  const lastMs = arrivals.times.at(-1) ?? 0;
  const changes = rows.map((row) => row.transitions.filter(({ atMs }) => atMs > 0 && atMs < lastMs));
  const busiest = changes.toSorted((a, b) => b.length - a.length)[0] ?? [];
  if (busiest.length < 2) return null;
  const first = Math.max(0, Math.floor((busiest.length - CLOSE_UP_CHANGES) / 2));
  const fromMs = busiest[first]?.atMs ?? 0;
  const toMs = busiest[Math.min(busiest.length - 1, first + CLOSE_UP_CHANGES)]?.atMs ?? lastMs;
  const margin = Math.max(1, (toMs - fromMs) * 0.04);
  return { fromMs: Math.max(0, fromMs - margin), toMs: Math.min(lastMs, toMs + margin) };
}

function arrivalTicks(times: Float64Array, fromMs: number, toMs: number): string {
  let path = '';
  let lastX = '';
  for (const at of times) {
    if (at < fromMs) continue;
    if (at > toMs) break;
    const x = (MARGIN_LEFT + ((at - fromMs) / (toMs - fromMs)) * PLOT_WIDTH).toFixed(1);
    if (x !== lastX) path += `M${x} ${TOP}v22`;
    lastX = x;
  }
  return element('path', { d: path, stroke: '#4b5563', 'stroke-width': '1', 'stroke-opacity': '0.75' });
}

/** A line at each wake-up that takes no time. */
function wakeTicks(row: LaneRow, y: number, fromMs: number, toMs: number): string {
  return row.transitions
    .filter(({ to, atMs }) => to === AWAKE && atMs >= fromMs && atMs <= toMs)
    .map(({ atMs, reason }) => {
      const x = MARGIN_LEFT + ((atMs - fromMs) / (toMs - fromMs)) * PLOT_WIDTH - 1;
      const fill = stateColour(AWAKE, row.policy.states.length);
      return element('rect', { x, y, width: 2, height: LANE, fill }, element('title', {}, `wake-up (${reason})`));
    })
    .join('');
}

function stretchRects(row: LaneRow, y: number, fromMs: number, toMs: number): string {
  const scale = PLOT_WIDTH / (toMs - fromMs);
  return stretches(row)
    .filter((stretch) => stretch.toMs > fromMs && stretch.fromMs < toMs)
    .map((stretch) => {
      const from = Math.max(stretch.fromMs, fromMs);
      const width = (Math.min(stretch.toMs, toMs) - from) * scale;
      const name = row.policy.states[stretch.state]?.name ?? '';
      const text = `${name} for ${duration(stretch.toMs - stretch.fromMs)} (${stretch.reason})`;
      const x = MARGIN_LEFT + (from - fromMs) * scale;
      const fill = stateColour(stretch.state, row.policy.states.length);
      return element('rect', { x, y, width: Math.max(width, 0.4), height: LANE, fill }, element('title', {}, text));
    })
    .join('');
}

function timeAxis(spanMs: number, y: number): string {
  const parts = [element('line', { x1: MARGIN_LEFT, x2: MARGIN_LEFT + PLOT_WIDTH, y1: y, y2: y, class: 'a' })];
  for (const tick of timeTicks(spanMs, 8)) {
    const x = MARGIN_LEFT + (tick / spanMs) * PLOT_WIDTH;
    if (x > FIGURE_WIDTH - 20) continue;
    parts.push(
      element('line', { x1: x, x2: x, y1: y, y2: y + 4, class: 'a' }),
      label(x, y + 18, duration(tick), 'm s'),
    );
  }
  return parts.join('');
}
