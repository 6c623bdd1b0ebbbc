/**
 * From bytes to lines, block by block, so that a file of any size passes through little memory. A line ends at LF; a CR
 * before it belongs to the line, so that the same bytes come back. The last line needs no LF. An empty line is a line.
 */
import { isUtf8 } from 'node:buffer';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';

const LF = 10;

/** Consecutive lines as text; `firstLine` counts from 1. */
export interface LineBlock {
  readonly lines: readonly string[];
  readonly firstLine: number;
  /** Bytes of input up to the end of this block. */
  readonly bytesRead: number;
}

/**
 * Yields whole lines as they come in. A line that is no UTF-8, or too long, throws E_INPUT with its number, after the
 * lines before it were yielded.
 */
export async function* lineBlocks(source: AsyncIterable<Buffer>): AsyncGenerator<LineBlock, void, undefined> {
  let open: Buffer[] = [];
  let openBytes = 0;
  let firstLine = 1;
  let bytesRead = 0;
  for await (const chunk of source) {
    bytesRead += chunk.length;
    const end = chunk.lastIndexOf(LF);
    if (end === -1) {
      open.push(chunk);
      openBytes += chunk.length;
    } else {
      const head = chunk.subarray(0, end);
      const block = open.length === 0 ? head : Buffer.concat([...open, head]);
      for (const lines of decode(block, firstLine)) {
        yield { lines, firstLine, bytesRead };
        firstLine += lines.length;
      }
      open = end + 1 === chunk.length ? [] : [chunk.subarray(end + 1)];
      openBytes = chunk.length - end - 1;
    }
    if (openBytes > LIMITS.lineBytesMax) throw badLine(firstLine, `is longer than ${LIMITS.lineBytesMax} bytes`);
  }
  if (openBytes === 0) return;
  for (const lines of decode(Buffer.concat(open), firstLine)) {
    yield { lines, firstLine, bytesRead };
    firstLine += lines.length;
  }
}

/** A line that cannot be taken. */
export function badLine(line: number, why: string, cause?: unknown): LtlError {
  return new LtlError('E_INPUT', `line ${line} ${why}`, { cause, details: { line } });
}

/** The lines of a block without its last LF. */
function* decode(block: Buffer, firstLine: number): Generator<string[]> {
  // Node's own decoder replaces what is malformed, so a block is decoded only once it is known to be well-formed.
  if (isUtf8(block)) {
    yield block.toString('utf8').split('\n');
    return;
  }
  const lines: string[] = [];
  for (let start = 0; start <= block.length; ) {
    const found = block.indexOf(LF, start);
    const line = block.subarray(start, found === -1 ? block.length : found);
    if (!isUtf8(line)) break;
    lines.push(line.toString('utf8'));
    start += line.length + 1;
  }
  if (lines.length > 0) yield lines;
  throw badLine(firstLine + lines.length, 'is not valid UTF-8');
}
