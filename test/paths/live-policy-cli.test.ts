/** `ltl policy` on the real runtime, as a user types it: run, record, replay, report, calibrate, and what can be wrong. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCalibration } from '../../src/policy/calibration.js';
import { ended, ltl as runLtl, scratch, start } from './process.js';

const { folder, remove } = scratch();
const trace = join(folder, 'trace.csv');
const record = join(folder, 'record.ndjson');
const calibration = join(folder, 'calibration.json');
const ltl = (line: string, stdin = '') => runLtl(['policy', ...line.split(' ')], stdin);

beforeAll(() => {
  const times = [0, 1, 2, 120, 121, 260, 261, 262, 263, 500];
  writeFileSync(trace, `t_ms,bytes\n${times.map((time) => `${time},40`).join('\n')}\n`);
});
afterAll(remove);

describe('ltl policy, live', () => {
  it('calibrate measures here and writes what the simulator reads', async () => {
    const { status, stderr } = await ltl(`calibrate --path ${folder} --rounds 1 --out ${calibration}`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const found = parseCalibration(readFileSync(calibration, 'utf8'), calibration);
    expect(found.pickUpMs).toBeGreaterThan(1);
    expect(found.syncMs).toBeGreaterThan(0);
    expect(found.cpu?.turnMs).toBeGreaterThan(0);
    expect(JSON.parse(readFileSync(calibration, 'utf8'))).toMatchObject({ rounds: 1, folder });
    const simulated = await ltl(`simulate --trace ${trace} --policy timeout:20 --calibration ${calibration} --json`);
    expect(simulated.status).toBe(0);
  });

  it('run, replay and report: a trace live, the same log from the simulator, predicted beside actual', async () => {
    const page = join(folder, 'live.html');
    const rivals = '--shadow count:4 --shadow oracle:50';
    const ran = await ltl(
      `run --trace ${trace} --policy timeout:20,50 ${rivals} --calibration ${calibration} --record ${record} --html ${page} --json`,
    );
    expect(ran.stderr).toBe('');
    const { columns, records, acknowledged } = JSON.parse(ran.stdout) as {
      columns: { kind: string; policy: string; figures: Record<string, number> }[];
      records: number;
      acknowledged: { records: number; p50Ms: number };
    };
    expect(records).toBe(10);
    expect(acknowledged).toMatchObject({ records: 10 });
    expect(acknowledged.p50Ms).toBeGreaterThan(0);
    expect(columns.map(({ kind, policy }) => `${kind} ${policy}`)).toEqual([
      'actual timeout:20,50',
      'predicted timeout:20,50',
      'shadow count:4',
      'shadow oracle:50',
    ]);
    for (const { figures } of columns.slice(0, 2)) expect(figures['cpuMs']).toBeGreaterThan(0);
    const html = readFileSync(page, 'utf8');
    for (const name of ['figures', 'cpu', 'visibility', 'overview']) expect(html).toContain(`<section id="${name}">`);
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|src=|@import|url\(|<script/);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);

    const replayed = await ltl(`replay ${record} --tolerance 60000`);
    expect(replayed.stdout).toMatch(/^identical: \d+ changes and \d+ timers of timeout:20,50; seen at most/);
    const told = await ltl(`report ${record} --calibration ${calibration}`);
    expect(told.stdout).toMatch(/actual +predicted\nvisibility mean ms +[\d.]+ +[\d.]+\n/);
  });

  it('a record that was changed, or another policy, is told by the first difference and status 65', async () => {
    const other = await ltl(`replay ${record} --policy timeout:21,50 --tolerance 60000`);
    expect(other).toMatchObject({ status: 65, stdout: '' });
    expect(other.stderr).toMatch(
      /E_DIFFERS: .*change 1: the run had awake to asleep \(timeout\) at [\d.]+ ms, the simulator has/,
    );
    const forged = join(folder, 'forged.ndjson');
    writeFileSync(forged, readFileSync(record, 'utf8').replace('"reason":"timeout"', '"reason":"boredom"'));
    expect((await ltl(`replay ${forged} --tolerance 60000`)).stderr).toMatch(/change 1: .*\(boredom\)/);
    expect((await ltl(`replay ${record} --tolerance 0.000001`)).stderr).toMatch(/late, beyond the tolerance of/);
  });

  it('record appends lines of stdin to a store and keeps what the policy saw', async () => {
    const store = join(folder, 'lines');
    const path = join(folder, 'lines.ndjson');
    const made = await ltl(`record ${path} --policy count:2 --path ${store}`, 'one\ntwo\nthree\n');
    expect(made.stderr).toBe('');
    expect(made.stdout).toMatch(/^count:2 over .*lines.ndjson: 3 records/);
    expect((await ltl(`replay ${path} --tolerance 60000`)).status).toBe(0);
    expect((await runLtl(['read', '--path', store], '')).stdout).toBe('one\ntwo\nthree\n');
  });

  it.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('a run ends at %s with a report of what there was, and with its status', async (signal, status) => {
    const long = join(folder, 'long.csv');
    const kept = join(folder, `${signal}.ndjson`);
    writeFileSync(long, `t_ms,bytes\n${Array.from({ length: 2000 }, (_, at) => `${at * 50},40`).join('\n')}\n`);
    const child = start(['policy', 'run', '--trace', long, '--policy', 'timeout:20', '--record', kept, '--json']);
    const end = ended(child);
    while (!existsSync(kept)) await pause(10);
    await pause(200);
    child.kill(signal);
    const { status: found, stdout, stderr } = await end;
    expect({ status: found, stderr }).toEqual({ status, stderr: '' });
    const { records, forMs } = JSON.parse(stdout) as { records: number; forMs: number };
    expect(records).toBeGreaterThan(0);
    expect(forMs).toBeLessThan(60_000);
    expect((await ltl(`replay ${kept} --tolerance 60000`)).status).toBe(0);
  });

  it('a run or a calibration that is ended before it began leaves nothing behind', async () => {
    const temporary = join(folder, 'temporary');
    mkdirSync(temporary);
    for (const words of [
      ['run', '--trace', trace, '--policy', 'timeout:5'],
      ['calibrate', '--path', temporary],
    ]) {
      const child = start(['policy', ...words], { TMPDIR: temporary });
      const end = ended(child);
      while (readdirSync(temporary).length === 0) await pause(2);
      child.kill('SIGINT');
      expect(await end).toMatchObject({ status: 130, stdout: '' });
      expect(readdirSync(temporary)).toEqual([]);
    }
  });

  it('mistakes end with their sysexits code and a message that names them', async () => {
    const broken = join(folder, 'broken.ndjson');
    writeFileSync(
      broken,
      '{"record":"ltl policy","version":1,"policy":"timeout:5","seed":1,"states":[]}\n{"event":"nap"}\n',
    );
    const cases: [string, number, RegExp][] = [
      [
        `run --trace ${trace} --policy timeout:5 --for soon`,
        64,
        /--for is a time above 0 with its unit, as 500ms, 60s, 5m, not 'soon'/,
      ],
      [`run --trace ${trace} --policy timeout:5 --for 0s`, 64, /--for is a time above 0/],
      [`run --trace ${trace} --policy timeout:5 --speed 0`, 64, /--speed: the value is a number above 0, not '0'/],
      [`run --trace ${trace} --policy tmeout:5`, 64, /did you mean timeout\?/],
      [`run --trace ${trace} --policy oracle:5`, 64, /can be simulated, not run/],
      [`run --trace ${folder}/absent.csv --policy timeout:5`, 66, /E_NO_INPUT/],
      [`run --trace ${trace} --policy timeout:5 --calibration ${folder}/absent`, 66, /E_NO_INPUT/],
      [`run --trace ${trace} --policy timeout:5 --record ${folder}/no/where`, 77, /E_PERMISSION/],
      [`run --trace ${trace}`, 64, /run needs --policy SPEC/],
      ['record --policy timeout:5', 64, /record needs the FILE/],
      ['replay', 64, /replay needs the FILE of a record/],
      [`replay ${folder}/absent.ndjson`, 66, /E_NO_INPUT/],
      [`replay ${trace}`, 65, /E_TRACE: .*trace.csv line 1 is not JSON/],
      [`replay ${broken}`, 65, /E_TRACE: .*broken.ndjson line 2 is no event of a live run/],
      [`replay ${record} ${record}`, 64, /replay takes no second argument/],
      [`replay ${record} --tolerance never`, 64, /--tolerance: the value is a number above 0/],
      [`report ${record} --calibration ${trace}`, 64, /is not JSON/],
      [`run --trace ${trace} --policy timeout:5 --html ${folder}`, 73, /--html .* is a folder/],
      [`calibrate --out ${folder}/no/where`, 73, /--out .*: there is no folder/],
      [`calibrate --rounds 0`, 64, /--rounds: the value is a whole number from 1/],
      [`calibrate --path ${trace}/below`, 73, /E_CANNOT_CREATE/],
    ];
    for (const [line, code, message] of cases) {
      const ran = await ltl(line);
      expect({ status: ran.status, stdout: ran.stdout }, line).toEqual({ status: code, stdout: '' });
      expect(ran.stderr, line).toMatch(message);
    }
  });
});
