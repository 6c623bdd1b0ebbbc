/** From options to the arrivals and services of a study: traces, or a law with a seed. */

import { type Calibration, parseCalibration } from '../../policy/calibration.js';
import { generateArrivals, generateServices } from '../../policy/generate.js';
import { readNumber } from '../../policy/grammar.js';
import type { ServiceLaw } from '../../policy/laws.js';
import { parseArrivals, parseService } from '../../policy/laws.js';
import type { Source } from '../../policy/study.js';
import { readTraceBytes, readTraceFile } from '../../policy/traceFile.js';
import { LtlError } from '../../words/errors.js';
import { type PolicyIo, readText } from './io.js';
import type { PolicyArguments } from './options.js';

export interface NamedSource extends Source {
  /** All records of all replications; null where only reading tells. */
  readonly total: number | null;
  /** True when idle periods carry no memory. */
  readonly memoryless: boolean;
}

const ARRIVALS_COUNT = 100_000;
const ARRIVALS_COUNT_MAX = 1_000_000_000;
export const REPLICATIONS_MAX = 10_000;

/** One source a trace, or one for a law. Throws E_USAGE when there is neither or both, E_UNSTABLE when rho >= 1. */
export function readSources(given: PolicyArguments, io: PolicyIo): NamedSource[] {
  const traces = given.all('trace');
  const arrivals = given.one('arrivals');
  if (traces.length > 0 === (arrivals !== null))
    throw new LtlError('E_USAGE', 'give --trace FILE or --arrivals LAW, one of the two');
  const text = given.one('service') ?? readCalibration(given)?.service ?? null;
  const service = text === null ? null : parseService(text);
  if (arrivals !== null) return [lawSource(given, arrivals, service)];
  for (const option of ['replications', 'arrivals-count', 'warm-up'] as const)
    if (given.has(option))
      throw new LtlError('E_USAGE', `--${option} goes with --arrivals; a trace is one run, and whole`);
  return traces.map((path) => traceSource(path, given.seed(), service, io));
}

function traceSource(path: string, seed: number, service: ServiceLaw | null, io: PolicyIo): NamedSource {
  return {
    name: path,
    total: null,
    memoryless: false,
    replications: 1,
    arrivals: () => (path === '-' ? readTraceBytes(io.stdin, 'stdin') : readTraceFile(path)),
    service: () => (service === null ? null : generateServices(service, seed)),
  };
}

function lawSource(given: PolicyArguments, text: string, service: ServiceLaw | null): NamedSource {
  const law = parseArrivals(text);
  const seed = given.seed();
  const records = given.whole('arrivals-count', ARRIVALS_COUNT, 1, ARRIVALS_COUNT_MAX);
  const replications = given.whole('replications', 1, 1, REPLICATIONS_MAX);
  const rho = law.rate * (service?.mean ?? 0);
  if (rho >= 1) throw new LtlError('E_UNSTABLE', `${law.spec} with ${service?.spec ?? ''} offers a load of ${rho}`);
  return {
    name: law.spec,
    total: records * replications,
    memoryless: law.memoryless,
    warmUpRecords: Math.floor(records * warmUpShare(given, 0)),
    replications,
    arrivals: (replication) => generateArrivals(law, records, seed, replication),
    service: (replication) => (service === null ? null : generateServices(service, seed, replication)),
  };
}

/** The share of arrivals that pass before anything is counted. */
export function warmUpShare(given: PolicyArguments, otherwise: number): number {
  const text = given.one('warm-up');
  return text === null ? otherwise : readNumber(text, 'the share', '--warm-up', { most: 0.9 });
}

/** The calibration that is named, or null. */
export function readCalibration(given: PolicyArguments): Calibration | null {
  const path = given.one('calibration');
  return path === null ? null : parseCalibration(readText(path), path);
}
