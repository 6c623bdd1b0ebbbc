/** `ltl policy record`: lines of stdin become records as they come, under a policy that is recorded. */
import { open } from '../../ltl.js';
import type { Policy } from '../../policy/contract.js';
import { lineBlocks } from '../lines.js';
import { LONG_RUNNING } from '../store.js';
import type { PolicyIo } from './io.js';
import type { PolicyArguments } from './options.js';
import { policyMaker } from './own.js';
import { caughtUp } from './run.js';
import { readCalibration } from './source.js';

/** Until stdin or the signal ends it. */
export async function recordLines(
  given: PolicyArguments,
  io: PolicyIo,
  path: string,
  signal: AbortSignal,
): Promise<{ records: number }> {
  const make = await policyMaker([given.needed('policy'), ...given.all('shadow')], null);
  const [policy, ...shadows] = make(given.seed()) as [Policy, ...Policy[]];
  const calibration = readCalibration(given);
  const folder = given.one('path');
  await using ltl = await open(folder === null ? {} : { 'force-all.path': folder }, LONG_RUNNING);
  await ltl.policy(policy, {
    shadows,
    record: path,
    seed: given.seed(),
    ...(calibration === null ? {} : { calibration }),
  });
  let records = 0;
  for await (const { lines } of lineBlocks(stopping(io.stdin, signal))) {
    records += lines.length;
    await ltl.appendBatch(lines);
  }
  await ltl.awake();
  await caughtUp(ltl);
  await ltl.policy(null);
  return { records };
}

/** The chunks of a stream until the signal. */
async function* stopping(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  const stopped = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }));
  for (;;) {
    const next = await Promise.race([chunks.next(), stopped]);
    if (next === null || next.done === true) return;
    yield Buffer.from(next.value);
  }
}
