/** Where a policy command reads and writes, and how it shows that it is still at work. */
import { readFileSync, writeFileSync } from 'node:fs';
import { LtlError } from '../../words/errors.js';

export interface PolicyIo {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
}

/** Time between two updates of the progress line. */
const UPDATE_MS = 200;

/** One line on stderr that is rewritten while work goes on; silent where stderr is no terminal. */
export class Progress {
  readonly #io: PolicyIo;
  readonly #nowMs: () => number;
  #shownMs: number;
  #shown = false;

  constructor(io: PolicyIo, nowMs: () => number = Date.now) {
    this.#io = io;
    this.#nowMs = nowMs;
    this.#shownMs = nowMs();
  }

  show(done: number, total: number | null): void {
    const nowMs = this.#nowMs();
    if (this.#io.stderr.isTTY !== true || nowMs - this.#shownMs < UPDATE_MS) return;
    this.#shownMs = nowMs;
    this.#shown = true;
    const share = total === null ? '' : ` of ${count(total)} (${Math.floor((100 * done) / total)} %)`;
    this.#io.stderr.write(`\r\u001B[K${count(done)} arrivals${share}`);
  }

  clear(): void {
    if (this.#shown) this.#io.stderr.write('\r\u001B[K');
    this.#shown = false;
  }
}

const count = (value: number): string => value.toLocaleString('en');

/** The text of a file that a policy names. Throws E_NO_INPUT. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new LtlError('E_NO_INPUT', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Writes a report. Throws E_PERMISSION when it cannot. */
export function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new LtlError('E_PERMISSION', `${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
}
