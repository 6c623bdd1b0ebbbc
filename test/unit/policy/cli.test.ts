import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Progress } from '../../../src/cli/policy/io.js';
import { policyCommand } from '../../../src/cli/policy.js';
import { KINDS } from '../../../src/policy/kinds.js';

const folder = mkdtempSync(join(tmpdir(), 'ltl-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const trace = join(folder, 'rental.csv');
writeFileSync(trace, 't_ms,bytes\n0,10\n2,10\n7,10\n17,10\n29,10\n129,10\n136,10\n166,10\n');
const empty = join(folder, 'empty.csv');
writeFileSync(empty, 't_ms,bytes\n');
const unsorted = join(folder, 'unsorted.csv');
writeFileSync(unsorted, 't_ms,bytes\n5,1\n4,1\n');

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function ltl(line: string, stdin = ''): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await policyCommand(line.split(' '), {
    stdin: (async function* () {
      yield Buffer.from(stdin);
    })(),
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

async function json(line: string): Promise<Record<string, unknown>> {
  const { code, out, err } = await ltl(`${line} --json`);
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(out) as Record<string, unknown>;
}

describe('ltl policy', () => {
  it('simulate --json prints one object with the fields of the contract first', async () => {
    const found = await json(`simulate --trace ${trace} --policy timeout:10`);
    expect(Object.keys(found).slice(0, 19)).toEqual(
      'records spanMs policy seed cost optimum ratio sleeps wakes backlogMax delaySumMs delayMeanMs delayP50Ms delayP99Ms flushes flushesFull refusals worstRatio delayMaxMs'.split(
        ' ',
      ),
    );
    expect(found).toMatchObject({ records: 8, spanMs: 166, policy: 'timeout:10', seed: 1, optimum: 54 });
  });

  it('simulate reads a trace from stdin, and prints a table without --json', async () => {
    const { code, out } = await ltl('simulate --trace - --policy every:10', readFileSync(trace, 'utf8'));
    expect(code).toBe(0);
    expect(out).toMatch(/policy +cost +optimum.*\nevery:10 +- +- /);
    expect(out).toMatch(/changes: vacation +7/);
  });

  it('compare stands policies side by side, and pairs them over replications', async () => {
    const specs = '--policy break-even:500 --policy timeout:200,500';
    const arrivals = '--arrivals on-off:0.1,1000,20000 --arrivals-count 3000 --replications 6';
    const found = await json(`compare ${arrivals} ${specs}`);
    const [{ policies }] = found['comparisons'] as [
      { policies: { differences: { cost: { mean: number; ci95: number } } }[] },
    ];
    expect(policies[0]?.differences.cost).toEqual({ mean: 0, ci95: 0 });
    const { mean, ci95 } = policies[1]?.differences.cost ?? { mean: 0, ci95: 0 };
    expect(mean + ci95).toBeLessThan(0);
    const { out } = await ltl(`compare ${arrivals} ${specs}`);
    expect(out).toContain('minus break-even:500');
    const several = await ltl(`compare --trace ${trace} --trace ${trace} ${specs}`);
    expect(several.out.split(trace)).toHaveLength(3);
  });

  it('sweep marks the Pareto front and weighs metrics', async () => {
    const found = await json(`sweep --trace ${trace} --policy count-or-time:N,D --vary N=1,2,8 --vary D=5,40`);
    expect(found).toMatchObject({ objectives: ['wakes', 'delayMeanMs'] });
    expect((found['points'] as unknown[]).length).toBe(6);
    const { out } = await ltl(`sweep --trace ${trace} --policy timeout:T,10 --vary T=2..50x4 --objectives cost,wakes`);
    expect(out).toMatch(/^front +policy +cost +wakes +ratio\n/);
    const weighed = await ltl(`simulate --trace ${trace} --policy timeout:10 --weights cost=2,wakes=10`);
    expect(weighed.out).toMatch(/score\n.* 198\n/);
  });

  it('model prints means with confidence intervals', async () => {
    const found = await json(
      'model --arrivals poisson:0.5 --service exp:1 --policy count:5 --arrivals-count 20000 --replications 4 --seed 2',
    );
    expect(Object.keys(found).slice(0, 5)).toEqual(['Wq', 'W', 'L', 'cycle', 'wakesPerTime']);
    for (const [name, expected] of [
      ['Wq', 5],
      ['W', 6],
      ['L', 3],
      ['cycle', 20],
      ['wakesPerTime', 0.05],
    ] as const) {
      const { mean, ci95 } = found[name] as { mean: number; ci95: number };
      expect(Math.abs(mean / expected - 1), name).toBeLessThan(0.03);
      expect(ci95, name).toBeGreaterThan(0);
    }
    const one = await json(
      'model --arrivals poisson:0.5 --service const:1 --policy every:2 --arrivals-count 1000 --replications 1',
    );
    expect(one['Wq']).toMatchObject({ ci95: null });
  });

  it('a policy of one’s own is a module like any other policy', async () => {
    const own = join(folder, 'own.mjs');
    writeFileSync(
      own,
      `const states = [{ name: 'awake', power: 1, wakeCost: 0, wakeMs: 0, refuses: false }];
       const stay = () => ({ state: 0, timerMs: Infinity, reason: 'own', memory: null });
       export default { spec: 'own', states, costing: 'idle', worstRatio: null, clairvoyant: false, start: stay, decide: stay };`,
    );
    expect(await json(`simulate --trace ${trace} --policy module:${own}`)).toMatchObject({
      policy: 'own',
      cost: { total: 166 },
    });
    writeFileSync(join(folder, 'none.mjs'), 'export default 5;');
    writeFileSync(join(folder, 'broken.mjs'), 'export default (;');
    for (const [name, code, message] of [
      ['none', 64, /E_POLICY: .*none.mjs has no policy as its default export/],
      ['broken', 64, /E_POLICY: .*broken.mjs cannot be imported/],
      ['absent', 66, /E_NO_INPUT/],
    ] as const) {
      const ran = await ltl(`simulate --trace ${trace} --policy module:${join(folder, `${name}.mjs`)}`);
      expect(ran).toMatchObject({ code, out: '' });
      expect(ran.err).toMatch(message);
    }
  });

  it('a calibration gives service and wake-up times, which --service overrides', async () => {
    const file = join(folder, 'calibration.json');
    writeFileSync(file, '{ "service": "const:1", "wakeMs": { "asleep": 4 } }');
    const line = `simulate --trace ${trace} --policy timeout:10 --calibration ${file}`;
    // Sleeps in the gaps of 12, 100 and 30; each record that wakes it waits 4 ms.
    expect(await json(line)).toMatchObject({ busyMs: 8, wakes: 3, delaySumMs: 12 });
    expect(await json(`${line} --service const:2`)).toMatchObject({ busyMs: 16 });
    const model = 'model --arrivals poisson:0.5 --policy always-awake --arrivals-count 1000';
    expect(await json(`${model} --calibration ${file}`)).toMatchObject({ service: 'const:1', rho: 0.5 });
    for (const [text, message] of [
      ['{', /is not JSON/],
      ['5', /holds no object/],
      ['{}', /service is a law/],
      ['{"service":"exp:1"}', /wakeMs holds ms/],
      ['{"service":"exp:1","wakeMs":{"nap":-1}}', /wakeMs holds ms/],
      ['{"service":"often","wakeMs":{}}', /no service law is named 'often'/],
    ] as const) {
      writeFileSync(file, text);
      const ran = await ltl(line);
      expect(ran.code, text).toBe(64);
      expect(ran.err, text).toMatch(message);
    }
  });

  it('warm-up leaves the first share of the arrivals of a law out of all counts', async () => {
    const line = 'compare --arrivals constant:10 --arrivals-count 100 --policy timeout:5,9 --policy always-awake:9';
    const records = async (words: string): Promise<unknown> => {
      const found = await json(`${line}${words}`);
      return (found['comparisons'] as [{ policies: [{ outcomes: [Record<string, unknown>] }] }])[0].policies[0]
        .outcomes[0];
    };
    expect(await records('')).toMatchObject({ records: 100, sleeps: 99, cost: { total: 99 * 14 } });
    expect(await records(' --warm-up 0.4')).toMatchObject({ records: 60, wakes: 60, cost: { total: 59 * 14 + 9 } });
    expect((await ltl(`simulate --trace ${trace} --policy every:5 --warm-up 0.5`)).code).toBe(64);
  });

  it('help names every command, policy, law, option and metric', async () => {
    const { out } = await ltl('help');
    for (const { grammar } of KINDS) expect(out).toContain(grammar);
    for (const word of ['simulate', 'sweep', '+states', '+dwell', 'poisson:RATE', 'bytes:T', '--vary', 'delayP99Ms'])
      expect(out).toContain(word);
    expect((await ltl('simulate --help')).out).toBe(out);
  });

  it('mistakes end with their sysexits code, a message that names them, and nothing on stdout', async () => {
    const law = '--arrivals poisson:0.5';
    const cases: [string, number, RegExp][] = [
      ['', 64, /E_USAGE/],
      ['simulat', 64, /E_USAGE: no policy command is named 'simulat'; did you mean simulate\?/],
      [`simulate --trace ${trace}`, 64, /E_USAGE: simulate needs --policy SPEC/],
      ['simulate --policy timeout:1', 64, /E_USAGE: give --trace FILE or --arrivals LAW/],
      [`simulate --trace ${trace} --polcy timeout:1`, 64, /no option --polcy; did you mean --policy\?/],
      [`simulate --trace ${trace} --policy`, 64, /--policy needs a value, SPEC/],
      [`simulate --trace ${trace} --policy timeout:1 extra`, 64, /takes no argument 'extra'/],
      [
        `simulate --trace ${trace} --policy tmeout:1`,
        64,
        /E_POLICY: no policy is named 'tmeout'; did you mean timeout\?/,
      ],
      [
        `simulate --trace ${trace} --policy timeout`,
        64,
        /E_POLICY: timeout has 0 arguments, timeout:T\[,W\] takes 1 to 2/,
      ],
      [`simulate --trace ${trace} --policy timeout:-1`, 64, /T is a number from 0, not '-1'/],
      [`simulate --trace ${trace} --policy every:0`, 64, /T is a number above 0, not '0'/],
      [`simulate --trace ${trace} --policy count:1.5`, 64, /N is a whole number from 1, not '1.5'/],
      [`simulate --trace ${trace} --policy envelope:1/0`, 64, /E_POLICY/],
      [`simulate --trace ${trace} --policy envelope:1/0,2/5`, 64, /shallowest first/],
      [`simulate --trace ${trace} --policy learned:10,2`, 64, /LAMBDA is a number above 0 to 1/],
      [`simulate --trace ${trace} --policy timeout:5+states:a=0/1,b=0/2`, 64, /E_POLICY/],
      [`simulate --trace ${trace} --policy calendar:${folder}/absent`, 66, /E_NO_INPUT/],
      [`simulate --trace ${trace} --policy every:5 --service exp`, 64, /E_POLICY: exp has 0 arguments/],
      [`simulate --trace ${trace} --policy every:5 --seed -1`, 64, /E_POLICY|E_USAGE/],
      [`simulate --trace ${empty} --policy every:5`, 65, /E_TRACE: .*empty.csv holds no records/],
      [`simulate --trace ${unsorted} --policy every:5`, 65, /E_TRACE: .*unsorted.csv line 3/],
      [`simulate --trace ${folder}/absent.csv --policy every:5`, 66, /E_NO_INPUT: .*absent.csv cannot be read/],
      [`compare --trace ${trace} --policy every:5`, 64, /compare needs two --policy or more/],
      [`sweep --trace ${trace} --policy every:5 --vary T=1,2`, 64, /no policy contains the letter T/],
      [`sweep --trace ${trace} --policy every:T --vary T=1,2 --objectives cost,wake`, 64, /did you mean wakes\?/],
      [`model ${law} --service exp:2 --policy every:5`, 64, /E_UNSTABLE: poisson:0.5 with exp:2 offers a load of 1\n/],
      [`simulate ${law} --service const:3 --policy every:5`, 64, /E_UNSTABLE/],
      [`model ${law} --policy every:5`, 64, /E_USAGE: model needs --service LAW/],
      [`simulate --trace ${trace} --policy every:5 --html ${folder}/no/where.html`, 77, /E_PERMISSION/],
    ];
    for (const [line, code, message] of cases) {
      const ran = await ltl(line);
      expect(ran, line).toMatchObject({ code, out: '' });
      expect(ran.err, line).toMatch(message);
    }
  });

  it('warnings go to stderr: a load near 1, and arrivals that cannot rank timeouts', async () => {
    const { err, code } = await ltl(`simulate --trace ${trace} --policy every:5 --service const:30`);
    expect(code).toBe(0);
    expect(err).toMatch(/rho is 1\.45: work came faster than it could be served/);
    const poisson = await ltl(
      'compare --arrivals poisson:0.01 --arrivals-count 100 --policy timeout:5 --policy timeout:9',
    );
    expect(poisson.err).toMatch(/poisson arrivals carry no memory/);
  });

  it('progress is shown on a terminal only, five times a second, and cleared', () => {
    for (const isTTY of [true, false]) {
      let err = '';
      let nowMs = 0;
      const io = {
        stdin: (async function* () {})(),
        stdout: { write: () => 0 },
        stderr: { write: (text: string) => (err += text), isTTY },
      };
      const progress = new Progress(io, () => nowMs);
      for (; nowMs < 500; nowMs += 10) progress.show(10_000 * nowMs, 5_000_000);
      progress.clear();
      const line = (text: string): string => `\r\u001B[K${text}`;
      const shown =
        line('2,000,000 arrivals of 5,000,000 (40 %)') + line('4,000,000 arrivals of 5,000,000 (80 %)') + line('');
      expect(err).toBe(isTTY ? shown : '');
    }
  });

  it('the same seed gives the same bytes on every version of Node, another seed others', async () => {
    const lines = [
      ...['randomised:400', 'vacation:exp:300', 'learned:400,0.3', 'menu:400', 'histogram:400,50,0.1,0.9'].map(
        (spec) => `simulate --arrivals pareto:1.6,200 --arrivals-count 20000 --service exp:30 --policy ${spec} --json`,
      ),
      'model --arrivals on-off:1,10,15 --service pareto:2.5,0.9 --policy randomised:5 --arrivals-count 5000 --json',
      'sweep --arrivals diurnal:0.01,50000,0.9 --arrivals-count 5000 --replications 3 --policy timeout:T --vary T=5..900x4 --json',
    ];
    const digest = createHash('sha256');
    for (const line of lines) digest.update((await ltl(line)).out);
    // Made on Node 20 and found the same on 22 and 24. It changes only when results change: say so in the change log.
    expect(digest.digest('hex')).toBe('006c07ad497a8e99ad46366970e985c5479d6c6d560a29dc7668fa94bcecb7d6');
    const [line = ''] = lines;
    expect((await ltl(`${line} --seed 2`)).out).not.toBe((await ltl(line)).out);
  });

  it('the report is one file that loads nothing, with a figure for all that there is to see', async () => {
    const page = join(folder, 'report.html');
    const figures = join(folder, 'figures');
    const policies = '--policy break-even:500 --policy ladder:100,900 --policy timeout:200,500+states:nap=0/500/20';
    await ltl(
      `compare --arrivals on-off:0.1,1000,20000 --arrivals-count 5000 ${policies} --html ${page} --figures ${figures}`,
    );
    const html = readFileSync(page, 'utf8');
    for (const name of ['results', 'cost', 'pareto', 'overview', 'close-up', 'delays'])
      expect(html).toContain(`<section id="${name}">`);
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|src=|@import|url\(|<script/);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    expect(readdirSync(figures).toSorted()).toEqual([
      'close-up.svg',
      'cost.svg',
      'delays.svg',
      'overview.svg',
      'pareto.svg',
    ]);
    const hostile = join(folder, '<b>.csv');
    writeFileSync(hostile, readFileSync(trace));
    await ltl(`simulate --trace ${hostile} --policy timeout:10 --html ${page}`);
    expect(readFileSync(page, 'utf8')).not.toContain('<b>');
  });

  it('a report of one record, or of a policy that never changes, has what there is', async () => {
    const page = join(folder, 'small.html');
    const single = join(folder, 'single.csv');
    writeFileSync(single, 't_ms,bytes\n0,1\n');
    for (const spec of ['always-awake', 'timeout:5', 'count:2'])
      expect((await ltl(`simulate --trace ${single} --policy ${spec} --html ${page}`)).code, spec).toBe(0);
    expect(readFileSync(page, 'utf8')).not.toMatch(/NaN|undefined|Infinity/);
  });
});

const traces = join(import.meta.dirname, '../../../../shared/traces');

if (existsSync(traces))
  describe('real traces', () => {
    it('an independent count of their gaps gives the same cost, optimum and wake-ups', async () => {
      const { gunzipSync } = await import('node:zlib');
      for (const name of readdirSync(traces).filter((file) => file.endsWith('.csv.gz'))) {
        const path = join(traces, name);
        const times = gunzipSync(readFileSync(path))
          .toString()
          .trim()
          .split('\n')
          .slice(1)
          .map((row) => Number(row.split(',')[0]));
        const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
        const sum = (cost: (gap: number) => number): number => gaps.reduce((total, gap) => total + cost(gap), 0);
        const found = await json(`simulate --trace ${path} --policy timeout:2000,5000`);
        expect(found, name).toMatchObject({
          records: times.length,
          spanMs: times.at(-1),
          cost: { total: sum((gap) => (gap > 2000 ? 7000 : gap)) },
          optimum: sum((gap) => Math.min(gap, 5000)),
          sleeps: gaps.filter((gap) => gap > 2000).length,
        });
        const every = await json(`simulate --trace ${path} --policy every:1000`);
        const boundaries = times.map((time) => Math.ceil(time / 1000) * 1000);
        expect(every, name).toMatchObject({
          wakes: new Set(boundaries).size,
          delaySumMs: boundaries.reduce((total, boundary, index) => total + boundary - (times[index] ?? 0), 0),
        });
      }
    });
  });
