/**
 * The direct line between two threads of actors: messages, replies and control, batched. Whatever is sent within one run
 * of the event loop's turn leaves in one post, which is what makes a message cheap.
 *
 * Ordering: messages arrive in the order of `push`, controls in theirs; a control pushed after a message arrives after it.
 * What the peer has not dealt with yet is kept, so that it can be told when the peer's thread dies. `dealt` is a shared
 * word: all messages below that number are dealt with.
 *
 * References in messages: a reference counts itself when it is cloned (its `$ref` is a getter, and structured cloning
 * reads getters in order). Where there may be some, the batch's last item has a getter too, so it says how many there
 * were, and the receiver walks the messages only when there were any.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { BATCH_MESSAGES_MAX } from '../words/actor-limits.js';
import type { WireError } from '../words/errors.js';
import { Packer, Unpacker } from './pack.js';

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
  | { readonly tag: 'room'; readonly id: number }
  /** A message for which room was reserved could not be sent. */
  | { readonly tag: 'unsent'; readonly id: number };

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
  /** This message cannot cross threads, and why. */
  uncloneable(link: Link, id: number, ask: number, message: unknown, why: string): void;
}

/** What one end needs to begin; posted to the thread of the other end. */
export interface LinkEnd {
  readonly port: MessagePort;
  /** [0] what the first end has dealt with, [1] the second. */
  readonly dealt: Int32Array;
  readonly side: 0 | 1;
}

/**
 * One post: its kind, then items. Messages, four items each: id, ask, trace, message. Replies, three each: ask, 1 or 0,
 * value or error. Controls, one each. Flat, because every nested thing costs a microsecond in cloning.
 */
type Batch = [kind: number, ...items: unknown[]];

const KIND = {
  messages: 0,
  replies: 1,
  controls: 2,
  messagesCounted: 3,
  repliesCounted: 4,
  messagesPacked: 5,
  repliesPacked: 6,
} as const;

const NOW = Promise.resolve();
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
  #messages: Batch = [KIND.messages];
  #replies: Batch = [KIND.replies];
  #controls: Batch = [KIND.controls];
  #scheduled = false;
  /** Something to be sent may hold references. */
  #mayHoldRefs = false;
  /** Why the last post that failed did. */
  #why = '';
  /** Batches sent and not dealt with to their end, oldest first, and the number of the next message to be sent. */
  #kept: { readonly first: number; readonly messages: Batch }[] = [];
  #next = 0;
  #received = 0;
  /** All received messages below it are dealt with. */
  #low = 0;
  readonly #doneAhead = new Set<number>();
  readonly #packer = new Packer();
  readonly #unpacker = new Unpacker();
  readonly #unpackedMessage = (items: readonly unknown[], head: number, message: unknown): void =>
    this.#listener.message(
      this,
      items[head] as number,
      items[head + 1] as number,
      items[head + 2] as Trace | undefined,
      message,
      this.#received++,
    );
  readonly #unpackedReply = (items: readonly unknown[], head: number, value: unknown): void =>
    this.#replied(items[head] as number, items[head + 1], value);
  readonly #flush = (): void => {
    this.#scheduled = false;
    this.flush();
  };

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

  push(id: number, ask: number, trace: Trace | undefined, message: unknown, mayHoldRefs: boolean): void {
    if (mayHoldRefs) this.#mayHoldRefs = true;
    this.#messages.push(id, ask, trace, message);
    if (ask !== 0) this.#hurry();
    else this.#schedule();
    if (this.#messages.length > BATCH_MESSAGES_MAX * STRIDE) this.flush();
  }

  reply(ask: number, value: unknown, mayHoldRefs: boolean): void {
    if (mayHoldRefs) this.#mayHoldRefs = true;
    this.#replies.push(ask, 1, value);
    this.#hurry();
    if (this.#replies.length > BATCH_MESSAGES_MAX * REPLY_STRIDE) this.flush();
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
    const end = this.#end;
    if (end === undefined) return;
    const messages = this.#messages;
    const replies = this.#replies;
    const controls = this.#controls;
    if (messages.length > 1) {
      this.#messages = [KIND.messages];
      this.#forget(end);
      if (this.#post(end, messages, STRIDE, KIND.messagesPacked, KIND.messagesCounted)) this.#keep(messages);
      else this.#postOneByOne(end, messages);
    }
    if (replies.length > 1) {
      this.#replies = [KIND.replies];
      if (!this.#post(end, replies, REPLY_STRIDE, KIND.repliesPacked, KIND.repliesCounted))
        this.#replyOneByOne(end, replies);
    }
    if (controls.length > 1) {
      this.#controls = [KIND.controls];
      end.port.postMessage(controls);
    }
    this.#mayHoldRefs = false;
  }

  /** Takes in what has arrived, now rather than in its turn of the event loop. */
  takeIn(): void {
    for (;;) {
      const taken = this.#end === undefined ? undefined : receiveMessageOnPort(this.#end.port);
      if (taken === undefined) return;
      this.#arrived((taken as { message: Batch }).message);
    }
  }

  /**
   * Ends the link: what is to be sent is sent, what has arrived is taken in. Returns what the peer has not dealt with,
   * and what was never sent.
   */
  close(): { id: number; message: unknown }[] {
    this.flush();
    this.takeIn();
    const end = this.#end;
    this.#end = undefined;
    const dealt = end === undefined ? 0 : Atomics.load(end.dealt, 1 - end.side);
    end?.port.close();
    const lost: { id: number; message: unknown }[] = [];
    const lose = (messages: Batch, from: number): void => {
      for (let at = 1 + from * STRIDE; at < messages.length; at += STRIDE)
        lost.push({ id: messages[at] as number, message: messages[at + 3] });
    };
    for (const { first, messages } of this.#kept) lose(messages, Math.max(0, (dealt - first) | 0));
    lose(this.#messages, 0);
    this.#kept = [];
    this.#messages = [KIND.messages];
    return lost;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // A promise's reaction costs a tenth of queueMicrotask(), which makes an async resource each time.
    void NOW.then(this.#flush);
  }

  /** Somebody waits for it: the first of a turn leaves at once, what follows in the turn together after it. */
  #hurry(): void {
    if (this.#scheduled) return;
    this.flush();
    this.#schedule();
  }

  #keep(messages: Batch): void {
    this.#kept.push({ first: this.#next, messages });
    this.#next = (this.#next + countOf(messages)) | 0;
  }

  /** Lets go of what the peer has dealt with. */
  #forget(end: LinkEnd): void {
    const dealt = Atomics.load(end.dealt, 1 - end.side);
    let over = 0;
    for (const { first, messages } of this.#kept) {
      if (((first + countOf(messages) - dealt) | 0) > 0) break;
      over++;
    }
    if (over > 0) this.#kept = this.#kept.slice(over);
  }

  /** False when something in the batch cannot be cloned. */
  #post(end: LinkEnd, batch: Batch, stride: number, packedKind: number, counted: number): boolean {
    if (this.#mayHoldRefs) return this.#postCounted(end, batch, counted);
    const packed: Batch = [packedKind];
    this.#packer.pack(batch, 1, stride, packed);
    const sent = this.#try(end, packed);
    this.#packer.settle(sent);
    return sent;
  }

  #postCounted(end: LinkEnd, batch: Batch, counted: number): boolean {
    const listener = this.#listener;
    const before = listener.clonedRefs();
    const count = {
      get refs(): number {
        return listener.clonedRefs() - before;
      },
    };
    const [, ...items] = batch;
    return this.#try(end, [counted, ...items, count]);
  }

  #try(end: LinkEnd, batch: Batch): boolean {
    try {
      end.port.postMessage(batch);
      return true;
    } catch (error) {
      // Not only DataCloneError: a port in it, or a getter of the sender's that throws, is an error of another name.
      this.#why = error instanceof Error ? error.message : String(error);
      return false;
    }
  }

  /** Something in the batch cannot be cloned: the rest goes on, in its order. */
  #postOneByOne(end: LinkEnd, batch: Batch): void {
    for (let at = 1; at < batch.length; at += STRIDE) {
      const items = batch.slice(at, at + STRIDE);
      const one: Batch = [KIND.messages, ...items];
      if (this.#postCounted(end, one, KIND.messagesCounted)) this.#keep(one);
      else this.#listener.uncloneable(this, items[0] as number, items[1] as number, items[3], this.#why);
    }
  }

  #replyOneByOne(end: LinkEnd, batch: Batch): void {
    for (let at = 1; at < batch.length; at += REPLY_STRIDE) {
      const items = batch.slice(at, at + REPLY_STRIDE);
      if (this.#postCounted(end, [KIND.replies, ...items], KIND.repliesCounted)) continue;
      const message = `the reply cannot cross threads: ${this.#why}`;
      const error: WireError = { code: 'E_UNCLONEABLE', message, details: {} };
      this.#try(end, [KIND.replies, items[0], 0, error]);
    }
  }

  #arrived(batch: Batch): void {
    switch (batch[0]) {
      case KIND.messagesCounted:
        this.#revive(batch, STRIDE);
        this.#messagesArrived(batch);
        return;
      case KIND.messages:
        this.#messagesArrived(batch);
        return;
      case KIND.messagesPacked:
        this.#unpacker.unpack(batch, 1, STRIDE, this.#unpackedMessage);
        return;
      case KIND.repliesPacked:
        this.#unpacker.unpack(batch, 1, REPLY_STRIDE, this.#unpackedReply);
        return;
      case KIND.repliesCounted:
        this.#revive(batch, REPLY_STRIDE);
        this.#repliesArrived(batch);
        return;
      case KIND.replies:
        this.#repliesArrived(batch);
        return;
      default:
        for (let at = 1; at < batch.length; at++) this.#listener.control(this, batch[at] as LinkControl);
    }
  }

  #messagesArrived(batch: Batch): void {
    for (let at = 1; at < batch.length; at += STRIDE)
      this.#listener.message(
        this,
        batch[at] as number,
        batch[at + 1] as number,
        batch[at + 2] as Trace | undefined,
        batch[at + 3],
        this.#received++,
      );
  }

  #repliesArrived(batch: Batch): void {
    for (let at = 1; at < batch.length; at += REPLY_STRIDE)
      this.#replied(batch[at] as number, batch[at + 1], batch[at + 2]);
  }

  #replied(ask: number, well: unknown, value: unknown): void {
    if (well === 1) this.#listener.answer(ask, value);
    else this.#listener.failure(ask, value as WireError);
  }

  /** Takes the count off the batch, and makes references again when there are some. */
  #revive(batch: Batch, stride: number): void {
    const counted = batch.pop() as { readonly refs: number };
    if (counted.refs === 0) return;
    for (let at = stride; at < batch.length; at += stride) batch[at] = this.#listener.revive(batch[at]);
  }
}

function countOf(batch: Batch): number {
  return (batch.length - 1) / STRIDE;
}
