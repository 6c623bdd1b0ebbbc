/**
 * The writing side of an instance: conductor, appender, sleep. The door owns one unless it only reads.
 */
import type { Config } from '../config/keys.js';
import { knownDurable } from '../log/checkpoint.js';
import type { RecordDecoder } from '../record/decoder.js';
import { RecordEncoder } from '../record/encoder.js';
import type { FieldType, ShapeDefinition } from '../record/shape.js';
import { Conductor } from '../supervisor/conductor.js';
import type { SupervisorEvent } from '../supervisor/spec.js';
import { forget, mourn } from '../sync/shared/threads.js';
import { type Board, WORD } from '../wire/board.js';
import type { Failure } from '../wire/protocol.js';
import { shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';
import { Appender } from './appender.js';
import { Followers } from './followers.js';
import { appendRefusal } from './gate.js';
import { allocateShapeId, type ProducerHandle } from './producers.js';
import { Sleeper } from './sleeper.js';

/** Events kept for status(). */
const EVENTS_KEPT = 32;

/** How often a drill looks whether its actor is up. */
const DRILL_PAUSE_MS = 5;

const WAYS_TO_FAIL: readonly (Failure | 'terminate')[] = ['throw', 'exit', 'memory', 'hang', 'terminate'];

/** What a drill needs of a link. */
interface Drilled {
  readonly isUp: boolean;
  post(message: { readonly kind: 'fail'; readonly how: Failure }): boolean;
  kill(): Promise<void>;
}

export class Writing {
  readonly conductor: Conductor;
  readonly sleeper: Sleeper;
  readonly followers: Followers;
  /** What the supervisor did last, oldest first. */
  readonly events: SupervisorEvent[] = [];
  /** True once other threads have been given a way into the log. */
  hasProducers = false;
  /** What a policy hears of: a sleep ended that is not its own, a deep sleep turned an append away, another thread may append. */
  onWoken: ((why: string) => void) | null = null;
  onRefused: (() => void) | null = null;
  onProducer: (() => void) | null = null;
  readonly #config: Config;
  readonly #decoder: RecordDecoder;
  readonly #shapes: ShapeDefinition[] = [];
  #appender: Appender | null = null;
  #mourning: ReturnType<typeof mourn> | null = null;
  #acknowledged: (() => void)[] = [];

  constructor(config: Config, decoder: RecordDecoder, diskUrl: string | undefined) {
    this.#config = config;
    this.#decoder = decoder;
    this.sleeper = new Sleeper({
      gateFollowers: (open) => this.followers.gate(open),
      onChange: () => this.conductor.derive(),
      onWoken: (why) => this.onWoken?.(why),
    });
    this.followers = new Followers(config, () => this.conductor);
    this.conductor = new Conductor({
      config,
      queueUrl: new URL('../actors/queue.js', import.meta.url),
      diskUrl,
      followers: () => this.followers.links,
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
    this.#mourning = mourn(this);
    const ring = conductor.addRing();
    await conductor.start();
    this.#appender = new Appender({
      ring,
      board,
      encoder: new RecordEncoder({ allocateShapeId: () => allocateShapeId(board), shapes: this.#shapes }),
      refusal: () => this.#refusal(),
      onSpill: () => conductor.derive(),
      onBusy: (isBusy) => {
        conductor.busy(isBusy);
        if (!isBusy) for (const tell of this.#acknowledged.splice(0)) tell();
      },
      stallMsMax: this.#config['queue.stall.ms'],
      pollUs: this.#config['append.poll.us'],
    });
  }

  /** Resolves when nothing of this thread waits for its acknowledgement. */
  acknowledged(): Promise<void> {
    if (this.pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#acknowledged.push(resolve));
  }

  /** How segments written ahead are asked to be written. */
  get logWrite(): 'buffered' | 'direct' {
    return this.#config['log.write'];
  }

  /** A worker that this thread had started ended. */
  threadDied(thread: number): void {
    this.conductor.threadDied(thread);
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
    this.hasProducers = true;
    this.onProducer?.();
    return {
      ring: conductor.addRing(),
      board: board.buffer,
      shapes: [...this.#shapes],
      stallMsMax: this.#config['queue.stall.ms'],
      // On two cores a producer that looks for its acknowledgement takes the core that the queue waits for.
      pollUs: this.#config.cores > 2 ? this.#config['append.poll.us'] : 0,
    };
  }

  /** Resolves when everything appended before is durable, and indexed as well: while napping, after that. */
  async idle(): Promise<void> {
    await this.appender.flush();
    const { nextSeq } = this.board.tail();
    await this.sleeper.whenAwake();
    await this.followers.indexed(nextSeq);
  }

  /** Makes an actor fail on purpose; one that is coming up is waited for. Throws E_ARGUMENT, and what ended the supervisor. */
  async drill(actor: string, how: Failure | 'terminate'): Promise<void> {
    const { auditor, indexer } = this.followers;
    const links: [string, Drilled | null][] = [
      ['queue', this.conductor.queue],
      ['indexer', indexer],
      ['auditor', auditor],
    ];
    const link = links.find(([name]) => name === actor)?.[1] ?? null;
    if (link === null)
      throw new LtlError(
        'E_ARGUMENT',
        `there is no actor ${shown(actor)}; there are ${links.map(([name]) => name).join(', ')}`,
      );
    if (!WAYS_TO_FAIL.includes(how))
      throw new LtlError('E_ARGUMENT', `there is no drill ${shown(how)}; there are ${WAYS_TO_FAIL.join(', ')}`);
    while (!link.isUp) {
      const { phase, failure } = this.conductor;
      if (phase !== 'run') throw failure ?? new LtlError('E_CLOSED', `${actor} does not run any more`);
      await new Promise((resolve) => setTimeout(resolve, DRILL_PAUSE_MS));
    }
    if (how === 'terminate') await link.kill();
    else link.post({ kind: 'fail', how });
  }

  /** EXIT: everything accepted becomes durable, the actors stop in reverse order, the folder is free again. */
  async close(): Promise<void> {
    this.sleeper.close();
    this.followers.close();
    await this.conductor.stop();
    if (this.#mourning !== null) forget(this.#mourning);
    const error = new LtlError('E_CLOSED', 'the instance is closed');
    this.#appender?.fail(error);
  }

  #refusal(): LtlError | null {
    const refusal = appendRefusal(this.board);
    if (refusal?.code === 'E_SLEEPING_DEEP') this.onRefused?.();
    return refusal;
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
