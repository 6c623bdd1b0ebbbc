/** How the demo talks: a line a step on stdout, and a bar on stderr in a terminal. With --json only the bar. */
import type { Io } from './command.js';
import { grouped } from './numbers.js';
import { Output } from './output.js';
import { Progress } from './progress.js';
import { wrap } from './text.js';

const BOLD = '\u001b[1m';
const DIM = '\u001b[2m';
const PLAIN = '\u001b[0m';
const LABEL_CELLS = 10;
const WIDTH_MAX = 100;

export class DemoView {
  readonly #io: Io;
  readonly #output: Output;
  readonly #quiet: boolean;
  readonly #coloured: boolean;
  readonly #progress: Progress;
  #unwritten = 0;

  constructor(io: Io, quiet: boolean) {
    this.#io = io;
    this.#output = new Output(io.stdout);
    this.#quiet = quiet;
    this.#coloured = io.stdout.isTTY && io.stdout.hasColors();
    this.#progress = new Progress(io.stderr, '  ');
  }

  title(text: string): void {
    this.#write(`${this.#coloured ? `${BOLD}${text}${PLAIN}` : text}\n\n`);
  }

  /** A step that was done: what it was, in a word, and what came of it. */
  step(label: string, text: string): void {
    const [first = '', ...more] = wrap(
      text,
      Math.min(WIDTH_MAX, this.#io.stdout.columns || WIDTH_MAX) - LABEL_CELLS - 3,
    );
    const shown = label.padEnd(LABEL_CELLS);
    this.#write(`  ${this.#coloured ? `${DIM}${shown}${PLAIN}` : shown} ${first}\n`);
    for (const line of more) this.#write(`${' '.repeat(LABEL_CELLS + 3)}${line}\n`);
  }

  heading(text: string): void {
    this.#write(`\n${this.#coloured ? `${BOLD}${text}${PLAIN}` : text}\n`);
  }

  /** Lines to copy from. */
  lines(texts: readonly string[]): void {
    for (const text of texts) this.#write(`  ${text}\n`);
  }

  bar(share: number | null, count: number, what = 'records acknowledged'): void {
    // Between the lines of a step it would stand in the middle of them.
    if (this.#unwritten === 0) this.#progress.update(share, `${grouped(count)} ${what}`);
  }

  /** Resolves when everything said is out. */
  async end(): Promise<void> {
    this.#progress.end();
    await this.#output.flush();
  }

  #write(text: string): void {
    this.#progress.end();
    if (this.#quiet) return;
    void this.#output.add(text);
    this.#unwritten += 1;
    const written = (): void => void (this.#unwritten -= 1);
    // At once; when it fails, the next add() says so.
    this.#output.flush().then(written, written);
  }
}
