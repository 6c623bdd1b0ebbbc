/**
 * The worker threads of users' actors: the shared ones, at most `limit`, started when first needed, and those that belong
 * to one actor. Each is a place with a number that is never used again, so that nothing sent to a dead thread arrives at
 * another.
 */

import type { ExitReason } from '../supervisor/exit.js';
import { startWorker, type WorkerChild } from '../supervisor/worker-child.js';
import { type LinkEnd, linkEnds } from '../wire/link.js';
import type { FromPlace, ToPlace } from '../wire/place.js';
import { SHUTDOWN_MS_DEFAULT, START_MS_DEFAULT } from '../words/actor-limits.js';
import type { SpawnOptions } from './actor.js';

const MODULE = new URL('./thread.js', import.meta.url);

export interface Thread {
  readonly place: number;
  readonly shared: boolean;
  readonly child: WorkerChild<ToPlace>;
  readonly nativeStore: boolean;
  /** Actors that live in it. */
  readonly actors: Set<number>;
  /** It is being ended, because there are to be fewer. */
  retired: boolean;
  /** Starts and stops under way in it: as long as there are any, it keeps the process alive. */
  holds: number;
  /** The last heartbeat seen, and when; see the watch. */
  beat: number;
  beatMs: number;
}

export interface ThreadsListener {
  said(place: number, message: FromPlace): void;
  /** A new thread is to be linked with the conductor's place. */
  linked(place: number, end: LinkEnd): void;
  ended(thread: Thread, reason: ExitReason): void;
  inspecting(): boolean;
}

export class Threads {
  #limit: number;
  readonly #listener: ThreadsListener;
  readonly #threads = new Map<number, Thread>();
  readonly #starting = new Set<Promise<Thread>>();
  #lastPlace = 0;

  constructor(limit: number, listener: ThreadsListener) {
    this.#limit = limit;
    this.#listener = listener;
  }

  /** How many shared workers there may be. Those beyond it get no new actors, and end when their last one has left. */
  get limit(): number {
    return this.#limit;
  }

  set limit(limit: number) {
    this.#limit = limit;
    for (const thread of this.all()) this.#retire(thread);
  }

  get(place: number): Thread | undefined {
    return this.#threads.get(place);
  }

  all(): readonly Thread[] {
    return [...this.#threads.values()];
  }

  /** A shared worker for that actor: a new one while there are fewer than the limit and none is idle, else the least loaded. */
  async shared(id: number): Promise<Thread> {
    for (;;) {
      const shared = this.#within();
      const least = shared.toSorted((left, right) => left.actors.size - right.actors.size)[0];
      const mayStart = shared.length + this.#starting.size < this.#limit;
      if (least !== undefined && (least.actors.size === 0 || (!mayStart && this.#starting.size === 0))) {
        // Taken at once, so that the next one to choose sees it.
        least.actors.add(id);
        return least;
      }
      if (mayStart) return this.#startShared(id);
      await Promise.race(this.#starting).catch(() => undefined);
    }
  }

  /** That actor does not live there any more. */
  leave(thread: Thread, id: number): void {
    thread.actors.delete(id);
    if (thread.shared) this.#retire(thread);
    else void thread.child.stop(SHUTDOWN_MS_DEFAULT);
  }

  /** The shared workers that may get actors: the oldest ones, as many as the limit. */
  #within(): Thread[] {
    return this.all()
      .filter((thread) => thread.shared && !thread.retired)
      .slice(0, this.#limit);
  }

  #retire(thread: Thread): void {
    if (!thread.shared || thread.retired || thread.actors.size > 0 || this.#within().includes(thread)) return;
    thread.retired = true;
    void thread.child.stop(SHUTDOWN_MS_DEFAULT);
  }

  /** A worker for that actor alone. */
  own(id: number, name: string, options: SpawnOptions): Promise<Thread> {
    return this.#start(id, name, false, options);
  }

  /** Gives two threads a line to each other; false when one of them is no more. */
  connect(from: number, to: number): boolean {
    const one = this.#threads.get(from);
    const other = this.#threads.get(to);
    if (one === undefined || other === undefined) return false;
    const [end, peerEnd] = linkEnds();
    one.child.post({ tag: 'peer', place: to, end }, [end.port]);
    other.child.post({ tag: 'peer', place: from, end: peerEnd }, [peerEnd.port]);
    return true;
  }

  /** Keeps the process alive until `until` has settled. */
  async hold<Value>(thread: Thread, until: Promise<Value>): Promise<Value> {
    if (thread.holds++ === 0) thread.child.ref();
    try {
      return await until;
    } finally {
      if (--thread.holds === 0) thread.child.unref();
    }
  }

  tellAll(message: ToPlace): void {
    for (const { child } of this.#threads.values()) child.post(message);
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#starting);
    await Promise.all(this.all().map(({ child }) => child.stop(SHUTDOWN_MS_DEFAULT)));
  }

  #startShared(id: number): Promise<Thread> {
    const starting = this.#start(id, `shared-${this.#lastPlace + 1}`, true, {});
    this.#starting.add(starting);
    const over = (): void => void this.#starting.delete(starting);
    starting.then(over, over);
    return starting;
  }

  async #start(id: number, name: string, shared: boolean, options: SpawnOptions): Promise<Thread> {
    const place = ++this.#lastPlace;
    const child = await startWorker<ToPlace, FromPlace>({
      name,
      module: MODULE,
      input: { place, inspecting: this.#listener.inspecting() },
      startMs: options.startMs ?? START_MS_DEFAULT,
      nativeStore: options.nativeStore ?? false,
      ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
      onMessage: (message) => this.#listener.said(place, message),
    });
    const nativeStore = options.nativeStore ?? false;
    const actors = new Set([id]);
    const thread: Thread = { place, shared, child, nativeStore, actors, retired: false, holds: 0, beat: -1, beatMs: 0 };
    this.#threads.set(place, thread);
    const [end, peerEnd] = linkEnds();
    child.post({ tag: 'peer', place: 0, end: peerEnd }, [peerEnd.port]);
    this.#listener.linked(place, end);
    void child.exited.then((reason) => {
      this.#threads.delete(place);
      this.#listener.ended(thread, reason);
    });
    return thread;
  }
}
