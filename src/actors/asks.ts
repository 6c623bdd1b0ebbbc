/**
 * The asks of one place that are not answered yet. Each ends exactly once: by its answer, its failure, its timeout, its
 * signal, or the end of the thread that was to answer; and then nothing of it is left, no timer and no listener.
 */
import type { Clock } from '../ports/clock.js';
import { type Cancellable, Ends } from '../sync/cancel.js';
import { fromWireError, LtlError, type WireError } from '../words/errors.js';
import { Timeouts } from './timeouts.js';

interface Pending {
  readonly id: number;
  readonly name: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Its part in the signal, when it has one. */
  readonly ends: Ends | undefined;
  readonly timeoutMs: number;
  /** The place that is to answer; -1 while the message waits in a line. */
  place: number;
}

export interface AskTerms {
  /** The actor that is asked. */
  readonly id: number;
  readonly name: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export class Asks {
  readonly #timeouts: Timeouts;
  readonly #pending = new Map<number, Pending>();
  /** Called when an ask is given up, so that the actor may hear of it. */
  readonly #gaveUp: (ask: number, id: number, place: number) => void;
  #last = 0;

  constructor(clock: Clock, gaveUp: (ask: number, id: number, place: number) => void) {
    this.#timeouts = new Timeouts(clock, (ask) => this.#late(ask));
    this.#gaveUp = gaveUp;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Opens an ask: `deliver` is given its number and sends the message. */
  open(terms: AskTerms, deliver: (ask: number) => void): Promise<unknown> {
    const { id, name, timeoutMs, signal } = terms;
    if (signal?.aborted === true) return Promise.reject(aborted(name, signal));
    const ask = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#timeouts.add(ask, timeoutMs);
      const ends =
        signal === undefined ? undefined : new Ends(this.#untilAborted(ask, name, signal), signal, undefined);
      this.#pending.set(ask, { id, name, resolve, reject, ends, timeoutMs, place: -1 });
      try {
        deliver(ask);
      } catch (error) {
        this.#end(ask)?.reject(error);
      }
    });
  }

  /** The message of that ask went to that place. */
  sentTo(ask: number, place: number): void {
    const pending = this.#pending.get(ask);
    if (pending !== undefined) pending.place = place;
  }

  answer(ask: number, value: unknown): void {
    this.#end(ask)?.resolve(value);
  }

  fail(ask: number, error: WireError): void {
    this.#end(ask)?.reject(fromWireError(error));
  }

  /** Fails all that were to be answered by that place. */
  failPlace(place: number, errorOf: (id: number) => WireError): void {
    for (const [ask, pending] of this.#pending) if (pending.place === place) this.fail(ask, errorOf(pending.id));
  }

  failAll(error: WireError): void {
    for (const ask of this.#pending.keys()) this.fail(ask, error);
  }

  #untilAborted(ask: number, name: string, signal: AbortSignal): Cancellable {
    // Its time is kept by Timeouts, together with that of the others.
    return { timedOut: () => undefined, aborted: () => this.#giveUp(ask, aborted(name, signal)) };
  }

  #late(ask: number): void {
    const pending = this.#pending.get(ask);
    if (pending === undefined) return;
    const message = `${pending.name} did not answer within ${pending.timeoutMs} ms`;
    this.#giveUp(ask, new LtlError('E_TIMEOUT', message));
  }

  #giveUp(ask: number, error: LtlError): void {
    const pending = this.#end(ask);
    if (pending === undefined) return;
    pending.reject(error);
    this.#gaveUp(ask, pending.id, pending.place);
  }

  #end(ask: number): Pending | undefined {
    const pending = this.#pending.get(ask);
    if (pending === undefined) return undefined;
    this.#pending.delete(ask);
    this.#timeouts.remove(ask, pending.timeoutMs);
    pending.ends?.disarm();
    return pending;
  }
}

function aborted(name: string, signal: AbortSignal): LtlError {
  return new LtlError('E_ABORTED', `the ask of ${name} was aborted`, { cause: signal.reason });
}
