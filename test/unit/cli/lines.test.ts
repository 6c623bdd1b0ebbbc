/** The splitter of `ltl append`: bytes in, lines out, whatever the chunks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineBlocks } from '../../../src/cli/lines.js';
import { isLtlError } from '../../../src/words/errors.js';

async function* chunked(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const size = Math.max(1, sizes[index % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

interface Split {
  readonly lines: string[];
  readonly badLine: number | null;
}

async function split(bytes: Buffer, sizes: readonly number[]): Promise<Split> {
  const lines: string[] = [];
  try {
    for await (const block of lineBlocks(chunked(bytes, sizes))) {
      expect(block.firstLine).toBe(lines.length + 1);
      lines.push(...block.lines);
    }
    return { lines, badLine: null };
  } catch (error) {
    if (!isLtlError(error, 'E_INPUT')) throw error;
    return { lines, badLine: Number(error.details['line']) };
  }
}

/** What the words of the contract say, the slow way. */
function expected(bytes: Buffer): Split {
  const text = bytes.toString('latin1');
  const pieces = text.split('\n');
  if (pieces.at(-1) === '') pieces.pop();
  const lines: string[] = [];
  for (const piece of pieces) {
    try {
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      lines.push(decoder.decode(Buffer.from(piece, 'latin1')));
    } catch {
      return { lines, badLine: lines.length + 1 };
    }
  }
  return { lines, badLine: null };
}

describe('lineBlocks', () => {
  it('keeps CR, NUL, BOM, empty lines and a last line without LF', async () => {
    const text = '\uFEFFa\r\n\n\0\nüber\n\nend';
    expect((await split(Buffer.from(text), [1])).lines).toEqual(['\uFEFFa\r', '', '\0', 'über', '', 'end']);
  });

  it('gives nothing for nothing, and one empty line for one LF', async () => {
    expect((await split(Buffer.alloc(0), [8])).lines).toEqual([]);
    expect((await split(Buffer.from('\n'), [8])).lines).toEqual(['']);
  });

  it('names the line that is no UTF-8, also when a character is cut by a chunk', async () => {
    const bytes = Buffer.concat([Buffer.from('ü\n€\n'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('\nx\n')]);
    for (const size of [1, 2, 3, 4, 100]) expect(await split(bytes, [size])).toEqual({ lines: ['ü', '€'], badLine: 3 });
  });

  it('splits any bytes in any chunks as the contract says', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(text)),
      fc.constantFrom('\n', '\n\n', '\r\n').map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
    );
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 15 }), sizes, async (pieces, cuts) => {
        const bytes = Buffer.concat(pieces);
        expect(await split(bytes, cuts)).toEqual(expected(bytes));
      }),
      { numRuns: 100 },
    );
  });
});
