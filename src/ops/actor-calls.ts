/**
 * The door's calls for users' own actors and jobs; see docs/actors.md. Families of calls are classes that the door inherits
 * one after the other, so that each is documented where it stands and the door only wires them.
 */
import type { Spawn, SuperviseOptions } from '../actors/actor.js';
import type { DeadLetter } from '../actors/dead-letters.js';
import type { Supervision } from '../actors/supervision.js';
import type { ActorEvent } from '../actors/system.js';
import type { ActorNode } from '../actors/tree.js';
import type { JobOptions } from '../jobs/pool.js';
import type { ActorTransition } from '../wire/place.js';
import type { UserActors } from './user-actors.js';

export class ActorCalls {
  /**
   * Starts an actor of your own, in this thread, a shared worker, or a worker of its own; see docs/actors.md. Resolves with
   * its reference when it is ready; rejects with what its start threw, E_ARGUMENT, E_CLOSED.
   */
  readonly spawn: Spawn;
  readonly #actors: UserActors;

  constructor(actors: UserActors) {
    this.#actors = actors;
    this.spawn = actors.spawn;
  }

  /** Starts a supervisor with its children, in order; resolves when all are ready. */
  supervise(options: SuperviseOptions): Promise<Supervision> {
    return this.#actors.supervise(options);
  }

  /** Runs stateless work, the default export of a module, on the job pool. Rejects with E_JOB_FAILED, E_ABORTED, E_UNCLONEABLE. */
  job<Result = unknown>(module: URL, data: unknown, options: JobOptions = {}): Promise<Result> {
    return this.#actors.job(module, data, options);
  }

  /**
   * How many shared workers for actors, and how many workers for jobs (verification is among them), there may be; with a number:
   * from now on. Throws E_ARGUMENT.
   */
  threads(): number;
  threads(count: number): void;
  threads(count?: number): number | undefined {
    if (count !== undefined) this.#actors.threads = count;
    return count === undefined ? this.#actors.threads : undefined;
  }

  /**
   * The live tree as plain data: the runtime's own actors under their supervisor `heart`, then yours. Of each its state, thread,
   * mailbox depth, restarts, rates, and why it last died.
   */
  actors(): readonly ActorNode[] {
    return this.#actors.actors();
  }

  /** Streams every message that your actors handle, with its correlation, until the returned function is called. */
  inspect(listener: (transition: ActorTransition) => void): () => void {
    return this.#actors.inspect(listener);
  }

  /** Tells every start, end, restart, escalation and hang of your actors until the returned function is called. */
  onActorEvent(listener: (event: ActorEvent) => void): () => void {
    return this.#actors.onEvent(listener);
  }

  /** The last messages that did not arrive, with their reasons. */
  deadLetters(): readonly DeadLetter[] {
    return this.#actors.deadLetters();
  }

  /** Sends dead letters again, all or those that fit; returns how many went on their way. */
  resend(fits?: (letter: DeadLetter) => boolean): number {
    return this.#actors.resend(fits);
  }
}
