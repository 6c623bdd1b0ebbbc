/**
 * The entry of every worker thread that carries an actor: it loads the module named in workerData, starts the actor and
 * runs it until it ends. It imports next to nothing, because the time it takes to load is paid by every actor at every start.
 *
 * An actor is one of two kinds. One with `receive` lives on the event loop: its messages come one at a time and in order,
 * the next only when the promise of the one before is settled. One with `run` owns its loop (it may park in
 * Atomics.wait on the doorbell): it takes messages itself with `poll`, and must return when `stopping` is true.
 *
 * Whatever goes wrong in the thread (a throw in start, receive, run or stop, a rejected promise nobody handles, a throw
 * in a callback) is sent to the conductor as a plain error with its code, and the thread ends. Nothing is survived here:
 * the supervisor is the handler. A process.exit() of the actor's own ends the thread only, and its exit code is kept.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type ActorBoot, CONTROL, type FromHost, type ToHost } from '../wire/control.js';
import { toWireError } from '../words/errors.js';

/** What an actor is given. `Input` is what it was started with, `In` what it is told, `Out` what it tells. */
export interface ActorContext<Input, In, Out> {
  readonly name: string;
  /** Structured-cloned at the start; SharedArrayBuffers and transferred ports included. */
  readonly input: Input;
  /** Shared words: [0] is bumped and notified after each posted message, [1] is the heartbeat, [2] is 1 when asked to stop. */
  readonly doorbell: Int32Array;
  /** No other actor lives in this thread. */
  readonly ownsThread: boolean;
  /** True once the actor was asked to stop. Only those with `run` need to look. */
  readonly stopping: boolean;
  /** Sends to the conductor, the thread that started this one. */
  send(message: Out, transfer?: readonly Transfer[]): void;
  /** Takes the next message, at once and without the event loop; undefined when there is none. For actors with `run`. */
  poll(): In | undefined;
  /** Says that there is progress. Actors with `receive` need not call it. */
  beat(): void;
}

/** The default export of an actor module. `start` resolves when the actor is ready for messages. */
export interface ActorModule<Input, In, Out> {
  start(context: ActorContext<Input, In, Out>): Promise<Behaviour<In>> | Behaviour<In>;
}

export interface Behaviour<In> {
  /** Actors on the event loop: called with one message at a time, in order. */
  receive?(message: In): void | Promise<void>;
  /** Actors with a loop of their own; returns when asked to stop. With `run`, `receive` is not called. */
  run?(): Promise<void> | void;
  /** The same loop in a thread with other actors (see shared.ts): it never blocks, and `receive` is called. */
  share?(): Promise<void>;
  /** Called once, after the last message or after `run`, when the actor was asked to stop. */
  stop?(): Promise<void> | void;
}

type Transfer = Parameters<MessagePort['postMessage']>[1] extends infer List
  ? List extends readonly (infer Item)[]
    ? Item
    : never
  : never;

class Host {
  readonly #port: MessagePort;
  readonly #boot: ActorBoot;
  readonly #queue: ToHost<unknown>[] = [];
  #busy = false;

  constructor(port: MessagePort, boot: ActorBoot) {
    this.#port = port;
    this.#boot = boot;
  }

  async start(): Promise<void> {
    const loaded = (await import(this.#boot.module)) as { default?: ActorModule<unknown, unknown, unknown> };
    if (typeof loaded.default?.start !== 'function')
      throw new TypeError(`${this.#boot.module} has no default export with a start() function`);
    const behaviour = await loaded.default.start(this.#context());
    this.#tell({ tag: 'ready', parks: behaviour.run !== undefined });
    if (behaviour.run === undefined) this.#listen(behaviour);
    else await this.#run(behaviour);
  }

  fail(error: unknown): void {
    const wire = toWireError(error);
    try {
      this.#tell({ tag: 'failed', error: wire });
    } catch {
      // The details hold something that cannot cross threads: the code and the message go without them.
      this.#tell({ tag: 'failed', error: { ...wire, details: {} } });
    }
    process.exit(1);
  }

  #context(): ActorContext<unknown, unknown, unknown> {
    const { name, input, words } = this.#boot;
    return {
      name,
      input,
      doorbell: words,
      ownsThread: true,
      get stopping(): boolean {
        return Atomics.load(words, CONTROL.stopping) !== 0;
      },
      send: (message, transfer) => this.#tell({ tag: 'message', message }, transfer),
      poll: () => this.#poll(),
      beat: () => void Atomics.add(words, CONTROL.heartbeat, 1),
    };
  }

  #poll(): unknown {
    for (;;) {
      const taken = receiveMessageOnPort(this.#port) as { message: ToHost<unknown> } | undefined;
      if (taken === undefined) return undefined;
      if (taken.message.tag === 'message') return taken.message.message;
    }
  }

  async #run(behaviour: Behaviour<unknown>): Promise<void> {
    // An idle port would let the thread end under a run() that waits for something that keeps no thread alive.
    this.#port.ref();
    await behaviour.run?.();
    const asked = Atomics.load(this.#boot.words, CONTROL.stopping) !== 0;
    if (asked) await behaviour.stop?.();
    this.#end(asked);
  }

  #listen(behaviour: Behaviour<unknown>): void {
    this.#port.on('message', (message: ToHost<unknown>) => {
      this.#queue.push(message);
      if (!this.#busy) this.#drain(behaviour);
    });
  }

  /** Handles what is queued until a message's promise is pending; goes on when that has settled. */
  #drain(behaviour: Behaviour<unknown>): void {
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const pending = this.#handle(behaviour, next);
        if (pending === undefined) continue;
        pending.then(
          () => this.#drain(behaviour),
          (error: unknown) => this.fail(error),
        );
        return;
      }
    } catch (error) {
      this.fail(error);
    }
    this.#busy = false;
  }

  #handle(behaviour: Behaviour<unknown>, message: ToHost<unknown>): Promise<void> | undefined {
    Atomics.add(this.#boot.words, CONTROL.heartbeat, 1);
    switch (message.tag) {
      case 'message':
        return behaviour.receive?.(message.message) ?? undefined;
      case 'probe':
        return undefined;
      case 'stop':
        return this.#stop(behaviour);
    }
  }

  async #stop(behaviour: Behaviour<unknown>): Promise<void> {
    await behaviour.stop?.();
    this.#end(true);
  }

  #end(asked: boolean): void {
    this.#tell({ tag: 'ended', asked });
    process.exit(0);
  }

  #tell(message: FromHost<unknown>, transfer: readonly Transfer[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}

if (parentPort === null) throw new Error('host.js is the entry of a worker thread; it does nothing elsewhere');
const host = new Host(parentPort, workerData as ActorBoot);
// Rejections that nobody handles arrive here too. A promise handled later than at once counts as unhandled: see the header.
process.on('uncaughtException', (error) => host.fail(error));
host.start().catch((error: unknown) => host.fail(error));
