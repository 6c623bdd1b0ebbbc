/**
 * One worker thread that carries several actors, as one child of a supervisor; each actor's link uses it as if it were the
 * actor's own thread.
 *
 * A thread with a native store must never be ended by force. One that hangs may wake up one day and go on writing, so no
 * other is started beside it: every further start is refused, until the supervisor gives up.
 */
import { isLtlError, LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import type { Line, Link } from './link.js';
import type { ChildHandle, ChildSpec } from './spec.js';
import { startWorker, type WorkerChild } from './worker-child.js';

/** By URL, as all actors: the supervisor knows none. */
const MODULE = new URL('../actors/shared.js', import.meta.url);

/** A link, whatever its actor takes and tells. */
export type Carried = Pick<Link<never, never>, 'id' | 'spec' | 'nativeStore' | 'part' | 'heard' | 'leave'> & {
  hold(line: Line<unknown>): void;
};

interface PartMessage {
  readonly part: string;
  readonly message: unknown;
}

export class Carrier {
  readonly #name: string;
  readonly #links: readonly Carried[];
  #hung = false;

  constructor(name: string, links: readonly Carried[]) {
    this.#name = name;
    this.#links = links;
  }

  /** A thread of it lives on and cannot be ended. */
  get hung(): boolean {
    return this.#hung;
  }

  /** The child as data, for the supervisor. */
  get spec(): ChildSpec {
    return {
      id: this.#name,
      restart: 'permanent',
      shutdownMs: LIMITS.exitMsMax,
      startMs: LIMITS.startMsMax,
      start: () => this.#start(),
    };
  }

  async #start(): Promise<ChildHandle> {
    if (this.#hung) throw new LtlError('E_ACTOR_HUNG', `a thread of ${this.#name} hangs; no other may write beside it`);
    const child = await this.#launch();
    void child.exited.then(({ kind }) => {
      this.#hung = kind === 'hung';
    });
    for (const link of this.#links) link.hold(this.#line(link, child));
    return { exited: child.exited, stop: (deadlineMs) => this.#stop(() => child.stop(deadlineMs)) };
  }

  async #launch(): Promise<WorkerChild<PartMessage>> {
    const nativeStore = this.#links.some((link) => link.nativeStore);
    try {
      return await startWorker<PartMessage, PartMessage>({
        name: this.#name,
        module: MODULE,
        input: { parts: this.#links.map((link) => link.part()) },
        startMs: LIMITS.startMsMax,
        resourceLimits: { maxOldGenerationSizeMb: LIMITS.actorHeapMibMax },
        nativeStore,
        onMessage: ({ part, message }) => this.#links.find(({ id }) => id === part)?.heard(message),
      });
    } catch (error) {
      // Too late is not dead: it may come up yet.
      this.#hung = nativeStore && isLtlError(error, 'E_TIMEOUT');
      throw error;
    }
  }

  #line({ id: part }: Carried, child: WorkerChild<PartMessage>): Line<unknown> {
    return {
      name: this.#name,
      exited: child.exited,
      loopTimes: () => child.loopTimes(),
      post: (message, transfer) => child.post({ part, message }, transfer),
      kill: () => child.kill(),
    };
  }

  /** Every actor is told that its thread is to stop. */
  #stop(stop: () => Promise<void>): Promise<void> {
    return this.#links.reduceRight<() => Promise<void>>((next, link) => () => link.leave(next), stop)();
  }
}
