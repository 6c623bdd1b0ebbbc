/** `bench idle`: what an open instance costs while nobody uses it. */

import type { IdleJob, IdleResult } from './idle.child.js';
import { inChild } from './measure/child.js';
import { machineFacts, machineText, withScratch } from './measure/machine.js';
import { verdict, verdictTable } from './report/verdict.js';

const FOR_MS = 10_000;
const QUICK_MS = 200;
const PERCENT_MAX = 1;

export async function run(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write('usage: npm run bench -- idle [--quick]\n');
    return;
  }
  const forMs = args.includes('--quick') ? QUICK_MS : FOR_MS;
  await withScratch(async (folder) => {
    process.stdout.write(machineText(machineFacts(folder, [])));
    const work: IdleJob = { folder, store: 'ltl', forMs };
    const { cpuShare, userMs, systemMs } = await inChild<IdleResult>(new URL('./idle.child.js', import.meta.url), work);
    process.stdout.write(
      `${forMs} ms open and unused: ${userMs.toFixed(1)} ms user, ${systemMs.toFixed(1)} ms system\n\n`,
    );
    const what = 'CPU of an idle instance';
    const row = {
      what,
      reached: cpuShare * 100,
      target: PERCENT_MAX,
      bound: 'most',
      unit: ' %',
      against: 'one core',
    } as const;
    process.stdout.write(verdictTable([verdict(row)]));
  });
}
