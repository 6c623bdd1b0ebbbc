/** The table of docs/actors.md, made from a saved run, so that no figure in it was typed. */
import { digits } from '../report/table.js';
import type { Verdict } from '../report/verdict.js';

/** Microseconds a message, by task and subject. */
export type Results = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What `bench actors --json FILE` saves, as far as the table needs it. */
export interface SavedRun {
  readonly microseconds: Results;
  readonly memoryBytes: Readonly<Record<string, number>>;
  readonly restartMs: Readonly<Record<string, number>>;
  readonly verdicts: readonly Verdict[];
}

export function actorsTable({ microseconds, memoryBytes, restartMs, verdicts }: SavedRun): string {
  const tasks = Object.entries(microseconds).map(([task, { ltl = Number.NaN, ...peers }]) =>
    row(task, `${digits(ltl)} µs`, list(peers)),
  );
  const { ltl: memory = Number.NaN, ...others } = memoryBytes;
  const restarts = Object.entries(restartMs).map(([thread, ms]) => `${thread} ${digits(ms)}`);
  const targets = verdicts.map(({ what, reached, target, bound, met }) =>
    row(
      what,
      digits(reached),
      `${bound === 'least' ? 'at least' : 'at most'} ${target}: ${met ? 'met' : '**MISSED**'}`,
    ),
  );
  return [
    row('a message', 'ltl', 'beside it'),
    '|---|---|---|',
    ...tasks,
    row('an idle actor', `${Math.round(memory)} bytes`, list(others)),
    row('from a throw to the first answer of the next life', `${restarts.join(', ')} ms`, ''),
    '',
    row('target', 'reached', 'wanted'),
    '|---|---|---|',
    ...targets,
  ].join('\n');
}

function list(peers: Readonly<Record<string, number>>): string {
  return Object.entries(peers)
    .map(([name, value]) => `${name} ${value >= 1_000 ? Math.round(value) : digits(value)}`)
    .join(', ');
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |');
}
