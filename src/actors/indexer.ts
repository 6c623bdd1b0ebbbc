/**
 * The indexer actor: keeps the secondary indices up with the log, and answers from them. It is lazy on purpose: woken by
 * the queue's progress at most every so often, it works in short steps, with rests between them while the log grows; with
 * nothing to do it sleeps without timers. A catch-up works at once and without rests.
 *
 * In NAP its gate is closed: nothing is indexed, and the one wake-up that may be under way finds that out and ends. Queries
 * are answered all the same, from what is indexed.
 *
 * It holds LMDB open, so its thread must never be terminated: mark it `nativeStore`. Whenever it ends, it goes on from its own
 * watermarks.
 */
import { setTimeout as rest } from 'node:timers/promises';
import { storePaths } from '../log/folder.js';
import { LogReader, type LogTail } from '../log/reader.js';
import { Indexer, type IndexerOptions } from '../lookup/indexer.js';
import type { IndexerInput, IndexerMessage, IndexerReport } from '../lookup/protocol.js';
import { readBootId } from '../ports/identity.js';
import { lowerThreadPriority } from '../ports/priority.js';
import { RecordDecoder } from '../record/decoder.js';
import { Board, WORD } from '../wire/board.js';
import { isLtlError, toWireError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { fail } from './fail.js';
import type { ActorContext, ActorModule } from './host.js';
import { Pokes } from './pokes.js';

/** Verified segments that the indexer keeps: it reads in order, and a younger index may lag behind the others. */
const CACHE_BYTES = 2 * LIMITS.segmentBytes;

class IndexerActor {
  readonly #context: ActorContext<IndexerInput, IndexerMessage, IndexerReport>;
  readonly #board: Board;
  #indexer: Indexer | null = null;
  readonly #opening: Promise<Indexer | null>;
  #gateOpen: boolean;
  #stopping = false;
  readonly #pokes = new Pokes();
  #reported: string | null = null;
  #waiters: { readonly id: number; readonly toSeq: number }[] = [];
  /** Who wants to know, and waits as long as it takes. */
  #patient: { readonly id: number; readonly toSeq: number }[] = [];

  constructor(context: ActorContext<IndexerInput, IndexerMessage, IndexerReport>) {
    this.#context = context;
    this.#board = new Board(context.input.board);
    this.#gateOpen = context.input.gateOpen;
    this.#opening = this.#open();
  }

  /** Beside the start: checking a large catalog takes a while, and nobody needs to wait for it. */
  async #open(): Promise<Indexer | null> {
    const { root, logId, indices } = this.#context.input;
    const paths = storePaths(root);
    const decoder = new RecordDecoder();
    const tail = (): LogTail => this.#board.tail();
    const options: IndexerOptions = {
      paths,
      logId,
      boot: readBootId(),
      // What is filed are numbers and offsets: nothing of a segment's memory is kept.
      reader: new LogReader(paths, tail, (payload) => void decoder.defineFrom(payload), {
        cacheBytesMax: CACHE_BYTES,
        recyclesMemory: true,
      }),
      decoder,
      onRebuilt: (why) => this.#context.send({ kind: 'rebuilt', why }),
    };
    try {
      this.#indexer = await Indexer.open(options, indices);
    } catch (error) {
      // An index that cannot be opened must not take the writer with it: it is reported, and queries read the log.
      this.#context.send({ kind: 'failure', error: toWireError(error) });
    }
    this.#report();
    return this.#indexer;
  }

  async receive(message: IndexerMessage): Promise<void> {
    switch (message.kind) {
      case 'candidates': {
        const page = (await this.#indexer?.candidates(message.query)) ?? null;
        this.#context.send(
          { kind: 'reply', id: message.id, page },
          page === null || page.seqs === null ? [] : [page.seqs.buffer as ArrayBuffer],
        );
        return;
      }
      case 'declare':
        await (await this.#opening)?.declare(message.indices);
        this.#report();
        this.#context.send({ kind: 'reply', id: message.id });
        break;
      case 'drop':
        (await this.#opening)?.drop(message.indices);
        this.#report();
        this.#context.send({ kind: 'reply', id: message.id });
        break;
      case 'gate':
        this.#gateOpen = message.open;
        this.#context.send({ kind: 'reply', id: message.id });
        break;
      case 'catchUp':
        this.#waiters.push({ id: message.id, toSeq: message.toSeq });
        break;
      case 'settle':
        this.#patient.push({ id: message.id, toSeq: message.toSeq });
        // What is not indexed yet is being indexed, or its progress wakes the loop.
        await this.#opening;
        this.#answer();
        return;
      case 'fail':
        fail(message.how);
    }
    this.#pokes.poke();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#pokes.poke();
    await (await this.#opening)?.close();
  }

  /** Runs beside the event loop until stopped. */
  async follow(): Promise<void> {
    await this.#opening;
    while (!this.#stopping) {
      const pokes = this.#pokes.count;
      const progress = Atomics.load(this.#board.words, WORD.progress);
      const restMs = this.#gateOpen ? this.#work() : null;
      if (this.#stopping) return;
      if (restMs === null) await this.#sleep(pokes, progress);
      else await this.#pause(restMs, pokes);
    }
  }

  /** One step; how long to rest after it, null when there is nothing left to do. */
  #work(): number | null {
    const { segmentId, nextSeq } = this.#board.tail();
    const startedMs = performance.now();
    let more: boolean;
    try {
      more = segmentId > 0 && this.#indexer !== null && this.#indexer.step();
    } catch (error) {
      if (!isLtlError(error, 'E_DISK_FULL')) throw error;
      this.#context.send({ kind: 'failure', error: toWireError(error) });
      return LIMITS.indexRetryMs;
    }
    this.#context.beat();
    if (more) this.#report();
    this.#answer();
    if (!more) return null;
    if (this.#waiters.length > 0 || this.#board.nextSeq === nextSeq) return 0;
    return (performance.now() - startedMs) * LIMITS.indexRestFactor;
  }

  /** Says how far each index is, when that has changed. */
  #report(): void {
    const indices = this.#indexer?.states ?? [];
    const reported = indices.map(({ kind, field, watermark }) => `${kind} ${field} ${watermark}`).join('\n');
    if (reported === this.#reported) return;
    this.#reported = reported;
    this.#context.send({ kind: 'progress', indices, nextSeq: this.#board.nextSeq });
  }

  #answer(): void {
    const watermark = this.#indexer?.watermark ?? Infinity;
    const isWaiting = ({ id, toSeq }: { readonly id: number; readonly toSeq: number }): boolean => {
      if (watermark < toSeq) return true;
      this.#context.send({ kind: 'reply', id });
      return false;
    };
    this.#waiters = this.#waiters.filter(isWaiting);
    this.#patient = this.#patient.filter(isWaiting);
  }

  /** Until there is something new, and then a little longer: what comes within that time is done with it. */
  async #sleep(pokes: number, progress: number): Promise<void> {
    if (!this.#gateOpen) {
      await this.#pokes.after(pokes);
      return;
    }
    if (pokes !== this.#pokes.count) return;
    const wait = Atomics.waitAsync(this.#board.words, WORD.progress, progress);
    await (wait.async ? Promise.race([wait.value, this.#pokes.after(pokes)]) : undefined);
    if (this.#gateOpen) await this.#pause(LIMITS.indexPauseMsMin, pokes);
  }

  async #pause(ms: number, pokes: number): Promise<void> {
    if (pokes !== this.#pokes.count) return;
    const cut = new AbortController();
    const over = rest(ms, undefined, { signal: cut.signal }).catch((error: unknown) => {
      if (!cut.signal.aborted) throw error;
    });
    await Promise.race([over, this.#pokes.after(pokes)]);
    cut.abort();
    await over;
  }
}

const indexer: ActorModule<IndexerInput, IndexerMessage, IndexerReport> = {
  start(context) {
    if (context.ownsThread) lowerThreadPriority();
    const actor = new IndexerActor(context);
    // A failure in the loop is the actor's: the host sends it to the supervisor as an unhandled rejection.
    void actor.follow();
    return { receive: (message) => actor.receive(message), stop: () => actor.stop() };
  },
};

export default indexer;
