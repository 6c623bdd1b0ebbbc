/**
 * One living actor in one thread: its mailbox, and the turns in which its handler takes the messages.
 *
 * Ordering: messages in order of arrival, one at a time; the next turn begins when the promise of the one before is
 * settled. Fairness: senders are served in order of arrival; cells take turns by quantum (see turns.ts). Ownership: used
 * by its thread only; other threads see its slot.
 */
import type { ExitReason } from '../supervisor/exit.js';
import type { Slot } from '../wire/mailbox.js';
import type { DeadReason } from '../wire/place.js';
import { toWireError, type WireError } from '../words/errors.js';
import type { Snapshot } from './actor.js';
import { type CellContext, makeContext } from './context.js';
import { Envelope } from './envelope.js';
import type { Handler, HandlerHost } from './handler.js';
import { Queue } from './mailbox-queue.js';
import type { Place } from './place.js';
import type { Ref } from './ref.js';
import { Room } from './room.js';

const STOP = new Envelope(undefined, 0, 0);
const NOW = Promise.resolve();

export class Cell {
  readonly id: number;
  readonly name: string;
  readonly slot: Slot;
  readonly place: Place;
  readonly self: Ref;
  /** In the place's run queue. */
  scheduled = false;
  /** Made when somebody first finds no room. */
  #room: Room | undefined;
  readonly #handler: Handler;
  /** Envelopes, and bare messages. */
  readonly #mailbox = new Queue<unknown>();
  /** Around the bare message that is being handled. */
  readonly #bare = new Envelope(undefined, 0, 0);
  /** Asks given up that may still be in the mailbox, by place: taken out together, in one pass over it. */
  #cancelled: Map<number, Set<number>> | undefined;
  readonly #context: CellContext;
  #state: 'starting' | 'up' | 'stopping' | 'ended' = 'starting';
  readonly #dropsOldest: boolean;
  #waiting = false;
  #finishing = false;

  constructor(
    place: Place,
    id: number,
    name: string,
    slot: Slot,
    input: unknown,
    make: (host: HandlerHost) => Handler,
  ) {
    this.place = place;
    this.id = id;
    this.name = name;
    this.slot = slot;
    this.self = place.refOf(id, name, slot);
    this.#dropsOldest = slot.overflow === 'drop-oldest';
    this.#context = makeContext(this, input);
    const host: HandlerHost = {
      name,
      input,
      context: this.#context.face,
      fail: (error) => this.fail(error),
      finish: () => this.finish(),
    };
    this.#handler = make(host);
  }

  /** Resolves when it is ready for messages. */
  async start(): Promise<void> {
    await this.#handler.start();
    if (this.#state !== 'starting') return;
    this.#state = 'up';
    this.place.schedule(this);
    if (this.#finishing) this.end({ kind: 'done' }, 'dead');
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Takes in an envelope, or a bare message, which is not undefined. */
  enqueue(item: unknown): void {
    if (this.#waiting && item instanceof Envelope && this.#deadlocks(item)) return;
    if (this.#dropsOldest && this.slot.depth > this.slot.size) this.#dropOldest();
    this.#mailbox.push(item);
    if (!this.#waiting) this.place.schedule(this);
  }

  /** Takes up to `max` messages; returns how many it took. */
  run(max: number): number {
    let taken = 0;
    this.#takeOutCancelled();
    while (taken < max && this.ready) {
      const item = this.#mailbox.shift();
      if (item === undefined) break;
      taken++;
      if (item === STOP) this.#stopNow();
      else this.#turn(this.#unbare(item));
    }
    return taken;
  }

  /** It could take a message now, were there one. */
  get ready(): boolean {
    return !this.#waiting && this.#state === 'up';
  }

  get pending(): number {
    return this.#mailbox.size;
  }

  /** Stops after the messages that are in the mailbox now. */
  stop(): void {
    if (this.#state === 'ended' || this.#state === 'stopping') return;
    this.#mailbox.push(STOP);
    if (!this.#waiting) this.place.schedule(this);
  }

  /** Ends after the message being handled, the work done. */
  finish(): void {
    this.#finishing = true;
    if (this.#state === 'up' && !this.#context.busy && !this.#waiting) this.end({ kind: 'done' }, 'dead');
  }

  fail(error: unknown): void {
    this.end({ kind: 'error', error: toWireError(error) }, 'lost');
  }

  /** Gives up on an ask: not handled yet, it is taken out; being handled, its signal aborts. */
  cancel(from: number, ask: number): void {
    if (this.#context.abort(from, ask)) return;
    const cancelled = (this.#cancelled ??= new Map<number, Set<number>>());
    if (cancelled.size === 0) void NOW.then(() => this.#takeOutCancelled());
    const asks = cancelled.get(from);
    if (asks === undefined) cancelled.set(from, new Set([ask]));
    else asks.add(ask);
  }

  #takeOutCancelled(): void {
    const cancelled = this.#cancelled;
    if (cancelled === undefined) return;
    this.#cancelled = undefined;
    const out = this.#mailbox.removeAll(
      (item) => item instanceof Envelope && cancelled.get(item.from)?.has(item.ask) === true,
    );
    for (const envelope of out) this.#dealt(envelope as Envelope);
    if (out.length > 0) this.#room?.offer();
  }

  /** A message on its way here, as it seemed, never left. */
  unsent(): void {
    this.slot.take();
    this.#room?.offer();
  }

  tellRoom(place: number): void {
    this.#room ??= new Room(this.slot, (one) => this.place.offerRoom(one, this.id));
    this.#room.want(place);
  }

  snapshot(): Snapshot {
    return this.#handler.snapshot();
  }

  /** Ends it, now: what it was given and had not dealt with become dead letters, and their askers are told. */
  end(reason: ExitReason, letters: DeadReason): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    // At once, so that what is sent from now on waits for the conductor's word instead of coming here.
    this.slot.goDown();
    const error = endError(this.name, reason);
    const current = this.#context.current;
    if (current !== undefined) {
      this.place.deadLetter(this.id, current.message, 'crashed', error);
      if (!this.#context.answered) this.#answerError(current, error);
      this.#dealt(current);
    }
    this.#context.close(error);
    for (let item = this.#mailbox.shift(); item !== undefined; item = this.#mailbox.shift()) {
      if (item === STOP) continue;
      const envelope = this.#unbare(item);
      this.place.deadLetter(this.id, envelope.message, letters, error);
      this.#answerError(envelope, error);
      this.#dealt(envelope);
    }
    this.place.cellEnded(this, reason);
  }

  #unbare(item: unknown): Envelope {
    if (item instanceof Envelope) return item;
    this.#bare.message = item;
    return this.#bare;
  }

  #turn(envelope: Envelope): void {
    const inspecting = this.place.inspecting;
    const startedMs = inspecting ? performance.now() : 0;
    const from = inspecting ? this.#handler.label() : '';
    this.#context.begin(envelope);
    let pending: void | Promise<void>;
    try {
      pending = this.#handler.receive(envelope.message);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.#state === 'ended') return;
    const done = (): void => {
      if (inspecting) this.#inspected(envelope, startedMs, from);
      this.#endTurn(envelope);
    };
    if (!(pending instanceof Promise)) {
      done();
      return;
    }
    this.#waiting = true;
    this.#refuseDeadlocks();
    pending.then(
      () => {
        if (this.#state === 'ended') return;
        this.#waiting = false;
        done();
        if (!this.ended) this.place.schedule(this);
      },
      (error: unknown) => this.fail(error),
    );
  }

  /** An ask from a chain that waits for the very message being handled can only be refused. */
  #deadlocks(envelope: Envelope): boolean {
    const chain = this.#context.awaitsIn(envelope.trace);
    if (chain === undefined) return false;
    const message = `${this.name} is asked by a chain that waits for its answer: ${chain}`;
    this.#answerError(envelope, { code: 'E_DEADLOCK', message, details: {} });
    this.#dealt(envelope);
    return true;
  }

  /** The same for those that came before the handler began to wait. */
  #refuseDeadlocks(): void {
    const reentrant = (item: unknown): boolean =>
      item instanceof Envelope && this.#context.awaitsIn(item.trace) !== undefined;
    for (
      let found = this.#mailbox.remove(reentrant);
      found instanceof Envelope;
      found = this.#mailbox.remove(reentrant)
    )
      this.#deadlocks(found);
  }

  #endTurn(envelope: Envelope): void {
    if (envelope.ask !== 0 && !this.#context.answered)
      this.place.reply(envelope.from, envelope.ask, this.#handler.answer());
    this.#context.end();
    this.#dealt(envelope);
    this.#room?.offer();
    if (this.#finishing) this.end({ kind: 'done' }, 'dead');
  }

  #stopNow(): void {
    this.#state = 'stopping';
    const stopped = (): void => this.end({ kind: 'stopped' }, 'dead');
    try {
      const pending = this.#handler.stop();
      if (!(pending instanceof Promise)) stopped();
      else pending.then(stopped, (error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  #dealt(envelope: Envelope): void {
    this.slot.take();
    envelope.link?.done(envelope.serial);
  }

  #dropOldest(): void {
    const item = this.#mailbox.remove((each) => each !== STOP);
    if (item === undefined) return;
    const oldest = item instanceof Envelope ? item : new Envelope(item, 0, 0);
    this.place.deadLetter(this.id, oldest.message, 'overflow');
    const message = `${this.name} dropped the message for newer ones`;
    this.#answerError(oldest, { code: 'E_MAILBOX_FULL', message, details: {} });
    this.#dealt(oldest);
  }

  #answerError(envelope: Envelope, error: WireError): void {
    if (envelope.ask !== 0) this.place.fail(envelope.from, envelope.ask, error);
  }

  #inspected(envelope: Envelope, startedMs: number, from: string): void {
    this.place.inspected({
      id: this.id,
      name: this.name,
      place: this.place.id,
      atMs: performance.timeOrigin + startedMs,
      tookMs: performance.now() - startedMs,
      correlation: this.#context.correlation,
      message: kindOf(envelope.message),
      from,
      to: this.#handler.label(),
    });
  }
}

function kindOf(message: unknown): string {
  if (typeof message === 'object' && message !== null && 'type' in message) return String(message.type);
  return message === null ? 'null' : typeof message;
}

/** For those who waited for an answer. */
function endError(name: string, reason: ExitReason): WireError {
  const how =
    reason.kind === 'error'
      ? `failed: ${reason.error.code}: ${reason.error.message}`
      : `ended (${reason.kind}) before it answered`;
  return { code: 'E_ACTOR_FAILED', message: `${name} ${how}`, details: { reason } };
}
