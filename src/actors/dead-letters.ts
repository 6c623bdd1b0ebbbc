/**
 * The messages that did not arrive, with their reasons: a bounded queue, oldest dropped first. They are numbered, so a gap
 * tells what was dropped or sent again.
 */
import type { DeadReason } from '../wire/place.js';
import { DEAD_LETTERS_MAX } from '../words/actor-limits.js';
import type { WireError } from '../words/errors.js';
import type { ActorRef } from './actor.js';

export interface DeadLetter {
  /** From 1 on, in the order in which they came. */
  readonly number: number;
  readonly atMs: number;
  /** To send it again; undefined when that actor is dead for good. */
  readonly to: ActorRef | undefined;
  readonly toId: number;
  readonly message: unknown;
  readonly reason: DeadReason;
  readonly error: WireError | undefined;
}

export class DeadLetters {
  #letters: DeadLetter[] = [];
  #last = 0;

  add(letter: Omit<DeadLetter, 'number'>): void {
    this.#letters.push({ ...letter, number: ++this.#last });
    // Halved now and then rather than shifted each time.
    if (this.#letters.length >= 2 * DEAD_LETTERS_MAX) this.#letters = [...this.list()];
  }

  list(): readonly DeadLetter[] {
    return this.#letters.slice(-DEAD_LETTERS_MAX);
  }

  /** Sends letters again, all or those that fit; returns how many went on their way. */
  resend(fits: (letter: DeadLetter) => boolean): number {
    const kept = this.list();
    const again = new Set(kept.filter((letter) => letter.to !== undefined && !isGone(letter) && fits(letter)));
    this.#letters = kept.filter((letter) => !again.has(letter));
    let sent = 0;
    for (const { to, message } of again) if (to?.send(message) === true) sent++;
    return sent;
  }
}

/** Only its reason could be told to this thread: the message itself could not cross. */
function isGone({ message, error }: DeadLetter): boolean {
  return message === undefined && error?.code === 'E_UNCLONEABLE';
}
