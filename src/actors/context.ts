/**
 * What a handler is given beside the message, and what the cell keeps of the message being handled: whether it was
 * answered, by which chain of asks it came, and the signal that aborts when its asker gave up.
 */
import type { Trace } from '../wire/link.js';
import { LtlError, type WireError } from '../words/errors.js';
import type { ActorRef, AskOptions, ReceiveContext } from './actor.js';
import type { Cell } from './cell.js';
import type { Envelope } from './envelope.js';
import type { Ref } from './ref.js';

export interface CellContext {
  readonly face: ReceiveContext;
  readonly current: Envelope | undefined;
  readonly busy: boolean;
  /** The ask being handled needs no answer any more. */
  readonly answered: boolean;
  readonly correlation: string;
  begin(envelope: Envelope): void;
  end(): void;
  /** Aborts the signal of that ask if it is the one being handled. */
  abort(from: number, ask: number): boolean;
  /** The chain that waits for the message being handled, when this trace belongs to it. */
  awaitsIn(trace: Trace | undefined): string | undefined;
  /** The actor ended: open answers fail, the signal aborts. */
  close(error: WireError): void;
}

export function makeContext(cell: Cell, input: unknown): CellContext {
  return new Context(cell, input);
}

class Context implements CellContext, ReceiveContext {
  readonly #cell: Cell;
  readonly input: unknown;
  current: Envelope | undefined;
  answered = false;
  #turn = 0;
  #correlation: string | undefined;
  #abort: AbortController | undefined;
  #aborted = false;
  /** Asks whose answers were deferred. */
  #open: Set<Envelope> | undefined;

  constructor(cell: Cell, input: unknown) {
    this.#cell = cell;
    this.input = input;
    // Turns of an earlier life have other numbers, so that no chain of asks is taken for one of this life.
    this.#turn = cell.slot.taken;
  }

  get face(): ReceiveContext {
    return this;
  }

  get busy(): boolean {
    return this.current !== undefined;
  }

  get self(): ActorRef {
    return this.#cell.self;
  }

  get name(): string {
    return this.#cell.name;
  }

  get correlation(): string {
    const { current } = this;
    this.#correlation ??=
      current?.trace?.correlation ??
      (current !== undefined && current.ask !== 0
        ? `${current.from}.${current.ask}`
        : `${this.#cell.place.id}.${this.#cell.id}.${this.#turn}`);
    return this.#correlation;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#aborted) this.#abort.abort(gaveUp(this.name));
    }
    return this.#abort.signal;
  }

  reply(value: unknown): void {
    const { current } = this;
    if (current === undefined || current.ask === 0 || this.answered) return;
    this.answered = true;
    this.#cell.place.reply(current.from, current.ask, value);
  }

  defer(): (value: unknown) => void {
    const { current } = this;
    if (current === undefined || current.ask === 0 || this.answered) return () => undefined;
    this.answered = true;
    const open = (this.#open ??= new Set());
    open.add(current);
    return (value) => {
      if (open.delete(current)) this.#cell.place.reply(current.from, current.ask, value);
    };
  }

  send<Message>(to: ActorRef<Message>, message: Message): boolean {
    return this.#cell.place.send(to as unknown as Ref, message, 0, { correlation: this.correlation, waiting: [] });
  }

  ask<Message, Answer>(to: ActorRef<Message, Answer>, message: Message, options: AskOptions = {}): Promise<Answer> {
    const outer = this.current?.trace?.waiting ?? [];
    const trace: Trace = { correlation: this.correlation, waiting: [...outer, [this.#cell.id, this.#turn]] };
    return this.#cell.place.ask(to as unknown as Ref, message, options, trace) as Promise<Answer>;
  }

  finish(): void {
    this.#cell.finish();
  }

  begin(envelope: Envelope): void {
    this.current = envelope;
    this.answered = false;
    this.#turn++;
    this.#correlation = undefined;
    this.#abort = undefined;
    this.#aborted = false;
  }

  end(): void {
    this.current = undefined;
  }

  abort(from: number, ask: number): boolean {
    if (this.current?.ask !== ask || this.current.from !== from) return false;
    this.#aborted = true;
    this.#abort?.abort(gaveUp(this.name));
    return true;
  }

  awaitsIn(trace: Trace | undefined): string | undefined {
    if (trace === undefined || this.current === undefined) return undefined;
    const at = trace.waiting.findIndex(([id, turn]) => id === this.#cell.id && turn === this.#turn);
    if (at < 0) return undefined;
    return [...trace.waiting.slice(at).map(([id]) => `#${id}`), `#${this.#cell.id}`].join(' → ');
  }

  close(error: WireError): void {
    for (const { from, ask } of this.#open ?? []) this.#cell.place.fail(from, ask, error);
    this.#open = undefined;
    this.current = undefined;
    this.#aborted = true;
    this.#abort?.abort(new LtlError('E_ABORTED', `${this.name} ended`));
  }
}

function gaveUp(name: string): LtlError {
  return new LtlError('E_ABORTED', `whoever asked ${name} gave up`);
}
