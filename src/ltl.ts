/**
 * The door: what `import { open } from 'ltl'` gives, and its wiring. Families of calls that stand by themselves are inherited
 * from `ops/*-calls.ts`, where they are documented; what they do lives in
 * the rooms below.
 */
import { resolveConfig } from './config/config.js';
import type { Config } from './config/keys.js';
import { assertVerifyOptions, type VerifyProgress, verifyStore } from './jobs/verify-store.js';
import { storePaths } from './log/folder.js';
import { type Dropped, type Retention, retain } from './log/retain.js';
import type { VerifyReport } from './log/verify.js';
import type { IndexDefinition } from './lookup/index-definition.js';
import { AppendCalls } from './ops/append-calls.js';
import { readOnlyRefusal, readRefusal } from './ops/gate.js';
import { heartTree } from './ops/heart-tree.js';
import { RuntimeLocks } from './ops/locks.js';
import { assertOpenOptions, type OpenOptions } from './ops/open-options.js';
import { type OsSignal, OsSignals } from './ops/os-signals.js';
import { Policies, type PolicyOptions } from './ops/policies.js';
import type { PolicyReport } from './ops/policy-run.js';
import { attach } from './ops/producers.js';
import { Reading } from './ops/reading.js';
import { counters, readerStatus, type Status, writerStatus } from './ops/status.js';
import { UserActors } from './ops/user-actors.js';
import { Writing } from './ops/writing.js';
import type { Policy } from './policy/contract.js';
import { RecordDecoder } from './record/decoder.js';
import { WORD } from './wire/board.js';
import type { Failure } from './wire/protocol.js';
import { assertOptions, shown } from './words/arguments.js';
import { LtlError, nameSystemError } from './words/errors.js';
import { type FlagName, flagsOf } from './words/flags.js';
import { LIMITS } from './words/limits.js';
import * as symbols from './words/symbols.js';
import { symSLEEP_NAP } from './words/symbols.js';

export type { ActorRef, Change, ReceiveContext, ReceiveLogic, SpawnOptions, SuperviseOptions } from './actors/actor.js';
export type { DeadLetter } from './actors/dead-letters.js';
export type { Supervision } from './actors/supervision.js';
export type { ActorEvent } from './actors/system.js';
export type { ActorNode } from './actors/tree.js';
export type { Config } from './config/keys.js';
export type { JobOptions } from './jobs/pool.js';
export type { JobContext } from './jobs/runner.js';
export type { VerifyProgress } from './jobs/verify-store.js';
export type { Dropped, Retention } from './log/retain.js';
export type { VerifyReport } from './log/verify.js';
export type { Filter } from './lookup/filter.js';
export type { IndexDefinition } from './lookup/index-definition.js';
export type { RangeOptions, SeqLike, StreamOptions } from './lookup/queries.js';
export type { Records } from './lookup/records.js';
export type { StoredRecord } from './lookup/scan.js';
export type { AppendOptions } from './ops/append-options.js';
export type { LockKey, LockStatus, RuntimeLockOptions } from './ops/locks.js';
export type { OpenOptions } from './ops/open-options.js';
export type { OsSignal } from './ops/os-signals.js';
export type { PolicyOptions } from './ops/policies.js';
export type { PolicyReport, PolicyStatus } from './ops/policy-run.js';
export type { Producer, ProducerHandle } from './ops/producers.js';
export type { SleepStatus } from './ops/sleeper.js';
export type { Status } from './ops/status.js';
export type { Policy } from './policy/contract.js';
export type { FieldType } from './record/shape.js';
export type { Lease } from './sync/lease.js';
export type { LockMode } from './sync/lock.js';
export type { Signal, SignalOptions } from './sync/signal.js';
export type { ActorTransition } from './wire/place.js';
export { ERRORS, type ErrorCode, isLtlError, LtlError } from './words/errors.js';
export type { FlagName } from './words/flags.js';
export * from './words/symbols.js';
export { attach };

/** How the log is verified. */
export interface VerifyOptions {
  /** Segments verified at once. Default, and at most: the threads of the job pool, see `threads`. */
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
  assertOpenOptions(options);
  const ltl = new Ltl(resolveConfig(config), options);
  try {
    await ltl.start();
  } catch (error) {
    // Whatever had been started already is stopped: a failed open holds no lock and no thread.
    await ltl.close();
    throw nameSystemError(error);
  }
  return ltl;
}

/** One open store. Made by `open`; several may live in one process, one writer a folder. */
export class Ltl extends AppendCalls {
  readonly symDATA: typeof symbols.symDATA = symbols.symDATA;
  readonly symREADS: typeof symbols.symREADS = symbols.symREADS;
  readonly symWRITES: typeof symbols.symWRITES = symbols.symWRITES;
  readonly symSLEEP_DEEP: typeof symbols.symSLEEP_DEEP = symbols.symSLEEP_DEEP;
  readonly symSLEEP_NAP: typeof symbols.symSLEEP_NAP = symbols.symSLEEP_NAP;
  readonly symHARD_LOCK: typeof symbols.symHARD_LOCK = symbols.symHARD_LOCK;
  readonly symSOFT_LOCK: typeof symbols.symSOFT_LOCK = symbols.symSOFT_LOCK;
  readonly #actors: UserActors;
  readonly #config: Config;
  readonly #decoder: RecordDecoder;
  readonly #writing: Writing | null;
  readonly #locks: RuntimeLocks;
  readonly #policies: Policies | null;
  readonly #wantedSignals: true | readonly OsSignal[];
  #osSignals: OsSignals | null = null;
  #reading: Reading | null = null;
  #closed: Promise<void> | null = null;
  /** One retention after the other. */
  #retaining: Promise<unknown> = Promise.resolve();

  /** Use `open`. */
  constructor(config: Config, options: OpenOptions) {
    const actors = new UserActors(config.threads);
    const locks = new RuntimeLocks();
    const decoder = new RecordDecoder();
    const writing = options.readOnly === true ? null : new Writing(config, decoder, options.ports?.disk);
    super(actors, locks, () => this.#reader.queries, writing);
    this.#actors = actors;
    if (writing !== null) actors.heart = heartTree(writing);
    this.#locks = locks;
    this.#config = config;
    this.#writing = writing;
    this.#policies = writing === null ? null : new Policies(writing, locks);
    this.#decoder = decoder;
    this.#wantedSignals = options.osSignals === true ? true : options.osSignals || [];
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
      napOrWake: () => this.#napOrWake(),
      announce: (name) => this.SIGNAL(name).set(),
    });
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

  /**
   * Reads every byte of the log again and checks it, segments in parallel, beside whatever else goes on; changes nothing.
   * Resolves with each damage by segment, offset and seqs. Rejects with E_ABORTED, and E_FORMAT for a newer version.
   */
  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    assertVerifyOptions(options);
    this.#readGate();
    const verified = this.#locks.reading(() => {
      // What a living writer writes meanwhile is not judged.
      const tail = this.#reader.liveTail();
      const threads = Math.min(options.threads ?? this.threads(), this.threads());
      return verifyStore(
        storePaths(this.#config['force-all.path']),
        (module, task, how) => this.#actors.job(module, task, how),
        { ...options, threads, ...(tail === null ? {} : { tail }) },
      );
    });
    return this.#policies === null ? verified : this.#policies.during('verify()', verified);
  }

  /**
   * Falls asleep: symSLEEP_NAP (appends only queue to disk), symSLEEP_DEEP (appends and reads are refused), symREADS or
   * symWRITES (that side is refused). Wakes by itself after `wakeAfterMs` (60 000; Infinity for never), counted from the
   * latest call. Rejects with E_ARGUMENT, E_CLOSED.
   */
  async sleep(symbol: symbol, options: { readonly wakeAfterMs?: number } = {}): Promise<void> {
    assertOptions('sleep', options, ['wakeAfterMs']);
    return this.#openWriter.sleeper.sleep(symbol, options.wakeAfterMs);
  }

  /** Clears all sleep; what was put off is caught up with in the background. */
  async awake(): Promise<void> {
    return this.#openWriter.sleeper.awake();
  }

  /**
   * Runs a sleep policy, a text as `timeout:50` or one made with `definePolicy`, in place of the one that runs; null ends that.
   * Your own sleep() and awake() come first; see docs/live-policies.md. Resolves with the report of the policy that ended, or
   * null. Rejects with E_POLICY, E_ARGUMENT, E_NO_INPUT, E_PERMISSION, E_CLOSED, E_READ_ONLY; then all goes on as before.
   */
  async policy(policy: Policy | string | null, options?: PolicyOptions): Promise<PolicyReport | null> {
    if (this.#closed !== null) throw new LtlError('E_CLOSED', 'the instance is closed');
    if (this.#policies === null) throw readOnlyRefusal();
    return this.#policies.set(policy, options);
  }

  /** What the policy has done so far, beside what was predicted and what its shadows would have done; null without one. */
  policyReport(): PolicyReport | null {
    return this.#policies?.report() ?? null;
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
    const store =
      this.#writing === null
        ? readerStatus(path, tail)
        : writerStatus(this.#writing, this.#policies?.status() ?? null, path, segmentBytes, tail.firstSeq);
    return { ...store, escalations: this.#actors.escalations() };
  }

  /** Counters since this instance was opened, all or one by name. Throws E_ARGUMENT for an unknown name. */
  stat(): Record<string, number>;
  stat(name: string): number;
  stat(name?: string): number | Record<string, number> {
    const all = { ...(this.#writing === null ? {} : counters(this.#writing)), ...this.#reading?.stat() };
    if (name === undefined) return all;
    const value =
      typeof name === 'string' && Object.hasOwn(all, name) ? (all as Record<string, number>)[name] : undefined;
    if (value === undefined)
      throw new LtlError('E_ARGUMENT', `there is no counter ${shown(name)}; there are ${Object.keys(all).join(', ')}`);
    return value;
  }

  /**
   * How many cores the runtime's own actors use: on one they share a thread, from two on each has its own. With a number: from
   * now on; resolves when it is so. Appends go on meanwhile. Rejects with E_ARGUMENT, E_READ_ONLY, E_CLOSED, E_FATAL.
   */
  cores(): number;
  cores(count: number): Promise<void>;
  cores(count?: number): number | Promise<void> {
    return count === undefined ? (this.#writing?.conductor.cores ?? this.#config.cores) : this.#useCores(count);
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

  /** What SIGUSR2 asks for. An instance that only reads does not sleep. */
  async #napOrWake(): Promise<void> {
    if (this.#writing === null) return;
    if (this.status().sleep.depth === 'awake') await this.sleep(symSLEEP_NAP);
    else await this.awake();
  }

  async #close(): Promise<void> {
    this.#osSignals?.hush();
    this.#policies?.close();
    this.#locks.close();
    // First the actors: they may append until they are down.
    await this.#actors.stop();
    await Promise.allSettled([this.#retaining]);
    await this.#writing?.close();
    this.#reading?.close();
    this.#osSignals?.close();
  }

  async #useCores(count: number): Promise<void> {
    if (!Number.isInteger(count) || count < 1 || count > LIMITS.coresMax)
      throw new LtlError('E_ARGUMENT', `cores is a whole number from 1 to ${LIMITS.coresMax}, not ${shown(count)}`);
    return this.#openWriter.conductor.useCores(count);
  }

  get #writer(): Writing {
    if (this.#writing === null) throw readOnlyRefusal();
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
