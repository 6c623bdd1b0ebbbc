/** One line on stderr that tells how far long work is; nothing at all where stderr is no terminal. */

const REDRAW_MS = 100;
const BAR_CELLS = 24;

export class Progress {
  readonly #stderr: NodeJS.WriteStream;
  readonly #label: string;
  readonly #silent: boolean;
  #shown = false;
  #drawnMs = 0;

  /** `alone` false: something else writes to the same terminal meanwhile, so nothing is shown. */
  constructor(stderr: NodeJS.WriteStream, label: string, alone = true) {
    this.#stderr = stderr;
    this.#silent = !alone || !stderr.isTTY;
    this.#label = label;
    this.#drawnMs = performance.now();
  }

  /** `share` is done, from 0 to 1; null where the end is not known. */
  update(share: number | null, text: string): void {
    if (this.#silent) return;
    const now = performance.now();
    if (now - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = now;
    const line = `${this.#label} ${share === null ? '' : `${bar(share)} `}${text}`;
    // Longer than the terminal, it would wrap and could not be wiped.
    this.#stderr.write(`\r\u001b[2K${line.slice(0, Math.max(20, (this.#stderr.columns || 80) - 1))}`);
    this.#shown = true;
  }

  /** Wipes the line. */
  end(): void {
    if (this.#shown) this.#stderr.write('\r\u001b[2K');
    this.#shown = false;
  }
}

function bar(share: number): string {
  const cells = Math.max(0, Math.min(BAR_CELLS, Math.round(share * BAR_CELLS)));
  return `${'█'.repeat(cells)}${'░'.repeat(BAR_CELLS - cells)} ${String(Math.floor(share * 100)).padStart(3)}%`;
}
