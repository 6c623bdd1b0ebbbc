/** `bench idle`: what an open instance costs while nobody uses it. */

import type { IdleJob, IdleResult, IdleSpan } from './idle.child.js';
import { inChild } from './measure/child.js';
import { machineFacts, machineText, withScratch } from './measure/machine.js';
import { verdict, verdictTable } from './report/verdict.js';

const FOR_MS = 10_000;
/** V8 collects the garbage of the last use after 8 s in a thread of ours, and 8 s later in the main thread. */
const SETTLE_MS = 20_000;
const QUICK_MS = 200;
const PERCENT_MAX = 1;

export async function run(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write('usage: npm run bench -- idle [--quick]\n');
    return;
  }
  const [settleMs, forMs] = args.includes('--quick') ? [QUICK_MS, QUICK_MS] : [SETTLE_MS, FOR_MS];
  await withScratch(async (folder) => {
    process.stdout.write(machineText(machineFacts(folder, [])));
    const work: IdleJob = { folder, store: 'ltl', settleMs, forMs };
    const { settling, idle } = await inChild<IdleResult>(new URL('./idle.child.js', import.meta.url), work);
    process.stdout.write(`${text('after its last use', settling)}\n${text('then', idle)}\n\n`);
    const what = 'CPU of an idle instance';
    const row = {
      what,
      reached: (100 * (idle.userMs + idle.systemMs)) / idle.forMs,
      target: PERCENT_MAX,
      bound: 'most',
      unit: ' %',
      against: 'one core',
    } as const;
    process.stdout.write(verdictTable([verdict(row)]));
  });
}

const text = (when: string, { forMs, userMs, systemMs }: IdleSpan): string =>
  `${when}, ${Math.round(forMs)} ms: ${userMs.toFixed(1)} ms user, ${systemMs.toFixed(1)} ms system`;
