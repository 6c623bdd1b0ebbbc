/**
 * Finds actors that hang. Two kinds: a thread whose event loop does not turn (its heart does not answer a probe while
 * messages wait), and an actor whose promise does not settle (its count of messages dealt with does not move while some
 * wait). A thread that holds a native store is left alone, and its actor given up; any other one is ended. Either is a failure
 * that its supervisor sees.
 * Idle threads are not probed: watching nothing costs nothing but this timer, which keeps no process alive.
 */
import type { Clock, Timer } from '../ports/clock.js';
import type { ExitReason } from '../supervisor/exit.js';
import { HANG_MS_DEFAULT, STOP_GRACE_MS, WATCH_EVERY_MS } from '../words/actor-limits.js';
import type { ActorRecord } from './record.js';
import type { Thread } from './threads.js';

export interface WatchedWorld {
  records(): Iterable<ActorRecord>;
  threads(): Iterable<Thread>;
  hung(record: ActorRecord): void;
  abandon(record: ActorRecord, reason: ExitReason): void;
}

export class HangWatch {
  readonly #clock: Clock;
  readonly #world: WatchedWorld;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(clock: Clock, world: WatchedWorld) {
    this.#clock = clock;
    this.#world = world;
  }

  /** Begins to look, if it does not yet. */
  start(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    this.#timer = this.#clock.after(WATCH_EVERY_MS, () => {
      this.#timer = undefined;
      if (this.#look()) this.start();
    });
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Calls `stuck` when the thread shows no life from now on for the grace of a stop. */
  expect(thread: Thread, stuck: () => void): void {
    const before = thread.child.heartbeat();
    thread.child.probe();
    const timer = this.#clock.after(STOP_GRACE_MS, () => {
      if (thread.child.heartbeat() === before) stuck();
    });
    timer.unref();
  }

  /** One look at all; false when there is nothing to watch any more. */
  #look(): boolean {
    const nowMs = this.#clock.nowMs();
    const records = [...this.#world.records()];
    for (const thread of this.#world.threads()) this.#lookAtThread(thread, records, nowMs);
    for (const record of records) this.#lookAtActor(record, nowMs);
    return records.length > 0;
  }

  #lookAtThread(thread: Thread, records: readonly ActorRecord[], nowMs: number): void {
    const here = records.filter((record) => record.thread === thread && record.slot.depth > 0);
    const beat = thread.child.heartbeat();
    if (here.length === 0 || beat !== thread.beat) {
      thread.beat = beat;
      thread.beatMs = nowMs;
      if (here.length > 0) thread.child.probe();
      return;
    }
    const hangMs = Math.min(...here.map(({ options }) => options.hangMs ?? HANG_MS_DEFAULT));
    if (nowMs - thread.beatMs < hangMs) return;
    thread.beatMs = nowMs;
    if (thread.nativeStore) for (const record of here) this.#world.abandon(record, { kind: 'hung' });
    else {
      for (const record of here) this.#world.hung(record);
      void thread.child.kill();
    }
  }

  #lookAtActor(record: ActorRecord, nowMs: number): void {
    const { slot, options } = record;
    const { taken } = slot;
    if (taken !== record.seenTaken || slot.depth === 0) {
      record.seenTaken = taken;
      record.seenMs = nowMs;
      return;
    }
    if (options.hangMs === undefined || nowMs - record.seenMs < options.hangMs) return;
    record.seenMs = nowMs;
    if (record.thread?.nativeStore === true) {
      this.#world.abandon(record, { kind: 'hung' });
      return;
    }
    this.#world.hung(record);
    const message = `${record.name} did not finish a message within ${options.hangMs} ms`;
    if (record.thread === undefined || record.thread.shared)
      this.#world.abandon(record, { kind: 'error', error: { code: 'E_ACTOR_HUNG', message, details: {} } });
    else void record.thread.child.kill();
  }
}
