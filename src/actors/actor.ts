/**
 * What users of actors see: references, logic, options. Types only. Messages are typed end to end: an
 * `ActorRef<Message, Reply>` takes Message and answers Reply, wherever its actor lives.
 */
import type { AnyActorLogic, EventFromLogic, InputFrom } from 'xstate';
import type { ExitReason } from '../supervisor/exit.js';
import type { Backoff, Restart, RestartBudget, Strategy } from '../supervisor/spec.js';
import type { Overflow } from '../wire/mailbox.js';

/**
 * An actor's address: a value that can be sent in messages, to other threads too. It outlives restarts. One that takes more
 * messages may stand where one that takes fewer is wanted, never the other way round.
 */
export interface ActorRef<in Message = unknown, out Reply = unknown> {
  readonly id: number;
  readonly name: string;
  /**
   * Sends and forgets. True when the message is on its way or waits for room; false when it became a dead letter at once
   * (dead, full with `refuse` or `drop-newest`). Throws E_UNCLONEABLE for functions, symbols and promises bound for another thread.
   */
  send(message: Message): boolean;
  /** Sends and waits for the answer. Rejects with E_TIMEOUT, E_ABORTED, E_ACTOR_FAILED, E_MAILBOX_FULL, E_DEADLOCK or E_UNCLONEABLE, and then leaves nothing behind. */
  ask(message: Message, options?: AskOptions): Promise<Reply>;
  /** Resolves when messages for a `wait` mailbox that this thread sent do not wait any more. */
  room(): Promise<void>;
  /** Stops it for good, after the messages sent before; resolves when it is down. */
  stop(): Promise<void>;
  /** Tells each time it goes down and comes up again; at once when it is dead already. Returns how to end that. */
  watch(listener: (change: Change) => void): () => void;
  /** Its state now, without waiting in its mailbox. */
  snapshot(): Promise<Snapshot>;
}

export interface AskOptions {
  /** Milliseconds; 5 000 when absent. There is always one. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What a watcher is told. */
export type Change =
  | { readonly type: 'down'; readonly id: number; readonly reason: ExitReason }
  | { readonly type: 'up'; readonly id: number }
  | { readonly type: 'dead'; readonly id: number; readonly reason: ExitReason };

export interface Snapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** The state of a receive actor; value, context and output of an XState actor. Cloned when it crosses threads. */
  readonly state: unknown;
}

/** What `receive` is given beside the message. */
export interface ReceiveContext<Reply = unknown, Input = unknown> {
  readonly self: ActorRef;
  readonly name: string;
  readonly input: Input;
  /** Where the chain of messages began: the same from an ask through all it causes to its reply. */
  readonly correlation: string;
  /** Aborts when the asker gave up on the message being handled, and when the actor is stopped by force. */
  readonly signal: AbortSignal;
  /** Answers the ask being handled. Without it, an ask is answered with undefined when the handler is done. */
  reply(value: Reply): void;
  /** Takes the answer out of the handler's hands: the ask stays open until the returned function is called. */
  defer(): (value: Reply) => void;
  /** As ref.send, and carries the correlation on. */
  send<Message>(to: ActorRef<Message>, message: Message): boolean;
  /** As ref.ask, carries the correlation on, and names a deadlock instead of waiting for it. */
  ask<Message, Answer>(to: ActorRef<Message, Answer>, message: Message, options?: AskOptions): Promise<Answer>;
  /** Ends this actor, its work done, after this message. */
  finish(): void;
}

/** The shortest logic: the next state from the state and a message. undefined keeps the state. The first state is the input. */
export type Receive<State, Message, Reply = unknown> = (
  state: State,
  message: Message,
  context: ReceiveContext<Reply>,
) => State | void | Promise<State | void>;

/** The same with a beginning and an end. */
export interface ReceiveLogic<State, Message, Reply = unknown, Input = unknown> {
  start?(input: Input, context: ReceiveContext<Reply, Input>): State | Promise<State>;
  receive(state: State, message: Message, context: ReceiveContext<Reply, Input>): State | void | Promise<State | void>;
  stop?(state: State, context: ReceiveContext<Reply, Input>): void | Promise<void>;
}

/** Starts an actor of any logic, or of the module at a URL that default-exports one. */
export interface Spawn {
  <State, Message, Reply = unknown>(
    logic: Receive<State, Message, Reply>,
    options?: SpawnOptions<State>,
  ): Promise<ActorRef<Message, Reply>>;
  <State, Message, Reply = unknown, Input = unknown>(
    logic: ReceiveLogic<State, Message, Reply, Input>,
    options?: SpawnOptions<Input>,
  ): Promise<ActorRef<Message, Reply>>;
  <Logic extends AnyActorLogic>(
    logic: Logic,
    options?: SpawnOptions<InputFrom<Logic>>,
  ): Promise<ActorRef<EventFromLogic<Logic>, Snapshot>>;
  /** The types are the caller's word: say `spawn<Message, Reply>(url)`. */
  <Message = unknown, Reply = unknown>(module: URL, options?: SpawnOptions): Promise<ActorRef<Message, Reply>>;
}

export interface SpawnOptions<Input = unknown> {
  /** For people; `actor-7` when absent. */
  readonly name?: string;
  /** caller: in this thread. shared: in the least loaded of the shared workers. own: in a worker of its own. caller for logic, shared for a URL, when absent. */
  readonly thread?: 'caller' | 'shared' | 'own';
  /** temporary when absent: it is not restarted. */
  readonly restart?: Restart;
  /** Restarts allowed; 5 in 10 s when absent. */
  readonly budget?: RestartBudget;
  readonly backoff?: Backoff;
  /** Messages it may hold, and what happens to one more; 65 536 and `wait` when absent. */
  readonly mailbox?: { readonly size?: number; readonly overflow?: Overflow };
  /** Given to every start of it. Structured-cloned into a worker. */
  readonly input?: Input;
  /** Milliseconds it may take to stop; 5 000 when absent. */
  readonly shutdownMs?: number;
  /** Milliseconds it may take to start; 30 000 when absent. */
  readonly startMs?: number;
  /** Milliseconds that one message may take before the actor counts as hung; 10 000 for a thread that shows no life, no limit for a promise, when absent. */
  readonly hangMs?: number;
  /** For `own`: it opens a native store, so its thread is never terminated. */
  readonly nativeStore?: boolean;
  /** For `own`: limits of its thread. */
  readonly resourceLimits?: {
    readonly maxOldGenerationSizeMb?: number;
    readonly maxYoungGenerationSizeMb?: number;
    readonly stackSizeMb?: number;
  };
}

/** A child of a supervisor as data: an actor, or a supervisor of more. */
export type ActorChild =
  | (Omit<SpawnOptions, 'budget' | 'backoff'> & {
      readonly id: string;
      /** A function or object of receive, an XState logic, or a URL: see Spawn. */
      readonly logic: object;
      /** A budget of its own, beside the supervisor's. */
      readonly budget?: RestartBudget;
    })
  | {
      readonly id: string;
      readonly supervise: SuperviseOptions;
      readonly restart?: Restart;
      readonly shutdownMs?: number;
    };

export interface SuperviseOptions {
  readonly name?: string;
  readonly strategy: Strategy;
  readonly intensity?: number;
  readonly periodMs?: number;
  readonly backoff?: Backoff;
  readonly children: readonly ActorChild[];
}
