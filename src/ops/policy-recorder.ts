/** Writes the record of a live run: lines are gathered and written in blocks, and the rest when the run ends. */
import fs from 'node:fs';
import type { RecordEvent, RecordHead } from '../policy/record.js';
import { LtlError } from '../words/errors.js';
import type { RecordSink } from './policy-run.js';

const BLOCK_CHARACTERS = 64 * 1024;

export class PolicyRecorder implements RecordSink {
  readonly path: string;
  #fd: number;
  #text = '';
  failure: LtlError | null = null;

  /** Makes the file anew. Throws E_PERMISSION when it cannot. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#fd = fs.openSync(path, 'w');
    } catch (cause) {
      throw new LtlError('E_PERMISSION', `${path} cannot be written: ${(cause as Error).message}`, { cause });
    }
  }

  add(line: RecordHead | RecordEvent): void {
    if (this.failure !== null) return;
    this.#text += `${JSON.stringify(line)}\n`;
    if (this.#text.length >= BLOCK_CHARACTERS) this.#write();
  }

  close(): void {
    if (this.#fd === -1) return;
    this.#write();
    fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  #write(): void {
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    try {
      for (let at = 0; at < bytes.length; ) at += fs.writeSync(this.#fd, bytes, at);
    } catch (cause) {
      this.failure = new LtlError('E_OUTPUT', `${this.path}: the record breaks off: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
}
