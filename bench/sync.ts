/**
 * `bench sync`: what a lock costs beside one written by hand and beside libraries, in several processes, one after the other, each
 * with all of them in many short rounds that take turns. Shown is the median of the processes, because what V8 makes of the same
 * code differs from one to the next, ours or written by hand, by up to four times. Two and four threads beside locks of shared memory by hand.
 */

import { inChild } from './measure/child.js';
import { machineFacts, machineText } from './measure/machine.js';
import { installPeers } from './peers.js';
import { progress, save } from './report/output.js';
import { digits, table } from './report/table.js';
import type { SyncJob, SyncResult } from './sync.child.js';
import { EXCHANGE, HAND, HAND_SEMAPHORE, LEASED, SHARED, TICKETS } from './sync-names.js';
import { libraries } from './sync-peers.js';

/** What each row is compared with; the rest with the mutex by hand. */
const BASES: Readonly<Record<string, string>> = {
  [HAND_SEMAPHORE]: HAND_SEMAPHORE,
  'Semaphore(1)': HAND_SEMAPHORE,
  [EXCHANGE]: EXCHANGE,
  [LEASED]: EXCHANGE,
  [TICKETS]: EXCHANGE,
  [SHARED]: EXCHANGE,
};
const PEERS = ['async-mutex', 'async-sema', 'p-limit', 'effect'];
const COLUMNS = ['uncontended', '1000 waiters', '100 000 waiters', 'a cancelled wait', 'two threads', 'four threads'];

export async function run(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write('usage: npm run bench -- sync [--quick] [--save]\n');
    return;
  }
  const quick = args.includes('--quick');
  if (!quick) installPeers(PEERS);
  const processes = quick ? 1 : 7;
  const work: SyncJob = { rounds: quick ? 1 : 30, quick };
  const facts = machineFacts('.');
  const results: SyncResult[] = [];
  for (let count = 1; count <= processes; count++) {
    progress(`process ${count} of ${processes}`);
    results.push(await inChild<SyncResult>(new URL('./sync.child.js', import.meta.url), work));
  }
  progress('');
  const result = report(results);
  process.stdout.write(`${machineText(facts)}\n${result}`);
  const { absent } = libraries();
  if (absent.length > 0) process.stdout.write(`\nabsent: ${absent.join(', ')}\n`);
  if (!args.includes('--save')) return;
  save('docs/bench/sync.json', `${JSON.stringify({ facts, processes: results }, undefined, 2)}\n`);
  save(
    'docs/bench/sync.md',
    `# Locks\n\n\`npm run bench -- sync --save\`\n\n\`\`\`text\n${machineText(facts)}\n${result}\`\`\`\n`,
  );
}

function report(results: readonly SyncResult[]): string {
  const [first] = results;
  const middle = (name: string, column: string): number | undefined =>
    median(results.map(({ nanoseconds }) => nanoseconds[name]?.[column]).filter((value) => value !== undefined));
  const ratio = (name: string, column: string): string => {
    const base = middle(BASES[name] ?? HAND, column);
    const value = middle(name, column);
    return base === undefined || value === undefined ? '' : ` (${(value / base).toFixed(2)})`;
  };
  const lines = Object.keys(first?.nanoseconds ?? {}).map((name) => [
    name,
    ...COLUMNS.map((column) => {
      const value = middle(name, column);
      return value === undefined ? '' : digits(value) + ratio(name, column);
    }),
  ]);
  const against = (column: string, base: string): string =>
    ((middle(SHARED, column) ?? 0) / (middle(base, column) ?? 1)).toFixed(2);
  const sameShape = `SharedMutex to one by hand of its shape: ${against('uncontended', LEASED)} uncontended (with leases), ${against('two threads', TICKETS)} by two threads and ${against('four threads', TICKETS)} by four (first come, first served)\n`;
  const memory = `memory: ${Math.round(first?.instanceBytes ?? 0)} bytes a Mutex, ${Math.round(first?.waiterBytes ?? 0)} bytes a parked waiter with its promise\n`;
  return `nanoseconds for one acquire and release, median of ${results.length} processes (ratio to the hand-written one)\n\n${table(['', ...COLUMNS], lines)}\n${sameShape}${memory}`;
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
