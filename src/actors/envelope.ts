import type { Link, Trace } from '../wire/link.js';

/**
 * A message in a mailbox, or being handled, with what goes with it. A message that was merely told within the thread has
 * nothing with it and lies in the mailbox as it is: a burst of them is a burden to the garbage collector as it is.
 */
export class Envelope {
  message: unknown;
  /** 0 when no answer is wanted. */
  readonly ask: number;
  /** The place that asked. */
  readonly from: number;
  readonly trace: Trace | undefined;
  /** How it came, when it came from another thread: to be told when it is dealt with. */
  readonly link: Link | undefined;
  readonly serial: number;

  constructor(message: unknown, ask: number, from: number, trace?: Trace, link?: Link, serial = 0) {
    this.message = message;
    this.ask = ask;
    this.from = from;
    this.trace = trace;
    this.link = link;
    this.serial = serial;
  }
}
