/** SIGINT and SIGTERM as a request to end in order. A second one ends the process at once, as if nobody had listened. */
import os from 'node:os';

type StopSignal = 'SIGINT' | 'SIGTERM';

export class StopRequest implements Disposable {
  readonly #abort = new AbortController();
  #received: StopSignal | null = null;
  readonly #onSignal = (signal: StopSignal): void => {
    this[Symbol.dispose]();
    this.#received = signal;
    this.#abort.abort();
  };

  constructor() {
    process.on('SIGINT', this.#onSignal).on('SIGTERM', this.#onSignal);
  }

  /** Aborted by the signal. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  /** Which one came, or null. */
  get received(): StopSignal | null {
    return this.#received;
  }
  /** The shell's status for a process that a signal ended: 130 or 143. */
  get exitStatus(): number {
    return this.#received === null ? 0 : 128 + os.constants.signals[this.#received];
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#onSignal).off('SIGTERM', this.#onSignal);
  }
}
