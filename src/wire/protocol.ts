/**
 * Every message between the conductor and the heart's actors, as tagged unions. Requests carry an id and are answered by
 * one `reply` with the same id.
 */
import type { KnownDurable, RecoveryReport } from '../log/recover.js';
import type { Damage } from '../log/walk.js';
import type { WireError } from '../words/errors.js';
import type { RingHandle } from './ring.js';

/** Ways to make an actor fail on purpose; a hang blocks its thread for three seconds. */
export type Failure = 'throw' | 'exit' | 'memory' | 'hang';

export interface QueueInput {
  readonly root: string;
  readonly board: SharedArrayBuffer;
  readonly logId: string;
  /** The writer's life (its lock's number) × 65536 + how often this actor was restarted in it. */
  readonly epoch: number;
  readonly segmentBytes: number;
  readonly way: 'buffered' | 'direct';
  readonly rings: readonly RingHandle[];
  readonly known: KnownDurable | null;
  /** A module that exports `disk`, in place of the real one. */
  readonly diskUrl: string | undefined;
  /** How long the idle queue spins before it parks, in microseconds. */
  readonly spinUs: number;
  /** How many the runtime may use. */
  readonly cores: number;
  /** How much one group takes at most, in bytes of frames. */
  readonly groupBytes: number;
}

export type QueueMessage =
  | { readonly kind: 'ring'; readonly ring: RingHandle }
  /** The stop that follows is no end of the log: another queue goes on with what is in the rings. */
  | { readonly kind: 'handOver' }
  | { readonly kind: 'fail'; readonly how: Failure };

export type QueueReport =
  | {
      readonly kind: 'recovered';
      readonly logId: string;
      readonly report: RecoveryReport;
      /** Definition frames of the shapes that the log knows. */
      readonly definitions: readonly Uint8Array[];
    }
  | { readonly kind: 'poisoned'; readonly error: WireError };

export interface AuditorInput {
  readonly root: string;
  readonly board: SharedArrayBuffer;
  readonly segmentBytes: number;
  /** Direct writing wants a spare for every segment; else they are made when nothing is appended for a moment. */
  readonly way: 'buffered' | 'direct';
  readonly gateOpen: boolean;
}

export type AuditorMessage =
  /** NAP closes the gate; answered when no step is under way. */
  | { readonly kind: 'gate'; readonly id: number; readonly open: boolean }
  /** Answered when everything below `toSeq` is verified. */
  | { readonly kind: 'catchUp'; readonly id: number; readonly toSeq: number }
  /** The same, but it hurries nobody; while napping, after that. */
  | { readonly kind: 'settle'; readonly id: number; readonly toSeq: number }
  /** So many bytes of spare segments are to be kept; answered when they are there, or there is no room. */
  | { readonly kind: 'reserve'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'fail'; readonly how: Failure };

export type AuditorReport =
  | { readonly kind: 'reply'; readonly id: number; readonly spares?: number; readonly verifiedSeq?: number }
  | { readonly kind: 'damage'; readonly damages: readonly Damage[] };
