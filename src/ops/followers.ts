/**
 * The actors that follow the queue: the indexer and the auditor, in that order of start. Each keeps up behind the log on
 * its own; here is the caller's end of them: gates, catching up, spare room, indices, damage found.
 */
import type { Config } from '../config/keys.js';
import type { Damage } from '../log/walk.js';
import { IndexClient } from '../lookup/index-client.js';
import { type IndexDefinition, readIndexDefinition } from '../lookup/index-definition.js';
import type { IndexerInput, IndexerMessage, IndexerReport, IndexSpec } from '../lookup/protocol.js';
import type { Carried } from '../supervisor/carrier.js';
import type { Conductor } from '../supervisor/conductor.js';
import { Link } from '../supervisor/link.js';
import type { AuditorInput, AuditorMessage, AuditorReport } from '../wire/protocol.js';
import { shown } from '../words/arguments.js';
import { isLtlError, LtlError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';

/** An actor that does not answer about its gate by then is taken for down: its supervisor sees to it. */
const GATE_MS_MAX = 5000;
/** Writing spare room may take long on a slow disk. */
const RESERVE_MS_MAX = 600_000;
/** How long the caller waits before it asks an actor anew that was down. */
const RETRY_MS = 20;

export class Followers {
  readonly auditor: Link<AuditorMessage, AuditorReport>;
  /** Null where the configuration says that nothing is indexed. */
  readonly indexer: Link<IndexerMessage, IndexerReport> | null;
  readonly index: IndexClient | null;
  /** Damage that the auditor has found. */
  readonly damages: Damage[] = [];
  readonly #config: Config;
  readonly #conductor: () => Conductor;
  #gateOpen = true;
  #isClosing = false;
  #declared: IndexSpec[] = [];

  constructor(config: Config, conductor: () => Conductor) {
    this.#config = config;
    this.#conductor = conductor;
    const common = { restart: 'permanent', shutdownMs: LIMITS.exitMsMax, startMs: LIMITS.startMsMax } as const;
    const resourceLimits = { maxOldGenerationSizeMb: LIMITS.actorHeapMibMax };
    this.auditor = new Link({
      ...common,
      id: 'auditor',
      module: new URL('../actors/auditor.js', import.meta.url),
      input: () => this.#auditorInput(),
      resourceLimits,
      onMessage: (message) => this.#heardAuditor(message),
      onUp: () => this.#tellGate(this.auditor),
    });
    if (config['can.index'] === 0) {
      this.indexer = null;
      this.index = null;
      return;
    }
    const indexer = new Link<IndexerMessage, IndexerReport>({
      ...common,
      id: 'indexer',
      module: new URL('../actors/indexer.js', import.meta.url),
      input: () => this.#indexerInput(),
      resourceLimits,
      nativeStore: true,
      onMessage: (message) => this.index?.receive(message),
      onUp: () => this.#tellGate(indexer),
    });
    this.indexer = indexer;
    this.index = new IndexClient((build, timeoutMs) => indexer.ask(build, timeoutMs));
  }

  /** In the order in which they start. */
  get links(): Carried[] {
    return [...(this.indexer === null ? [] : [this.indexer]), this.auditor];
  }

  /** Declares secondary indices; resolves when they are declared: they are built in the background. Throws E_FILTER, E_CONFIG. */
  async declare(definition: IndexDefinition): Promise<void> {
    const specs = readIndexDefinition(definition);
    const { index } = this;
    if (index === null) throw new LtlError('E_CONFIG', 'can.index is 0: nothing is indexed, queries scan');
    this.#declared = [...this.#declared, ...specs];
    await this.#insist(() => index.declare(specs));
  }

  /** NAP: both stop until further notice. One that is coming up is waited for; one that stays down comes up with the gate as it is then. */
  async gate(open: boolean): Promise<void> {
    this.#gateOpen = open;
    const deadlineMs = performance.now() + GATE_MS_MAX;
    const links = [this.auditor, this.indexer].filter((link) => link !== null);
    // Each try tells the gate as it is then: of two calls that overlap, the later one holds.
    const told = links.map((link) => this.#insist(() => askGate(link, this.#gateOpen), deadlineMs));
    for (const result of await Promise.allSettled(told))
      if (result.status === 'rejected' && !isOver(result.reason)) assertDown(result.reason);
  }

  /** Resolves when everything below `toSeq` is indexed, whatever restarts the indexer goes through meanwhile. */
  async indexed(toSeq: number): Promise<void> {
    const { index } = this;
    if (index !== null) await this.#insist(() => index.catchUp(toSeq));
  }

  /** Resolves when everything below `toSeq` is verified and indexed, at the actors' own pace: after a nap, if there is one. */
  async settled(toSeq: number): Promise<void> {
    const { index, auditor } = this;
    const audited = this.#insist(() => auditor.ask((id) => ({ kind: 'settle', id, toSeq }), Number.MAX_SAFE_INTEGER));
    await Promise.all([audited, index === null ? undefined : this.#insist(() => index.settle(toSeq))]);
  }

  /** Keeps so many bytes of spare segments; resolves with the bytes there are. Throws E_ARGUMENT, E_FATAL, E_CLOSED. */
  async reserve(bytes: number): Promise<number> {
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw new LtlError('E_ARGUMENT', `reserve takes a number of bytes, not ${shown(bytes)}`);
    const { spares } = await this.#insist(() =>
      this.auditor.ask<{ spares: number }>((id) => ({ kind: 'reserve', id, bytes }), RESERVE_MS_MAX),
    );
    return spares * this.#config['log.segment.bytes'];
  }

  close(): void {
    this.#isClosing = true;
  }

  /**
   * Asks again as long as the actor is down or coming up; after the deadline throws what it said last. Throws E_CLOSED when
   * the instance closes meanwhile, and what ended the supervisor when the actor will not come up any more.
   */
  async #insist<Answer>(ask: () => Promise<Answer>, deadlineMs: number = Number.POSITIVE_INFINITY): Promise<Answer> {
    for (;;) {
      if (this.#isClosing) throw new LtlError('E_CLOSED', 'the instance is closed');
      try {
        return await ask();
      } catch (error) {
        assertDown(error);
        const { phase, failure } = this.#conductor();
        if (phase === 'failed') throw failure ?? error;
        if (performance.now() >= deadlineMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** An actor whose input was made before the gate moved is told when it comes up. */
  #tellGate(link: GateLink): void {
    askGate(link, this.#gateOpen).catch(assertDown);
  }

  #auditorInput(): AuditorInput {
    const { board, paths } = this.#conductor();
    return {
      root: paths.root,
      board: board.buffer,
      segmentBytes: this.#config['log.segment.bytes'],
      way: this.#config['log.write'],
      gateOpen: this.#gateOpen,
    };
  }

  #indexerInput(): IndexerInput {
    const { board, paths, logId } = this.#conductor();
    return { root: paths.root, board: board.buffer, logId, indices: this.#declared, gateOpen: this.#gateOpen };
  }

  #heardAuditor(message: AuditorReport): void {
    if (message.kind !== 'damage') return;
    this.damages.push(...message.damages);
    this.#conductor().foundDamage();
  }
}

/** What a gate message needs of a link. */
interface GateLink {
  ask(build: (id: number) => GateMessage, timeoutMs: number): Promise<unknown>;
}
interface GateMessage {
  readonly kind: 'gate';
  readonly id: number;
  readonly open: boolean;
}

function askGate(link: GateLink, open: boolean): Promise<unknown> {
  return link.ask((id) => ({ kind: 'gate', id, open }), GATE_MS_MAX);
}

/** There is nothing left to be told. */
const isOver = (error: unknown): boolean => isLtlError(error, 'E_CLOSED') || isLtlError(error, 'E_FATAL');

/** An actor that is down is its supervisor's business; any other error is the caller's. */
function assertDown(error: unknown): void {
  if (!isLtlError(error, 'E_ACTOR_FAILED') && !isLtlError(error, 'E_TIMEOUT')) throw error;
}
