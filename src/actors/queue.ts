/**
 * The queue actor: the single owner of the log's tail. It takes whatever the rings hold, writes it as one group, syncs
 * once, publishes the durable tail, acknowledges in bulk, and begins again at once: no artificial delay. With nothing to
 * do it spins for a moment (a wake-up costs more than the spin), then parks on the doorbell.
 *
 * Ordering: each ring's records keep their order; between rings the order of the groups decides. Fairness: the ring that
 * goes first changes with every group, and each gets an equal share of a group's room.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type StorePaths, storePaths } from '../log/folder.js';
import { BATCH_HEADER_BYTES } from '../log/format.js';
import { type Recovered, recover } from '../log/recover.js';
import { type Filled, LogWriter } from '../log/writer.js';
import { type Disk, loadDisk } from '../ports/disk.js';
import { Board, WAYS, WORD, WRITER } from '../wire/board.js';
import type { QueueInput, QueueMessage, QueueReport } from '../wire/protocol.js';
import { ACK, RingConsumer, type RingHandle } from '../wire/ring.js';
import { isLtlError, nameSystemError, toWireError } from '../words/errors.js';
import { LIMITS } from '../words/limits.js';
import { fail } from './fail.js';
import type { ActorContext, ActorModule } from './host.js';

/** An idle queue looks for records at least so long, where it may spin at all. */
const SPIN_LEAST_MS = 0.04;
/** How much the latest idle time counts in the average, and how much of a long one: one pause is forgotten after a few groups. */
const IDLE_WEIGHT = 1 / 8;
const IDLE_MS_MAX = 2;
/** A producer is at work that had records for one of so many last groups. */
const RECENT_GROUPS = 16;

interface Share {
  readonly ring: RingConsumer;
  readonly count: number;
}

const BATCH_FRAMES_MAX = LIMITS.batchBytesMax - BATCH_HEADER_BYTES;

class Queue {
  readonly #context: ActorContext<QueueInput, QueueMessage, QueueReport>;
  readonly #board: Board;
  readonly #writer: LogWriter;
  readonly #spinMs: number;
  /** How long the queue had nothing to do between two groups, on the average of the last ones. */
  #idleMs = 0;
  #idleSinceMs = 0;
  #rings: RingConsumer[] = [];
  /** In which group each ring had records last. */
  readonly #lastGroup: Map<RingConsumer, number> = new Map();
  #groups = 0;
  #first = 0;
  /** Another queue goes on where this one stops: it need not be empty then. */
  #handsOver = false;

  constructor(context: ActorContext<QueueInput, QueueMessage, QueueReport>, writer: LogWriter, recovered: Recovered) {
    this.#context = context;
    this.#board = new Board(context.input.board);
    this.#writer = writer;
    this.#spinMs = context.input.spinUs / 1000;
    for (const handle of context.input.rings) this.#addRing(handle, recovered);
    this.#publish();
    this.#board.writerState = WRITER.running;
  }

  /** The actor's own loop; returns when asked to stop and nothing is left to write. */
  run(): void {
    const { words } = this.#board;
    for (;;) {
      Atomics.add(words, WORD.heartbeat, 1);
      const doorbell = Atomics.load(words, WORD.doorbell);
      this.#control();
      if (!this.#leaves && this.#writeGroup()) continue;
      if (this.#context.stopping) break;
      if (this.#idleSinceMs === 0) this.#idleSinceMs = performance.now();
      if (this.#spin(doorbell)) continue;
      Atomics.store(words, WORD.parked, 1);
      if (!this.#someReady()) Atomics.wait(words, WORD.doorbell, doorbell);
      Atomics.store(words, WORD.parked, 0);
    }
    this.#end();
  }

  /**
   * The same loop where other actors live in this thread: they get their turn after each group, and while there is nothing to
   * write. On the one core that they share, a spin would only keep the producer from working.
   */
  async share(): Promise<void> {
    const { words } = this.#board;
    for (;;) {
      Atomics.add(words, WORD.heartbeat, 1);
      const doorbell = Atomics.load(words, WORD.doorbell);
      if (!this.#leaves && this.#writeGroup()) {
        await nextTurn();
        continue;
      }
      if (this.#context.stopping) break;
      Atomics.store(words, WORD.parked, 1);
      const wait = this.#someReady() ? null : Atomics.waitAsync(words, WORD.doorbell, doorbell);
      if (wait?.async === true) await wait.value;
      Atomics.store(words, WORD.parked, 0);
    }
    this.#end();
  }

  /** One message of the conductor. */
  receive(message: QueueMessage): void {
    switch (message.kind) {
      case 'ring':
        this.#rings.push(new RingConsumer(message.ring));
        break;
      case 'handOver':
        this.#handsOver = true;
        break;
      case 'fail':
        fail(message.how);
    }
  }

  /** Wakes the loop where it shares its thread, so that it looks at what it was told. */
  wake(): void {
    this.#board.ring();
  }

  /** Asked to stop, and what is left is another's to write. */
  get #leaves(): boolean {
    return this.#handsOver && this.#context.stopping;
  }

  #end(): void {
    this.#writer.close();
    this.#board.writerState = this.#handsOver ? WRITER.starting : WRITER.stopped;
  }

  #control(): void {
    for (let message = this.#context.poll(); message !== undefined; message = this.#context.poll())
      this.receive(message);
  }

  /**
   * A ring of this life. Records that an earlier run of this actor wrote but did not acknowledge any more are on disk with
   * their tickets: they are acknowledged now, not written again.
   */
  #addRing(handle: RingHandle, recovered: Recovered): void {
    const ring = new RingConsumer(handle);
    const life = Math.floor(this.#context.input.epoch / LIMITS.startsPerLife);
    for (const batch of recovered.batches) {
      if (
        Math.floor(batch.epoch / LIMITS.startsPerLife) !== life ||
        batch.ringId !== ring.ringId ||
        batch.count === 0 ||
        batch.ticket !== ring.released
      )
        continue;
      ring.take(Number.MAX_SAFE_INTEGER, batch.count, () => {});
      ring.commit(batch.count, ACK.durable, batch.baseSeq);
    }
    this.#rings.push(ring);
  }

  #someReady(): boolean {
    for (const ring of this.#rings) if (ring.ready) return true;
    return false;
  }

  /**
   * Looks for records for a while, since to be woken costs more than to have looked: as long as the producers, who have just
   * been answered, have taken lately to come again, with something to spare, if that is worth a spin at all. It is not where
   * the producers alone keep all cores busy: it would keep one of them from working.
   */
  #spin(doorbell: number): boolean {
    if (this.#producersAtWork >= Math.max(2, this.#context.input.cores)) return false;
    const hopedMs = this.#idleMs < this.#spinMs ? 3 * this.#idleMs : 0;
    const end = performance.now() + Math.min(hopedMs + SPIN_LEAST_MS, this.#spinMs);
    do {
      if (this.#someReady() || Atomics.load(this.#board.words, WORD.doorbell) !== doorbell) return true;
    } while (performance.now() < end);
    return false;
  }

  get #producersAtWork(): number {
    let count = 0;
    for (const group of this.#lastGroup.values()) if (group > this.#groups - RECENT_GROUPS) count += 1;
    return count;
  }

  /** A group is there: how long it was waited for counts in the average. */
  #countIdle(): void {
    const idleMs = this.#idleSinceMs === 0 ? 0 : Math.min(performance.now() - this.#idleSinceMs, IDLE_MS_MAX);
    this.#idleSinceMs = 0;
    this.#idleMs += (idleMs - this.#idleMs) * IDLE_WEIGHT;
  }

  /** One group: false when no ring had anything. */
  #writeGroup(): boolean {
    const shares = this.#writer.poison === null ? this.#gather() : this.#discard();
    if (shares.length === 0) return false;
    this.#countIdle();
    let status: number = ACK.fatal;
    let seq = this.#writer.nextSeq;
    if (this.#writer.poison === null) status = this.#commit();
    if (status === ACK.durable) this.#publish();
    this.#groups += 1;
    for (const { ring, count } of shares) {
      this.#lastGroup.set(ring, this.#groups);
      ring.commit(count, status, seq);
      seq += count;
    }
    if (status === ACK.diskFull) this.#refuseWaiting();
    this.#forgetFinished();
    return true;
  }

  #forgetFinished(): void {
    if (!this.#rings.some((ring) => ring.finished)) return;
    this.#rings = this.#rings.filter((ring) => !ring.finished);
    for (const ring of this.#lastGroup.keys()) if (!this.#rings.includes(ring)) this.#lastGroup.delete(ring);
  }

  #gather(): Share[] {
    const shares: Share[] = [];
    const rings = this.#rings;
    const ready = rings.filter((ring) => ring.ready).length;
    for (let turn = 0; turn < rings.length; turn += 1) {
      const ring = rings[(this.#first + turn) % rings.length];
      if (ring?.ready !== true) continue;
      shares.push({ ring, count: this.#gatherFrom(ring, this.#context.input.groupBytes / ready) });
    }
    this.#first += 1;
    return shares;
  }

  /** What one ring has ready, in batches that can be read and checked one by one; returns how many records that are. */
  #gatherFrom(ring: RingConsumer, room: number): number {
    let count = 0;
    let left = room;
    let taken: Filled;
    do {
      const frameBytesMax = left === room ? Number.POSITIVE_INFINITY : left;
      const ticket = (ring.released + count) >>> 0;
      taken = this.#writer.addBatch(ring.ringId, ticket, (copy) =>
        ring.take(Math.min(left, BATCH_FRAMES_MAX), Number.MAX_SAFE_INTEGER, copy, frameBytesMax),
      );
      count += taken.count;
      left -= taken.bytes;
    } while (taken.bytes > 0 && left > 0 && ring.ready);
    this.#board.add('payloadBytes', room - left);
    return count;
  }

  /**
   * What waits behind a refused group is refused with it: a later record that happens to fit must not overtake an earlier
   * one of its producer. Definitions among it are kept, since the producers count on them.
   */
  #refuseWaiting(): void {
    for (const ring of this.#rings.filter((one) => one.ready)) {
      const parts: Buffer[] = [];
      const { count, definitions } = ring.take(
        Number.MAX_SAFE_INTEGER,
        Number.MAX_SAFE_INTEGER,
        (bytes, start, end) => {
          parts.push(Buffer.from(bytes.subarray(start, end)));
        },
      );
      const frames = Buffer.concat(parts);
      for (const offset of definitions) this.#writer.owe(frames, offset);
      ring.commit(count, ACK.diskFull, this.#writer.nextSeq);
    }
  }

  #discard(): Share[] {
    return this.#rings
      .filter((ring) => ring.ready)
      .map((ring) => ({ ring, count: ring.take(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, () => {}).count }));
  }

  #commit(): number {
    const board = this.#board;
    const before = { segments: this.#writer.segmentsBegun, spares: this.#writer.sparesUsed };
    const bytes = this.#writer.groupBytes;
    const seq = this.#writer.nextSeq;
    const startedMs = performance.now();
    Atomics.store(board.words, WORD.inDisk, 1);
    try {
      this.#writer.commitGroup(Date.now());
      if (board.writerState === WRITER.diskFull) board.writerState = WRITER.running;
    } catch (error) {
      if (isLtlError(error, 'E_DISK_FULL')) {
        board.writerState = WRITER.diskFull;
        board.add('diskFulls', 1);
        return ACK.diskFull;
      }
      if (!isLtlError(error, 'E_IO')) throw error;
      board.writerState = WRITER.poisoned;
      this.#context.send({ kind: 'poisoned', error: toWireError(error) });
      return ACK.inDoubt;
    } finally {
      Atomics.store(board.words, WORD.inDisk, 0);
    }
    board.add('syncMs', performance.now() - startedMs);
    board.add('fsyncs', 1);
    board.add('bytes', bytes);
    board.add('writes', this.#writer.nextSeq - seq);
    board.add('segments', this.#writer.segmentsBegun - before.segments);
    board.add('sparesUsed', this.#writer.sparesUsed - before.spares);
    return ACK.durable;
  }

  #publish(): void {
    const { nextSeq, segmentId, offset, timeMs, way } = this.#writer;
    Atomics.store(this.#board.words, WORD.way, WAYS.indexOf(way));
    this.#board.publishTail({ nextSeq, segmentId, offset, timeMs });
  }
}

/** What the disk refuses while the log is recovered has a name when it reaches the caller of `open`. */
function recoverNamed(paths: StorePaths, disk: Disk, { known, logId }: QueueInput): Recovered {
  try {
    return recover(paths, disk, known, logId);
  } catch (error) {
    throw nameSystemError(error);
  }
}

const queue: ActorModule<QueueInput, QueueMessage, QueueReport> = {
  async start(context) {
    const { input } = context;
    const disk = await loadDisk(input.diskUrl);
    const paths: StorePaths = storePaths(input.root);
    const recovered = recoverNamed(paths, disk, input);
    const logId = recovered.logId ?? input.logId;
    const writer = new LogWriter({
      paths,
      disk,
      logId,
      epoch: input.epoch,
      segmentBytes: input.segmentBytes,
      way: input.way,
      recovered,
    });
    const actor = new Queue(context, writer, recovered);
    context.send({ kind: 'recovered', logId, report: recovered.report, definitions: recovered.definitions });
    return {
      run: () => actor.run(),
      share: () => actor.share(),
      receive: (message) => {
        actor.receive(message);
        actor.wake();
      },
      stop: () => actor.wake(),
    };
  },
};

export default queue;
