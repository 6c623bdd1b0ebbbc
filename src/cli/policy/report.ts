/** Writing the report of a study: one HTML file, or its figures as files of their own. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ReportInput, reportFigures, reportPage } from '../../policy/report/page.js';
import type { ArrivalRecorder } from '../../policy/report/recorder.js';
import type { Source, StudyRow } from '../../policy/study.js';
import { frontRows, objectivesOf } from './front.js';
import { writeText } from './io.js';
import type { PolicyArguments } from './options.js';

/** More rows than this are drawn by their front only. */
const DRAWN_MAX = 8;

export function writeReport(
  given: PolicyArguments,
  source: Source,
  rows: readonly StudyRow[],
  arrivals: ArrivalRecorder,
): void {
  const objectives = objectivesOf(given, rows);
  const input: ReportInput = {
    source: source.name.replace(/^.*[\\/]/, ''),
    seed: given.seed(),
    replications: source.replications,
    rows,
    arrivals,
    objectives,
    drawn: rows.length <= DRAWN_MAX ? rows : spread(frontRows(rows, objectives)),
  };
  const page = given.one('html');
  if (page !== null) writeText(page, reportPage(input));
  const folder = given.one('figures');
  if (folder === null) return;
  mkdirSync(folder, { recursive: true });
  for (const { name, svg } of reportFigures(input)) writeText(join(folder, `${name}.svg`), `${svg}\n`);
}

/** As many as can be drawn, evenly over the front and with both of its ends. */
function spread(front: readonly StudyRow[]): readonly StudyRow[] {
  if (front.length <= DRAWN_MAX) return front;
  return Array.from({ length: DRAWN_MAX }, (_, index) => {
    return front[Math.round((index * (front.length - 1)) / (DRAWN_MAX - 1))] as StudyRow;
  });
}
