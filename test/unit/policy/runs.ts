/** What the tests of policies share: short ways from times and texts to outcomes. */
import type { Outcome } from '../../../src/policy/outcome.js';
import { type SimulateOptions, simulate } from '../../../src/policy/simulate.js';
import { parsePolicy } from '../../../src/policy/spec.js';
import type { ArrivalBlock } from '../../../src/policy/trace.js';

export function block(times: readonly number[], bytes = 1): ArrivalBlock {
  return { atMs: Float64Array.from(times), bytes: new Float64Array(times.length).fill(bytes), count: times.length };
}

/** Arrivals whose gaps are these idle periods. */
export function fromGaps(gaps: readonly number[]): number[] {
  let at = 0;
  return [0, ...gaps.map((gap) => (at += gap))];
}

export async function outcome(
  spec: string,
  times: readonly number[],
  options: SimulateOptions & { readText?: (path: string) => string } = {},
): Promise<Outcome> {
  const { readText, ...simulation } = options;
  const policy = parsePolicy(spec, {
    seed: options.seed ?? 1,
    ...(readText === undefined ? {} : { readText }),
  });
  const [only] = await simulate([policy], [block(times)], simulation);
  if (only === undefined) throw new Error('no outcome');
  return only;
}
