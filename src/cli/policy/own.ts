/** Policies by name or of the user's own: `module:FILE` imports a file whose default export is a policy. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Calibration, calibratedPolicy } from '../../policy/calibration.js';
import type { Policy } from '../../policy/contract.js';
import { parsePolicy } from '../../policy/spec.js';
import { LtlError } from '../../words/errors.js';
import { readText } from './io.js';

const PREFIX = 'module:';

/** What makes the policies of a list of specs from a seed; a policy of one's own is the same for every seed. */
export async function policyMaker(
  specs: readonly string[],
  calibration: Calibration | null,
): Promise<(seed: number) => readonly Policy[]> {
  const own = new Map<string, Policy>();
  for (const spec of specs) if (spec.startsWith(PREFIX)) own.set(spec, await importPolicy(spec.slice(PREFIX.length)));
  const make = (seed: number): readonly Policy[] =>
    specs.map((spec) => {
      const policy = own.get(spec) ?? parsePolicy(spec, { seed, readText });
      return calibration === null ? policy : calibratedPolicy(policy, calibration);
    });
  // A mistake in a spec is told before any trace is opened.
  make(1);
  return make;
}

async function importPolicy(path: string): Promise<Policy> {
  const file = resolve(path);
  readText(file);
  const module = await importModule(file, path);
  const policy = module.default as Partial<Policy> | undefined;
  const whole =
    typeof policy?.decide === 'function' && typeof policy.start === 'function' && policy.states !== undefined;
  if (!whole) throw new LtlError('E_POLICY', `${path} has no policy as its default export; make one with definePolicy`);
  return policy as Policy;
}

async function importModule(file: string, path: string): Promise<{ readonly default?: unknown }> {
  try {
    return (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  } catch (cause) {
    throw new LtlError('E_POLICY', `${path} cannot be imported: ${(cause as Error).message}`, { cause });
  }
}
