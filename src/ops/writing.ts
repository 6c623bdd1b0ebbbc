/**
 * The writing side of an instance: conductor, appender, sleep. The door owns one unless it only reads.
 */
import type { Config } from '../config/config.js';
import { knownDurable } from '../log/checkpoint.js';
import type { Damage } from '../log/walk.js';
import type { RecordDecoder } from '../record/decoder.js';
import { RecordEncoder } from '../record/encoder.js';
import type { FieldType, ShapeDefinition } from '../record/shape.js';
import { Conductor } from '../supervisor/conductor.js';
import { Link } from '../supervisor/link.js';
import type { SupervisorEvent } from '../supervisor/spec.js';
import { type Board, WORD } from '../wire/board.js';
import type { AuditorInput, AuditorMessage, AuditorReport, Failure } from '../wire/protocol.js';
import { isLtlError, LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { Appender } from './appender.js';
import { appendRefusal } from './gate.js';
import { allocateShapeId, type ProducerHandle } from './producers.js';
import { Sleeper } from './sleeper.js';

/** An actor that does not answer about its gate by then is taken for down: its supervisor sees to it. */
const GATE_MS_MAX = 5000;
/** Writing spare room may take long on a slow disk. */
const RESERVE_MS_MAX = 600_000;
/** Events kept for status(). */
const EVENTS_KEPT = 32;

export class Writing {
  readonly conductor: Conductor;
  readonly sleeper: Sleeper;
  /** What the supervisor did last, oldest first. */
  readonly events: SupervisorEvent[] = [];
  readonly #config: Config;
  readonly #decoder: RecordDecoder;
  readonly #shapes: ShapeDefinition[] = [];
  readonly #auditor: Link<AuditorMessage, AuditorReport>;
  /** Damage that the auditor has found. */
  readonly damages: Damage[] = [];
  #appender: Appender | null = null;
  #gateOpen = true;

  constructor(config: Config, decoder: RecordDecoder, diskUrl: string | undefined) {
    this.#config = config;
    this.#decoder = decoder;
    this.sleeper = new Sleeper({
      gateFollowers: (open) => this.#gateFollowers(open),
      onChange: () => this.conductor.derive(),
    });
    this.#auditor = new Link({
      id: 'auditor',
      module: new URL('../actors/auditor.js', import.meta.url),
      input: () => this.#auditorInput(),
      restart: 'permanent',
      shutdownMs: LIMITS.exitMsMax,
      startMs: LIMITS.startMsMax,
      resourceLimits: { maxOldGenerationSizeMb: LIMITS.actorHeapMibMax },
      onMessage: (message) => this.#heardAuditor(message),
    });
    this.conductor = new Conductor({
      config,
      queueUrl: new URL('../actors/queue.js', import.meta.url),
      diskUrl,
      followers: () => [this.#auditor.spec],
      known: knownDurable,
      sleepState: () => this.sleeper.state,
      spilling: () => this.spilledBytes > 0,
      unacknowledged: () => this.pending > 0,
      onRecovered: (definitions) => this.#recovered(definitions),
      onFatal: (error) => this.#appender?.fail(error),
      flush: () => this.#appender?.flush() ?? Promise.resolve(),
      onEvent: (event) => this.#keep(event),
    });
  }

  get auditor(): Link<AuditorMessage, AuditorReport> {
    return this.#auditor;
  }

  get board(): Board {
    return this.conductor.board;
  }

  /** The caller's own way into the log. Throws E_CLOSED before `start`. */
  get appender(): Appender {
    if (this.#appender === null) throw new LtlError('E_CLOSED', 'the instance is not open');
    return this.#appender;
  }

  /** Records accepted and not acknowledged; bytes of them that the ring had no room for. */
  get pending(): number {
    return this.#appender?.pending ?? 0;
  }
  get spilledBytes(): number {
    return this.#appender?.spilledBytes ?? 0;
  }

  async start(): Promise<void> {
    const { conductor, board } = this;
    const ring = conductor.addRing();
    await conductor.start();
    this.#appender = new Appender({
      ring,
      board,
      encoder: new RecordEncoder({ allocateShapeId: () => allocateShapeId(board), shapes: this.#shapes }),
      refusal: () => appendRefusal(board),
      onChange: () => conductor.derive(),
      stallMsMax: this.#config['queue.stall.ms'],
    });
  }

  register(name: string, shape: Readonly<Record<string, FieldType>>): void {
    this.appender.define((encoder) => {
      const definition = encoder.registerMessage(name, shape);
      if (!this.#shapes.includes(definition)) this.#shapes.push(definition);
    });
  }

  producer(): ProducerHandle {
    const { conductor, board } = this;
    const refusal = appendRefusal(board);
    if (refusal !== null) throw refusal;
    return {
      ring: conductor.addRing(),
      board: board.buffer,
      shapes: [...this.#shapes],
      stallMsMax: this.#config['queue.stall.ms'],
    };
  }

  async drill(actor: string, how: Failure | 'terminate'): Promise<void> {
    const links = { queue: this.conductor.queue, auditor: this.#auditor };
    if (!Object.hasOwn(links, actor))
      throw new LtlError('E_ARGUMENT', `there is no actor ${actor}; there are ${Object.keys(links).join(', ')}`);
    const link = links[actor as keyof typeof links];
    if (how === 'terminate') await link.kill();
    else link.post({ kind: 'fail', how });
  }

  /** EXIT: everything accepted becomes durable, the actors stop in reverse order, the folder is free again. */
  async close(): Promise<void> {
    this.sleeper.close();
    await this.conductor.stop();
    const error = new LtlError('E_CLOSED', 'the instance is closed');
    this.#appender?.fail(error);
  }

  /** Keeps so many bytes of spare segments; resolves with the bytes there are. */
  async reserve(bytes: number): Promise<number> {
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw new LtlError('E_ARGUMENT', `reserve takes a number of bytes, not ${String(bytes)}`);
    const reply = await this.#auditor.ask<{ spares: number }>((id) => ({ kind: 'reserve', id, bytes }), RESERVE_MS_MAX);
    return reply.spares * this.#config['log.segment.bytes'];
  }

  #auditorInput(): AuditorInput {
    const { board, paths } = this.conductor;
    return {
      root: paths.root,
      board: board.buffer,
      segmentBytes: this.#config['log.segment.bytes'],
      gateOpen: this.#gateOpen,
    };
  }

  #heardAuditor(message: AuditorReport): void {
    if (message.kind !== 'damage') return;
    this.damages.push(...message.damages);
    this.conductor.foundDamage();
  }

  /** NAP: indexer and auditor stop until further notice. One that is down comes up with the gate as it is then. */
  async #gateFollowers(open: boolean): Promise<void> {
    this.#gateOpen = open;
    const asked = this.#auditor.ask((id) => ({ kind: 'gate', id, open }), GATE_MS_MAX);
    await asked.catch((error: unknown) => {
      if (!isLtlError(error, 'E_ACTOR_FAILED') && !isLtlError(error, 'E_TIMEOUT')) throw error;
    });
  }

  #recovered(definitions: readonly Uint8Array[]): void {
    let last = 0;
    for (const frame of definitions) {
      const shape = this.#decoder.defineFrom(frame.subarray(4));
      this.#shapes.push(shape);
      last = Math.max(last, shape.id);
    }
    Atomics.store(this.board.words, WORD.shapeId, last);
  }

  #keep(event: SupervisorEvent): void {
    this.events.push(event);
    if (this.events.length > EVENTS_KEPT) this.events.shift();
  }
}
