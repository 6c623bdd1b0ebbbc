/**
 * One thread's way into the log: encodes into its ring, keeps the promises of what is not acknowledged yet, and settles
 * them in bulk. The caller's own appends and each attached producer have one.
 *
 * Publishing is put off to the end of the running turn of microtasks (or until enough bytes are gathered), so that what
 * is appended together is written together; nothing waits longer than that. When the ring is full, frames spill into this
 * thread's memory; at the spill's limit append() blocks in short slices, until the queue gives room or is taken for dead.
 *
 * Thread safety: one thread owns it. Ordering: records get their seqs in the order of the calls, and what is spilled when
 * a record is refused for want of space is refused with it. Cancelling: none; an append that was accepted is written.
 */
import type { RecordEncoder } from '../record/encoder.js';
import { type Board, WORD, WRITER } from '../wire/board.js';
import { ACK, type RingHandle } from '../wire/ring.js';
import { shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { CommitWait } from './commit-wait.js';
import { Outlet } from './outlet.js';
import { Pending } from './pending.js';
import { Showing } from './showing.js';

const FAULTS_OF_RECORDS: ReadonlySet<string> = new Set(['E_UNENCODABLE', 'E_TOO_LARGE', 'E_MISFIT']);
/** A timer that only keeps the process alive: as far away as timers go. */
const FAR_MS = 2 ** 30;

export interface AppenderOptions {
  readonly ring: RingHandle;
  readonly board: Board;
  readonly encoder: RecordEncoder;
  /** Why nothing may be appended now, or null. Asked only when the board's gate is closed. */
  readonly refusal: () => LtlError | null;
  /** Told when the spill begins to fill or is empty again. */
  readonly onSpill: () => void;
  /** Told when there begins or ceases to be something unacknowledged. */
  readonly onBusy: (isBusy: boolean) => void;
  readonly stallMsMax: number;
  /** How long the event loop looks for an acknowledgement itself before it waits to be woken. */
  readonly pollUs: number;
}

export class Appender {
  readonly #outlet: Outlet;
  readonly #pending = new Pending();
  readonly #board: Board;
  readonly #encoder: RecordEncoder;
  readonly #refusal: () => LtlError | null;
  readonly #onBusy: (isBusy: boolean) => void;
  #isBusy = false;
  readonly #stallMsMax: number;
  readonly #wait: CommitWait;
  readonly #showing: Showing;
  #publishQueued = false;
  /** A batch is being encoded: nothing is published, and nothing blocks, before it is whole. */
  #holdPublish = false;
  /** The heartbeat at which the queue was found dead. */
  #deadBeat = -1;
  #keepAlive: NodeJS.Timeout | null = null;
  #closed: LtlError | null = null;
  /** Records were refused for want of space while later ones waited in the spill: those must not overtake them. */
  #doom: LtlError | null = null;
  /** Called once after each turn in which records were accepted; a policy counts arrivals by it. */
  onTurn: (() => void) | null = null;
  readonly #publishSoon = (): void => {
    this.#publishQueued = false;
    this.#publish();
    this.#showing.end();
    if (this.onTurn !== null) this.onTurn();
  };
  readonly #onCommit = (): void => {
    this.#takeAcks();
    this.#pump();
    const ended = this.pending === 0 ? null : this.#writerEnded();
    if (ended === null) this.#watch();
    else this.fail(ended);
  };
  readonly #onAck = (count: number, status: number, seq: number): void => {
    if (status === ACK.durable) this.#pending.durable(count, seq);
    else {
      const error = statusError(status, seq, count);
      this.#pending.failed(count, error);
      if (status === ACK.diskFull && this.#outlet.spilledRecords > 0) this.#doom = error;
    }
    if (this.pending === 0) this.#setBusy(false);
  };

  constructor({ ring, board, encoder, refusal, onSpill, onBusy, stallMsMax, pollUs }: AppenderOptions) {
    this.#outlet = new Outlet(ring, board, encoder, onSpill);
    this.#wait = new CommitWait(this.#outlet.ring, pollUs, this.#onCommit);
    this.#showing = new Showing(board);
    this.#board = board;
    this.#encoder = encoder;
    this.#refusal = refusal;
    this.#onBusy = onBusy;
    this.#stallMsMax = stallMsMax;
  }

  /** Records accepted and not settled yet. */
  get pending(): number {
    return this.#pending.accepted - this.#pending.settled;
  }
  /** Records accepted since this was made. */
  get accepted(): number {
    return this.#pending.accepted;
  }
  /** Bytes of frames that the queue has been shown since this was made. */
  get publishedBytes(): number {
    return this.#outlet.publishedBytes;
  }
  /** Bytes that wait in this thread because the ring is full. */
  get spilledBytes(): number {
    return this.#outlet.spilledBytes;
  }

  /** Resolves with the record's seq when it is durable. Rejects with E_UNENCODABLE and the like before anything is queued. */
  append(value: unknown, pr: number, message?: string): Promise<bigint> {
    try {
      this.#enqueue(value, pr, message);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return this.#pending.promise();
  }

  /** Queues and returns the record's ticket: a number that grows by one with each record of this thread. Throws. */
  enqueue(value: unknown, pr: number, message?: string): number {
    this.#enqueue(value, pr, message);
    return this.#pending.accepted - 1;
  }

  /** Queues all or, when one cannot be encoded, none. Resolves with the seq of the first when the last is durable. */
  appendBatch(values: readonly unknown[], pr: number, message?: string): Promise<bigint> {
    if (!Array.isArray(values) || values.length === 0)
      return Promise.reject(new LtlError('E_ARGUMENT', 'appendBatch takes an array of at least one record'));
    if (this.#encoder.isBusy) return Promise.reject(calledWithin());
    const { accepted } = this.#pending;
    const mark = this.#outlet.mark();
    const definitions: Uint8Array[] = [];
    this.#holdPublish = true;
    let index = 0;
    try {
      for (; index < values.length; index += 1) this.#enqueue(values[index], pr, message, definitions);
    } catch (error) {
      this.#outlet.rewind(mark);
      this.#pending.accepted = accepted;
      // The encoder counts on them from now on, whatever became of the batch.
      for (const frame of definitions) this.#outlet.putFrame(frame);
      return Promise.reject(inBatch(error, index));
    } finally {
      this.#holdPublish = false;
      this.#queuePublish();
    }
    return this.#batchPromise(accepted, this.#pending.accepted - 1);
  }

  /** Resolves when the record with that ticket and all before it are durable. */
  durable(ticket: number): Promise<void> {
    if (!Number.isInteger(ticket) || ticket < 0 || ticket >= this.#pending.accepted)
      return Promise.reject(new LtlError('E_ARGUMENT', `there is no ticket ${shown(ticket)}`));
    if (this.#encoder.isBusy) return Promise.reject(calledWithin());
    this.#publish();
    return this.#pending.when(ticket);
  }

  /** Resolves when everything accepted so far is durable. */
  flush(): Promise<void> {
    if (this.#encoder.isBusy) return Promise.reject(calledWithin());
    this.#publish();
    return this.#pending.accepted === 0 ? Promise.resolve() : this.#pending.when(this.#pending.accepted - 1);
  }

  /** Registers a message's shape; its definition goes to the log ahead of the next record. */
  define(register: (encoder: RecordEncoder) => void): void {
    if (this.#closed !== null) throw this.#closed;
    if (this.#encoder.isBusy) throw calledWithin();
    register(this.#encoder);
    this.#outlet.putDefinitions();
    this.#queuePublish();
  }

  /** Nothing more is accepted; what is pending is rejected with `error` unless it was acknowledged before. */
  fail(error: LtlError): void {
    this.#takeAcks();
    this.#closed = error;
    if (this.pending > 0) this.#pending.failed(this.pending, error);
    this.#release();
  }

  /** Nothing more is accepted, and the ring is given back. Call after flush(). */
  close(error: LtlError): void {
    this.#closed = error;
    this.#outlet.ring.close();
    this.#board.ring();
    this.#release();
  }

  #enqueue(value: unknown, pr: number, message: string | undefined, definitions?: Uint8Array[]): void {
    if (this.#closed !== null) throw this.#closed;
    if (Atomics.load(this.#board.words, WORD.gate) !== 0) this.#refuse();
    // What is shown or waited for below would move the place that the other value is being written to.
    this.#encoder.assertIdle();
    const outlet = this.#outlet;
    // Before this record and not after it: an acknowledgement that comes at once must find the promises of all it covers.
    if (!this.#holdPublish && this.#showing.isDue(outlet.unpublishedBytes)) this.#publish();
    if (!outlet.intoRing(value, pr, message)) {
      if (outlet.spilledBytes > LIMITS.spillBytesMax && !this.#holdPublish) this.#waitForRoom();
      if (!outlet.intoRing(value, pr, message)) outlet.intoSpill(value, pr, message);
    }
    this.#pending.accepted += 1;
    if (this.#encoder.hasDefinitions) {
      const frames = outlet.putDefinitions();
      definitions?.push(...frames);
    }
    this.#queuePublish();
  }

  #refuse(): void {
    const refusal = this.#refusal();
    if (refusal !== null) throw refusal;
  }

  /** One promise for the records from one ticket to another: the seq of the first. */
  #batchPromise(first: number, last: number): Promise<bigint> {
    let firstSeq: bigint | Promise<never> = 0n;
    if (last > first) this.#pending.keep(first, (value) => (firstSeq = value));
    return new Promise<bigint>((resolve, reject) => {
      this.#pending.keep(last, (value) => {
        if (last === first) firstSeq = value;
        if (typeof value !== 'bigint') {
          // The first group of many may be the one in doubt, those behind it are only refused.
          const earlier = this.#pending.firstFailure(first, last);
          if (earlier === undefined) value.catch(reject);
          else reject(earlier);
        } else if (typeof firstSeq === 'bigint') resolve(firstSeq);
        else firstSeq.catch(reject);
      });
    });
  }

  #queuePublish(): void {
    if (this.#publishQueued) return;
    this.#publishQueued = true;
    this.#showing.begin();
    queueMicrotask(this.#publishSoon);
  }

  #setBusy(isBusy: boolean): void {
    this.#isBusy = isBusy;
    this.#onBusy(isBusy);
  }

  #publish(): void {
    this.#pending.cut();
    this.#outlet.publish();
    this.#showing.shown();
    if (!this.#isBusy && this.pending > 0) this.#setBusy(true);
    if (!this.#wait.isWaiting) this.#watch();
  }

  /** Moves spilled records into the ring or, behind refused ones, refuses them, in their turn. */
  #pump(): void {
    const { spilledRecords } = this.#outlet;
    if (this.#doom === null) this.#outlet.pump();
    else if (this.pending === spilledRecords) {
      this.#pending.failed(spilledRecords, this.#doom);
      this.#doom = null;
      this.#outlet.dropSpilled();
      if (this.pending === 0) this.#setBusy(false);
    }
  }

  #takeAcks(): void {
    this.#outlet.ring.takeAcks(this.#onAck);
  }

  /** Waits for the next commit while there is something to wait for; only then does it keep the process alive. */
  #watch(): void {
    while (!this.#wait.isWaiting && this.pending > 0) {
      if (!this.#wait.begin()) {
        this.#takeAcks();
        this.#pump();
      } else if (this.#keepAlive === null) this.#keepAlive = setInterval(() => undefined, FAR_MS);
      else this.#keepAlive.ref();
    }
    if (!this.#wait.isWaiting) this.#keepAlive?.unref();
  }

  #release(): void {
    if (this.#keepAlive !== null) clearInterval(this.#keepAlive);
    this.#keepAlive = null;
  }

  /** Why no acknowledgement will come any more, or null. */
  #writerEnded(): LtlError | null {
    const { writerState } = this.#board;
    if (writerState === WRITER.dead)
      return new LtlError('E_FATAL', 'the writer failed for good before the record was acknowledged');
    if (writerState === WRITER.stopped)
      return new LtlError('E_CLOSED', 'the instance was closed before the record was acknowledged');
    return null;
  }

  /** Blocks in slices until half of the spill is gone. A blocked thread sees no worker's exit: it watches the heartbeat. */
  #waitForRoom(): void {
    this.#publish();
    const outlet = this.#outlet;
    const { words } = this.#board;
    let beat = Atomics.load(words, WORD.heartbeat);
    let sinceMs = performance.now();
    for (;;) {
      this.#takeAcks();
      this.#pump();
      if (outlet.spilledBytes <= LIMITS.spillBytesMax / 2) return;
      // Found dead once, it is not waited for again until it shows a sign of life: a loop of appends must come to an end.
      if (this.#deadBeat === beat) throw writerDead(0);
      const committed = outlet.ring.waitForCommit(LIMITS.backpressureSliceMs);
      const now = Atomics.load(words, WORD.heartbeat);
      if (committed || now !== beat) sinceMs = performance.now();
      beat = now;
      const waitedMs = performance.now() - sinceMs;
      const limitMs = Atomics.load(words, WORD.inDisk) === 1 ? LIMITS.diskStallMsMax : this.#stallMsMax;
      if (this.#board.writerState !== WRITER.dead && waitedMs <= limitMs) continue;
      this.#deadBeat = beat;
      throw writerDead(waitedMs);
    }
  }
}

/** Half a record, or half a batch, must not be shown to the queue. */
function calledWithin(): LtlError {
  return new LtlError('E_ARGUMENT', 'a getter or proxy called this while its record was being encoded');
}

function writerDead(waitedMs: number): LtlError {
  const message = `no room, and no sign of life from the queue actor for ${Math.round(waitedMs)} ms; let the event loop run, so that it can be restarted`;
  return new LtlError('E_WRITER_DEAD', message);
}

function statusError(status: number, seq: number, count: number): LtlError {
  switch (status) {
    case ACK.diskFull:
      return new LtlError('E_DISK_FULL', 'no space left for the record; nothing acknowledged is lost');
    case ACK.inDoubt: {
      const details = { inDoubtFrom: seq, inDoubtTo: seq + count };
      const message = `the disk failed while writing; seqs ${seq} to ${seq + count - 1} are in doubt`;
      return new LtlError('E_IO', message, { details });
    }
    default:
      return new LtlError('E_FATAL', 'the writer is poisoned and refuses appends');
  }
}

/** Which record is at fault, when it is one of them and not the log. */
function inBatch(error: unknown, index: number): Error {
  if (!(error instanceof LtlError) || !FAULTS_OF_RECORDS.has(error.code)) return error as Error;
  const message = `record ${index} of the batch: ${error.message.slice(error.code.length + 2)}`;
  return new LtlError(error.code, message, { cause: error.cause, details: { ...error.details, index } });
}
