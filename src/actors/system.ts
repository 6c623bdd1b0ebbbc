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
import { type ExitReason, exitError, isNormal } from '../supervisor/exit.js';
import type { ChildHandle, ChildSpec, SupervisorEvent } from '../supervisor/spec.js';
import { Slots, STATE } from '../wire/mailbox.js';
import type { ActorTransition, FromPlace, ToPlace } from '../wire/place.js';
import { MAILBOX_SIZE_DEFAULT, SHUTDOWN_MS_DEFAULT } from '../words/actor-limits.js';
import { LtlError } from '../words/errors.js';
import type { ActorRef, Spawn, SpawnOptions, SuperviseOptions } from './actor.js';
import { Cell } from './cell.js';
import { type DeadLetter, DeadLetters } from './dead-letters.js';
import { handlerOf } from './handler.js';
import { Place } from './place.js';
import { ActorRecord, type Life } from './record.js';
import { Supervision, superviseOne } from './supervision.js';
import { type Thread, Threads } from './threads.js';
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

export class ActorSystem {
  readonly #clock: Clock;
  readonly #place: Place;
  readonly #slots = new Slots();
  readonly #records = new Map<number, ActorRecord>();
  readonly #threads: Threads;
  readonly #jobs: JobPool;
  readonly #letters = new DeadLetters();
  readonly #supervisions: Supervision[] = [];
  readonly #inspectors = new Set<(transition: ActorTransition) => void>();
  readonly #listeners = new Set<(event: ActorEvent) => void>();
  readonly #watch: HangWatch;
  #lastId = 0;
  #stopping: Promise<void> | undefined;

  constructor(options: ActorSystemOptions = {}) {
    this.#clock = options.clock ?? realClock;
    this.#place = new Place(0, this.#clock, (message) => this.#said(0, message));
    const threads = options.threads ?? Math.max(1, availableParallelism() - 1);
    this.#jobs = new JobPool(threads, this.#clock);
    this.#threads = new Threads(threads, {
      said: (place, message) => this.#said(place, message),
      linked: (place, end) => this.#place.connect(place, end).unref(),
      ended: (thread, reason) => this.#threadEnded(thread, reason),
      inspecting: () => this.#inspectors.size > 0,
    });
    this.#watch = new HangWatch(this.#clock, {
      records: () => this.#records.values(),
      threads: () => this.#threads.all(),
      hung: (record) => this.#emit({ type: 'hung', id: record.name, atMs: this.#clock.nowMs(), supervisor: '' }),
      abandon: (record, reason) => this.#abandon(record, reason),
    });
  }

  /** Starts an actor; resolves when it is ready for messages, rejects with its start's error. */
  readonly spawn: Spawn = async (logic: object, options: SpawnOptions = {}): Promise<ActorRef<never, never>> => {
    this.#mustRun();
    const record = this.#record(logic, options);
    const spec = this.#spec(record, record.name, options);
    if (spec.restart === 'temporary') await this.#startAlone(record, spec);
    else {
      const supervision = superviseOne(spec, options, record, this.#world());
      this.#supervisions.push(supervision);
      record.stop = () => supervision.stop();
      await supervision.start();
    }
    return record.ref as unknown as ActorRef<never, never>;
  };

  /** Starts a supervisor and its children in order; resolves when all are ready. */
  async supervise(options: SuperviseOptions): Promise<Supervision> {
    this.#mustRun();
    const supervision = new Supervision(options, this.#world());
    this.#supervisions.push(supervision);
    await supervision.start();
    return supervision;
  }

  /** Runs stateless work on the job pool: the default export of that module, called with the data. */
  job<Result = unknown>(module: URL, data: unknown, options: JobOptions = {}): Promise<Result> {
    this.#mustRun();
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
    const alone = [...this.#records.values()].filter((record) => !supervised.has(record));
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
    for (const record of [...this.#records.values()].toReversed()) await record.stop();
    this.#watch.stop();
    await Promise.all([this.#threads.stop(), this.#jobs.close()]);
    this.#place.close();
  }

  #mustRun(): void {
    if (this.#stopping !== undefined) throw new LtlError('E_CLOSED', 'the actor system was stopped');
  }

  #record(logic: unknown, options: SpawnOptions): ActorRecord {
    const id = ++this.#lastId;
    const slot = this.#slots.make();
    slot.state = STATE.down;
    slot.bound(options.mailbox?.size ?? MAILBOX_SIZE_DEFAULT, options.mailbox?.overflow ?? 'wait');
    const record = new ActorRecord(
      id,
      slot,
      this.#place.refOf(id, options.name ?? `actor-${id}`, slot),
      logic,
      options,
    );
    if (record.placement !== 'caller' && !(logic instanceof URL))
      throw new LtlError(
        'E_ARGUMENT',
        `${record.name}: logic that lives in a worker is given as the URL of its module`,
      );
    this.#records.set(id, record);
    return record;
  }

  #spec(record: ActorRecord, id: string, options: SpawnOptions): ChildSpec {
    return {
      id,
      restart: options.restart ?? 'temporary',
      shutdownMs: options.shutdownMs ?? SHUTDOWN_MS_DEFAULT,
      ...(options.startMs === undefined ? {} : { startMs: options.startMs }),
      start: () => this.#start(record),
    };
  }

  /** What supervisions need of the system. */
  #world(): ConstructorParameters<typeof Supervision>[1] {
    return {
      clock: this.#clock,
      child: (logic, options) => {
        const record = this.#record(logic, options);
        return { record, spec: this.#spec(record, record.name, options) };
      },
      emit: (event) => this.#emit(event),
      down: (record, reason) => this.#change(record, STATE.down, reason),
      dead: (record, reason) => this.#dead(record, reason),
      ended: (supervision) => this.#supervisions.splice(this.#supervisions.indexOf(supervision) >>> 0, 1),
    };
  }

  /** A temporary actor needs no supervisor: it is dead when it ends. */
  async #startAlone(record: ActorRecord, spec: ChildSpec): Promise<void> {
    try {
      const handle = await this.#start(record);
      record.stop = () => handle.stop(spec.shutdownMs);
      void handle.exited.then((reason) => this.#dead(record, reason));
    } catch (error) {
      this.#records.delete(record.id);
      throw error;
    }
  }

  /** Begins a life of the actor in the place where it belongs. */
  async #start(record: ActorRecord): Promise<ChildHandle> {
    const life = record.begin();
    try {
      if (record.placement === 'caller') await this.#startHere(record);
      else await this.#startThere(record, life);
    } catch (error) {
      record.life = undefined;
      this.#leaveThread(record);
      throw error;
    }
    record.starts++;
    record.seenMs = this.#clock.nowMs();
    record.sampledMs = this.#clock.nowMs();
    record.slot.place = record.thread?.place ?? 0;
    record.slot.reset();
    this.#change(record, STATE.up, { kind: 'done' });
    this.#watch.start();
    return { exited: life.exited, stop: (deadlineMs) => this.#stopLife(record, life, deadlineMs) };
  }

  async #startHere(record: ActorRecord): Promise<void> {
    const { logic, options } = record;
    const loaded: unknown =
      logic instanceof URL ? ((await import(logic.href)) as { default?: unknown }).default : logic;
    const make = await handlerOf(loaded);
    if (make === undefined) throw new LtlError('E_ARGUMENT', `${record.name}: that is no actor logic`);
    const cell = new Cell(this.#place, record.id, record.name, record.slot, options.input, make);
    await this.#place.begin(cell);
    const { lastExit } = record;
    if (cell.ended && lastExit !== undefined && !isNormal(lastExit)) throw exitError(record.name, lastExit);
  }

  async #startThere(record: ActorRecord, life: Life): Promise<void> {
    const { id, name, slot, options } = record;
    const thread = await (record.placement === 'own' ? this.#threads.own(id, name, options) : this.#threads.shared(id));
    record.thread = thread;
    const ready = new Promise<void>((resolve, reject) => {
      life.ready = resolve;
      life.failed = (reason) => reject(exitError(name, reason));
    });
    const module = (record.logic as URL).href;
    thread.child.post({
      tag: 'spawn',
      id,
      name,
      module,
      input: options.input,
      slot: { words: slot.words, base: slot.base },
    });
    await this.#threads.hold(thread, ready);
  }

  /** Stops this life of the actor: asks, waits, then ends it by force as far as its place allows. */
  async #stopLife(record: ActorRecord, life: Life, deadlineMs: number): Promise<void> {
    if (record.life !== life) return;
    this.#place.orderStop(record.id, record.slot.place);
    const timer = this.#clock.after(deadlineMs, () => this.#abandon(record, { kind: 'terminated' }));
    await (record.thread === undefined ? life.exited : this.#threads.hold(record.thread, life.exited));
    timer.cancel();
  }

  /** Ends an actor that does not end by itself. */
  #abandon(record: ActorRecord, reason: ExitReason): void {
    const { thread, life, id } = record;
    if (thread === undefined) this.#place.conducted({ tag: 'abandon', id, reason });
    else if (thread.nativeStore) {
      this.#emit({ type: 'hung', id: record.name, atMs: this.#clock.nowMs(), supervisor: '' });
      thread.child.unref();
      if (life !== undefined) this.#lifeEnded(record, { kind: 'hung' });
    } else if (!thread.shared) void thread.child.kill();
    else {
      thread.child.post({ tag: 'abandon', id, reason });
      // A thread that does not even hear that is stuck itself.
      this.#watch.expect(thread, () => void thread.child.kill());
    }
  }

  /* What places and threads say */

  #said(place: number, message: FromPlace): void {
    switch (message.tag) {
      case 'ready':
        this.#records.get(message.id)?.life?.ready();
        return;
      case 'ended':
        this.#actorEnded(message.id, message.reason);
        return;
      case 'connect':
        if (!this.#threads.connect(place, message.to)) this.#tell(place, { tag: 'gone', place: message.to });
        return;
      case 'subscribe':
        this.#subscribe(place, message.id);
        return;
      case 'unsubscribe':
        this.#records.get(message.id)?.subscribers.delete(place);
        return;
      case 'stop':
        void this.#records.get(message.id)?.stop();
        return;
      case 'dead-letter': {
        const { to, message: lost, reason, error } = message.letter;
        const revived = place === 0 ? lost : this.#place.revive(lost);
        const ref = this.#records.get(to)?.ref;
        this.#letters.add({ atMs: this.#clock.nowMs(), to: ref, toId: to, message: revived, reason, error });
        return;
      }
      case 'transitions':
        for (const transition of message.transitions)
          for (const listener of this.#inspectors) queueMicrotask(() => listener(transition));
        return;
    }
  }

  #actorEnded(id: number, reason: ExitReason): void {
    const record = this.#records.get(id);
    if (record?.life === undefined) return;
    const { thread } = record;
    if (thread !== undefined) this.#place.takeIn(thread.place);
    if (thread === undefined || thread.shared) {
      this.#lifeEnded(record, reason);
      return;
    }
    // A thread of its own ends with its actor; only then is the actor's life over.
    record.life.reason ??= reason;
    if (!isNormal(reason)) record.life.failed(reason);
    void thread.child.stop(SHUTDOWN_MS_DEFAULT).then(() => this.#lifeEnded(record, reason));
  }

  #threadEnded(thread: Thread, reason: ExitReason): void {
    const { place } = thread;
    for (const id of thread.actors) {
      const record = this.#records.get(id);
      if (record === undefined) continue;
      this.#change(record, STATE.down, record.life?.reason ?? reason);
      record.slot.reset();
    }
    this.#place.conducted({ tag: 'gone', place });
    this.#threads.tellAll({ tag: 'gone', place });
    for (const id of thread.actors) {
      const record = this.#records.get(id);
      if (record !== undefined) this.#lifeEnded(record, record.life?.reason ?? reason);
    }
  }

  #lifeEnded(record: ActorRecord, reason: ExitReason): void {
    const { life } = record;
    if (life === undefined) return;
    record.life = undefined;
    record.lastExit = reason;
    this.#leaveThread(record);
    this.#change(record, STATE.down, reason);
    // An actor that is done before it was ready has started, and is over.
    if (isNormal(reason)) life.ready();
    else life.failed(reason);
    life.ended(reason);
  }

  #leaveThread(record: ActorRecord): void {
    const { thread } = record;
    record.thread = undefined;
    thread?.actors.delete(record.id);
    if (thread !== undefined && !thread.shared) void thread.child.stop(SHUTDOWN_MS_DEFAULT);
  }

  #dead(record: ActorRecord, reason: ExitReason): void {
    if (record.slot.state === STATE.dead) return;
    this.#change(record, STATE.dead, reason);
    this.#records.delete(record.id);
  }

  #change(record: ActorRecord, state: number, reason: ExitReason): void {
    record.slot.state = state;
    if (record.told === state) return;
    record.told = state;
    const { id, change } = record;
    for (const place of record.subscribers) this.#tell(place, { tag: 'state', id, change, reason, first: false });
  }

  #subscribe(place: number, id: number): void {
    const record = this.#records.get(id);
    record?.subscribers.add(place);
    const change = record?.change ?? 'dead';
    const reason = record?.lastExit ?? { kind: 'done' };
    this.#tell(place, { tag: 'state', id, change, reason, first: true });
  }

  #tell(place: number, message: Exclude<ToPlace, { tag: 'spawn' }>): void {
    if (place === 0) queueMicrotask(() => this.#place.conducted(message));
    else this.#threads.get(place)?.child.post(message);
  }

  #inspecting(): void {
    const on = this.#inspectors.size > 0;
    this.#place.inspecting = on;
    this.#threads.tellAll({ tag: 'inspect', on });
  }

  #emit(event: ActorEvent): void {
    for (const listener of this.#listeners) queueMicrotask(() => listener(event));
  }
}
