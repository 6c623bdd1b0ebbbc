/**
 * Appending from any thread: `producer()` on the runtime gives a handle that can be posted; `attach(handle)` in a worker
 * makes an appender with a ring of its own. Records of one producer keep their order; between producers the groups decide.
 * When a thread ends without closing its producers, the thread that opened the log notices, if it started that worker: what
 * they published is stored, and their places are free again.
 */
import { threadId } from 'node:worker_threads';
import { RecordEncoder } from '../record/encoder.js';
import type { FieldType, ShapeDefinition } from '../record/shape.js';
import { Board, WORD } from '../wire/board.js';
import { claimRing, type RingHandle } from '../wire/ring.js';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { Appender } from './appender.js';
import { appendRefusal } from './gate.js';

/** A way into the log for one other thread. Structured-cloneable: post it, then attach() it there, once. */
export interface ProducerHandle {
  readonly ring: RingHandle;
  readonly board: SharedArrayBuffer;
  readonly shapes: readonly ShapeDefinition[];
  readonly stallMsMax: number;
  readonly pollUs: number;
}

/** What `attach` gives: appends of one thread. */
export interface Producer {
  /** As `append` on the runtime: resolves with the seq when the record is on disk. */
  append(data: unknown, pr?: number): Promise<bigint>;
  appendBatch(data: readonly unknown[], pr?: number): Promise<bigint>;
  /** Queues without a promise; the ticket is for `durable`. */
  enqueue(data: unknown, pr?: number): number;
  durable(ticket: number): Promise<void>;
  /** Everything appended here so far is durable. */
  flush(): Promise<void>;
  message(name: string, shape: Readonly<Record<string, FieldType>>): void;
  /** Flushes and gives the ring back. */
  close(): Promise<void>;
}

/** Builds the producer of a handle in this thread. One thread attaches a handle, once. */
export function attach(handle: ProducerHandle): Producer {
  if (!(handle?.ring?.buffer instanceof SharedArrayBuffer) || !(handle.board instanceof SharedArrayBuffer))
    throw new LtlError('E_ARGUMENT', 'attach takes a handle that producer() made');
  if (!claimRing(handle.ring, threadId)) throw new LtlError('E_ARGUMENT', 'this handle is attached already');
  const board = new Board(handle.board);
  const encoder = new RecordEncoder({ allocateShapeId: () => allocateShapeId(board), shapes: handle.shapes });
  const { ring, stallMsMax, pollUs } = handle;
  const appender = new Appender({
    ring,
    board,
    encoder,
    stallMsMax,
    pollUs,
    refusal: () => appendRefusal(board),
    onSpill: () => undefined,
    onBusy: () => undefined,
  });
  return {
    append: (data, pr = 0) => appender.append(data, pr),
    appendBatch: (data, pr = 0) => appender.appendBatch(data, pr),
    enqueue: (data, pr = 0) => appender.enqueue(data, pr),
    durable: (ticket) => appender.durable(ticket),
    flush: () => appender.flush(),
    message: (name, shape) => appender.define((encoder) => void encoder.registerMessage(name, shape)),
    close: async () => {
      await appender.flush();
      appender.close(new LtlError('E_CLOSED', 'the producer is closed'));
    },
  };
}

/** The next shape id of the log, or 0 when none is left. Safe from any thread. */
export function allocateShapeId(board: Board): number {
  const id = Atomics.add(board.words, WORD.shapeId, 1) + 1;
  return id <= LIMITS.shapeIdMax ? id : 0;
}
