/**
 * The door's way to users' own actors: loads the actor system with the first of them, so that an instance without any
 * does not pay for it. What is asked of it before (threads, listeners) is kept until then.
 */
import type { ActorRef, Spawn, SpawnOptions, SuperviseOptions } from '../actors/actor.js';
import type { DeadLetter } from '../actors/dead-letters.js';
import type { Supervision } from '../actors/supervision.js';
import type { ActorEvent, ActorSystem, Escalation } from '../actors/system.js';
import type { ActorNode } from '../actors/tree.js';
import type { JobOptions } from '../jobs/pool.js';
import type { ActorTransition } from '../wire/place.js';
import { shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';

/** A listener that waits for the system, or how to end it there. */
interface Listening {
  readonly begin: (system: ActorSystem) => () => void;
  end: (() => void) | undefined;
}

export class UserActors {
  /** The runtime's own actors, for the tree. */
  heart: () => readonly ActorNode[] = () => [];
  #system: ActorSystem | undefined;
  #loading: Promise<ActorSystem> | undefined;
  #threads: number;
  #closed = false;
  readonly #listening = new Set<Listening>();

  constructor(threads: number) {
    this.#threads = threads;
  }

  readonly spawn: Spawn = async (logic: object, options: SpawnOptions = {}): Promise<ActorRef<unknown, never>> => {
    const system = await this.#load();
    return (await system.spawn(logic as URL, options)) as ActorRef<unknown, never>;
  };

  async supervise(options: SuperviseOptions): Promise<Supervision> {
    return (await this.#load()).supervise(options);
  }

  async job<Result>(module: URL, data: unknown, options: JobOptions): Promise<Result> {
    return (await this.#load()).job(module, data, options);
  }

  /** How many threads jobs, and shared workers, may take: each at most so many. */
  get threads(): number {
    return this.#threads;
  }

  set threads(count: number) {
    if (!Number.isInteger(count) || count < 1 || count > LIMITS.threadsMax)
      throw new LtlError('E_ARGUMENT', `threads is a whole number from 1 to ${LIMITS.threadsMax}, not ${shown(count)}`);
    this.#threads = count;
    if (this.#system !== undefined) this.#system.threads = count;
  }

  actors(): readonly ActorNode[] {
    return [...this.heart(), ...(this.#system?.actors() ?? [])];
  }

  inspect(listener: (transition: ActorTransition) => void): () => void {
    return this.#listen((system) => system.inspect(listener));
  }

  onEvent(listener: (event: ActorEvent) => void): () => void {
    return this.#listen((system) => system.onEvent(listener));
  }

  escalations(): readonly Escalation[] {
    return this.#system?.escalations() ?? [];
  }

  deadLetters(): readonly DeadLetter[] {
    return this.#system?.deadLetters() ?? [];
  }

  resend(fits?: (letter: DeadLetter) => boolean): number {
    return this.#system?.resend(fits) ?? 0;
  }

  async stop(): Promise<void> {
    this.#closed = true;
    const system = await this.#loading;
    await system?.stop();
  }

  #listen(begin: Listening['begin']): () => void {
    const listening: Listening = { begin, end: this.#system === undefined ? undefined : begin(this.#system) };
    this.#listening.add(listening);
    return () => {
      this.#listening.delete(listening);
      listening.end?.();
    };
  }

  #load(): Promise<ActorSystem> {
    if (this.#closed) return Promise.reject(new LtlError('E_CLOSED', 'the instance is closed'));
    this.#loading ??= this.#make();
    return this.#loading;
  }

  async #make(): Promise<ActorSystem> {
    const { ActorSystem: System } = await import('../actors/system.js');
    const system = new System({ threads: this.#threads });
    this.#system = system;
    for (const listening of this.#listening) listening.end = listening.begin(system);
    return system;
  }
}
