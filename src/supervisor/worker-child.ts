/**
 * A worker thread as a supervised child: starts it through the actor host, waits until its actor is ready, carries
 * messages both ways, and turns every way in which a thread can end into one ExitReason.
 *
 * Thread safety: used by the thread that started it. Ordering: messages arrive in the order of post(), both ways; what the
 * actor sent before it ended is delivered before `exited` resolves. The thread is ref'd while it starts and while it
 * stops, and unref'd in between, so that a program that forgot to close can still end; ref() changes that.
 */
import { type Transferable as NodeTransferable, type ResourceLimits, Worker } from 'node:worker_threads';
import { type Clock, realClock } from '../ports/clock.js';
import { type ActorBoot, CONTROL, CONTROL_WORDS, type FromHost, ring, type ToHost } from '../wire/control.js';
import { LtlError, toWireError } from '../words/errors.js';
import { type ExitReason, exitError } from './exit.js';

/** The entry of every actor's thread. A URL, not an import: the supervisor knows no actor. */
const HOST = new URL('../actors/host.js', import.meta.url);

export interface WorkerOptions<Out> {
  readonly name: string;
  /** The actor module, whose default export has start(). */
  readonly module: URL;
  /** Structured-cloned; SharedArrayBuffers are shared. */
  readonly input: unknown;
  readonly transferList?: readonly NodeTransferable[];
  readonly resourceLimits?: ResourceLimits;
  /** The thread opens a native store (LMDB): it is never terminated, a hang of it is only reported. */
  readonly nativeStore?: boolean;
  /** How long the actor may take until it is ready, in milliseconds. */
  readonly startMs: number;
  readonly clock?: Clock;
  onMessage(message: Out): void;
}

/** Milliseconds, of one life of a thread. */
export interface LoopTimes {
  readonly activeMs: number;
  readonly idleMs: number;
}

/** A running actor's thread. */
export interface WorkerChild<In> {
  readonly name: string;
  readonly threadId: number;
  /** Resolves once, however the thread ends; never rejects. */
  readonly exited: Promise<ExitReason>;
  /** Sends a message; false when the thread has ended. Throws E_UNCLONEABLE for what cannot cross threads. */
  post(message: In, transfer?: readonly NodeTransferable[]): boolean;
  /** Asks the actor to stop; after `deadlineMs` it is terminated, or with a native store left alone as hung. Resolves when `exited` has. */
  stop(deadlineMs: number): Promise<void>;
  /** Terminates the thread. Rejects with E_ACTOR_HUNG for a thread with a native store. */
  kill(): Promise<void>;
  /** A counter that moves while the actor makes progress. */
  heartbeat(): number;
  /** How long its event loop has worked and waited so far; undefined for one that parks in a loop of its own. */
  loopTimes(): LoopTimes | undefined;
  /** Asks for a beat: an actor on the event loop answers when it comes to it. */
  probe(): void;
  ref(): void;
  unref(): void;
}

/** Starts a worker; resolves when its actor is ready, rejects with its start error when it does not get there. */
export async function startWorker<In, Out>(options: WorkerOptions<Out>): Promise<WorkerChild<In>> {
  const thread = new Thread<In, Out>(options);
  await thread.ready;
  return thread;
}

class Thread<In, Out> implements WorkerChild<In> {
  readonly name: string;
  readonly threadId: number;
  readonly exited: Promise<ExitReason>;
  /** Resolves at the actor's word; rejects when the thread ends before it. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #words: Int32Array;
  readonly #nativeStore: boolean;
  readonly #clock: Clock;
  readonly #onMessage: (message: Out) => void;
  #settleExit: (reason: ExitReason) => void = () => undefined;
  #settleReady: () => void = () => undefined;
  /** What the thread said or was seen to do before it ended. */
  #reason: ExitReason | undefined;
  #ended = false;
  #parks = true;
  #startTimer: { cancel(): void };

  constructor(options: WorkerOptions<Out>) {
    this.name = options.name;
    this.#words = new Int32Array(new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT));
    this.#nativeStore = options.nativeStore ?? false;
    this.#clock = options.clock ?? realClock;
    this.#onMessage = (message) => options.onMessage(message);
    this.exited = new Promise((resolve) => {
      this.#settleExit = resolve;
    });
    this.#worker = launch(options, this.#words);
    this.threadId = this.#worker.threadId;
    this.#startTimer = this.#clock.after(options.startMs, () => this.#startedTooLate(options.startMs));
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = resolve;
      void this.exited.then((reason) => reject(exitError(this.name, reason)));
    });
    this.#worker.on('message', (message: FromHost<Out>) => this.#heard(message));
    this.#worker.on('error', (error) => this.#because(reasonOfError(error)));
    this.#worker.on('exit', (exitCode) => this.#end({ kind: 'exit', exitCode }));
  }

  post(message: In, transfer?: readonly NodeTransferable[]): boolean {
    return this.#tell({ tag: 'message', message }, transfer);
  }

  async stop(deadlineMs: number): Promise<void> {
    if (this.#ended) return;
    this.#worker.ref();
    Atomics.store(this.#words, CONTROL.stopping, 1);
    this.#tell({ tag: 'stop' });
    const timer = this.#clock.after(deadlineMs, () => this.#force());
    await this.exited;
    timer.cancel();
  }

  async kill(): Promise<void> {
    if (this.#ended) return;
    if (this.#nativeStore)
      throw new LtlError('E_ACTOR_HUNG', `${this.name} holds a native store; its thread must not be terminated`);
    this.#force();
    await this.exited;
  }

  heartbeat(): number {
    return Atomics.load(this.#words, CONTROL.heartbeat);
  }

  loopTimes(): LoopTimes | undefined {
    if (this.#ended || this.#parks) return undefined;
    const { active, idle } = this.#worker.performance.eventLoopUtilization();
    return { activeMs: active, idleMs: idle };
  }

  probe(): void {
    this.#tell({ tag: 'probe' });
  }

  ref(): void {
    this.#worker.ref();
  }

  unref(): void {
    this.#worker.unref();
  }

  #tell(message: ToHost<In>, transfer: readonly NodeTransferable[] = []): boolean {
    if (this.#ended) return false;
    try {
      this.#worker.postMessage(message, transfer);
    } catch (cause) {
      throw new LtlError('E_UNCLONEABLE', `a message to ${this.name}: ${String(cause)}`, { cause });
    }
    ring(this.#words);
    return true;
  }

  #heard(message: FromHost<Out>): void {
    switch (message.tag) {
      case 'ready':
        this.#parks = message.parks;
        this.#startTimer.cancel();
        this.#worker.unref();
        this.#settleReady();
        return;
      case 'message':
        this.#onMessage(message.message);
        return;
      case 'failed':
        this.#because({ kind: 'error', error: message.error });
        return;
      case 'ended':
        this.#because({ kind: message.asked ? 'stopped' : 'done' });
        return;
    }
  }

  #startedTooLate(startMs: number): void {
    const message = `${this.name} was not ready within ${startMs} ms`;
    this.#because({ kind: 'error', error: { code: 'E_TIMEOUT', message, details: {} } });
    this.#force();
  }

  /** Ends the thread, or gives it up when it must not be ended: it then no longer keeps the process alive. */
  #force(): void {
    if (this.#nativeStore) {
      this.#worker.unref();
      this.#end({ kind: 'hung' });
      return;
    }
    this.#because({ kind: 'terminated' });
    // Its 'exit' event is what ends this child.
    void this.#worker.terminate();
  }

  /** The first cause is the one that counts: what follows is its consequence. */
  #because(reason: ExitReason): void {
    this.#reason ??= reason;
  }

  #end(otherwise: ExitReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#startTimer.cancel();
    this.#settleExit(this.#reason ?? otherwise);
  }
}

function launch<Out>(options: WorkerOptions<Out>, words: Int32Array): Worker {
  const boot: ActorBoot = { name: options.name, module: options.module.href, words, input: options.input };
  try {
    return new Worker(HOST, {
      name: options.name,
      workerData: boot,
      // A program given as text (`node --input-type=module -e`) has flags that no thread can take.
      ...(process.execArgv.some((flag) => flag.startsWith('--input-type')) ? { execArgv: [] } : {}),
      transferList: [...(options.transferList ?? [])],
      ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
    });
  } catch (cause) {
    throw new LtlError('E_UNCLONEABLE', `the input of ${options.name}: ${String(cause)}`, { cause });
  }
}

function reasonOfError(error: unknown): ExitReason {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return { kind: 'memory', message: error.message };
  return { kind: 'error', error: toWireError(error) };
}
