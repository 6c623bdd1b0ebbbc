/**
 * Writing to stdout: gathered, with backpressure, and quiet when the reader has gone (`ltl read | head`).
 */
import type { Writable } from 'node:stream';
import { LtlError } from '../words/errors.js';

const FLUSH_CHARACTERS = 64 * 1024;

/** Thrown when stdout was closed by its reader: a reason to stop, no failure of ours. */
export class OutputClosed extends Error {
  constructor() {
    super('stdout was closed');
    this.name = 'OutputClosed';
  }
}

/** Text for a stream, gathered into large writes. What was added goes out at the latest when the event loop turns. */
export class Output {
  readonly #stream: Writable;
  #text = '';
  #flushing: Promise<void> | null = null;
  #scheduled = false;
  /** Why nothing more can be written. */
  #failure: Error | null = null;
  readonly #abort = new AbortController();

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('error', this.#fail);
  }

  /** Aborted when the reader has gone. */
  get closed(): AbortSignal {
    return this.#abort.signal;
  }

  /** Adds text. Await the promise, when there is one, before adding more: the stream is full. Throws OutputClosed, E_OUTPUT. */
  add(text: string): Promise<void> | undefined {
    if (this.#failure !== null) throw this.#failure;
    this.#text += text;
    if (this.#text.length >= FLUSH_CHARACTERS) return this.flush();
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        // A failure stays, and the next call throws it.
        this.flush().catch(this.#fail);
      });
    }
    return undefined;
  }

  /** Resolves when the stream has taken everything. Rejects with OutputClosed, or E_OUTPUT. */
  async flush(): Promise<void> {
    while (this.#flushing !== null) await this.#flushing;
    if (this.#failure !== null) throw this.#failure;
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#flushing = this.#write(text);
    try {
      await this.#flushing;
    } finally {
      this.#flushing = null;
    }
  }

  #write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(text, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(this.#fail(error));
      });
    });
  }

  /** Keeps the first failure, and gives it. */
  readonly #fail = (error: Error): Error => {
    if (this.#failure === null) {
      this.#failure = failureOf(error);
      this.#abort.abort();
    }
    return this.#failure;
  };
}

/** Writes one text, whole. */
export async function writeAll(stream: Writable, text: string): Promise<void> {
  const output = new Output(stream);
  await output.add(text);
  await output.flush();
}

function failureOf(error: Error): Error {
  if (error instanceof OutputClosed || error instanceof LtlError) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  return CLOSED_CODES.has(code)
    ? new OutputClosed()
    : new LtlError('E_OUTPUT', `stdout cannot be written: ${error.message}`, { cause: error });
}

const CLOSED_CODES = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET']);
