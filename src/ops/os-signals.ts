/**
 * Signals of the operating system as events of one instance: SIGTERM and SIGINT end it in order, SIGUSR2 makes it nap and
 * wakes it in turn, SIGHUP asks whoever keeps text logs to reopen them. SIGUSR1 is Node's own. Each also sets the runtime
 * signal of its name. A library must not take signals unasked, so `open` does this only when told to.
 */

export const OS_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGUSR2', 'SIGHUP'] as const;
export type OsSignal = (typeof OS_SIGNALS)[number];

/** What the signals do. */
export interface OsSignalEffects {
  exit(): Promise<void>;
  napOrWake(): Promise<void>;
  /** Sets the runtime signal of that name. */
  announce(name: OsSignal): void;
}

export class OsSignals {
  readonly #names: readonly OsSignal[];
  readonly #effects: OsSignalEffects;
  readonly #onSignal = (name: NodeJS.Signals): void => this.#take(name as OsSignal);
  #hushed = false;
  #ending = false;

  /** `which`: true for all four, or their names. */
  constructor(which: true | readonly OsSignal[], effects: OsSignalEffects) {
    this.#names = which === true ? OS_SIGNALS : which;
    this.#effects = effects;
    for (const name of this.#names) process.on(name, this.#onSignal);
  }

  /** The instance is closing: only those that end the process still mean something to it; none has its usual course yet. */
  hush(): void {
    this.#hushed = true;
  }

  close(): void {
    for (const name of this.#names) process.off(name, this.#onSignal);
  }

  #take(name: OsSignal): void {
    if (!this.#hushed) this.#effects.announce(name);
    if (name === 'SIGTERM' || name === 'SIGINT') this.#end(name);
    else if (name === 'SIGUSR2' && !this.#hushed) void this.#effects.napOrWake();
  }

  /** The first waits for the end in order, the second does not. */
  #end(name: OsSignal): void {
    const passOn = (): void => this.#passOn(name);
    if (this.#ending) passOn();
    else {
      this.#ending = true;
      void this.#effects.exit().then(passOn, passOn);
    }
  }

  /** Ends the process as if nobody had listened, once nobody listens: several instances may be ending, each in its time. */
  #passOn(name: OsSignal): void {
    this.close();
    if (process.listenerCount(name) === 0) process.kill(process.pid, name);
  }
}
