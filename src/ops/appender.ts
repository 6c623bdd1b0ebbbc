/**
 * One thread's way into the log: encodes into its ring, keeps the promises of what is not acknowledged yet, and resolves
 * them in bulk. The caller's own appends and each attached producer have one.
 *
 * Publishing is put off to the end of the running turn of microtasks (or until enough bytes are gathered), so that what
 * is appended together is written together; nothing waits longer than that. When the ring is full, frames spill into this
 * thread's memory; at the spill's limit append() blocks in short slices, until the queue gives room or is taken for dead.
 *
 * Thread safety: one thread owns it. Ordering: records get their seqs in the order of the calls. Cancelling: none; an
 * append that was accepted is written.
 */
import type { RecordEncoder } from '../record/encoder.js';
import { type Board, WORD, WRITER } from '../wire/board.js';
import { ACK, type RingHandle, RingProducer } from '../wire/ring.js';
import { type Room, Spill } from '../wire/spill.js';
import { LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';

const PUBLISH_BYTES = 64 * 1024;
/** Failures that a later durable() may still ask about. */
const FAILURES_KEPT = 64;

type Settle = (value: bigint | Promise<never>) => void;

interface Waiter {
  readonly ticket: number;
  readonly settle: (failure: Promise<never> | null) => void;
}

interface Failure {
  readonly from: number;
  readonly to: number;
  readonly error: LtlError;
}

export interface AppenderOptions {
  readonly ring: RingHandle;
  readonly board: Board;
  readonly encoder: RecordEncoder;
  /** Why nothing may be appended now, or null. Asked only when the board's gate is closed. */
  readonly refusal: () => LtlError | null;
  /** Told when there begins or ceases to be something unacknowledged, and when the spill fills or empties. */
  readonly onChange: () => void;
  readonly stallMsMax?: number;
  readonly spillBytesMax?: number;
}

export class Appender {
  readonly #ring: RingProducer;
  readonly #board: Board;
  readonly #encoder: RecordEncoder;
  readonly #refusal: () => LtlError | null;
  readonly #onChange: () => void;
  readonly #stallMsMax: number;
  readonly #spillBytesMax: number;
  readonly #room: Room;
  readonly #spill = new Spill();
  /** Records accepted, and records acknowledged or refused, since this appender was made. */
  #accepted = 0;
  #settled = 0;
  /** Promises of single records: two parallel circular arrays, a power of two long. */
  #settles: (Settle | undefined)[] = new Array<Settle | undefined>(1024);
  #tickets: Float64Array = new Float64Array(1024);
  #first = 0;
  #count = 0;
  #waiters: Waiter[] = [];
  #failures: Failure[] = [];
  #failuresAskedTo = 0;
  #unpublishedBytes = 0;
  #publishQueued = false;
  #waiting = false;
  #holdPublish = false;
  /** The heartbeat at which the queue was found dead. */
  #deadBeat = -1;
  #keepAlive: NodeJS.Timeout | null = null;
  #closed: LtlError | null = null;
  #nextSeq = 0n;
  #nextTicket = -1;
  #settle: Settle = () => undefined;
  readonly #publishSoon = (): void => {
    this.#publishQueued = false;
    this.#publish();
  };
  readonly #onCommit = (): void => {
    this.#waiting = false;
    this.#takeAcks();
    if (this.#spill.bytes > 0) this.#pump();
    this.#watch();
  };
  readonly #onAck = (count: number, status: number, seq: number): void => this.#acknowledge(count, status, seq);
  readonly #executor = (resolve: Settle): void => {
    this.#settle = resolve;
  };

  constructor(options: AppenderOptions) {
    this.#ring = new RingProducer(options.ring);
    this.#board = options.board;
    this.#encoder = options.encoder;
    this.#refusal = options.refusal;
    this.#onChange = options.onChange;
    this.#stallMsMax = options.stallMsMax ?? LIMITS.writerStallMsMax;
    this.#spillBytesMax = options.spillBytesMax ?? LIMITS.spillBytesMax;
    this.#room = { bytes: this.#ring.bytes, view: this.#ring.view, position: 0, limit: 0 };
  }

  /** Records accepted and not settled yet. */
  get pending(): number {
    return this.#accepted - this.#settled;
  }
  /** Bytes that wait in this thread because the ring is full. */
  get spilledBytes(): number {
    return this.#spill.bytes;
  }

  /** Resolves with the record's seq when it is durable. Rejects with E_UNENCODABLE and the like before anything is queued. */
  append(value: unknown, pr: number, message?: string): Promise<bigint> {
    try {
      this.#enqueue(value, pr, message);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return this.#promise();
  }

  /** Queues and returns the record's ticket: a number that grows by one with each record of this thread. Throws. */
  enqueue(value: unknown, pr: number, message?: string): number {
    this.#enqueue(value, pr, message);
    return this.#accepted - 1;
  }

  /** Queues all or, when one cannot be encoded, none. Resolves with the seq of the first when the last is durable. */
  appendBatch(values: readonly unknown[], pr: number, message?: string): Promise<bigint> {
    if (!Array.isArray(values) || values.length === 0)
      return Promise.reject(new LtlError('E_ARGUMENT', 'appendBatch takes an array of at least one record'));
    const before = {
      accepted: this.#accepted,
      unpublished: this.#unpublishedBytes,
      ring: this.#ring.mark(),
      spill: this.#spill.mark(),
    };
    const definitions: Uint8Array[] = [];
    this.#holdPublish = true;
    let index = 0;
    try {
      for (; index < values.length; index += 1) this.#enqueue(values[index], pr, message, definitions);
    } catch (error) {
      this.#ring.rewind(before.ring);
      this.#spill.rewind(before.spill);
      this.#accepted = before.accepted;
      this.#unpublishedBytes = before.unpublished;
      for (const frame of definitions) this.#putFrame(frame, 0, frame.length);
      return Promise.reject(inBatch(error, index));
    } finally {
      this.#holdPublish = false;
      this.#queuePublish();
    }
    let first: bigint | Promise<never> = 0n;
    const last = this.#accepted - 1;
    if (values.length > 1) this.#keep(before.accepted, (value) => (first = value));
    return new Promise<bigint>((resolve, reject) => {
      this.#keep(last, (value) => {
        if (values.length === 1) first = value;
        if (typeof value !== 'bigint') value.catch(reject);
        else if (typeof first === 'bigint') resolve(first);
        else first.catch(reject);
      });
    });
  }

  /** Resolves when the record with that ticket and all before it are durable; rejects if one of those not asked about before failed. */
  durable(ticket: number): Promise<void> {
    if (!Number.isInteger(ticket) || ticket < 0 || ticket >= this.#accepted)
      return Promise.reject(new LtlError('E_ARGUMENT', `there is no ticket ${ticket}`));
    return this.#when(ticket);
  }

  /** Resolves when everything accepted so far is durable. */
  flush(): Promise<void> {
    return this.#accepted === 0 ? Promise.resolve() : this.#when(this.#accepted - 1);
  }

  /** Registers a message's shape; its definition goes to the log ahead of the next record. */
  define(register: (encoder: RecordEncoder) => void): void {
    register(this.#encoder);
    this.#putDefinitions();
    this.#queuePublish();
  }

  /** Nothing more is accepted; what is pending is rejected with `error` unless it was acknowledged before. */
  fail(error: LtlError): void {
    this.#takeAcks();
    this.#closed = error;
    const left = this.pending;
    if (left > 0) this.#settleRange(left, Promise.reject(error), error);
    this.#release();
  }

  /** Nothing more is accepted. Call after flush(). */
  close(error: LtlError): void {
    this.#closed = error;
    this.#ring.close();
    this.#release();
  }

  /** A pass over acknowledgements outside the event loop's turn, for a thread that blocks. */
  poll(): void {
    this.#publish();
    this.#takeAcks();
    if (this.#spill.bytes > 0) this.#pump();
  }

  #enqueue(value: unknown, pr: number, message: string | undefined, definitions?: Uint8Array[]): void {
    if (this.#closed !== null) throw this.#closed;
    if (Atomics.load(this.#board.words, WORD.gate) !== 0) this.#refuse();
    if (this.#spill.bytes > 0 || !this.#intoRing(value, pr, message)) this.#intoSpill(value, pr, message);
    this.#accepted += 1;
    if (this.#encoder.hasDefinitions) this.#putDefinitions(definitions);
    if (!this.#publishQueued) this.#queuePublish();
    else if (this.#unpublishedBytes >= PUBLISH_BYTES && !this.#holdPublish) this.#publish();
  }

  /** Encodes behind the last frame, or at the start of the ring; false when there is no room. */
  #intoRing(value: unknown, pr: number, message: string | undefined): boolean {
    const ring = this.#ring;
    const room = this.#room;
    room.position = ring.position;
    room.limit = ring.limit;
    let end = this.#encoder.encode(room, value, pr, message);
    if (end < 0) {
      if (!ring.makeRoom(this.#encoder.bytesNeeded)) return false;
      room.position = ring.position;
      room.limit = ring.limit;
      end = this.#encoder.encode(room, value, pr, message);
      if (end < 0) return false;
    }
    ring.advance(end - room.position);
    this.#unpublishedBytes += end - room.position;
    return true;
  }

  #intoSpill(value: unknown, pr: number, message: string | undefined): void {
    if (this.#spill.bytes > this.#spillBytesMax && !this.#holdPublish) {
      this.#waitForRoom();
      if (this.#spill.bytes === 0 && this.#intoRing(value, pr, message)) return;
    }
    const wasEmpty = this.#spill.bytes === 0;
    let room = this.#spill.room(1);
    let end = this.#encoder.encode(room, value, pr, message);
    if (end < 0) {
      room = this.#spill.room(this.#encoder.bytesNeeded);
      end = this.#encoder.encode(room, value, pr, message);
    }
    this.#spill.advance(end);
    if (wasEmpty) this.#onChange();
  }

  #putDefinitions(into?: Uint8Array[]): void {
    for (const frame of this.#encoder.takeDefinitions()) {
      into?.push(frame);
      this.#putFrame(frame, 0, frame.length);
    }
  }

  #putFrame(bytes: Uint8Array, start: number, end: number): void {
    if (this.#spill.bytes === 0 && this.#copyIntoRing(bytes, start, end)) return;
    const room = this.#spill.room(end - start);
    room.bytes.set(bytes.subarray(start, end), room.position);
    this.#spill.advance(room.position + end - start);
  }

  #copyIntoRing(bytes: Uint8Array, start: number, end: number): boolean {
    const ring = this.#ring;
    const length = end - start;
    if (ring.limit - ring.position < length && !ring.makeRoom(length)) return false;
    ring.bytes.set(bytes.subarray(start, end), ring.position);
    ring.advance(length);
    this.#unpublishedBytes += length;
    return true;
  }

  #queuePublish(): void {
    this.#publishQueued = true;
    queueMicrotask(this.#publishSoon);
  }

  #publish(): void {
    this.#ring.publish();
    this.#unpublishedBytes = 0;
    this.#board.wakeQueue();
    if (!this.#waiting) this.#watch();
  }

  /** Moves spilled frames into the ring as far as there is room. */
  #pump(): void {
    this.#spill.drain((bytes, start, end) => this.#copyIntoRing(bytes, start, end));
    this.#ring.publish();
    this.#unpublishedBytes = 0;
    this.#board.wakeQueue();
    if (this.#spill.bytes === 0) this.#onChange();
  }

  /** Waits for the next acknowledgement while there is something to wait for; only then does it keep the process alive. */
  #watch(): void {
    while (!this.#waiting && this.pending > 0) {
      const commit = this.#ring.nextCommit();
      if (commit === null) {
        this.#takeAcks();
        if (this.#spill.bytes > 0) this.#pump();
        continue;
      }
      this.#waiting = true;
      void commit.then(this.#onCommit);
      if (this.#keepAlive === null) this.#keepAlive = setInterval(() => undefined, 2 ** 30);
      else this.#keepAlive.ref();
      return;
    }
    if (!this.#waiting) this.#keepAlive?.unref();
  }

  #release(): void {
    if (this.#keepAlive !== null) clearInterval(this.#keepAlive);
    this.#keepAlive = null;
  }

  /** The promise of the record accepted last. */
  #promise(): Promise<bigint> {
    // One executor for all promises: a closure for each costs as much as the record's encoding.
    const promise = new Promise<bigint>(
      this.#executor as (resolve: (value: bigint | PromiseLike<bigint>) => void) => void,
    );
    this.#keep(this.#accepted - 1, this.#settle);
    return promise;
  }

  #keep(ticket: number, settle: Settle): void {
    if (this.#count === this.#settles.length) this.#growSettles();
    const at = (this.#first + this.#count) & (this.#settles.length - 1);
    this.#settles[at] = settle;
    this.#tickets[at] = ticket;
    this.#count += 1;
  }

  #growSettles(): void {
    const { length } = this.#settles;
    const settles = new Array<Settle | undefined>(length * 2);
    const tickets = new Float64Array(length * 2);
    for (let index = 0; index < length; index += 1) {
      settles[index] = this.#settles[(this.#first + index) & (length - 1)];
      tickets[index] = this.#tickets[(this.#first + index) & (length - 1)] ?? 0;
    }
    this.#settles = settles;
    this.#tickets = tickets;
    this.#first = 0;
  }

  #takeAcks(): void {
    this.#ring.takeAcks(this.#onAck);
  }

  #acknowledge(count: number, status: number, seq: number): void {
    if (status === ACK.durable) {
      this.#settleRange(count, seq, null);
      return;
    }
    const error = statusError(status, seq, count);
    const rejected = Promise.reject(error);
    // The promises that adopt it report it; this one is only the carrier.
    rejected.catch(() => undefined);
    this.#settleRange(count, rejected, error);
  }

  #settleRange(count: number, seqOrFailure: number | Promise<never>, error: LtlError | null): void {
    const from = this.#settled;
    const to = from + count;
    this.#settled = to;
    const mask = this.#settles.length - 1;
    let promised = 0;
    while (this.#count > 0) {
      const ticket = this.#tickets[this.#first] ?? 0;
      if (ticket >= to) break;
      const settle = this.#settles[this.#first] as Settle;
      this.#settles[this.#first] = undefined;
      this.#first = (this.#first + 1) & mask;
      this.#count -= 1;
      promised += 1;
      if (typeof seqOrFailure !== 'number') settle(seqOrFailure);
      else {
        if (ticket !== this.#nextTicket) this.#nextSeq = BigInt(seqOrFailure + ticket - from);
        settle(this.#nextSeq);
        this.#nextSeq += 1n;
        this.#nextTicket = ticket + 1;
      }
    }
    this.#nextTicket = -1;
    if (error !== null && promised < count) {
      this.#failures.push({ from, to, error });
      if (this.#failures.length > FAILURES_KEPT) this.#failures.shift();
    }
    while ((this.#waiters[0]?.ticket ?? to) < to) {
      const waiter = this.#waiters.shift() as Waiter;
      waiter.settle(this.#failureUpTo(waiter.ticket));
    }
    if (this.pending === 0) this.#onChange();
  }

  #when(ticket: number): Promise<void> {
    this.#publish();
    if (ticket < this.#settled) return this.#failureUpTo(ticket) ?? Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { ticket, settle: (failure) => (failure === null ? resolve() : failure.catch(reject)) };
      let at = this.#waiters.length;
      while (at > 0 && (this.#waiters[at - 1]?.ticket ?? 0) > ticket) at -= 1;
      this.#waiters.splice(at, 0, waiter);
    });
  }

  #failureUpTo(ticket: number): Promise<never> | null {
    const failure = this.#failures.find(({ from, to }) => from <= ticket && to > this.#failuresAskedTo);
    this.#failuresAskedTo = Math.max(this.#failuresAskedTo, ticket + 1);
    return failure === undefined ? null : Promise.reject(failure.error);
  }

  #refuse(): void {
    const refusal = this.#refusal();
    if (refusal !== null) throw refusal;
  }

  /** Blocks in slices until half of the spill is gone. A blocked thread sees no worker's exit: it watches the heartbeat. */
  #waitForRoom(): void {
    this.#publish();
    const { words } = this.#board;
    let beat = Atomics.load(words, WORD.heartbeat);
    let sinceMs = performance.now();
    for (;;) {
      this.#takeAcks();
      this.#pump();
      if (this.#spill.bytes <= this.#spillBytesMax / 2) return;
      // Found dead once, it is not waited for again until it shows a sign of life: a loop of appends must come to an end.
      if (this.#deadBeat === beat) throw writerDead(0);
      const committed = this.#ring.waitForCommit(LIMITS.backpressureSliceMs);
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
      return new LtlError('E_IO', `the disk failed while writing; seqs ${seq} to ${seq + count - 1} are in doubt`, {
        details,
      });
    }
    default:
      return new LtlError('E_FATAL', 'the writer is poisoned and refuses appends');
  }
}

function inBatch(error: unknown, index: number): Error {
  if (!(error instanceof LtlError)) return error as Error;
  const message = `record ${index} of the batch: ${error.message.slice(error.code.length + 2)}`;
  return new LtlError(error.code, message, { cause: error.cause, details: { ...error.details, index } });
}
