import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { readTrace } from '../../../src/policy/trace.js';
import { readTraceFile } from '../../../src/policy/traceFile.js';

const folder = mkdtempSync(join(tmpdir(), 'ltl-trace-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads a text, cut into pieces of that size to see that lines may be cut anywhere. */
async function read(text: string, piece = 7): Promise<[number, number][]> {
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, index) =>
    bytes.subarray(index * piece, (index + 1) * piece),
  );
  const rows: [number, number][] = [];
  for await (const { atMs, bytes: sizes, count } of readTrace(pieces))
    for (let index = 0; index < count; index++) rows.push([atMs[index] ?? -1, sizes[index] ?? -1]);
  return rows;
}

async function readFile(name: string, content: Uint8Array | string): Promise<number> {
  const path = join(folder, name);
  writeFileSync(path, content);
  let records = 0;
  for await (const block of readTraceFile(path)) records += block.count;
  return records;
}

describe('reading traces', () => {
  it('rows come out as they stand, whatever the line ends and wherever the bytes are cut', async () => {
    const rows = [
      [0, 5],
      [0, 0],
      [12, 70],
      [9007199254740991, 1],
    ];
    for (const end of ['\n', '\r\n'])
      for (const tail of ['', end, end + end])
        for (const piece of [1, 7, 1000])
          expect(await read(['t_ms,bytes', ...rows.map((row) => row.join())].join(end) + tail, piece)).toEqual(rows);
  });

  it('times may have decimals, sizes may not, and a byte order mark is passed over', async () => {
    expect(await read('\uFEFFt_ms,bytes\n0.25,1\n1.5,2\n')).toEqual([
      [0.25, 1],
      [1.5, 2],
    ]);
    await expect(read('t_ms,bytes\n0,1.5\n')).rejects.toThrow(/line 2 bytes is a whole number from 0, not '1.5'/);
  });

  it('NDJSON is told apart by its first character; a text counts as its size in bytes', async () => {
    expect(await read('{"t_ms":0,"bytes":3}\n{"t":4,"b":"grün"}\n')).toEqual([
      [0, 3],
      [4, 5],
    ]);
    await expect(read('{"t_ms":0,"bytes":3}\n{"t_ms":0\n')).rejects.toThrow(/line 2 is not JSON/);
    await expect(read('{"t_ms":0,"bytes":3}\n[1]\n')).rejects.toThrow(/line 2 t_ms is a number from 0, not nothing/);
    await expect(read('{"t_ms":0,"bytes":3}\n7\n')).rejects.toThrow(/line 2 is not an object/);
    await expect(read('{"t_ms":0}\n')).rejects.toThrow(/line 1 bytes is a whole number/);
  });

  it('each malformed or unsorted row is named by its line', async () => {
    const cases: [string, RegExp][] = [
      ['0,1\n', /E_TRACE: trace line 1 should be the header 't_ms,bytes', not '0,1'/],
      ['time,size\n0,1\n', /line 1 should be the header/],
      ['t_ms,bytes\n0,1\n-5,1\n', /line 3 t_ms is a number from 0, not '-5'/],
      ['t_ms,bytes\n0,1\n1e3,1\n', /line 3 t_ms is a number from 0, not '1e3'/],
      ['t_ms,bytes\n5,1\n3,1\n', /line 3 t_ms 3 is before 5 of the line above/],
      ['t_ms,bytes\n5\n', /line 2 should be two numbers, t_ms and bytes, not '5'/],
      ['t_ms,bytes\n5,\n', /line 2 should be two numbers/],
      ['t_ms,bytes\n5,1,2\n', /line 2 should be two numbers/],
      ['t_ms,bytes\n,1\n', /line 2 t_ms is a number from 0, not ''/],
      ['t_ms,bytes\n0,-1\n', /line 2 bytes is a whole number from 0, not '-1'/],
      ['t_ms,bytes\n0,1\n\n5,1\n', /line 3 is blank in the middle/],
      ['t_ms,bytes\n0,1\n9007199254740993,1\n', /line 3 holds a number above 2\^53 - 1/],
      ['t_ms,bytes\n 0,1\n', /line 2 t_ms is a number from 0/],
    ];
    for (const [text, message] of cases) await expect(read(text), text).rejects.toThrow(message);
  });

  it('a trace without records is refused', async () => {
    for (const text of ['', '\n', 't_ms,bytes', 't_ms,bytes\n', 't_ms,bytes\n\n'])
      await expect(read(text), JSON.stringify(text)).rejects.toThrow(/E_TRACE: trace holds no records/);
  });

  it('gzip is told by its first bytes, in one member or several; damaged gzip is refused', async () => {
    const text = `t_ms,bytes\n${Array.from({ length: 30_000 }, (_, index) => `${index},9`).join('\n')}\n`;
    const packed = gzipSync(text);
    expect(await readFile('plain.csv', text)).toBe(30_000);
    expect(await readFile('packed.csv', packed)).toBe(30_000);
    expect(await readFile('twice.gz', Buffer.concat([gzipSync('t_ms,bytes\n1,1\n'), gzipSync('2,2\n')]))).toBe(2);
    await expect(readFile('cut.gz', packed.subarray(0, packed.length / 2))).rejects.toThrow(/E_TRACE.*damaged gzip/);
  });

  it('a file that is not there, or is a folder, cannot be read', async () => {
    const lines = async (path: string): Promise<void> => {
      for await (const block of readTraceFile(path)) expect(block.count).toBe(0);
    };
    await expect(lines(join(folder, 'absent.csv'))).rejects.toThrow(/E_NO_INPUT.*absent\.csv cannot be read/);
    await expect(lines(folder)).rejects.toThrow(/E_NO_INPUT/);
  });
});
