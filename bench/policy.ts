/**
 * `npm run bench -- policy`: how many arrivals a second the policy simulator takes, parsing apart; how fast a trace is parsed;
 * and whether memory grows with the trace. Rounds of all policies are interleaved in one process and the median is told.
 */
import { parseArgs } from 'node:util';
import { crc32 } from 'node:zlib';
import { generateArrivals } from '../src/policy/generate.js';
import { parseArrivals } from '../src/policy/laws.js';
import { outcomeOf } from '../src/policy/outcome.js';
import { feed, simulate } from '../src/policy/simulate.js';
import { Simulation } from '../src/policy/simulation.js';
import { parsePolicy } from '../src/policy/spec.js';
import { type ArrivalBlock, readTrace } from '../src/policy/trace.js';
import { machineFacts, machineText } from './measure/machine.js';
import { progress } from './report/output.js';
import { digits, table } from './report/table.js';

const LAW = 'on-off:0.5,200,400';
const SEED = 1;
const POLICIES = [
  'always-awake:50',
  'timeout:20,50',
  'break-even:50',
  'envelope:1/0,0.5/10,0/60',
  'randomised:50',
  'menu:50',
  'histogram:50,5,0.1,0.9',
  'every:50',
  'count:20',
  'count-or-time:20,50',
  'vacation:exp:50',
  'timeout:20,50+dwell:10,10',
  'oracle:50',
] as const;

const HELP = `usage: npm run bench -- policy [--arrivals N] [--rounds R] [--quick]
  --arrivals N   arrivals a round (default 2000000)
  --rounds R     interleaved rounds, medians are shown (default 5)
  --quick        20000 arrivals, one round: shows that it works, not how fast
`;

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      arrivals: { type: 'string', default: '2000000' },
      rounds: { type: 'string', default: '5' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const count = values.quick ? 20_000 : Number(values.arrivals);
  const rounds = values.quick ? 1 : Number(values.rounds);
  process.stdout.write(machineText(machineFacts('.')));
  const blocks = [...generateArrivals(parseArrivals(LAW), count, SEED)];
  process.stdout.write(
    `\n${count} arrivals of ${LAW}, seed ${SEED}, ${rounds} rounds\n\n${simulationTable(blocks, count, rounds)}`,
  );
  process.stdout.write(`\n${await parsingLine(blocks, count, rounds)}\n${await memoryLine(count)}\n`);
}

function simulationTable(blocks: readonly ArrivalBlock[], count: number, rounds: number): string {
  const seconds = new Map<string, number[]>(POLICIES.map((spec) => [spec, []]));
  const sums = new Map<string, string>();
  for (let round = 0; round < rounds; round++)
    for (const spec of POLICIES) {
      progress(`round ${round + 1} of ${rounds}: ${spec}`);
      const simulation = new Simulation(parsePolicy(spec, { seed: SEED }));
      const from = process.hrtime.bigint();
      for (const block of blocks) feed(simulation, block);
      const outcome = outcomeOf(simulation, SEED);
      seconds.get(spec)?.push(Number(process.hrtime.bigint() - from) / 1e9);
      sums.set(spec, crc32(JSON.stringify(outcome)).toString(16).padStart(8, '0'));
    }
  progress('');
  const rows = POLICIES.map((spec) => {
    const second = median(seconds.get(spec) ?? []);
    return [spec, digits(count / second / 1e6), digits((1e9 * second) / count), sums.get(spec) ?? ''];
  });
  return table(['policy', 'M arrivals/s', 'ns each', 'checksum'], rows);
}

async function parsingLine(blocks: readonly ArrivalBlock[], count: number, rounds: number): Promise<string> {
  const rows = blocks.flatMap(({ atMs, bytes }) => [...atMs].map((at, index) => `${Math.floor(at)},${bytes[index]}`));
  const text = Buffer.from(`t_ms,bytes\n${rows.join('\n')}\n`);
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    let records = 0;
    const from = process.hrtime.bigint();
    for await (const block of readTrace([text])) records += block.count;
    seconds.push(Number(process.hrtime.bigint() - from) / 1e9);
    if (records !== count) throw new Error(`parsed ${records} of ${count} records`);
  }
  const second = median(seconds);
  return `parsing csv: ${digits(count / second / 1e6)} M records/s, ${digits(text.length / second / 1e6)} MB/s`;
}

/** Heap in use after a run, arrivals generated as they are needed; ten times the arrivals must not need more. */
async function memoryLine(count: number): Promise<string> {
  const used: number[] = [];
  for (const arrivals of [count, 10 * count]) {
    let most = 0;
    const watched = function* () {
      let blocks = 0;
      for (const block of generateArrivals(parseArrivals(LAW), arrivals, SEED)) {
        yield block;
        if (++blocks % 64 === 0) most = Math.max(most, process.memoryUsage().rss);
      }
    };
    await simulate([parsePolicy('timeout:20,50')], watched());
    used.push(Math.max(most, process.memoryUsage().rss) / 2 ** 20);
  }
  const [first = 0, second = 0] = used;
  return `memory: ${digits(first)} MiB resident at most over ${count} arrivals, ${digits(second)} over ${10 * count} (timeout, streamed)`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
