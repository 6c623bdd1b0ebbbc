/**
 * The conductor of users' actors, in the thread of the caller: spawns them here, in shared workers or in workers of their
 * own, supervises them, keeps their dead letters, and tells what they do. Usable by itself, without a log.
 *
 * Ownership: one thread uses it; its references may be sent anywhere. The process is kept alive by pending asks, starts
 * and stops, not by idle actors.
 */
import { availableParallelism } from 'node:os';
import { type JobOptions, JobPool } from '../jobs/pool.js';
import { type Clock, realClock } from '../ports/clock.js';
import { describeExit, type ExitReason } from '../supervisor/exit.js';
import type { ChildSpec, SupervisorEvent } from '../supervisor/spec.js';
import { STATE } from '../wire/mailbox.js';
import type { ActorTransition, FromPlace } from '../wire/place.js';
import {
  ESCALATIONS_KEPT_MAX,
  SHUTDOWN_MS_DEFAULT,
  START_MS_DEFAULT,
  STOP_GRACE_MS,
  TIMER_MS_MAX,
} from '../words/actor-limits.js';
import { LtlError } from '../words/errors.js';
import type { ActorRef, Spawn, SpawnOptions, SuperviseOptions } from './actor.js';
import { type AloneWorld, startAlone } from './alone.js';
import { assertPlacement, assertSpawnOptions, assertSuperviseOptions, assertUrl } from './check.js';
import { type DeadLetter, DeadLetters } from './dead-letters.js';
import { Lives } from './lives.js';
import { Place } from './place.js';
import type { ActorRecord } from './record.js';
import { Supervision, type SupervisionWorld, superviseOne } from './supervision.js';
import { Threads } from './threads.js';
import { type ActorNode, describeActor } from './tree.js';
import { HangWatch } from './watch.js';

export interface ActorSystemOptions {
  /** Shared worker threads at most; the number of processors less one, at least one, when absent. */
  readonly threads?: number;
  readonly clock?: Clock;
}

/** What happens to actors and supervisors, as `onEvent` tells it. */
export type ActorEvent =
  | (SupervisorEvent & { readonly supervisor: string })
  | { readonly type: 'hung'; readonly id: string; readonly atMs: number; readonly supervisor: string };

/** A supervisor that gave up: when, which one, and the child beyond its budget. */
export interface Escalation {
  readonly atMs: number;
  readonly supervisor: string;
  readonly id: string;
  readonly reason: ExitReason;
}

export class ActorSystem {
  readonly #clock: Clock;
  readonly #place: Place;
  readonly #lives: Lives;
  readonly #threads: Threads;
  readonly #jobs: JobPool;
  readonly #letters = new DeadLetters();
  readonly #supervisions: Supervision[] = [];
  readonly #inspectors = new Set<(transition: ActorTransition) => void>();
  readonly #listeners = new Set<(event: ActorEvent) => void>();
  readonly #escalations: Escalation[] = [];
  readonly #watch: HangWatch;
  readonly #aloneWorld: AloneWorld;
  #stopping: Promise<void> | undefined;

  constructor(options: ActorSystemOptions = {}) {
    this.#clock = options.clock ?? realClock;
    this.#place = new Place(0, this.#clock, (message) => this.#said(0, message));
    const threads = options.threads ?? Math.max(1, availableParallelism() - 1);
    this.#jobs = new JobPool(threads, this.#clock);
    this.#threads = new Threads(threads, {
      said: (place, message) => this.#said(place, message),
      linked: (place, end) => this.#place.connect(place, end).unref(),
      ended: (thread, reason) => this.#lives.threadEnded(thread, reason),
      inspecting: () => this.#inspectors.size > 0,
    });
    const hung = (record: ActorRecord): void =>
      this.#emit({ type: 'hung', id: record.name, atMs: this.#clock.nowMs(), supervisor: '' });
    this.#watch = new HangWatch(this.#clock, {
      records: () => this.#lives.all(),
      threads: () => this.#threads.all(),
      hung,
      abandon: (record, reason) => this.#lives.abandon(record, reason),
    });
    this.#lives = new Lives({
      clock: this.#clock,
      place: this.#place,
      threads: this.#threads,
      watch: this.#watch,
      hung,
    });
    this.#aloneWorld = {
      clock: this.#clock,
      lives: this.#lives,
      emit: (event) => this.#emit(event),
      supervise: (spec, record) => {
        const supervision = superviseOne(spec, record, this.#world());
        this.#supervisions.push(supervision);
        return supervision;
      },
    };
  }

  /** Starts an actor; resolves when it is ready for messages, rejects with its start's error. */
  readonly spawn: Spawn = async (logic: object, options: SpawnOptions = {}): Promise<ActorRef<unknown, never>> => {
    this.#mustRun();
    assertSpawnOptions(options);
    assertPlacement(logic, options, options.name ?? 'the actor');
    const record = this.#lives.make(logic, options);
    await startAlone(this.#aloneWorld, record, this.#spec(record));
    return record.ref as unknown as ActorRef<unknown, never>;
  };

  /** Starts a supervisor and its children in order; resolves when all are ready. */
  async supervise(options: SuperviseOptions): Promise<Supervision> {
    this.#mustRun();
    assertSuperviseOptions(options);
    const supervision = new Supervision(options, this.#world());
    this.#supervisions.push(supervision);
    await supervision.start();
    return supervision;
  }

  /** Runs stateless work on the job pool: the default export of that module, called with the data. */
  async job<Result = unknown>(module: URL, data: unknown, options: JobOptions = {}): Promise<Result> {
    this.#mustRun();
    assertUrl(module, 'a job');
    return this.#jobs.run(module, data, options) as Promise<Result>;
  }

  /** Sets how many shared workers, and how many workers for jobs, there may be from now on. */
  set threads(limit: number) {
    if (!Number.isInteger(limit) || limit < 1) throw new LtlError('E_ARGUMENT', 'threads is a whole number from 1');
    this.#threads.limit = limit;
    this.#jobs.threads = limit;
  }

  get threads(): number {
    return this.#threads.limit;
  }

  /** The live tree: supervisors with their children, and actors spawned alone. Rates are since the last call. */
  actors(): readonly ActorNode[] {
    const nowMs = this.#clock.nowMs();
    const describe = (record: ActorRecord, restarts: number): ActorNode => describeActor(record, restarts, nowMs);
    const supervised = new Set<ActorRecord>();
    const trees = this.#supervisions.map((supervision) => supervision.describe(describe, supervised));
    const alone = this.#lives.all().filter((record) => !supervised.has(record));
    return [...trees, ...alone.map((record) => describe(record, 0))];
  }

  /** Streams every handled message until the returned function is called. Costs time while it is on. */
  inspect(listener: (transition: ActorTransition) => void): () => void {
    this.#inspectors.add(listener);
    this.#inspecting();
    return () => {
      this.#inspectors.delete(listener);
      this.#inspecting();
    };
  }

  /** Tells every start, end, restart, escalation and hang until the returned function is called. */
  onEvent(listener: (event: ActorEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The last supervisors that gave up, oldest first; at most ESCALATIONS_KEPT_MAX. */
  escalations(): readonly Escalation[] {
    return [...this.#escalations];
  }

  /** Messages that did not arrive, oldest first; at most DEAD_LETTERS_MAX. */
  deadLetters(): readonly DeadLetter[] {
    return this.#letters.list();
  }

  /** Sends dead letters again, all or those that fit; returns how many went on their way. */
  resend(fits: (letter: DeadLetter) => boolean = () => true): number {
    return this.#letters.resend(fits);
  }

  /** Stops everything: supervisors and actors in reverse order, then the threads. Never rejects. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (const supervision of this.#supervisions.toReversed()) await supervision.stop();
    for (const record of this.#lives.all().toReversed()) await record.stop();
    this.#watch.stop();
    await Promise.all([this.#threads.stop(), this.#jobs.close()]);
    this.#place.close();
  }

  #mustRun(): void {
    if (this.#stopping !== undefined) throw new LtlError('E_CLOSED', 'the actor system was stopped');
  }

  #spec(record: ActorRecord): ChildSpec {
    const { restart, shutdownMs, startMs } = record.options;
    return {
      id: record.name,
      restart: restart ?? 'temporary',
      shutdownMs: shutdownMs ?? SHUTDOWN_MS_DEFAULT,
      // The actor's own start is given up first, and with it what it holds: only then may another begin.
      startMs: Math.min(TIMER_MS_MAX, (startMs ?? START_MS_DEFAULT) + STOP_GRACE_MS),
      start: () => this.#lives.start(record),
    };
  }

  /** What supervisions need of the system. */
  #world(): SupervisionWorld {
    return {
      clock: this.#clock,
      child: (logic, options) => {
        const record = this.#lives.make(logic, options);
        return { record, spec: this.#spec(record) };
      },
      emit: (event) => this.#emit(event),
      down: (record, reason) => this.#lives.change(record, STATE.down, reason),
      dead: (record, reason) => this.#lives.dead(record, reason),
      ended: (supervision) => {
        const at = this.#supervisions.indexOf(supervision);
        if (at >= 0) this.#supervisions.splice(at, 1);
      },
    };
  }

  /* What places and threads say */

  #said(place: number, message: FromPlace): void {
    switch (message.tag) {
      case 'ready':
        this.#lives.actorReady(place, message.id);
        return;
      case 'ended':
        this.#lives.actorEnded(place, message.id, message.reason);
        return;
      case 'connect':
        if (!this.#threads.connect(place, message.to)) this.#lives.tell(place, { tag: 'gone', place: message.to });
        return;
      case 'subscribe':
        this.#lives.subscribe(place, message.id);
        return;
      case 'unsubscribe':
        this.#lives.get(message.id)?.subscribers.delete(place);
        return;
      case 'stop':
        void this.#lives.get(message.id)?.stop();
        return;
      case 'dead-letter': {
        const { to, message: lost, reason, error } = message.letter;
        const revived = place === 0 ? lost : this.#place.revive(lost);
        const ref = this.#lives.get(to)?.ref;
        this.#letters.add({ atMs: this.#clock.nowMs(), to: ref, toId: to, message: revived, reason, error });
        return;
      }
      case 'transitions':
        for (const transition of message.transitions)
          for (const listener of this.#inspectors) queueMicrotask(() => listener(transition));
        return;
    }
  }

  /** Seen even where nobody listens: in the process's warnings, and in status(). */
  #escalated({ atMs, supervisor, id, reason }: Extract<ActorEvent, { type: 'escalated' }>): void {
    this.#escalations.push({ atMs, supervisor, id, reason });
    if (this.#escalations.length > ESCALATIONS_KEPT_MAX) this.#escalations.shift();
    const code = reason.kind === 'error' ? reason.error.code : 'E_ACTOR_FAILED';
    process.emitWarning(`${supervisor} gave up: ${id} ${describeExit(reason)}`, { type: 'LtlEscalation', code });
  }

  #inspecting(): void {
    const on = this.#inspectors.size > 0;
    this.#place.inspecting = on;
    this.#threads.tellAll({ tag: 'inspect', on });
  }

  #emit(event: ActorEvent): void {
    if (event.type === 'escalated') this.#escalated(event);
    for (const listener of this.#listeners) queueMicrotask(() => listener(event));
  }
}
