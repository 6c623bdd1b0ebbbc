/**
 * One actor as the conductor knows it, through all its lives: its words, where it lives now, who wants to hear of it, and
 * the promises of its present life.
 */
import type { ExitReason } from '../supervisor/exit.js';
import type { Slot } from '../wire/mailbox.js';
import { STATE } from '../wire/mailbox.js';
import type { SpawnOptions } from './actor.js';
import type { Ref } from './ref.js';
import type { Thread } from './threads.js';

/** The present life of an actor. */
export interface Life {
  readonly exited: Promise<ExitReason>;
  readonly ended: (reason: ExitReason) => void;
  ready: () => void;
  failed: (reason: ExitReason) => void;
  /** Why it ended, when the actor's end is known before its thread's. */
  reason: ExitReason | undefined;
}

export class ActorRecord {
  readonly id: number;
  readonly name: string;
  readonly slot: Slot;
  readonly ref: Ref;
  readonly logic: unknown;
  readonly options: SpawnOptions;
  /** Places that subscribed to its changes. */
  readonly subscribers = new Set<number>();
  life: Life | undefined;
  /** The worker it lives in; undefined in the conductor's thread. */
  thread: Thread | undefined;
  lastExit: ExitReason | undefined;
  /** A thread of it lives on that hangs with a native store open: it never starts again. */
  hung = false;
  /** The state that subscribers were told last. */
  told: number = STATE.down;
  /** How to stop it for good. */
  stop: () => Promise<unknown> = () => Promise.resolve();
  /** What the watch over hangs saw last. */
  seenTaken = 0;
  seenMs = 0;
  /** What actors() saw last. */
  sampledTaken = 0;
  sampledBusy = 0;
  sampledMs = 0;

  constructor(id: number, slot: Slot, ref: Ref, logic: unknown, options: SpawnOptions) {
    this.id = id;
    this.name = ref.name;
    this.slot = slot;
    this.ref = ref;
    this.logic = logic;
    this.options = options;
  }

  get placement(): 'caller' | 'shared' | 'own' {
    return this.options.thread ?? (this.logic instanceof URL ? 'shared' : 'caller');
  }

  get change(): 'up' | 'down' | 'dead' {
    const { state } = this.slot;
    return state === STATE.up ? 'up' : state === STATE.down ? 'down' : 'dead';
  }

  /** From now on is what actors() tells next. What was lost with an earlier life was not handled. */
  sample(nowMs: number): void {
    this.sampledMs = nowMs;
    this.sampledTaken = this.slot.taken;
    this.sampledBusy = this.slot.busyMicros;
  }

  /** Begins a new life: its promises. */
  begin(): Life {
    let ended: (reason: ExitReason) => void = () => undefined;
    const exited = new Promise<ExitReason>((resolve) => {
      ended = resolve;
    });
    const life: Life = { exited, ended, ready: () => undefined, failed: () => undefined, reason: undefined };
    this.life = life;
    return life;
  }
}
