/**
 * The door: what `import { open } from 'ltl'` gives, and its wiring. Every call is documented here; what it does lives in
 * the rooms below.
 */
import type {
  ActorRef,
  Change,
  ReceiveContext,
  ReceiveLogic,
  Spawn,
  SpawnOptions,
  SuperviseOptions,
} from './actors/actor.js';
import type { DeadLetter } from './actors/dead-letters.js';
import type { Supervision } from './actors/supervision.js';
import type { ActorEvent } from './actors/system.js';
import type { ActorNode } from './actors/tree.js';
import { type Config, resolveConfig } from './config/config.js';
import type { JobOptions } from './jobs/pool.js';
import type { JobContext } from './jobs/runner.js';
import { type VerifyProgress, verifyStore } from './jobs/verify-store.js';
import { storePaths } from './log/folder.js';
import { type Dropped, type Retention, retain } from './log/retain.js';
import type { VerifyReport } from './log/verify.js';
import type { Filter } from './lookup/filter.js';
import type { IndexDefinition } from './lookup/index-definition.js';
import type { RangeOptions, SeqLike, StreamOptions } from './lookup/queries.js';
import type { Records } from './lookup/records.js';
import type { StoredRecord } from './lookup/scan.js';
import { type AppendOptions, withOptions } from './ops/append-options.js';
import { readRefusal } from './ops/gate.js';
import { type LockKey, type LockStatus, type RuntimeLockOptions, RuntimeLocks } from './ops/locks.js';
import { type OsSignal, OsSignals } from './ops/os-signals.js';
import { attach, type Producer, type ProducerHandle } from './ops/producers.js';
import { Reading } from './ops/reading.js';
import type { SleepStatus } from './ops/sleeper.js';
import { counters, readerStatus, type Status, writerStatus } from './ops/status.js';
import { UserActors } from './ops/user-actors.js';
import { Writing } from './ops/writing.js';
import { RecordDecoder } from './record/decoder.js';
import type { FieldType } from './record/shape.js';
import type { Lease } from './sync/lease.js';
import type { LockMode } from './sync/lock.js';
import type { Signal, SignalOptions } from './sync/signal.js';
import { WORD } from './wire/board.js';
import type { ActorTransition } from './wire/place.js';
import type { Failure } from './wire/protocol.js';
import { LtlError, namePermission } from './words/errors.js';
import { type FlagName, flagsOf } from './words/flags.js';
import * as symbols from './words/symbols.js';
import { type symDATA, symHARD_LOCK, symSLEEP_NAP } from './words/symbols.js';

export { ERRORS, type ErrorCode, isLtlError, LtlError } from './words/errors.js';
export * from './words/symbols.js';
export type {
  ActorEvent,
  ActorNode,
  ActorRef,
  ActorTransition,
  AppendOptions,
  Change,
  Config,
  DeadLetter,
  Dropped,
  FieldType,
  Filter,
  FlagName,
  IndexDefinition,
  JobContext,
  JobOptions,
  Lease,
  LockKey,
  LockMode,
  LockStatus,
  OsSignal,
  Producer,
  ProducerHandle,
  RangeOptions,
  ReceiveContext,
  ReceiveLogic,
  Records,
  Retention,
  RuntimeLockOptions,
  SeqLike,
  Signal,
  SignalOptions,
  SleepStatus,
  SpawnOptions,
  Status,
  StoredRecord,
  StreamOptions,
  SuperviseOptions,
  Supervision,
  VerifyProgress,
  VerifyReport,
};
export { attach };

/** What `open` takes beside the configuration. */
export interface OpenOptions {
  /** Only read, beside a writer in this or another process. */
  readonly readOnly?: boolean;
  /**
   * Takes signals of the operating system: true for SIGTERM and SIGINT (EXIT, then the signal takes its usual course),
   * SIGUSR2 (NAP and awake in turn) and SIGHUP (sets SIGNAL('SIGHUP'), for those who keep logs to reopen); or their names.
   */
  readonly osSignals?: boolean | readonly OsSignal[];
  /** The outside, replaced: `disk` is the URL of a module that exports a `disk` (see docs/HACKING.md). */
  readonly ports?: { readonly disk?: string };
}

/** How the log is verified. */
export interface VerifyOptions {
  /** Threads that verify at once. Default: as many as the machine runs. */
  readonly threads?: number;
  /** Called after each segment. */
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Opens a store, making it when there is none, and resolves when it runs.
 * Rejects with E_CONFIG, E_LOCKED (another live process writes there: `details` say who), E_PERMISSION, E_CANNOT_CREATE, E_FORMAT; with
 * `readOnly` E_NO_STORE when there is none.
 */
export async function open(config: Partial<Config> = {}, options: OpenOptions = {}): Promise<Ltl> {
  const ltl = new Ltl(resolveConfig(config), options);
  try {
    await ltl.start();
  } catch (error) {
    // Whatever had been started already is stopped: a failed open holds no lock and no thread.
    await ltl.close();
    throw namePermission(error);
  }
  return ltl;
}

/** One open store. Made by `open`; several may live in one process, one writer a folder. */
export class Ltl {
  readonly symDATA: typeof symbols.symDATA = symbols.symDATA;
  readonly symREADS: typeof symbols.symREADS = symbols.symREADS;
  readonly symWRITES: typeof symbols.symWRITES = symbols.symWRITES;
  readonly symSLEEP_DEEP: typeof symbols.symSLEEP_DEEP = symbols.symSLEEP_DEEP;
  readonly symSLEEP_NAP: typeof symbols.symSLEEP_NAP = symbols.symSLEEP_NAP;
  readonly symHARD_LOCK: typeof symbols.symHARD_LOCK = symbols.symHARD_LOCK;
  readonly symSOFT_LOCK: typeof symbols.symSOFT_LOCK = symbols.symSOFT_LOCK;
  /** Direct calls, the cheapest form: no promise a record. */
  readonly impl: {
    /** Queues and returns a ticket for `durable`. Throws what `append` rejects with. */
    append(data: unknown, pr?: number): number;
  };
  /**
   * Starts an actor of your own, in this thread, a shared worker, or a worker of its own; see docs/actors.md. Resolves with
   * its reference when it is ready; rejects with what its start threw, E_ARGUMENT, E_CLOSED.
   */
  readonly spawn: Spawn;
  readonly #actors: UserActors = new UserActors();
  readonly #config: Config;
  readonly #decoder: RecordDecoder = new RecordDecoder();
  readonly #writing: Writing | null;
  readonly #locks = new RuntimeLocks();
  readonly #wantedSignals: true | readonly OsSignal[];
  #osSignals: OsSignals | null = null;
  #reading: Reading | null = null;
  #closed: Promise<void> | null = null;
  /** One retention after the other. */
  #retaining: Promise<unknown> = Promise.resolve();

  /** Use `open`. */
  constructor(config: Config, options: OpenOptions) {
    this.#config = config;
    this.#writing = options.readOnly === true ? null : new Writing(config, this.#decoder, options.ports?.disk);
    this.spawn = this.#actors.spawn;
    this.#wantedSignals = options.osSignals === true ? true : options.osSignals || [];
    this.impl = {
      append: (data, pr = 0) => {
        this.#locks.assertWritable();
        return this.#writer.appender.enqueue(data, pr);
      },
    };
  }

  /** Use `open`. */
  async start(): Promise<void> {
    await this.#writing?.start();
    this.#reading = new Reading(
      this.#config['force-all.path'],
      this.#decoder,
      this.#writing?.board ?? null,
      this.#writing?.followers.index ?? null,
      () => this.#readGate(),
      () => this.#locks.readTurn(),
    );
    this.#osSignals = new OsSignals(this.#wantedSignals, {
      exit: () => this.close(),
      napOrWake: () => (this.status().sleep.depth === 'awake' ? this.sleep(symSLEEP_NAP) : this.awake()),
      announce: (name) => this.SIGNAL(name).set(),
    });
  }

  /**
   * Appends one record; resolves with its seq (the first is 0n, without gaps) when its bytes are on disk. Rejects with
   * E_UNENCODABLE, E_TOO_LARGE or E_MISFIT before anything is queued; with E_DISK_FULL, E_IO, E_FATAL, E_CLOSED,
   * E_SLEEPING_DEEP or E_SLEEPING_WRITES when it was not stored. The second argument is the priority, or options.
   */
  append(data: unknown, options: number | AppendOptions = 0): Promise<bigint> {
    const writing = this.#writing;
    if (writing === null) return Promise.reject(readOnly());
    if (!this.#locks.open) return this.#locks.writing(() => this.append(data, options));
    if (typeof options === 'number') return writing.appender.append(data, options);
    return withOptions(options, (pr, message) => writing.appender.append(data, pr, message));
  }

  /** Appends all or, when one of them cannot be encoded, none; one promise for all: the seq of the first. */
  appendBatch(data: readonly unknown[], options: number | AppendOptions = 0): Promise<bigint> {
    const writing = this.#writing;
    if (writing === null) return Promise.reject(readOnly());
    if (!this.#locks.open) return this.#locks.writing(() => this.appendBatch(data, options));
    if (typeof options === 'number') return writing.appender.appendBatch(data, options);
    return withOptions(options, (pr, message) => writing.appender.appendBatch(data, pr, message));
  }

  /** Resolves when the record of that ticket, and all before it, are on disk. */
  async durable(ticket: number): Promise<void> {
    return this.#writer.appender.durable(ticket);
  }

  /** Resolves when everything appended before is on disk. */
  async flush(): Promise<void> {
    return this.#writer.appender.flush();
  }

  /** Resolves when everything appended before is on disk and indexed as well; while napping, after that. */
  async idle(): Promise<void> {
    return this.#writer.idle();
  }

  /**
   * Declares secondary indices: `{ prop_match: ['user'], val_match: ['level'], int_match: ['t'] }`. Resolves when they are
   * declared; they are built from the log in the background (`status().indices`). Queries are the same without, but slower.
   */
  async index(definition: IndexDefinition): Promise<void> {
    return this.#locks.writing(() => this.#writer.followers.declare(definition));
  }

  /** A way into the log for another thread: post the handle there and `attach` it. Throws E_LIMIT beyond 63 that are open. */
  producer(): ProducerHandle {
    return this.#writer.producer();
  }

  /**
   * Registers a shape under a name: `{ field: type }` with types any, null, boolean, number, bigint, string, date, bytes,
   * array, object; a trailing `?` allows null. Records of that shape are stored as arrays. Throws E_SHAPE.
   */
  message(name: string, shape: Readonly<Record<string, FieldType>>): void {
    this.#writer.register(name, shape);
  }

  /** The record with that seq; rejects with E_NOT_FOUND, E_GONE, E_DAMAGED. With a filter: the first match, or undefined. */
  one(symbol: typeof symDATA, seq: SeqLike): Promise<StoredRecord>;
  one(symbol: typeof symDATA, filter: Filter): Promise<StoredRecord | undefined>;
  one(symbol: typeof symDATA, which: SeqLike | Filter): Promise<StoredRecord | undefined> {
    try {
      const { queries } = this.#reader;
      return this.#locks.reading(() => queries.one(symbol, which as SeqLike));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** The first `n` matches in order of their seqs. Rejects with E_FILTER, E_ARGUMENT. */
  async some(symbol: typeof symDATA, filter: Filter, n: number): Promise<StoredRecord[]> {
    const { queries } = this.#reader;
    return this.#locks.reading(() => queries.some(symbol, filter, n));
  }

  /**
   * Records in order, async-iterable: from and since (inclusive), to and until (exclusive), reverse, and a filter. Throws
   * E_ARGUMENT, E_FILTER, E_GONE, and what refuses reads now; an iteration ends with E_DAMAGED at a damaged record.
   */
  range(symbol: typeof symDATA, options: RangeOptions = {}): Records {
    return this.#reader.queries.range(symbol, options);
  }

  /** Records from `from` on and, with `follow`, those to come, until it is returned, aborted by its signal, or closed. */
  stream(options: StreamOptions = {}): Records {
    return this.#reader.queries.stream(options);
  }

  /** The frame of a record as it is on disk (docs/FORMAT.md); rejects as `one` does. */
  async raw(seq: SeqLike): Promise<Buffer> {
    const { queries } = this.#reader;
    return this.#locks.reading(() => queries.raw(seq));
  }

  /**
   * Reads every byte of the log again and checks it, segments in parallel, beside whatever else goes on; changes nothing.
   * Resolves with each damage by segment, offset and seqs. Rejects with E_ABORTED, and E_FORMAT for a newer version.
   */
  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    this.#readGate();
    return this.#locks.reading(() => {
      // What a living writer writes meanwhile is not judged.
      const tail = this.#reader.liveTail();
      return verifyStore(storePaths(this.#config['force-all.path']), tail === null ? options : { ...options, tail });
    });
  }

  /**
   * Falls asleep: symSLEEP_NAP (appends only queue to disk), symSLEEP_DEEP (appends and reads are refused), symREADS or
   * symWRITES (that side is refused). Wakes by itself after `wakeAfterMs` (60 000; Infinity for never), counted from the
   * latest call. Rejects with E_ARGUMENT, E_CLOSED.
   */
  async sleep(symbol: symbol, { wakeAfterMs = 60_000 }: { readonly wakeAfterMs?: number } = {}): Promise<void> {
    return this.#openWriter.sleeper.sleep(symbol, wakeAfterMs);
  }

  /** Clears all sleep; what was put off is caught up with in the background. */
  async awake(): Promise<void> {
    return this.#openWriter.sleeper.awake();
  }

  /**
   * Takes the lock of a key, 1 by default, hard (exclusive, the default) or soft (shared); resolves with the lease in the
   * order of asking. Key 1 gates this instance: held hard, every other operation waits, held soft, those that write; the
   * holder's own go through `within`. Other keys are yours. Rejects with E_TIMEOUT, E_ABORTED, E_LOCK_REENTRANT,
   * E_DEADLOCK, E_CLOSED.
   */
  async lock(key: LockKey = 1, mode: LockMode = symHARD_LOCK, options: RuntimeLockOptions = {}): Promise<Lease> {
    return this.#locks.lock(key, mode, options);
  }

  /** Releases the one lease of that key. Throws E_LOCK_NOT_HELD when there is none, E_LOCK_AMBIGUOUS when there are several. */
  release(key: LockKey = 1): void {
    this.#locks.release(key);
  }

  /** How a lock is held and how many wait for it; without a key all locks that are held or waited for. */
  locked(key: LockKey): LockStatus;
  locked(): LockStatus[];
  locked(key?: LockKey): LockStatus | LockStatus[] {
    return key === undefined ? this.#locks.locked() : this.#locks.locked(key);
  }

  /** Calls what the holder of key 1 does itself while others wait: `ltl.within(lease, () => ltl.append('mine'))`. */
  within<T>(lease: Lease, operation: () => T): T {
    return this.#locks.within(lease, operation);
  }

  /** The signal with that name, made at first use; auto reset unless `{ resets: 'manual' }`. */
  SIGNAL(name: string, options: SignalOptions = {}): Signal {
    return this.#locks.signal(name, options);
  }

  /** All signals made so far, by name. */
  get SIGNALS(): Readonly<Record<string, Signal>> {
    return this.#locks.signals();
  }

  /**
   * Keeps that many bytes of segments written ahead (two segments at least); resolves with the bytes there are. Rejects with
   * E_ARGUMENT, E_CLOSED, E_FATAL.
   */
  async reserve(bytes: number): Promise<number> {
    return this.#openWriter.followers.reserve(bytes);
  }

  /**
   * Drops whole old segments from the front until the rest takes at most `maxBytes`, and those of which every record is
   * older than `maxAgeMs`; never the one that is written to. Resolves with what was dropped; nothing is dropped unasked.
   * Its records are E_GONE from then on. Rejects with E_ARGUMENT.
   */
  async retain(retention: Retention): Promise<Dropped> {
    const { conductor, board } = this.#openWriter;
    const drop = (): Promise<Dropped> => retain(conductor.paths, retention, board.tail().segmentId, Date.now());
    const dropped = this.#locks.writing(() => this.#retaining.then(drop, drop));
    this.#retaining = dropped;
    return dropped;
  }

  /** Booleans, one bit each in shared memory. */
  get flags(): Readonly<Record<FlagName, boolean>> {
    // The queue's own state (a full disk, say) changes without a word to this thread.
    this.#writing?.conductor.derive();
    return flagsOf(this.#writing === null ? 0 : Atomics.load(this.#writing.board.words, WORD.flags));
  }

  /** Plain data about everything; asks no actor and wakes nobody. */
  status(): Status {
    const { 'force-all.path': path, 'log.segment.bytes': segmentBytes } = this.#config;
    const tail = this.#reading?.tail() ?? { firstSeq: 0, nextSeq: 0 };
    return this.#writing === null
      ? readerStatus(path, tail)
      : writerStatus(this.#writing, path, segmentBytes, tail.firstSeq);
  }

  /** Counters since this instance was opened, all or one by name. Throws E_ARGUMENT for an unknown name. */
  stat(): Record<string, number>;
  stat(name: string): number;
  stat(name?: string): number | Record<string, number> {
    const all = { ...(this.#writing === null ? {} : counters(this.#writing)), ...this.#reading?.stat() };
    if (name === undefined) return all;
    const value = Object.hasOwn(all, name) ? (all as Record<string, number>)[name] : undefined;
    if (value === undefined)
      throw new LtlError('E_ARGUMENT', `there is no counter ${name}; there are ${Object.keys(all).join(', ')}`);
    return value;
  }

  /** Starts a supervisor with its children, in order; resolves when all are ready. */
  supervise(options: SuperviseOptions): Promise<Supervision> {
    return this.#actors.supervise(options);
  }

  /** Runs stateless work, the default export of a module, on the job pool. Rejects with E_JOB_FAILED, E_ABORTED, E_UNCLONEABLE. */
  job<Result = unknown>(module: URL, data: unknown, options: JobOptions = {}): Promise<Result> {
    return this.#actors.job(module, data, options);
  }

  /** How many shared workers for actors, and how many workers for jobs, there may be from now on. */
  threads(count: number): void {
    this.#actors.threads(count);
  }

  /** The live tree of your actors as plain data: state, thread, mailbox depth, restarts, rates, why it last died. */
  actors(): readonly ActorNode[] {
    return this.#actors.actors();
  }

  /** Streams every message that your actors handle, with its correlation, until the returned function is called. */
  inspect(listener: (transition: ActorTransition) => void): () => void {
    return this.#actors.inspect(listener);
  }

  /** Tells every start, end, restart, escalation and hang of your actors until the returned function is called. */
  onActorEvent(listener: (event: ActorEvent) => void): () => void {
    return this.#actors.onEvent(listener);
  }

  /** The last messages that did not arrive, with their reasons. */
  deadLetters(): readonly DeadLetter[] {
    return this.#actors.deadLetters();
  }

  /** Sends dead letters again, all or those that fit; returns how many went on their way. */
  resend(fits?: (letter: DeadLetter) => boolean): number {
    return this.#actors.resend(fits);
  }

  /**
   * A drill: makes one of the runtime's own actors fail on purpose, to see it recover. `terminate` ends its thread from
   * outside; that is refused for an actor with a native store, which would take the process with it. One that is coming up is
   * waited for. Rejects with E_ARGUMENT, E_CLOSED, E_FATAL.
   */
  async drill(actor: string, how: Failure | 'terminate'): Promise<void> {
    return this.#openWriter.drill(actor, how);
  }

  /** EXIT: makes everything accepted durable, stops the actors, frees the folder. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#osSignals?.hush();
    this.#locks.close();
    // First the actors: they may append until they are down.
    await this.#actors.stop();
    await Promise.allSettled([this.#retaining]);
    await this.#writing?.close();
    this.#reading?.close();
    this.#osSignals?.close();
  }

  get #writer(): Writing {
    if (this.#writing === null) throw readOnly();
    return this.#writing;
  }

  /** The same for what has no meaning any more once closing has begun. */
  get #openWriter(): Writing {
    if (this.#closed !== null) throw new LtlError('E_CLOSED', 'the instance is closed');
    return this.#writer;
  }

  get #reader(): Reading {
    if (this.#reading === null || this.#closed !== null) throw new LtlError('E_CLOSED', 'the instance is not open');
    return this.#reading;
  }

  #readGate(): void {
    if (this.#closed !== null) throw new LtlError('E_CLOSED', 'the instance is closed');
    const refusal = this.#writing === null ? null : readRefusal(this.#writing.board);
    if (refusal !== null) throw refusal;
  }
}

function readOnly(): LtlError {
  return new LtlError('E_READ_ONLY', 'this instance only reads');
}
