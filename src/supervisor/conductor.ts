/**
 * The conductor: on the caller's thread, it takes one writing instance through its phases (closed, start, run, exit),
 * keeps the actors up by their child specs, and derives gates and flags from the states of the machines. It knows the
 * actors by URL only. The phase machine decides; what each of its effects does is here.
 */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/keys.js';
import { noteDurable } from '../log/checkpoint.js';
import { listSegments, type StorePaths, storePaths } from '../log/folder.js';
import { makeFolder } from '../log/make-folder.js';
import type { KnownDurable, RecoveryReport } from '../log/recover.js';
import { acquireWriterLock, type WriterLock } from '../log/writer-lock.js';
import type { EffectOf, EventOf } from '../tables/names.js';
import { Stepper } from '../tables/stepper.js';
import { Board, gateBits, WORD, WRITER } from '../wire/board.js';
import type { QueueInput, QueueMessage, QueueReport } from '../wire/protocol.js';
import { abandonRing, createRing, isRingClosed, type RingHandle, wakeProducer } from '../wire/ring.js';
import { type ErrorCode, fromWireError, isLtlError, LtlError } from '../words/errors.js';
import { type FlagSources, flagBits, PENDING_BIT } from '../words/flags.js';
import { LIMITS } from '../words/limits.js';
import type { Carried } from './carrier.js';
import { describeExit, type ExitReason, exitError } from './exit.js';
import { Heart } from './heart.js';
import { Link } from './link.js';
import type { SupervisorEvent, SupervisorStatus } from './spec.js';

type PhaseEvent = EventOf<'phase'>;
type PhaseEffect = EffectOf<'phase'>;

/** What the instance that is conducted adds: its actors beside the queue, and what happens at its turns. */
export interface Score {
  readonly config: Config;
  readonly queueUrl: URL;
  readonly diskUrl: string | undefined;
  /** Links to the actors started after the queue, in order. Asked for once the folder is set up. */
  readonly followers: (conductor: Conductor) => readonly Carried[];
  readonly known: (paths: StorePaths) => KnownDurable | null;
  /** State path of the sleep machine. */
  readonly sleepState: () => string;
  readonly spilling: () => boolean;
  readonly unacknowledged: () => boolean;
  /** The queue has recovered the log for the first time: definitions of the shapes in it. */
  readonly onRecovered: (definitions: readonly Uint8Array[]) => void;
  /** The writer is lost for good. */
  readonly onFatal: (error: LtlError) => void;
  /** EXIT: everything accepted is to become durable. */
  readonly flush: () => Promise<void>;
  readonly onEvent: (event: SupervisorEvent) => void;
}

/** What it is called when the system refuses to make the store's folder; anything else is E_CANNOT_CREATE. */
const CANNOT_MAKE: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'E_DISK_FULL',
  EACCES: 'E_PERMISSION',
  EPERM: 'E_PERMISSION',
  EROFS: 'E_PERMISSION',
};

export class Conductor {
  readonly paths: StorePaths;
  readonly board: Board = new Board();
  readonly queue: Link<QueueMessage, QueueReport & { kind: string }>;
  readonly #score: Score;
  readonly #phase: Stepper<'phase'>;
  readonly #integrity: Stepper<'integrity'> = new Stepper('integrity', {});
  readonly #mode: Stepper<'mode'> = new Stepper('mode', {});
  readonly #rings: Map<number, RingHandle> = new Map();
  #heart: Heart | null = null;
  #cores: number;
  #lock: WriterLock | null = null;
  /** Set while starting: tells that the queue is up. */
  #tellQueueUp: () => void = () => undefined;
  #queueStarts = 0;
  #isNew = false;
  #startError: unknown = null;
  #failure: LtlError | null = null;
  #recovery: RecoveryReport | null = null;
  #closing: Promise<void> | null = null;
  /** 32 hex digits: which log this is. A new one until the recovered log says its own. */
  logId: string = randomBytes(16).toString('hex');

  constructor(score: Score) {
    this.#score = score;
    this.paths = storePaths(score.config['force-all.path']);
    this.#cores = score.config.cores;
    this.#phase = new Stepper('phase', { guards: { isNew: () => this.#isNew } });
    this.queue = new Link({
      id: 'queue',
      module: score.queueUrl,
      input: () => this.#queueInput(),
      restart: 'permanent',
      shutdownMs: LIMITS.exitMsMax,
      startMs: LIMITS.startMsMax,
      resourceLimits: { maxOldGenerationSizeMb: LIMITS.actorHeapMibMax },
      wake: () => this.board.ring(),
      onMessage: (message) => this.#heardQueue(message),
      onUp: () => this.#tellQueueUp(),
      onDown: () => this.derive(),
      onStop: () => {
        if (this.#heart?.handsOver === true) this.queue.post({ kind: 'handOver' });
      },
    });
  }

  get phase(): string {
    return this.#phase.state;
  }
  get integrity(): string {
    return this.#integrity.state;
  }
  get mode(): string {
    return this.#mode.state;
  }
  get failure(): LtlError | null {
    return this.#failure;
  }
  get recovery(): RecoveryReport | null {
    return this.#recovery;
  }
  get life(): number {
    return this.#lock?.life ?? 0;
  }
  actors(): SupervisorStatus | null {
    return this.#heart?.status() ?? null;
  }

  /** From closed to run. Throws what stopped it; everything taken is given back then. */
  async start(): Promise<void> {
    await this.#drive('OPEN');
    if (this.#startError === null) return;
    const error = this.#startError;
    await this.#drive('CLOSE');
    throw error;
  }

  /** EXIT: drains, makes everything accepted durable, stops the actors in reverse. Idempotent. */
  stop(): Promise<void> {
    this.#closing ??= this.#drive('CLOSE');
    return this.#closing;
  }

  /** How many cores the actors may use. */
  get cores(): number {
    return this.#cores;
  }

  /**
   * Lets the actors use so many cores from now on; resolves when they do. Appends wait in their rings while the actors
   * change threads. Rejects with E_CLOSED, E_FATAL, and E_ACTOR_HUNG: then the writer is lost.
   */
  async useCores(cores: number): Promise<void> {
    const assertRunning = (): void => {
      if (this.phase !== 'run') throw this.#failure ?? new LtlError('E_CLOSED', 'the instance does not run');
    };
    assertRunning();
    try {
      await this.#heart?.change(cores, assertRunning);
      this.#cores = cores;
    } catch (error) {
      if (isLtlError(error, 'E_ACTOR_HUNG')) this.#lost('heart', { kind: 'hung' });
      throw error;
    }
  }

  /** A new ring into the queue. Throws E_LIMIT. */
  addRing(): RingHandle {
    for (const [ringId, ring] of this.#rings) if (isRingClosed(ring)) this.#rings.delete(ringId);
    if (this.#rings.size >= LIMITS.producersMax)
      throw new LtlError('E_LIMIT', `an instance has at most ${LIMITS.producersMax} producers`);
    const ringId = Atomics.add(this.board.words, WORD.ringCount, 1) + 1;
    const ring = createRing(ringId, this.#score.config['ring.hot.bytes']);
    this.#rings.set(ring.ringId, ring);
    this.queue.post({ kind: 'ring', ring });
    return ring;
  }

  /** A thread ended: the rings that it attached and did not close are given back once what they hold is stored. */
  threadDied(thread: number): void {
    for (const ring of this.#rings.values()) if (abandonRing(ring, thread)) this.board.ring();
  }

  /** The auditor found acknowledged bytes damaged. */
  foundDamage(): void {
    this.#integrity.step('CHECK');
    this.#integrity.step('FOUND_DAMAGED');
    this.derive();
  }

  /** Derives gates and flags from the machines' states. */
  derive(): void {
    const { writerState } = this.board;
    const phase = this.#phase.state;
    const sources: FlagSources = {
      phase,
      sleep: this.#score.sleepState(),
      integrity: this.#integrity.state,
      mode: this.#mode.state,
      poisoned: writerState === WRITER.poisoned || phase === 'failed',
      diskFull: writerState === WRITER.diskFull,
      isNew: this.#isNew,
      spilling: this.#score.spilling(),
      unacknowledged: this.#score.unacknowledged(),
    };
    Atomics.store(this.board.words, WORD.gate, gateBits(sources));
    Atomics.store(this.board.words, WORD.flags, flagBits(sources));
  }

  /** The caller began or ceased to wait for acknowledgements: one bit, at every turn, so without deriving the others. */
  busy(isBusy: boolean): void {
    if (isBusy) Atomics.or(this.board.words, WORD.flags, PENDING_BIT);
    else Atomics.and(this.board.words, WORD.flags, ~PENDING_BIT);
  }

  /** Steps the phase machine and carries its effects out; an effect may answer with the next event. */
  async #drive(first: PhaseEvent): Promise<void> {
    for (let event: PhaseEvent | undefined = first; event !== undefined; ) {
      const effects: readonly PhaseEffect[] = this.#phase.step(event) ?? [];
      this.derive();
      event = undefined;
      for (const effect of effects) {
        try {
          event = (await this.#carryOut(effect)) ?? event;
        } catch (error) {
          this.#startError = error;
          event = 'FAIL';
          break;
        }
      }
    }
  }

  async #carryOut(effect: PhaseEffect): Promise<PhaseEvent | undefined> {
    switch (effect) {
      case 'runInit':
        this.#init();
        return 'INIT_DONE';
      case 'runSetup':
        // The folders exist since init took the lock in them; the first segment is the queue's to make.
        return 'SETUP_DONE';
      case 'runIntegrity':
        await this.#checkAndStart();
        return 'INTEGRITY_DONE';
      case 'hookStart':
        return 'RUN';
      case 'runDrain':
        return 'DRAINED';
      case 'runFlush':
        await this.#flush();
        return 'FLUSHED';
      case 'runStop':
        await this.#heart?.stop();
        this.#wakeProducers();
        this.#noteDurable();
        this.#lock?.release();
        return 'STOPPED';
      default:
        // openGates, closeGates: derived from the phase itself. hookExit, announceClosed, recordFailure: nothing to do yet.
        return undefined;
    }
  }

  #init(): void {
    try {
      makeFolder(this.paths.log);
      makeFolder(this.paths.index);
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      throw new LtlError(CANNOT_MAKE[code] ?? 'E_CANNOT_CREATE', `the folder cannot be made: ${message}`, {
        cause: error,
      });
    }
    this.#lock = acquireWriterLock(this.paths.root);
    this.#isNew = listSegments(this.paths).length === 0;
  }

  /** Integrity at start is the queue's recovery; the actors come up in order. */
  async #checkAndStart(): Promise<void> {
    this.#integrity.step('CHECK');
    this.derive();
    const links = [this.queue, ...this.#score.followers(this)];
    this.#heart = new Heart(links, this.#cores, (event) => this.#heardSupervisor(event));
    // The instance is ready as soon as the queue is: those that follow it come up, in order, while appends go on already.
    const queueUp = new Promise<void>((resolve) => {
      this.#tellQueueUp = resolve;
    });
    const allUp = this.#heart.start();
    await Promise.race([allUp, queueUp]);
    allUp.catch(() => undefined);
    const damaged = (this.#recovery?.damages.length ?? 0) > 0;
    this.#integrity.step(
      damaged ? 'FOUND_DAMAGED' : (this.#recovery?.tornBytes ?? 0) > 0 ? 'FOUND_TORN' : 'FOUND_CLEAN',
    );
    this.#integrity.step('CUT_DONE');
  }

  #queueInput(): QueueInput {
    const { config, diskUrl, known } = this.#score;
    this.board.writerState = WRITER.starting;
    const input: QueueInput = {
      root: this.paths.root,
      board: this.board.buffer,
      logId: this.logId,
      epoch: this.life * LIMITS.startsPerLife + Math.min(this.#queueStarts, LIMITS.startsPerLife - 1),
      segmentBytes: config['log.segment.bytes'],
      way: config['log.write'],
      rings: [...this.#rings.values()],
      known: known(this.paths),
      diskUrl,
      spinUs: config['queue.spin.us'],
      cores: config.cores,
      groupBytes: config['queue.group.bytes'],
    };
    this.#queueStarts += 1;
    return input;
  }

  #heardQueue(message: QueueReport): void {
    switch (message.kind) {
      case 'recovered':
        this.logId = message.logId;
        if (this.#recovery === null || message.report.tornBytes > 0 || message.report.damages.length > 0)
          this.#recovery = message.report;
        if (this.#queueStarts === 1) this.#score.onRecovered(message.definitions);
        break;
      case 'poisoned':
        this.#failure = fromWireError(message.error);
        this.derive();
    }
  }

  #heardSupervisor(event: SupervisorEvent): void {
    if (event.type === 'escalated' && (this.phase === 'run' || this.phase.startsWith('exit')))
      this.#lost(event.id, event.reason);
    this.#score.onEvent(event);
    this.derive();
  }

  /** The supervisor gave up: appends are refused by name from now on, and nobody waits for what will not come. */
  #lost(id: string, reason: ExitReason): void {
    const cause = exitError(id, reason);
    this.#failure = new LtlError('E_FATAL', `the supervisor gave up on ${id}: ${describeExit(reason)}`, { cause });
    this.board.writerState = WRITER.dead;
    this.#phase.step('FAIL');
    this.derive();
    this.#score.onFatal(this.#failure);
    this.#wakeProducers();
  }

  /** Nobody is to wait for what will not come. */
  #wakeProducers(): void {
    for (const ring of this.#rings.values()) wakeProducer(ring);
  }

  /** On a full disk the hint is not kept; the log needs none. */
  #noteDurable(): void {
    if (this.#heart === null) return;
    try {
      noteDurable(this.paths, this.board.tail());
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }

  async #flush(): Promise<void> {
    const flushed = this.#score.flush().catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LIMITS.exitMsMax);
    });
    await Promise.race([flushed, late]);
    clearTimeout(timer);
  }
}
