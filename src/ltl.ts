/** The door: what `import { open } from 'ltl'` gives, and its wiring. */
import type { Config } from './config/config.js';
import { resolveConfig } from './config/config.js';
import { LogReader } from './log/reader.js';
import { Appender } from './ops/appender.js';
import { appendRefusal, readRefusal } from './ops/gate.js';
import { allocateShapeId, attach, type Producer, type ProducerHandle } from './ops/producers.js';
import { Sleeper, type SleepStatus } from './ops/sleeper.js';
import { RecordDecoder } from './record/decoder.js';
import { RecordEncoder } from './record/encoder.js';
import type { FieldType, ShapeDefinition } from './record/shape.js';
import { Conductor } from './supervisor/conductor.js';
import { WORD } from './wire/board.js';
import { LtlError } from './words/errors.js';
import { type FlagName, flagsOf } from './words/flags.js';

export { ERRORS, type ErrorCode, isLtlError, LtlError } from './words/errors.js';
export * from './words/symbols.js';
export { attach, type Config, type FieldType, type FlagName, type Producer, type ProducerHandle, type SleepStatus };

/** What `open` takes beside the configuration. */
export interface OpenOptions {
  /** Only read, beside a writer in this or another process. */
  readonly readOnly?: boolean;
  /** The outside, replaced: `disk` is the URL of a module that exports a `disk` (see docs/HACKING.md). */
  readonly ports?: { readonly disk?: string };
}

/** A record as it is read. */
export interface LogRecord {
  readonly seq: bigint;
  /** When its batch was written, in ms since 1970; never decreases along the log. */
  readonly timeMs: number;
  readonly data: unknown;
}

/** Opens a store for writing, making it when there is none. Resolves when it runs. */
export async function open(config: Partial<Config> = {}, options: OpenOptions = {}): Promise<Ltl> {
  const ltl = new Ltl(resolveConfig(config), options);
  await ltl.start();
  return ltl;
}

export class Ltl {
  readonly #config: Config;
  readonly #conductor: Conductor;
  readonly #encoder: RecordEncoder;
  readonly #decoder: RecordDecoder = new RecordDecoder();
  readonly #shapes: ShapeDefinition[] = [];
  readonly #sleeper: Sleeper;
  #appender: Appender | null = null;
  #reader: LogReader | null = null;

  constructor(config: Config, options: OpenOptions) {
    this.#config = config;
    this.#sleeper = new Sleeper({ gateFollowers: () => Promise.resolve(), onChange: () => this.#conductor.derive() });
    this.#conductor = new Conductor({
      config,
      queueUrl: new URL('./actors/queue.js', import.meta.url),
      diskUrl: options.ports?.disk,
      followers: () => [],
      known: () => null,
      sleepState: () => this.#sleeper.state,
      spilling: () => (this.#appender?.spilledBytes ?? 0) > 0,
      unacknowledged: () => (this.#appender?.pending ?? 0) > 0,
      onRecovered: (definitions) => this.#recovered(definitions),
      onFatal: (error) => this.#appender?.fail(error),
      flush: () => this.#appender?.flush() ?? Promise.resolve(),
      onEvent: () => undefined,
    });
    const { board } = this.#conductor;
    this.#encoder = new RecordEncoder({ allocateShapeId: () => allocateShapeId(board) });
  }

  async start(): Promise<void> {
    const conductor = this.#conductor;
    const ring = conductor.addRing();
    await conductor.start();
    const { board, paths } = conductor;
    this.#appender = new Appender({
      ring,
      board,
      encoder: this.#encoder,
      refusal: () => appendRefusal(board),
      onChange: () => conductor.derive(),
      stallMsMax: this.#config['queue.stall.ms'],
    });
    this.#reader = new LogReader(
      paths,
      () => board.tail(),
      (payload) => void this.#decoder.defineFrom(payload),
    );
  }

  append(data: unknown, pr: number = 0): Promise<bigint> {
    return this.#live.append(data, pr);
  }

  appendBatch(data: readonly unknown[], pr: number = 0): Promise<bigint> {
    return this.#live.appendBatch(data, pr);
  }

  flush(): Promise<void> {
    return this.#live.flush();
  }

  producer(): ProducerHandle {
    const { board } = this.#conductor;
    return {
      ring: this.#conductor.addRing(),
      board: board.buffer,
      shapes: this.#shapes,
      stallMsMax: this.#config['queue.stall.ms'],
    };
  }

  message(name: string, shape: Readonly<Record<string, FieldType>>): void {
    this.#live.define((encoder) => void encoder.registerMessage(name, shape));
  }

  async one(seq: bigint): Promise<LogRecord> {
    const refusal = readRefusal(this.#conductor.board);
    if (refusal !== null) throw refusal;
    const frame = (this.#reader as LogReader).frame(Number(seq));
    return {
      seq,
      timeMs: frame.timeMs,
      data: this.#decoder.decode(frame.bytes, frame.start, frame.end, frame.kind, frame.shapeId),
    };
  }

  get flags(): Record<FlagName, boolean> {
    return flagsOf(Atomics.load(this.#conductor.board.words, WORD.flags));
  }

  sleep(sym: symbol, options: { readonly wakeAfterMs?: number } = {}): Promise<void> {
    return this.#sleeper.sleep(sym, options.wakeAfterMs);
  }

  awake(): Promise<void> {
    return this.#sleeper.awake();
  }

  /**
   * A drill: makes one of the runtime's own actors fail on purpose, to see it recover. `terminate` ends its thread from
   * outside; it is refused for the indexer, whose native store would take the process with it.
   */
  async drill(actor: 'queue', how: 'throw' | 'exit' | 'memory' | 'terminate'): Promise<void> {
    const { queue } = this.#conductor;
    if (how === 'terminate') await queue.kill();
    else queue.post({ kind: 'fail', how });
  }

  async close(): Promise<void> {
    await this.#conductor.stop();
    this.#sleeper.close();
    this.#appender?.close(new LtlError('E_CLOSED', 'the instance is closed'));
    this.#reader?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #live(): Appender {
    if (this.#appender === null) throw new LtlError('E_CLOSED', 'the instance is not open');
    return this.#appender;
  }

  #recovered(definitions: readonly Uint8Array[]): void {
    let last = 0;
    for (const frame of definitions) {
      const shape = this.#decoder.defineFrom(frame.subarray(4));
      this.#shapes.push(shape);
      last = Math.max(last, shape.id);
    }
    Atomics.store(this.#conductor.board.words, WORD.shapeId, last);
  }
}
