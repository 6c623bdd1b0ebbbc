/**
 * The lives of actors, as the conductor leads them: begins one in the place where it belongs, ends it, learns of its end
 * from its place or its thread, and tells those who subscribed. What comes after an end is the supervisor's to say.
 */
import type { Clock } from '../ports/clock.js';
import { type ExitReason, exitError, isNormal } from '../supervisor/exit.js';
import type { ChildHandle } from '../supervisor/spec.js';
import { Slots, STATE } from '../wire/mailbox.js';
import type { ToPlace } from '../wire/place.js';
import { ENDS_KEPT_MAX, MAILBOX_SIZE_DEFAULT, SHUTDOWN_MS_DEFAULT, START_MS_DEFAULT } from '../words/actor-limits.js';
import { LtlError, toWireError } from '../words/errors.js';
import type { SpawnOptions } from './actor.js';
import { Cell } from './cell.js';
import { handlerOf } from './handler.js';
import type { Place } from './place.js';
import { ActorRecord, type Life } from './record.js';
import type { Thread, Threads } from './threads.js';
import type { HangWatch } from './watch.js';

export interface LivesWorld {
  readonly clock: Clock;
  readonly place: Place;
  readonly threads: Threads;
  readonly watch: HangWatch;
  hung(record: ActorRecord): void;
}

export class Lives {
  readonly #world: LivesWorld;
  readonly #slots = new Slots();
  readonly #records = new Map<number, ActorRecord>();
  /** Why the last ones died, for those who ask late. */
  readonly #ends = new Map<number, ExitReason>();
  #lastId = 0;

  constructor(world: LivesWorld) {
    this.#world = world;
  }

  get(id: number): ActorRecord | undefined {
    return this.#records.get(id);
  }

  all(): readonly ActorRecord[] {
    return [...this.#records.values()];
  }

  /** A new actor that has not begun to live. */
  make(logic: unknown, options: SpawnOptions): ActorRecord {
    const id = ++this.#lastId;
    const slot = this.#slots.make();
    slot.state = STATE.down;
    slot.bound(options.mailbox?.size ?? MAILBOX_SIZE_DEFAULT, options.mailbox?.overflow ?? 'wait');
    const ref = this.#world.place.refOf(id, options.name ?? `actor-${id}`, slot);
    const record = new ActorRecord(id, slot, ref, logic, options);
    this.#records.set(id, record);
    return record;
  }

  /** Begins a life of the actor; resolves when it is ready, rejects with its start's error. */
  async start(record: ActorRecord): Promise<ChildHandle> {
    const { clock, watch } = this.#world;
    const startMs = record.options.startMs ?? START_MS_DEFAULT;
    if (record.hung) {
      const message = `a thread of ${record.name} hangs with a native store open; no other may be started beside it`;
      throw new LtlError('E_ACTOR_HUNG', message);
    }
    const life = record.begin();
    const late = clock.after(startMs, () => {
      const message = `${record.name} was not ready within ${startMs} ms`;
      this.abandon(record, { kind: 'error', error: { code: 'E_TIMEOUT', message, details: {} } });
    });
    try {
      await (record.placement === 'caller' ? this.#startHere(record, life) : this.#startThere(record, life));
    } catch (error) {
      if (record.life === life) {
        record.life = undefined;
        this.#leaveThread(record);
      }
      throw startError(record.name, error);
    } finally {
      late.cancel();
    }
    record.seenMs = clock.nowMs();
    record.slot.place = record.thread?.place ?? 0;
    record.slot.reset();
    record.sample(clock.nowMs());
    this.change(record, STATE.up, { kind: 'done' });
    watch.start();
    return { exited: life.exited, stop: (deadlineMs) => this.#stop(record, life, deadlineMs) };
  }

  /** Ends an actor that does not end by itself. */
  abandon(record: ActorRecord, reason: ExitReason): void {
    const { thread, life, id } = record;
    const { place, watch } = this.#world;
    if (life !== undefined && reason.kind === 'error') life.reason ??= reason;
    if (thread === undefined) {
      // Before it has a cell, there is only its start to be given up.
      if (place.cell(id) === undefined) life?.failed(reason);
      else place.conducted({ tag: 'abandon', id, reason });
    } else if (thread.nativeStore) {
      this.#world.hung(record);
      record.hung = true;
      thread.child.unref();
      // For all others it is as if the thread had ended: should it wake up, nobody listens.
      this.threadEnded(thread, { kind: 'hung' });
    } else if (!thread.shared) void thread.child.kill();
    else {
      thread.child.post({ tag: 'abandon', id, reason });
      // A thread that does not even hear that is stuck itself.
      watch.expect(thread, () => void thread.child.kill());
    }
  }

  /** An actor's place says that it is ready for messages. */
  actorReady(place: number, id: number): void {
    this.#livingAt(place, id)?.life?.ready();
  }

  /** An actor's place says that it has ended. */
  actorEnded(place: number, id: number, reason: ExitReason): void {
    const record = this.#livingAt(place, id);
    if (record?.life === undefined) return;
    const { thread, life } = record;
    if (thread !== undefined) this.#world.place.takeIn(thread.place);
    if (thread === undefined || thread.shared) {
      this.#ended(record, reason);
      return;
    }
    // A thread of its own ends with its actor; only then is the actor's life over.
    life.reason ??= reason;
    if (!isNormal(reason)) life.failed(reason);
    void thread.child.stop(SHUTDOWN_MS_DEFAULT).then(() => this.#ended(record, reason));
  }

  /** A thread has ended, and with it all that lived there. */
  threadEnded(thread: Thread, reason: ExitReason): void {
    const { place, actors } = thread;
    const records = [...actors].map((id) => this.#records.get(id)).filter((record) => record !== undefined);
    for (const record of records) {
      this.change(record, STATE.down, record.life?.reason ?? reason);
      record.slot.reset();
    }
    this.#world.place.conducted({ tag: 'gone', place });
    this.#world.threads.tellAll({ tag: 'gone', place });
    for (const record of records) this.#ended(record, record.life?.reason ?? reason);
  }

  /** It will not live again. */
  dead(record: ActorRecord, reason: ExitReason): void {
    if (record.slot.state === STATE.dead) return;
    this.change(record, STATE.dead, reason);
    this.#records.delete(record.id);
    this.#ends.set(record.id, reason);
    if (this.#ends.size > ENDS_KEPT_MAX) for (const oldest of this.#ends.keys()) return void this.#ends.delete(oldest);
  }

  change(record: ActorRecord, state: number, reason: ExitReason): void {
    record.slot.state = state;
    if (record.told === state) return;
    record.told = state;
    const { id, change } = record;
    for (const place of record.subscribers) this.tell(place, { tag: 'state', id, change, reason, first: false });
  }

  /** From now on that place hears of the actor; at once, what it is now. */
  subscribe(place: number, id: number): void {
    const record = this.#records.get(id);
    record?.subscribers.add(place);
    const change = record?.change ?? 'dead';
    const reason = record?.lastExit ?? this.#ends.get(id) ?? { kind: 'done' };
    this.tell(place, { tag: 'state', id, change, reason, first: true });
  }

  tell(place: number, message: Exclude<ToPlace, { tag: 'spawn' }>): void {
    // In a turn of its own, as it would come from another thread.
    if (place === 0) queueMicrotask(() => this.#world.place.conducted(message));
    else this.#world.threads.get(place)?.child.post(message);
  }

  async #startHere(record: ActorRecord, life: Life): Promise<void> {
    await Promise.race([startOf(record, life), this.#beginHere(record, life)]);
  }

  async #beginHere(record: ActorRecord, life: Life): Promise<void> {
    const { logic, options, id, name, slot } = record;
    const loaded: unknown =
      logic instanceof URL ? ((await import(logic.href)) as { default?: unknown }).default : logic;
    const make = await handlerOf(loaded);
    if (make === undefined) throw new LtlError('E_ARGUMENT', `${name}: ${NO_LOGIC}`);
    // It may have been given up while its module was loading.
    if (record.life !== life) return;
    await this.#world.place.begin(new Cell(this.#world.place, id, name, slot, options.input, make));
  }

  async #startThere(record: ActorRecord, life: Life): Promise<void> {
    const { id, name, slot, options } = record;
    const { threads } = this.#world;
    const thread = await (record.placement === 'own' ? threads.own(id, name, options) : threads.shared(id));
    if (record.life !== life || life.reason !== undefined) {
      // Given up before there was a place for it to be ended in.
      threads.leave(thread, id);
      throw exitError(name, life.reason ?? { kind: 'stopped' });
    }
    record.thread = thread;
    const ready = startOf(record, life);
    const { input } = options;
    const { words, base } = slot;
    thread.child.post({ tag: 'spawn', id, name, module: (record.logic as URL).href, input, slot: { words, base } });
    await threads.hold(thread, ready);
  }

  /** Stops this life: asks, waits, then ends it by force as far as its place allows. */
  async #stop(record: ActorRecord, life: Life, deadlineMs: number): Promise<void> {
    if (record.life !== life) return;
    this.#world.place.orderStop(record.id, record.slot.place);
    const timer = this.#world.clock.after(deadlineMs, () => this.abandon(record, { kind: 'terminated' }));
    await (record.thread === undefined ? life.exited : this.#world.threads.hold(record.thread, life.exited));
    timer.cancel();
  }

  /** The actor, if that is where it lives now: what a thread says that was given up concerns an earlier life. */
  #livingAt(place: number, id: number): ActorRecord | undefined {
    const record = this.#records.get(id);
    return (record?.thread?.place ?? 0) === place ? record : undefined;
  }

  #ended(record: ActorRecord, reason: ExitReason): void {
    const { life } = record;
    if (life === undefined) return;
    record.life = undefined;
    record.lastExit = reason;
    this.#leaveThread(record);
    this.change(record, STATE.down, reason);
    // An actor that is done before it was ready has started, and is over.
    if (isNormal(reason)) life.ready();
    else life.failed(reason);
    life.ended(reason);
  }

  #leaveThread(record: ActorRecord): void {
    const { thread } = record;
    record.thread = undefined;
    if (thread !== undefined) this.#world.threads.leave(thread, record.id);
  }
}

/** Settles with the start of that life: when its place says that it is ready, or that it has failed. */
function startOf(record: ActorRecord, life: Life): Promise<void> {
  return new Promise((resolve, reject) => {
    life.ready = resolve;
    life.failed = (reason) => reject(exitError(record.name, reason));
  });
}

const NO_LOGIC =
  'that is no actor logic; it is a receive function, an object with one, logic of XState, or the URL of a module';

/** The same error wherever it was to live: with a code, and what was thrown as its cause. */
function startError(name: string, error: unknown): LtlError {
  if (error instanceof LtlError) return error;
  const wire = toWireError(error);
  return new LtlError(wire.code, `${name}: ${wire.message}`, { cause: error });
}
