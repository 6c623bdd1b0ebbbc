/** `ltl tune`: measures this machine and the settings on it, and recommends one. The report on stdout, progress on stderr. */
import { resolveConfig } from '../config/config.js';
import { writeConfigFile } from '../config/file.js';
import { makeFolder } from '../log/make-folder.js';
import { givenFolder, nearestFolder } from '../tune/place.js';
import { tunePage } from '../tune/report.js';
import { GOALS, type Goal } from '../tune/sweep.js';
import { tune as measure, type TuneReport } from '../tune/tune.js';
import { LtlError } from '../words/errors.js';
import type { Run } from './command.js';
import { parseDuration } from './duration.js';
import { writeAll } from './output.js';
import { Progress } from './progress.js';
import { StopRequest } from './signals.js';
import { tuneText } from './tune-text.js';
import { writable, writeThenPrint } from './writable.js';

const FOR_MS_MIN = 3_000;
const FOR_MS_MAX = 3_600_000;

export const tune: Run = async ({ values }, io) => {
  // Before the first folder is made, which a signal would leave behind otherwise.
  using stop = new StopRequest();
  const text = (name: string, otherwise: string): string => {
    const value = values[name];
    return typeof value === 'string' ? value : otherwise;
  };
  const goal = parseGoal(text('goal', 'throughput'));
  const forMs = parseDuration(text('for', '60s'), '--for', FOR_MS_MIN, FOR_MS_MAX);
  const seed = parseSeed(text('seed', ''));
  const html = writable('--html', typeof values['html'] === 'string' ? values['html'] : null);
  const given = values['path'];
  // A broken config.json is told before a minute is spent.
  const store = resolveConfig(typeof given === 'string' ? { 'force-all.path': given } : {})['force-all.path'];
  const folder = typeof given === 'string' ? givenFolder(store) : nearestFolder(store);
  const progress = new Progress(io.stderr, 'tune');
  let report: TuneReport | null;
  try {
    const onProgress = (share: number, what: string): void => progress.update(Math.min(1, share), what);
    report = await measure({ folder, goal, forMs, seed, signal: stop.signal, onProgress });
  } finally {
    progress.end();
  }
  if (report === null) {
    io.stderr.write(
      `ltl tune: ended by ${stop.received ?? 'a signal'}; nothing is recommended and nothing was changed\n`,
    );
    return stop.exitStatus;
  }
  let applied: string | null = null;
  let failure: unknown = null;
  try {
    if (values['apply'] === true) applied = apply(report, store);
  } catch (error) {
    // What took a minute to find out is told all the same.
    failure = error;
  }
  const isJson = values['json'] === true;
  const told = isJson ? `${JSON.stringify({ ...report, applied }, null, 2)}\n` : tuneText(report);
  const page = (): string => tunePage(report);
  await writeThenPrint([[html, page]], () => writeAll(io.stdout, told));
  if (failure !== null) throw failure;
  if (!isJson) {
    if (values['apply'] === true) io.stderr.write(applied === null ? 'nothing to write\n' : `written to ${applied}\n`);
    else if (Object.keys(report.recommended.changes).length > 0)
      io.stderr.write(`--apply writes ${JSON.stringify(report.recommended.changes)} to the store's config.json\n`);
  }
  return 0;
};

/** The file that was written, or null when the default is recommended: then the store's own file is left as it is. */
function apply({ recommended: { changes } }: TuneReport, store: string): string | null {
  if (Object.keys(changes).length === 0) return null;
  makeFolder(store);
  return writeConfigFile(store, changes);
}

function parseGoal(text: string): Goal {
  if (Object.hasOwn(GOALS, text)) return text as Goal;
  throw new LtlError('E_USAGE', `--goal is one of ${Object.keys(GOALS).join(', ')}, not ${JSON.stringify(text)}`);
}

/** Without one, another order each time. */
function parseSeed(text: string): number {
  if (text === '') return Date.now() % 2 ** 31;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new LtlError('E_USAGE', `--seed wants a whole number below 1000000000, not ${JSON.stringify(text)}`);
}
