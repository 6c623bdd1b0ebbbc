/** The options that the benches share, read from the command line. */
import { parseArgs } from 'node:util';
import { STORES } from '../../src/bench/stores/registry.js';
import { LtlError } from '../../src/words/errors.js';
import { installPeers, peerVersion } from '../peers.js';

export interface BenchOptions {
  readonly quick: boolean;
  readonly full: boolean;
  readonly rounds: number;
  /** Workloads asked for; empty means all. */
  readonly only: readonly string[];
  /** Short names of the stores that run. */
  readonly stores: readonly string[];
  /** Labels of stores whose package is absent. */
  readonly absent: readonly string[];
  readonly json: string | undefined;
  readonly svg: string | undefined;
  /** Where the report goes beside stdout. */
  readonly text: string | undefined;
}

export const OPTIONS_HELP = `  --quick          tiny sizes, one round: shows that it works, not how fast
  --full           larger sizes where the bench has them
  --rounds N       interleaved rounds, medians are shown (default 3)
  --only A,B       only these workloads
  --peers A,B      only these stores beside ltl (${Object.keys(STORES).join(', ')}), or none
  --json FILE      where the results go (default docs/bench/, not with --quick or a filter)
  --svg FILE       where the picture goes (the same default)
`;

/** Reads the options; installs the peers that are wanted, unless it is a quick run, which takes those that are there. */
export function readOptions(
  args: readonly string[],
  name: string,
  workloads: readonly string[],
): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      peers: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
    },
  });
  if (values.help) return 'help';
  const wanted =
    values.peers === undefined ? Object.keys(STORES) : list(values.peers).filter((peer) => peer !== 'none');
  for (const peer of wanted)
    if (!Object.hasOwn(STORES, peer))
      throw new LtlError('E_USAGE', `--peers ${peer}: there are ${Object.keys(STORES).join(', ')}`);
  const only = values.only === undefined ? [] : list(values.only);
  for (const workload of only)
    if (!workloads.includes(workload))
      throw new LtlError('E_USAGE', `--only ${workload}: there are ${workloads.join(', ')}`);
  // Whatever is wrong with the options is told before anything is installed.
  const candidates = Object.keys(STORES).filter((key) => STORES[key]?.role === 'ours' || wanted.includes(key));
  const packages = candidates.flatMap((key) => STORES[key]?.needs ?? []);
  if (!values.quick) installPeers(packages);
  const isAbsent = (key: string): boolean => {
    const needs = STORES[key]?.needs;
    return needs !== undefined && peerVersion(needs) === undefined;
  };
  const partial = values.quick || values.only !== undefined || values.peers !== undefined;
  return {
    quick: values.quick,
    full: values.full,
    rounds: values.rounds === undefined ? (values.quick ? 1 : 3) : positive(values.rounds),
    only,
    stores: candidates.filter((key) => !isAbsent(key)),
    absent: candidates.filter(isAbsent).map((key) => STORES[key]?.label ?? key),
    json: values.json ?? (partial ? undefined : `docs/bench/${name}.json`),
    text: partial ? undefined : `docs/bench/${name}.txt`,
    svg: values.svg ?? (partial ? undefined : `docs/bench/${name}.svg`),
  };
}

function list(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new LtlError('E_USAGE', `--rounds ${text}: a whole number from 1 on`);
  return value;
}
