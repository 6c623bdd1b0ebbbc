/**
 * The direct line between two threads of actors: messages, replies and control, batched. Whatever is sent within one run
 * of the event loop's turn leaves in one post, which is what makes a message cheap.
 *
 * Ordering: messages arrive in the order of `push`, controls in theirs; a control pushed after a message arrives after it.
 * What the peer has not dealt with yet is kept, so that it can be told when the peer's thread dies. `dealt` is a shared
 * word: all messages below that number are dealt with.
 *
 * References in messages: a reference counts itself when it is cloned (its `$ref` is a getter, and structured cloning
 * reads getters in order). The batch's last field is a getter too, so it says how many were in the batch, and a receiver
 * walks the messages only when there were any.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { BATCH_MESSAGES_MAX } from '../words/actor-limits.js';
import type { WireError } from '../words/errors.js';

/** What goes with a message: where a chain of asks began, and who waits in it. */
export interface Trace {
  readonly correlation: string;
  /** The actors that wait for the answer, outermost first, each with the turn in which it waits. */
  readonly waiting: readonly (readonly [id: number, turn: number])[];
}

/** Words between the threads of two places, beside messages. */
export type LinkControl =
  | { readonly tag: 'stop'; readonly id: number }
  | { readonly tag: 'cancel'; readonly id: number; readonly ask: number }
  | { readonly tag: 'snapshot'; readonly id: number; readonly ask: number }
  /** Tell me when there is room again. */
  | { readonly tag: 'tell-room'; readonly id: number }
  | { readonly tag: 'room'; readonly id: number };

export interface LinkListener {
  /** `ask` is 0 for a message that wants no answer; `serial` is to be given to `done`. */
  message(link: Link, id: number, ask: number, trace: Trace | undefined, message: unknown, serial: number): void;
  answer(ask: number, value: unknown): void;
  failure(ask: number, error: WireError): void;
  control(link: Link, control: LinkControl): void;
  /** Turns what references became in cloning into references again, in place; returns the message. */
  revive(message: unknown): unknown;
  /** References cloned so far in this thread. */
  clonedRefs(): number;
  /** This message cannot cross threads. */
  uncloneable(id: number, ask: number, message: unknown, error: unknown): void;
}

/** What one end needs to begin; posted to the thread of the other end. */
export interface LinkEnd {
  readonly port: MessagePort;
  /** [0] what the first end has dealt with, [1] the second. */
  readonly dealt: Int32Array;
  readonly side: 0 | 1;
}

interface Batch {
  /** Four a message: id, ask, trace, message. */
  readonly messages: unknown[];
  /** Three a reply: ask, 1 or 0, value or error. */
  readonly replies: unknown[] | undefined;
  readonly controls: LinkControl[] | undefined;
  readonly refs: number;
}

const STRIDE = 4;
const REPLY_STRIDE = 3;

/** Both ends of a new link. */
export function linkEnds(): [LinkEnd, LinkEnd] {
  const { port1, port2 } = new MessageChannel();
  const dealt = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  return [
    { port: port1, dealt, side: 0 },
    { port: port2, dealt, side: 1 },
  ];
}

export class Link {
  readonly peer: number;
  readonly #listener: LinkListener;
  #end: LinkEnd | undefined;
  #messages: unknown[] = [];
  #replies: unknown[] = [];
  #controls: LinkControl[] = [];
  #scheduled = false;
  /** Batches sent and not dealt with to their end, oldest first, and the number of the next message to be sent. */
  #kept: { readonly first: number; readonly messages: readonly unknown[] }[] = [];
  #next = 0;
  #received = 0;
  /** All received messages below it are dealt with. */
  #low = 0;
  readonly #doneAhead = new Set<number>();

  /** Without an end yet, what is sent is kept until `connect`. */
  constructor(peer: number, listener: LinkListener) {
    this.peer = peer;
    this.#listener = listener;
  }

  connect(end: LinkEnd): void {
    if (this.#end !== undefined) {
      // Both ends asked for a link at once: both keep the first.
      end.port.close();
      return;
    }
    this.#end = end;
    end.port.on('message', (batch: Batch) => this.#arrived(batch));
    this.flush();
  }

  get connected(): boolean {
    return this.#end !== undefined;
  }

  unref(): void {
    this.#end?.port.unref();
  }

  push(id: number, ask: number, trace: Trace | undefined, message: unknown): void {
    this.#messages.push(id, ask, trace, message);
    if (this.#messages.length >= BATCH_MESSAGES_MAX * STRIDE) this.flush();
    else this.#schedule();
  }

  reply(ask: number, value: unknown): void {
    this.#replies.push(ask, 1, value);
    this.#schedule();
  }

  fail(ask: number, error: WireError): void {
    this.#replies.push(ask, 0, error);
    this.#schedule();
  }

  control(control: LinkControl): void {
    this.#controls.push(control);
    this.#schedule();
  }

  /** The message with that serial number is dealt with, in whatever way. */
  done(serial: number): void {
    if (serial !== this.#low) {
      this.#doneAhead.add(serial);
      return;
    }
    this.#low++;
    while (this.#doneAhead.size > 0 && this.#doneAhead.delete(this.#low)) this.#low++;
    if (this.#end !== undefined) Atomics.store(this.#end.dealt, this.#end.side, this.#low | 0);
  }

  /** Sends what is waiting to be sent. */
  flush(): void {
    this.#scheduled = false;
    const end = this.#end;
    if (end === undefined) return;
    const messages = this.#messages;
    const replies = this.#replies;
    const controls = this.#controls;
    if (messages.length === 0 && replies.length === 0 && controls.length === 0) return;
    this.#messages = [];
    if (replies.length > 0) this.#replies = [];
    if (controls.length > 0) this.#controls = [];
    this.#forget(end);
    try {
      this.#post(end, messages, replies, controls);
      this.#keep(messages);
    } catch {
      // The error is found again, for the message that has it.
      this.#postOneByOne(end, messages, replies, controls);
    }
  }

  /** Ends the link; returns what was sent and not dealt with, and what was not sent yet. */
  close(): { id: number; message: unknown }[] {
    const end = this.#end;
    const dealt = end === undefined ? 0 : Atomics.load(end.dealt, 1 - end.side);
    end?.port.close();
    this.#end = undefined;
    const lost: { id: number; message: unknown }[] = [];
    const lose = (messages: readonly unknown[], from: number): void => {
      for (let at = from * STRIDE; at < messages.length; at += STRIDE)
        lost.push({ id: messages[at] as number, message: messages[at + 3] });
    };
    for (const { first, messages } of this.#kept) lose(messages, Math.max(0, (dealt - first) | 0));
    lose(this.#messages, 0);
    this.#kept = [];
    this.#messages = [];
    return lost;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.flush());
  }

  #keep(messages: readonly unknown[]): void {
    if (messages.length === 0) return;
    this.#kept.push({ first: this.#next, messages });
    this.#next = (this.#next + messages.length / STRIDE) | 0;
  }

  /** Lets go of what the peer has dealt with. */
  #forget(end: LinkEnd): void {
    const dealt = Atomics.load(end.dealt, 1 - end.side);
    let over = 0;
    for (const { first, messages } of this.#kept) {
      if (((first + messages.length / STRIDE - dealt) | 0) > 0) break;
      over++;
    }
    if (over > 0) this.#kept = this.#kept.slice(over);
  }

  #post(end: LinkEnd, messages: unknown[], replies: unknown[], controls: LinkControl[]): void {
    const listener = this.#listener;
    const before = listener.clonedRefs();
    const batch: Batch = {
      messages,
      replies: replies.length > 0 ? replies : undefined,
      controls: controls.length > 0 ? controls : undefined,
      get refs(): number {
        return listener.clonedRefs() - before;
      },
    };
    end.port.postMessage(batch);
  }

  /** Something in the batch cannot be cloned: the rest goes on, in its order. */
  #postOneByOne(end: LinkEnd, messages: unknown[], replies: unknown[], controls: LinkControl[]): void {
    for (let at = 0; at < messages.length; at += STRIDE) {
      const [id, ask, , message] = messages.slice(at, at + STRIDE) as [number, number, unknown, unknown];
      try {
        this.#post(end, messages.slice(at, at + STRIDE), [], []);
        this.#keep(messages.slice(at, at + STRIDE));
      } catch (error) {
        this.#listener.uncloneable(id, ask, message, error);
      }
    }
    for (let at = 0; at < replies.length; at += REPLY_STRIDE) {
      try {
        this.#post(end, [], replies.slice(at, at + REPLY_STRIDE), []);
      } catch (error) {
        const wire: WireError = { code: 'E_UNCLONEABLE', message: `the reply: ${String(error)}`, details: {} };
        this.#post(end, [], [replies[at], 0, wire], []);
      }
    }
    if (controls.length > 0) this.#post(end, [], [], controls);
  }

  #arrived(batch: Batch): void {
    const listener = this.#listener;
    const { messages, replies, controls } = batch;
    if (batch.refs > 0) {
      for (let at = 3; at < messages.length; at += STRIDE) messages[at] = listener.revive(messages[at]);
      if (replies !== undefined)
        for (let at = 2; at < replies.length; at += REPLY_STRIDE) replies[at] = listener.revive(replies[at]);
    }
    if (replies !== undefined)
      for (let at = 0; at < replies.length; at += REPLY_STRIDE) {
        if (replies[at + 1] === 1) listener.answer(replies[at] as number, replies[at + 2]);
        else listener.failure(replies[at] as number, replies[at + 2] as WireError);
      }
    for (let at = 0; at < messages.length; at += STRIDE)
      listener.message(
        this,
        messages[at] as number,
        messages[at + 1] as number,
        messages[at + 2] as Trace | undefined,
        messages[at + 3],
        this.#received++,
      );
    for (const control of controls ?? []) listener.control(this, control);
  }
}
