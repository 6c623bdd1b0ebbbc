/**
 * The messages that did not arrive, with their reasons: a bounded queue, oldest dropped first and counted. Each can be
 * sent again.
 */
import type { DeadReason } from '../wire/place.js';
import { DEAD_LETTERS_MAX } from '../words/actor-limits.js';
import type { WireError } from '../words/errors.js';
import type { ActorRef } from './actor.js';

export interface DeadLetter {
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
  #forgotten = 0;

  /** How many were dropped because there were too many. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** How many there have ever been. */
  get total(): number {
    return this.#last;
  }

  add(letter: Omit<DeadLetter, 'number'>): void {
    this.#letters.push({ ...letter, number: ++this.#last });
    // Halved now and then rather than shifted each time.
    if (this.#letters.length < 2 * DEAD_LETTERS_MAX) return;
    this.#letters = this.#letters.slice(-DEAD_LETTERS_MAX);
  }

  list(): readonly DeadLetter[] {
    const kept = this.#letters.slice(-DEAD_LETTERS_MAX);
    this.#forgotten = this.#last - kept.length - this.#resent;
    return kept;
  }

  /** Sends letters again, all or those that fit; returns how many went on their way. */
  resend(fits: (letter: DeadLetter) => boolean): number {
    const again = this.list().filter((letter) => letter.to !== undefined && !isGone(letter) && fits(letter));
    const numbers = new Set(again.map(({ number }) => number));
    this.#letters = this.#letters.filter(({ number }) => !numbers.has(number));
    this.#resent += again.length;
    let sent = 0;
    for (const { to, message } of again) if (to?.send(message) === true) sent++;
    return sent;
  }

  #resent = 0;
}

/** Only its reason could be told to this thread: the message itself could not cross. */
function isGone({ message, error }: DeadLetter): boolean {
  return message === undefined && error?.code === 'E_UNCLONEABLE';
}
