/** The words of `ltl bench append`: what they come to, and the error that names each mistake. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BENCH_APPEND } from '../../../src/cli/bench/append.js';
import { type AppendBench, readAppendBench } from '../../../src/cli/bench/options.js';
import { parseArguments } from '../../../src/cli/parse.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-bench-options-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  const at = path.join(folder, name);
  fs.writeFileSync(at, text);
  return at;
};
const read = async (...words: readonly string[]): Promise<AppendBench> =>
  readAppendBench(parseArguments(BENCH_APPEND, words));

describe('the options of ltl bench append', () => {
  it('have defaults that measure a closed loop for ten seconds', async () => {
    const { load, stores, rounds } = await read();
    expect(load).toMatchObject({
      arrivals: { kind: 'closed' },
      forMs: 10_000,
      warmUpMs: 1000,
      windowMs: 100,
      inFlight: 64,
      producers: 0,
    });
    expect([stores, rounds]).toEqual([['ltl'], 1]);
  });

  it('take durations in ms, s, m and h, and a whole trace at its speed', async () => {
    for (const [text, ms] of [
      ['500ms', 500],
      ['1.5s', 1500],
      ['10m', 600_000],
      ['2h', 7_200_000],
    ] as const)
      expect((await read('--for', text)).load.forMs).toBe(ms);
    const trace = file('trace.csv', 't_ms,bytes\n1000,1\n3000,2\n');
    expect((await read('--trace', trace, '--speed', '4')).load).toMatchObject({
      forMs: 501,
      wholeTrace: true,
      warmUpMs: 0,
    });
    expect((await read('--trace', trace, '--for', '1s')).load).toMatchObject({ forMs: 1000, wholeTrace: false });
  });

  it.each<[string[], string, string]>([
    [['--for', '10'], 'E_USAGE', 'such as 500ms'],
    [['--for', '-1s'], 'E_USAGE', 'followed by another option'],
    [['--for', '0s'], 'E_USAGE', 'a duration from 1ms'],
    [['--for', '1000h'], 'E_USAGE', 'at most 168h'],
    [['--warm-up', 'soon'], 'E_USAGE', '--warm-up wants a duration'],
    [['--rate', '0'], 'E_USAGE', 'above 0'],
    [['--rate=-5'], 'E_USAGE', 'above 0'],
    [['--rate', '1000000000000'], 'E_USAGE', 'at most 10000000'],
    [['--rate', '1e12'], 'E_USAGE', 'at most 10000000'],
    [['--rate', '5', '--arrivals', 'burst'], 'E_USAGE', 'constant, poisson'],
    [['--arrivals', 'poisson'], 'E_USAGE', 'go with --rate'],
    [['--size', '0'], 'E_USAGE', 'from 1 to 16777216'],
    [['--size', '16777217'], 'E_USAGE', 'from 1 to 16777216'],
    [['--producers', '64'], 'E_USAGE', 'from 1 to 63'],
    [['--in-flight', '0'], 'E_USAGE', '--in-flight wants'],
    [['--form', 'bulk'], 'E_USAGE', 'promise, batch, ticket'],
    [['--batch', '5'], 'E_USAGE', '--form batch'],
    [['--peers', 'lmbd'], 'E_USAGE', 'did you mean lmdb?'],
    [['--speed', '2'], 'E_USAGE', '--speed goes with --trace'],
    [['--shape', '/nowhere.json'], 'E_NO_INPUT', '/nowhere.json'],
    [['--path', '/nowhere'], 'E_NO_INPUT', 'no such folder'],
  ])('%j is %s', async (words, code, message) => {
    const refused = read(...words);
    await expect(refused).rejects.toMatchObject({ code });
    await expect(refused).rejects.toThrow(message);
  });

  it('name what is wrong in a shape or a trace', async () => {
    const cases: [string, string, string, string][] = [
      ['--shape', file('a.json', '{'), 'E_SHAPE', 'is not JSON'],
      ['--shape', file('b.json', '{"name":"m","fields":{"a":"text"}}'), 'E_SHAPE', 'text'],
      ['--shape', file('c.json', '{"name":"m","fields":[]}'), 'E_SHAPE', 'fields is an object'],
      ['--shape', file('d.json', '[]'), 'E_SHAPE', 'empty list'],
      ['--trace', file('a.csv', 't_ms,bytes\n5,1\n4,1\n'), 'E_TRACE', 'line 3'],
      ['--trace', file('b.csv', 't_ms,bytes\n5,16777217\n'), 'E_TOO_LARGE', 'arrival 1'],
    ];
    for (const [option, name, code, message] of cases) {
      await expect(read(option, name)).rejects.toMatchObject({ code });
      await expect(read(option, name)).rejects.toThrow(message);
    }
  });

  it('refuse to compare stores over, and to parse, what JSON does not have', async () => {
    const shape = file('bigint.json', '{"name":"m","fields":{"a":"bigint"}}');
    await expect(read('--shape', shape, '--parse')).rejects.toThrow('--parse: field a is a bigint');
    const trace = file('two.csv', 't_ms,bytes\n1000,1\n3000,2\n');
    await expect(read('--trace', trace, '--parse')).rejects.toThrow('--parse does not go with --trace');
    expect((await read('--parse')).load.parses).toBe(true);
    await expect(read('--shape', shape, '--peers', 'plain')).rejects.toThrow('field a is a bigint');
  });
});
