/** Opening what a command reads: a file, or stdin for `-` or nothing. */
import { once } from 'node:events';
import fs from 'node:fs';
import { LtlError } from '../words/errors.js';
import type { Io } from './command.js';

const CHUNK_BYTES = 512 * 1024;

export interface Input {
  readonly name: string;
  readonly chunks: AsyncIterable<Buffer>;
  /** Null where nobody knows, as for a pipe. */
  readonly sizeBytes: number | null;
  /** Ends the chunks early. */
  readonly stop: () => void;
}

/** Throws E_NO_INPUT for a file that is not there, a folder, or one that may not be read. */
export async function openInput(operand: string | undefined, io: Io): Promise<Input> {
  if (operand === undefined || operand === '-') {
    if (io.stdin.isTTY) io.stderr.write('Reading lines from the terminal; end with Ctrl-D.\n');
    return wrap('stdin', io.stdin, null);
  }
  const stream = fs.createReadStream(operand, { highWaterMark: CHUNK_BYTES });
  try {
    await once(stream, 'open');
    const stat = await fs.promises.stat(operand);
    if (stat.isDirectory()) throw new Error('it is a folder');
    return wrap(operand, stream, stat.isFile() ? stat.size : null);
  } catch (error) {
    stream.destroy();
    const { code, message } = error as NodeJS.ErrnoException;
    throw new LtlError('E_NO_INPUT', `${operand} cannot be read: ${WORDS[code ?? ''] ?? message}`, { cause: error });
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission',
  ENOTDIR: 'a part of the path is no folder',
};

function wrap(name: string, stream: NodeJS.ReadableStream & { destroy(): unknown }, sizeBytes: number | null): Input {
  let stopped = false;
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of stream) {
        if (stopped) return;
        yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
      }
    } catch (error) {
      // Destroying a stream that is being read ends it with an error; that end was asked for.
      if (!stopped) throw new LtlError('E_IO', `${name} could not be read to its end`, { cause: error });
    }
  }
  return {
    name,
    chunks: chunks(),
    sizeBytes,
    stop: () => {
      stopped = true;
      stream.destroy();
    },
  };
}
