/**
 * The conductor's line to one actor that may be restarted: whoever carries its name now gets the messages. Requests carry
 * an id and are answered by a message of kind `reply` with the same id; those open when the actor ends are rejected.
 */
import type { Transferable as NodeTransferable, ResourceLimits } from 'node:worker_threads';
import { LtlError } from '../words/errors.js';
import { type ExitReason, exitError } from './exit.js';
import type { ChildHandle, ChildSpec, Restart } from './spec.js';
import { type LoopTimes, startWorker } from './worker-child.js';

export interface LinkOptions<Out> {
  readonly id: string;
  readonly module: URL;
  /** Made anew for each start. */
  readonly input: () => unknown;
  readonly restart: Restart;
  readonly shutdownMs: number;
  readonly startMs: number;
  readonly resourceLimits?: ResourceLimits;
  readonly nativeStore?: boolean;
  /** Called after each message and each stop, for an actor that is parked on words of its own. */
  readonly wake?: () => void;
  readonly onMessage: (message: Out) => void;
  readonly onUp?: () => void;
  readonly onDown?: (reason: ExitReason) => void;
  /** Called before the actor is asked to stop. */
  readonly onStop?: () => void;
}

/** The thread that an actor lives in, as its link uses it. */
export interface Line<In> {
  readonly name: string;
  readonly exited: Promise<ExitReason>;
  post(message: In, transfer?: readonly NodeTransferable[]): boolean;
  kill(): Promise<void>;
  /** Of the whole thread; see WorkerChild. */
  loopTimes(): LoopTimes | undefined;
}

interface Request {
  resolve(reply: unknown): void;
  reject(error: LtlError): void;
}

export class Link<In, Out extends { readonly kind: string }> {
  readonly #options: LinkOptions<Out>;
  readonly #requests: Map<number, Request> = new Map();
  #child: Line<In> | null = null;
  #lastId = 0;

  constructor(options: LinkOptions<Out>) {
    this.#options = options;
  }

  get id(): string {
    return this.#options.id;
  }

  get nativeStore(): boolean {
    return this.#options.nativeStore ?? false;
  }

  get isUp(): boolean {
    return this.#child !== null;
  }

  /** The name of the thread that the actor lives in; undefined while it is down. */
  get thread(): string | undefined {
    return this.#child?.name;
  }

  /** How long the event loop of its thread has worked and waited so far; undefined when that is not known. */
  loopTimes(): LoopTimes | undefined {
    return this.#child?.loopTimes();
  }

  /** The child as data, for the supervisor. */
  get spec(): ChildSpec {
    const { id, restart, shutdownMs, startMs } = this.#options;
    return { id, restart, shutdownMs, startMs, start: () => this.#start() };
  }

  /** False when the actor is down. */
  post(message: In, transfer: readonly NodeTransferable[] = []): boolean {
    const sent = this.#child?.post(message, transfer) ?? false;
    this.#options.wake?.();
    return sent;
  }

  /** Asks; rejects with E_ACTOR_FAILED when the actor is down or ends meanwhile, E_TIMEOUT after `timeoutMs`. */
  ask<Reply>(build: (id: number) => In, timeoutMs: number): Promise<Reply> {
    const id = ++this.#lastId;
    return new Promise<Reply>((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.#requests.delete(id);
          reject(new LtlError('E_TIMEOUT', `${this.#options.id} did not answer within ${timeoutMs} ms`));
        },
        Math.min(timeoutMs, 2 ** 31 - 1),
      );
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#requests.delete(id);
        act();
      };
      this.#requests.set(id, {
        resolve: (reply) => settle(() => resolve(reply as Reply)),
        reject: (error) => settle(() => reject(error)),
      });
      if (!this.post(build(id)))
        this.#requests.get(id)?.reject(new LtlError('E_ACTOR_FAILED', `${this.#options.id} is down`));
    });
  }

  /** What a thread that carries several actors starts this one with. */
  part(): { readonly name: string; readonly module: string; readonly input: unknown } {
    const { id, module, input } = this.#options;
    return { name: id, module: module.href, input: input() };
  }

  /** From now on the actor lives there. */
  hold(child: Line<In>): void {
    this.#child = child;
    void child.exited.then((reason) => this.#down(child, reason));
    this.#options.onUp?.();
  }

  /** What the actor says. */
  heard(message: unknown): void {
    this.#heard(message as Out);
  }

  /** Asks its thread to stop, by `stop`. */
  leave(stop: () => Promise<void>): Promise<void> {
    this.#options.onStop?.();
    const stopped = stop();
    this.#options.wake?.();
    return stopped;
  }

  /** Ends the thread by force, as a drill. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  async #start(): Promise<ChildHandle> {
    const { id, module, input, startMs, resourceLimits, nativeStore } = this.#options;
    const child = await startWorker<In, Out>({
      name: id,
      module,
      input: input(),
      startMs,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
      ...(nativeStore === undefined ? {} : { nativeStore }),
      onMessage: (message) => this.#heard(message),
    });
    this.hold(child);
    return { exited: child.exited, stop: (deadlineMs) => this.leave(() => child.stop(deadlineMs)) };
  }

  #heard(message: Out): void {
    if (message.kind !== 'reply') {
      this.#options.onMessage(message);
      return;
    }
    const { id, error } = message as unknown as { id: number; error?: { code: 'E_ACTOR_FAILED'; message: string } };
    const request = this.#requests.get(id);
    if (error === undefined) request?.resolve(message);
    else request?.reject(new LtlError(error.code, error.message));
  }

  #down(child: Line<In>, reason: ExitReason): void {
    if (this.#child === child) this.#child = null;
    const error = exitError(this.#options.id, reason);
    for (const request of Array.from(this.#requests.values())) request.reject(error);
    this.#options.onDown?.(reason);
  }
}
