/**
 * A place: one thread in which actors live. It runs its cells turn by turn, delivers messages to them and, over links, to
 * other places, and holds what this thread waits for: asks, lines, watches. The conductor's thread is a place like any other.
 *
 * Fairness: cells with messages take turns; see turns.ts.
 * Ordering: from one sender to one actor, messages arrive in the order of sending, lines included.
 */
import type { Clock } from '../ports/clock.js';
import type { ExitReason } from '../supervisor/exit.js';
import { Link, type LinkControl, type LinkEnd, type LinkListener, type Trace } from '../wire/link.js';
import { Slot, STATE } from '../wire/mailbox.js';
import type { ActorTransition, DeadReason, FromPlace, ToPlace } from '../wire/place.js';
import { ASK_TIMEOUT_MS_DEFAULT } from '../words/actor-limits.js';
import { toWireError, type WireError } from '../words/errors.js';
import type { AskOptions, Change, Snapshot } from './actor.js';
import { Asks } from './asks.js';
import type { Cell } from './cell.js';
import { assertAskOptions } from './check.js';
import { assertCloneable } from './cloneable.js';
import { Envelope } from './envelope.js';
import { full, Lines, type Waiting } from './lines.js';
import { Ref, reviveRefs } from './ref.js';
import { Turns } from './turns.js';
import { Watches } from './watches.js';

export class Place implements LinkListener {
  readonly id: number;
  /** Somebody listens to `inspect`. */
  inspecting = false;
  readonly #cells = new Map<number, Cell>();
  readonly #links = new Map<number, Link>();
  readonly #lines: Lines;
  readonly #turns = new Turns();
  readonly #asks: Asks;
  readonly #watches: Watches;
  readonly #conduct: (message: FromPlace) => void;

  constructor(id: number, clock: Clock, conduct: (message: FromPlace) => void) {
    this.id = id;
    this.#conduct = conduct;
    this.#asks = new Asks(clock, (ask, actor, place) => this.#gaveUp(ask, actor, place));
    this.#watches = new Watches((message) => this.#conduct(message));
    this.#lines = new Lines({
      deliver: (to, { message, ask, trace }) => this.#deliver(to.id, to.slot.place, message, ask, trace, true),
      refuse: (to, waiting, reason, error) => this.#refuse(to, waiting, reason, error),
      askForRoom: (to) => this.#askForRoom(to),
      hold: (actor) => this.#watches.hold(actor),
      release: (actor) => this.#watches.release(actor),
    });
  }

  /* Sending */

  /** Delivers a message, or puts it in a line, or makes it a dead letter; see ActorRef.send. */
  send(to: Ref, message: unknown, ask: number, trace: Trace | undefined): boolean {
    const { slot } = to;
    const place = slot.place;
    const mayHoldRefs = place !== this.id && assertCloneable(message);
    if (slot.state === STATE.dead) return this.#refuse(to, { message, ask, trace }, 'dead', deadError(to.name));
    if (slot.state === STATE.down || this.#lines.has(to.id)) return this.#lines.join(to, { message, ask, trace });
    if (!slot.reserve() && slot.overflow !== 'drop-oldest') {
      slot.unreserve();
      if (slot.overflow === 'wait') return this.#lines.joinForRoom(to, { message, ask, trace });
      return this.#refuse(to, { message, ask, trace }, 'overflow', full(to));
    }
    this.#deliver(to.id, place, message, ask, trace, mayHoldRefs);
    return true;
  }

  ask(to: Ref, message: unknown, options: AskOptions, trace: Trace | undefined): Promise<unknown> {
    try {
      assertAskOptions(options);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    const terms = {
      id: to.id,
      name: to.name,
      timeoutMs: options.timeoutMs ?? ASK_TIMEOUT_MS_DEFAULT,
      signal: options.signal,
    };
    return this.#asks.open(terms, (ask) => this.send(to, message, ask, trace));
  }

  reply(place: number, ask: number, value: unknown): void {
    if (ask === 0) return;
    if (place === this.id) this.#asks.answer(ask, value);
    else this.#replyFar(place, ask, value);
  }

  /** A reply that cannot cross threads fails the ask, not the actor. */
  #replyFar(place: number, ask: number, value: unknown): void {
    try {
      this.#link(place).reply(ask, value, assertCloneable(value));
    } catch (error) {
      this.#link(place).fail(ask, toWireError(error, 'E_UNCLONEABLE'));
    }
  }

  fail(place: number, ask: number, error: WireError): void {
    if (ask === 0) return;
    if (place === this.id) this.#asks.fail(ask, error);
    else this.#link(place).fail(ask, error);
  }

  failure(ask: number, error: WireError): void {
    this.#asks.fail(ask, error);
  }

  deadLetter(to: number, message: unknown, reason: DeadReason, error?: WireError): void {
    const letter = error === undefined ? { to, message, reason } : { to, message, reason, error };
    try {
      this.#conduct({ tag: 'dead-letter', letter });
    } catch (cause) {
      this.#conduct({
        tag: 'dead-letter',
        letter: { to, message: undefined, reason, error: toWireError(cause, 'E_UNCLONEABLE') },
      });
    }
  }

  /* What references do */

  refOf(id: number, name: string, slot: Slot): Ref {
    return new Ref(this, id, name, slot);
  }

  async room(to: Ref): Promise<void> {
    await this.#lines.empty(to.id);
  }

  stop(to: Ref): Promise<void> {
    if (to.slot.state === STATE.dead) return Promise.resolve();
    const dead = this.#watches.dead(to.id);
    const place = to.slot.place;
    // By the link, so that it comes after the messages sent before; that place passes it on to the conductor.
    if (this.id === 0 || place === this.id || to.slot.state !== STATE.up) this.#conduct({ tag: 'stop', id: to.id });
    else this.#link(place).control({ tag: 'stop', id: to.id });
    return dead;
  }

  watch(to: Ref, listener: (change: Change) => void): () => void {
    return this.#watches.add(to.id, listener);
  }

  async snapshot(to: Ref): Promise<Snapshot> {
    const cell = this.#cells.get(to.id);
    if (cell !== undefined) return cell.snapshot();
    if (to.slot.state !== STATE.up || to.slot.place === this.id) return { status: 'stopped', state: undefined };
    const terms = { id: to.id, name: to.name, timeoutMs: ASK_TIMEOUT_MS_DEFAULT, signal: undefined };
    return (await this.#asks.open(terms, (ask) => {
      this.#asks.sentTo(ask, to.slot.place);
      this.#link(to.slot.place).control({ tag: 'snapshot', id: to.id, ask });
    })) as Snapshot;
  }

  /* Cells */

  /** Takes a new cell in and starts it; resolves when it is ready, rejects with what its start threw. */
  async begin(cell: Cell): Promise<void> {
    this.#cells.set(cell.id, cell);
    try {
      await cell.start();
    } catch (error) {
      // It was given up before, and another life may have begun since: what this one says concerns nobody.
      if (cell.ended) return;
      this.#cells.delete(cell.id);
      // What had arrived for it already is lost with it, and not unseen.
      cell.end({ kind: 'error', error: toWireError(error) }, 'lost');
      throw error;
    }
  }

  cell(id: number): Cell | undefined {
    return this.#cells.get(id);
  }

  cellEnded(cell: Cell, reason: ExitReason): void {
    if (this.#cells.get(cell.id) !== cell) return;
    this.#cells.delete(cell.id);
    // Its answers before its end.
    for (const link of this.#links.values()) link.flush();
    this.#conduct({ tag: 'ended', id: cell.id, reason });
  }

  /** For the conductor's place: orders the stop of a cell, wherever it lives, after what was sent to it before. */
  orderStop(id: number, place: number): void {
    if (place === this.id) this.#cells.get(id)?.stop();
    else this.#link(place).control({ tag: 'stop', id });
  }

  /** Takes in what that place has said so far. */
  takeIn(place: number): void {
    this.#links.get(place)?.takeIn();
  }

  schedule(cell: Cell): void {
    this.#turns.schedule(cell);
  }

  inspected(transition: ActorTransition): void {
    this.#conduct({ tag: 'transitions', transitions: [transition] });
  }

  offerRoom(place: number, id: number): void {
    if (place === this.id) this.#lines.flush(id);
    else this.#link(place).control({ tag: 'room', id });
  }

  /* What arrives */

  message(link: Link, id: number, ask: number, trace: Trace | undefined, message: unknown, serial: number): void {
    const cell = this.#cells.get(id);
    if (cell !== undefined) {
      cell.enqueue(new Envelope(message, ask, link.peer, trace, link, serial));
      return;
    }
    link.done(serial);
    const error: WireError = {
      code: 'E_ACTOR_FAILED',
      message: 'the actor ended before the message arrived',
      details: {},
    };
    this.deadLetter(id, message, 'lost', error);
    this.fail(link.peer, ask, error);
  }

  /** An answer to an ask of this place. */
  answer(ask: number, value: unknown): void {
    this.#asks.answer(ask, value);
  }

  control(link: Link, control: LinkControl): void {
    const cell = this.#cells.get(control.id);
    switch (control.tag) {
      case 'stop':
        // From the conductor's place it is the order; from elsewhere the wish, which the conductor has to hear of.
        if (link.peer === 0) cell?.stop();
        else this.#conduct({ tag: 'stop', id: control.id });
        return;
      case 'cancel':
        cell?.cancel(link.peer, control.ask);
        return;
      case 'snapshot':
        this.reply(link.peer, control.ask, cell?.snapshot() ?? { status: 'stopped', state: undefined });
        return;
      case 'tell-room':
        if (cell === undefined) this.offerRoom(link.peer, control.id);
        else cell.tellRoom(link.peer);
        return;
      case 'room':
        this.#lines.flush(control.id);
        return;
      case 'unsent':
        cell?.unsent();
        return;
    }
  }

  /** A word of the conductor that is not about one cell. */
  conducted(message: Exclude<ToPlace, { tag: 'spawn' }>): void {
    switch (message.tag) {
      case 'abandon':
        this.#cells.get(message.id)?.end(message.reason, 'lost');
        return;
      case 'peer':
        this.connect(message.place, message.end);
        return;
      case 'gone':
        this.#lost(message.place);
        return;
      case 'state':
        this.#changed(message);
        return;
      case 'inspect':
        this.inspecting = message.on;
        return;
    }
  }

  connect(place: number, end: LinkEnd): Link {
    let link = this.#links.get(place);
    if (link === undefined) this.#links.set(place, (link = new Link(place, this)));
    link.connect(end);
    return link;
  }

  revive(message: unknown): unknown {
    return reviveRefs(message, ({ id, name, slot }) => this.refOf(id, name, new Slot(slot.words, slot.base)));
  }

  clonedRefs(): number {
    return Ref.cloned;
  }

  uncloneable(link: Link, id: number, ask: number, message: unknown, why: string): void {
    // Its room is the actor's to give back: only there are its words known.
    link.control({ tag: 'unsent', id });
    const error: WireError = {
      code: 'E_UNCLONEABLE',
      message: `the message cannot cross threads: ${why}`,
      details: {},
    };
    if (ask === 0) this.deadLetter(id, message, 'uncloneable', error);
    else this.#asks.fail(ask, error);
  }

  /** Ends everything that waits here. */
  close(): void {
    this.#asks.failAll({ code: 'E_CLOSED', message: 'the actor system was stopped', details: {} });
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    this.#lines.close();
  }

  /* Below: how */

  #deliver(
    id: number,
    place: number,
    message: unknown,
    ask: number,
    trace: Trace | undefined,
    mayHoldRefs: boolean,
  ): void {
    if (ask !== 0) this.#asks.sentTo(ask, place);
    if (place !== this.id) {
      this.#link(place).push(id, ask, trace, message, mayHoldRefs);
      return;
    }
    const cell = this.#cells.get(id);
    if (cell !== undefined) {
      const bare = ask === 0 && trace === undefined && message !== undefined;
      cell.enqueue(bare ? message : new Envelope(message, ask, place, trace));
      return;
    }
    const error: WireError = {
      code: 'E_ACTOR_FAILED',
      message: 'the actor ended before the message arrived',
      details: {},
    };
    this.deadLetter(id, message, 'lost', error);
    this.fail(place, ask, error);
  }

  #refuse(to: Ref, { message, ask }: Waiting, reason: DeadReason, error: WireError): false {
    if (ask !== 0) this.#asks.fail(ask, error);
    else this.deadLetter(to.id, message, reason, error);
    return false;
  }

  #link(place: number): Link {
    let link = this.#links.get(place);
    if (link === undefined) {
      link = new Link(place, this);
      this.#links.set(place, link);
      this.#conduct({ tag: 'connect', to: place });
    }
    return link;
  }

  #gaveUp(ask: number, id: number, place: number): void {
    if (place < 0) this.#lines.leave(id, ask);
    else if (place === this.id) this.#cells.get(id)?.cancel(place, ask);
    else this.#links.get(place)?.control({ tag: 'cancel', id, ask });
  }

  #askForRoom({ id, slot }: Ref): void {
    if (slot.place === this.id) this.#cells.get(id)?.tellRoom(this.id);
    else this.#link(slot.place).control({ tag: 'tell-room', id });
  }

  #changed({ id, change, reason, first }: Extract<ToPlace, { tag: 'state' }>): void {
    if (change === 'up') this.#lines.flush(id);
    if (change === 'dead') this.#lines.dead(id, { ...deadError('the actor'), details: { reason } });
    this.#watches.changed(id, change, reason, first);
  }

  /** That thread ended: what it had not dealt with is lost, and it will answer nothing. */
  #lost(place: number): void {
    const link = this.#links.get(place);
    this.#links.delete(place);
    const error: WireError = { code: 'E_ACTOR_FAILED', message: 'its thread ended before it answered', details: {} };
    for (const { id, message } of link?.close() ?? []) this.deadLetter(id, message, 'lost', error);
    this.#asks.failPlace(place, () => error);
  }
}

function deadError(name: string): WireError {
  return { code: 'E_ACTOR_FAILED', message: `${name} is dead`, details: {} };
}
