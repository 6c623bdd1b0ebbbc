/**
 * What the conductor and the other threads of actors say to each other, over the host's control port. Messages between
 * actors do not go this way; they take the links.
 */
import type { ExitReason } from '../supervisor/exit.js';
import type { WireError } from '../words/errors.js';
import type { LinkEnd } from './link.js';

/** An actor's words as they cross threads. */
export interface SlotWire {
  readonly words: Int32Array;
  readonly base: number;
}

export type ToPlace =
  | {
      readonly tag: 'spawn';
      readonly id: number;
      readonly name: string;
      readonly module: string;
      readonly input: unknown;
      readonly slot: SlotWire;
    }
  /** Ends an actor at once, for that reason. */
  | { readonly tag: 'abandon'; readonly id: number; readonly reason: ExitReason }
  | { readonly tag: 'peer'; readonly place: number; readonly end: LinkEnd }
  /** That thread is no more. */
  | { readonly tag: 'gone'; readonly place: number }
  /** To those who subscribed: what an actor is now. `first` answers the subscription itself. */
  | {
      readonly tag: 'state';
      readonly id: number;
      readonly change: 'up' | 'down' | 'dead';
      readonly reason: ExitReason;
      readonly first: boolean;
    }
  | { readonly tag: 'inspect'; readonly on: boolean };

export type FromPlace =
  | { readonly tag: 'ready'; readonly id: number }
  | { readonly tag: 'ended'; readonly id: number; readonly reason: ExitReason }
  | { readonly tag: 'connect'; readonly to: number }
  | { readonly tag: 'subscribe'; readonly id: number }
  | { readonly tag: 'unsubscribe'; readonly id: number }
  | { readonly tag: 'stop'; readonly id: number }
  | { readonly tag: 'dead-letter'; readonly letter: LetterWire }
  | { readonly tag: 'transitions'; readonly transitions: readonly ActorTransition[] };

/** Why a message was not delivered. */
export type DeadReason =
  /** Its actor was dead, or died before its turn came. */
  | 'dead'
  /** Its handler threw. */
  | 'crashed'
  /** It was in the mailbox, or on its way, when the actor or its thread crashed. */
  | 'lost'
  /** The mailbox was full: refused, dropped, or the waiting line too was full. */
  | 'overflow'
  | 'uncloneable';

export interface LetterWire {
  readonly to: number;
  readonly message: unknown;
  readonly reason: DeadReason;
  readonly error?: WireError;
}

/** One handled message, as inspect streams it. */
export interface ActorTransition {
  readonly id: number;
  readonly name: string;
  readonly place: number;
  readonly atMs: number;
  readonly tookMs: number;
  readonly correlation: string;
  /** The message's `type`, or what kind of value it is. */
  readonly message: string;
  /** The state's name before and after, for logic that has one. */
  readonly from: string;
  readonly to: string;
}
