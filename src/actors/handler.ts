/**
 * Logic made ready to be run by a cell: what is common to receive functions and XState actors. And the first of the two.
 */
import type { ReceiveContext, ReceiveLogic, Snapshot } from './actor.js';

export interface Handler {
  start(): void | Promise<void>;
  receive(message: unknown): void | Promise<void>;
  stop(): void | Promise<void>;
  snapshot(): Snapshot;
  /** The answer to an ask that the handler did not answer itself. */
  answer(): unknown;
  /** The state's name, for logic that has one. */
  label(): string;
}

/** What a handler may do with its cell. */
export interface HandlerHost {
  readonly name: string;
  readonly input: unknown;
  readonly context: ReceiveContext;
  /** The logic failed outside of a call to it. */
  fail(error: unknown): void;
  /** The logic is done: the actor ends after this message. */
  finish(): void;
}

/** Runs `receive(state, message, context)`. */
export class ReceiveHandler implements Handler {
  readonly #logic: ReceiveLogic<unknown, unknown>;
  readonly #host: HandlerHost;
  #state: unknown;

  constructor(logic: ReceiveLogic<unknown, unknown>, host: HandlerHost) {
    this.#logic = logic;
    this.#host = host;
    this.#state = host.input;
  }

  start(): void | Promise<void> {
    const started = this.#logic.start?.(this.#host.input, this.#host.context);
    if (this.#logic.start !== undefined) return this.#settle(started);
  }

  receive(message: unknown): void | Promise<void> {
    return this.#settle(this.#logic.receive(this.#state, message, this.#host.context));
  }

  stop(): void | Promise<void> {
    return this.#logic.stop?.(this.#state, this.#host.context);
  }

  snapshot(): Snapshot {
    return { status: 'active', state: this.#state };
  }

  answer(): undefined {
    return undefined;
  }

  label(): string {
    return '';
  }

  #settle(next: unknown): void | Promise<void> {
    if (next instanceof Promise)
      return next.then((state: unknown) => {
        if (state !== undefined) this.#state = state;
      });
    if (next !== undefined) this.#state = next;
  }
}

/** True for what XState calls actor logic. */
export function isXStateLogic(logic: object): boolean {
  return 'transition' in logic && 'getInitialSnapshot' in logic;
}

/** A handler for any logic, or undefined when it is none. XState is imported only when it is needed. */
export async function handlerOf(logic: unknown): Promise<((host: HandlerHost) => Handler) | undefined> {
  if (typeof logic === 'function')
    return (host) => new ReceiveHandler({ receive: logic as ReceiveLogic<unknown, unknown>['receive'] }, host);
  if (typeof logic !== 'object' || logic === null) return undefined;
  if (isXStateLogic(logic)) {
    const { xstateHandler } = await import('./xstate-handler.js');
    return (host) => xstateHandler(logic, host);
  }
  if ('receive' in logic && typeof logic.receive === 'function')
    return (host) => new ReceiveHandler(logic as ReceiveLogic<unknown, unknown>, host);
  return undefined;
}
