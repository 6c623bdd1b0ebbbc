/**
 * Stateless jobs on a Piscina pool: a module's default export is called with the data in whatever worker is free, urgent
 * jobs first. Waiting is done here, because Piscina keeps tasks that can be aborted out of its task queue; it is given no
 * more jobs than it has threads. Piscina is imported at the first job.
 *
 * A job that is aborted while it waits never starts; one that runs is told by its own signal, and its thread is ended
 * only if it does not heed that: a job that opens a native store must heed it.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { Clock } from '../ports/clock.js';
import { assertEnds, Ends } from '../sync/cancel.js';
import { JOB_ABORT_GRACE_MS } from '../words/actor-limits.js';
import { assertOptions } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';
import { PriorityQueue } from './priority-queue.js';
import type { FromJob, JobTask, ToJob } from './runner.js';

export interface JobOptions {
  readonly signal?: AbortSignal;
  /** 0 (urgent, the default) to 9. Equal ones run in the order of asking. */
  readonly priority?: number;
  /** Called with what the job reports, in order, before the job's promise is settled. */
  readonly onProgress?: (progress: unknown) => void;
}

const JOB_KEYS: readonly (keyof JobOptions)[] = ['signal', 'priority', 'onProgress'];

interface Waiting {
  readonly begin: () => void;
  readonly refuse: (error: LtlError) => void;
}

export class JobPool {
  readonly #clock: Clock;
  readonly #waiting = new PriorityQueue<Waiting>();
  /** Jobs under way, each with how to end it: they heed it, or their thread ends. */
  readonly #running = new Map<Promise<unknown>, () => void>();
  #threads: number;
  #pool: Promise<Piscina> | undefined;

  constructor(threads: number, clock: Clock) {
    this.#threads = threads;
    this.#clock = clock;
  }

  /** For jobs from now on: those under way end where they are. */
  set threads(threads: number) {
    if (threads === this.#threads) return;
    this.#threads = threads;
    void this.#retire(Promise.allSettled(this.#running.keys()));
    this.#next();
  }

  /**
   * Runs one job; resolves with what it returned. Rejects with E_JOB_FAILED (the job's error is its cause), E_ABORTED, or
   * E_UNCLONEABLE for data that cannot cross threads.
   */
  async run(module: URL, data: unknown, options: JobOptions = {}): Promise<unknown> {
    assertOptions('a job', options, JOB_KEYS);
    const { signal, priority = 0 } = options;
    if (!Number.isInteger(priority) || priority < 0 || priority > 9)
      throw new LtlError('E_ARGUMENT', 'the priority of a job is a whole number from 0 to 9');
    if (signal !== undefined) assertEnds(signal, undefined);
    await this.#turn(module, priority, signal);
    if (signal?.aborted === true) {
      // Between its turn and its start: the turn is the next one's.
      this.#beginning--;
      this.#next();
      throw aborted(module, signal);
    }
    const { running, abort } = this.#start(module, data, options);
    try {
      return await (signal === undefined ? running : orAborted(running, module, signal, abort));
    } catch (error) {
      throw jobError(module, error);
    }
  }

  /** Refuses what waits, aborts what runs, and ends the threads. */
  async close(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      next.refuse(new LtlError('E_CLOSED', 'the actor system was stopped before the job began'));
    for (const abort of this.#running.values()) abort();
    await this.#retire(Promise.allSettled(this.#running.keys()));
  }

  /** Resolves when it is the job's turn; rejects when it was aborted before. */
  #turn(module: URL, priority: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(aborted(module, signal));
        return;
      }
      const leave = (): void => {
        this.#waiting.remove(waiting);
        if (signal !== undefined) reject(aborted(module, signal));
      };
      const ends = signal === undefined ? undefined : untilAborted(signal, leave);
      const waiting: Waiting = {
        begin: () => {
          ends?.disarm();
          resolve();
        },
        refuse: (error) => {
          ends?.disarm();
          reject(error);
        },
      };
      this.#waiting.push(waiting, priority);
      this.#next();
    });
  }

  /** Lets waiting jobs begin as long as there are free threads. */
  #next(): void {
    while (this.#running.size + this.#beginning < this.#threads) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      this.#beginning++;
      waiting.begin();
    }
  }

  /** Jobs whose turn has come and that are not running yet. */
  #beginning = 0;

  #start(module: URL, data: unknown, { onProgress }: JobOptions): { running: Promise<unknown>; abort: () => void } {
    const { port1: port, port2 } = new MessageChannel();
    const force = new AbortController();
    // In a turn of its own: what the listener throws is its owner's, and neither fails the job nor keeps its place.
    const hear = ({ progress }: FromJob): void => queueMicrotask(() => onProgress?.(progress));
    port.on('message', hear);
    port.unref();
    const abort = (): void => {
      port.postMessage({ tag: 'abort' } satisfies ToJob);
      const grace = this.#clock.after(JOB_ABORT_GRACE_MS, () => force.abort());
      void running.then(
        () => grace.cancel(),
        () => grace.cancel(),
      );
    };
    const running = this.#runIn({ module: module.href, data, port: port2 }, force.signal).finally(() => {
      hearTheRest(port, hear);
      this.#running.delete(running);
      this.#next();
    });
    this.#beginning--;
    this.#running.set(running, abort);
    return { running, abort };
  }

  async #runIn(task: JobTask, signal: AbortSignal): Promise<unknown> {
    const pool = await (this.#pool ??= makePool(this.#threads));
    return pool.run(task, { transferList: [task.port], signal });
  }

  /** Ends the present pool when the jobs in it are over. */
  async #retire(over: Promise<unknown>): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await over;
    await (await pool)?.destroy();
  }
}

async function makePool(threads: number): Promise<Piscina> {
  const { Piscina } = await import('piscina');
  return new Piscina({
    filename: new URL('./runner.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: 2_000,
    // The default parks a worker between jobs, and with it whatever its modules do in the background.
    atomics: 'disabled',
    recordTiming: false,
  });
}

/** Progress and result come by different ports: what was reported before the end is told before the end. */
function hearTheRest(port: MessagePort, hear: (message: FromJob) => void): void {
  for (let late = receiveMessageOnPort(port); late !== undefined; late = receiveMessageOnPort(port))
    hear((late as { message: FromJob }).message);
  port.close();
}

/** The job's end, or its signal's: then it is told, and nobody waits for it. Leaves no listener behind. */
async function orAborted(
  running: Promise<unknown>,
  module: URL,
  signal: AbortSignal,
  abort: () => void,
): Promise<unknown> {
  let ends: Ends | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    ends = untilAborted(signal, () => {
      abort();
      reject(aborted(module, signal));
    });
  });
  try {
    return await Promise.race([running, over]);
  } finally {
    ends?.disarm();
  }
}

function untilAborted(signal: AbortSignal, call: () => void): Ends {
  return new Ends({ timedOut: () => undefined, aborted: call }, signal, undefined);
}

function jobError(module: URL, error: unknown): LtlError {
  if (error instanceof LtlError) return error;
  if (error instanceof Error && error.name === 'DataCloneError')
    return new LtlError('E_UNCLONEABLE', `the data of ${nameOf(module)}: ${error.message}`, { cause: error });
  // The runner makes an Error of whatever a job throws: what is none is what became of a result that was not cloned.
  if (!(error instanceof Error))
    return new LtlError('E_UNCLONEABLE', `what ${nameOf(module)} returned cannot cross threads`, { cause: error });
  const { message } = error;
  return new LtlError('E_JOB_FAILED', `${nameOf(module)}: ${message}`, { cause: error });
}

function aborted(module: URL, signal: AbortSignal): LtlError {
  return new LtlError('E_ABORTED', `the job ${nameOf(module)} was aborted`, { cause: signal.reason });
}

function nameOf(module: URL): string {
  return module.pathname.split('/').at(-1) ?? module.href;
}
