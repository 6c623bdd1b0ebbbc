/**
 * The heart: the runtime's own actors under their supervisor. On two cores or more each has a thread of its own; where the
 * runtime may use one core only, one thread carries them all. Which of the two can change while records are appended: the actors
 * are stopped in reverse order and started again in order, the other way. Appends wait in their rings meanwhile.
 *
 * Ownership: used by the conductor's thread. A change and a stop follow each other in the order of asking.
 */
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { type Carried, Carrier } from './carrier.js';
import type { SupervisorEvent, SupervisorStatus } from './spec.js';
import { Supervisor } from './supervisor.js';

/** What the thread is called that carries all of them. */
const SHARED = 'heart';

interface Beating {
  readonly supervisor: Supervisor;
  /** Null where each actor has a thread of its own. */
  readonly carrier: Carrier | null;
}

export class Heart {
  readonly #links: readonly Carried[];
  readonly #onEvent: (event: SupervisorEvent) => void;
  #now: Beating;
  #shares: boolean;
  #handsOver = false;
  /** Restarts before the last change. */
  #restarts = 0;
  #changing: Promise<unknown> = Promise.resolve();

  /** The actors' links in their order of start. */
  constructor(links: readonly Carried[], cores: number, onEvent: (event: SupervisorEvent) => void) {
    this.#links = links;
    this.#onEvent = onEvent;
    this.#shares = cores === 1;
    this.#now = this.#make();
  }

  /** True while the actors stop only to be started the other way. */
  get handsOver(): boolean {
    return this.#handsOver;
  }

  /** Resolves when all are up; rejects with what stopped one of them from starting. */
  start(): Promise<void> {
    return this.#now.supervisor.start();
  }

  /** Stops them in reverse order, once a change under way is over. Never rejects. */
  async stop(): Promise<void> {
    await this.#changing.catch(() => undefined);
    await this.#now.supervisor.stop();
  }

  /**
   * Lets the actors live on so many cores; resolves when all are up. Rejects with what `assertRunning`
   * throws before anything is stopped, and with E_ACTOR_HUNG when they share a thread that does not stop and must not be ended.
   */
  change(cores: number, assertRunning: () => void): Promise<void> {
    const change = async (): Promise<void> => {
      assertRunning();
      if (this.#shares !== (cores === 1)) await this.#change(cores === 1);
    };
    const changed = this.#changing.then(change, change);
    this.#changing = changed;
    return changed;
  }

  /** Each actor in a row of its own, also where they share a thread. */
  status(): SupervisorStatus {
    const { supervisor, carrier } = this.#now;
    const status = supervisor.status();
    const shared = status.children[0];
    const children =
      carrier === null || shared === undefined ? status.children : this.#links.map(({ id }) => ({ ...shared, id }));
    return { ...status, restarts: this.#restarts + status.restarts, children };
  }

  async #change(shares: boolean): Promise<void> {
    const { supervisor, carrier } = this.#now;
    this.#handsOver = true;
    await supervisor.stop();
    this.#handsOver = false;
    if (carrier?.hung === true)
      throw new LtlError('E_ACTOR_HUNG', `the thread ${SHARED} did not stop; no other may write beside it`);
    this.#restarts += supervisor.status().restarts;
    this.#shares = shares;
    this.#now = this.#make();
    await this.start();
  }

  #make(): Beating {
    const carrier = this.#shares ? new Carrier(SHARED, this.#links) : null;
    const supervisor = new Supervisor({
      strategy: 'rest-for-one',
      children: carrier === null ? this.#links.map(({ spec }) => spec) : [carrier.spec],
      intensity: LIMITS.heartRestartsMax,
      periodMs: LIMITS.heartRestartPeriodMs,
      onEvent: this.#onEvent,
    });
    return { supervisor, carrier };
  }
}
