/**
 * The messages of one place that wait to be sent: for room in a mailbox whose policy is to wait, or for an actor that
 * is being restarted. One line an actor, first in, first out; as long as there is one, later messages join it.
 *
 * A line ends when it is empty or its actor is dead. It is looked at when the actor's place offers room (which is asked
 * for once, and again when it was not enough), and when the conductor says what has become of the actor.
 */
import type { Trace } from '../wire/link.js';
import { STATE } from '../wire/mailbox.js';
import { LINE_SIZE_MAX } from '../words/actor-limits.js';
import type { WireError } from '../words/errors.js';
import { Queue } from './mailbox-queue.js';
import type { Ref } from './ref.js';

export interface Waiting {
  readonly message: unknown;
  readonly ask: number;
  readonly trace: Trace | undefined;
}

/** What lines need of their place. */
export interface LinesWorld {
  deliver(to: Ref, waiting: Waiting): void;
  /** It became a dead letter, or its ask failed; false. */
  refuse(to: Ref, waiting: Waiting, reason: 'dead' | 'overflow', error: WireError): false;
  /** Asks the actor's place to tell when there is room. */
  askForRoom(to: Ref): void;
  /** Hear of that actor as long as there is a line for it. */
  hold(id: number): void;
  release(id: number): void;
}

export class Lines {
  readonly #world: LinesWorld;
  readonly #lines = new Map<number, Line>();

  constructor(world: LinesWorld) {
    this.#world = world;
  }

  /** True while messages to that actor wait, so that a later one has to join them. */
  has(id: number): boolean {
    return this.#lines.size > 0 && this.#lines.has(id);
  }

  /** Puts the message at the end of the actor's line; false when the line itself is full. */
  join(to: Ref, waiting: Waiting): boolean {
    let line = this.#lines.get(to.id);
    if (line === undefined) {
      this.#lines.set(to.id, (line = new Line(to)));
      // The conductor answers with what the actor is now, and tells what becomes of it.
      this.#world.hold(to.id);
    }
    return line.join(waiting) || this.#world.refuse(to, waiting, 'overflow', full(to));
  }

  /** The same, for an actor that is up and has no room. */
  joinForRoom(to: Ref, waiting: Waiting): boolean {
    const joined = this.join(to, waiting);
    this.#askForRoom(this.#lines.get(to.id));
    return joined;
  }

  /** Takes an ask out that was given up. */
  leave(id: number, ask: number): void {
    this.#lines.get(id)?.leave(ask);
  }

  async empty(id: number): Promise<void> {
    await this.#lines.get(id)?.empty();
  }

  /** There is room, or the actor is up: sends as many as there is room for. */
  flush(id: number): void {
    const line = this.#lines.get(id);
    if (line === undefined) return;
    line.roomAsked = false;
    const { slot } = line.to;
    while (slot.state === STATE.up && line.size > 0) {
      if (!slot.reserve()) {
        slot.unreserve();
        this.#askForRoom(line);
        return;
      }
      const waiting = line.next();
      if (waiting !== undefined) this.#world.deliver(line.to, waiting);
    }
    if (line.size === 0) this.#close(line);
  }

  /** The actor is dead: so is what waited for it. */
  dead(id: number, error: WireError): void {
    const line = this.#lines.get(id);
    if (line === undefined) return;
    for (let waiting = line.next(); waiting !== undefined; waiting = line.next())
      this.#world.refuse(line.to, waiting, 'dead', error);
    this.#close(line);
  }

  close(): void {
    for (const line of this.#lines.values()) line.close();
    this.#lines.clear();
  }

  #askForRoom(line: Line | undefined): void {
    if (line === undefined || line.roomAsked) return;
    line.roomAsked = true;
    this.#world.askForRoom(line.to);
  }

  #close(line: Line): void {
    this.#lines.delete(line.to.id);
    this.#world.release(line.to.id);
    line.close();
  }
}

/** The error of a full mailbox. */
export function full(to: Ref): WireError {
  return { code: 'E_MAILBOX_FULL', message: `the mailbox of ${to.name} is full`, details: {} };
}

class Line {
  readonly to: Ref;
  /** The actor's place has been asked to tell when there is room. */
  roomAsked = false;
  readonly #waiting = new Queue<Waiting>();
  #whenEmpty: (() => void)[] = [];

  constructor(to: Ref) {
    this.to = to;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** False when the line itself is full. */
  join(waiting: Waiting): boolean {
    if (this.#waiting.size >= LINE_SIZE_MAX) return false;
    this.#waiting.push(waiting);
    return true;
  }

  next(): Waiting | undefined {
    return this.#waiting.shift();
  }

  leave(ask: number): void {
    this.#waiting.remove((waiting) => waiting.ask === ask);
  }

  empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenEmpty.push(resolve);
    });
  }

  close(): void {
    for (const resolve of this.#whenEmpty) resolve();
    this.#whenEmpty = [];
  }
}
