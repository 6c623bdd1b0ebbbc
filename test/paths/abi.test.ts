/**
 * Stores as earlier versions wrote them, one folder a format version in test/fixtures/abi: they open, everything is there
 * value by value, and they take more. The first was written by version 0.1.0.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, symDATA } from 'ltl';
import { afterEach, beforeEach, expect, it } from 'vitest';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ltl-abi-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const STORED: readonly unknown[] = [
  { sensor: 'a', value: 1, note: null },
  { sensor: 'b', value: -0.5, note: 'hé' },
  null,
  true,
  -0,
  2 ** 53,
  -(2n ** 63n),
  2n ** 64n - 1n,
  'grüße €🙂',
  new Date(1_763_800_000_123),
  new Uint8Array([0, 255]),
  [1, [2]],
  { a: { b: [] } },
  ...Array.from({ length: 20 }, (_, i) => ({ i, text: `learned ${i}` })),
  'x'.repeat(300),
];

it('a store of format 1 is read, verified and gone on with', async () => {
  cpSync(join(import.meta.dirname, '../fixtures/abi/1'), dir, { recursive: true });
  {
    await using reader = await open({ 'force-all.path': dir }, { readOnly: true });
    const found: unknown[] = [];
    for await (const { data } of reader.range(symDATA)) found.push(data);
    expect(found).toEqual(STORED);
    expect(await reader.verify()).toMatchObject({ clean: true, records: STORED.length, tornBytes: 0 });
  }
  await using writer = await open({ 'force-all.path': dir });
  expect(await writer.append({ i: 20, text: 'more' })).toBe(BigInt(STORED.length));
  expect((await writer.one(symDATA, 12n)).data).toEqual(STORED[12]);
  expect(writer.status().recovery).toMatchObject({ tornBytes: 0, damages: [] });
});
