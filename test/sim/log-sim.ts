/**
 * One simulated history of a log: lives of writers that end in power cuts, kills, failed syncs and full disks, on a disk
 * that forgets. A model keeps what was acknowledged; after every end the log is recovered and read whole, and must hold
 * exactly that, plus at most the group that nobody was told about. Everything is decided by one seed.
 */
import { storePaths } from '../../src/log/folder.js';
import { LogReader } from '../../src/log/reader.js';
import { type KnownDurable, type Recovered, recover } from '../../src/log/recover.js';
import { type Filled, LogWriter } from '../../src/log/writer.js';
import { isLtlError } from '../../src/words/errors.js';
import { LIMITS } from '../../src/words/limits.js';
import { makeDice } from './dice.js';
import { type Dice, PowerCut, SimDisk } from './sim-disk.js';

const LOG_ID = '00112233445566778899aabbccddeeff';
const SPARE_BYTES = 20 * 1024;

interface Entry {
  readonly payload: string;
  readonly shapeId: number;
}

/** Records of one ring that wait for their acknowledgement, oldest first, and the ticket of the first. */
interface RingModel {
  readonly ringId: number;
  released: number;
  waiting: Entry[];
}

/** What a history came to, so that a test can see that it went where it should. */
export interface Outcome {
  readonly records: number;
  readonly segments: number;
  readonly lives: number;
  readonly powerCuts: number;
  readonly kills: number;
  readonly failedSyncs: number;
  readonly diskFulls: number;
  readonly tornBytes: number;
  readonly survivors: number;
  readonly sparesUsed: number;
}

export class LogSimulation {
  readonly #dice: Dice;
  readonly #paths = storePaths('/s');
  readonly #stored: Entry[] = [];
  #disk: SimDisk;
  #life = 1;
  #starts = 0;
  #nowMs = 1_000_000;
  #rings: RingModel[] = [];
  #nextId = 0;
  #shapes = 0;
  #known: KnownDurable | null = null;
  readonly #segmentBytes: number;
  readonly #outcome = {
    records: 0,
    segments: 0,
    lives: 0,
    powerCuts: 0,
    kills: 0,
    failedSyncs: 0,
    diskFulls: 0,
    tornBytes: 0,
    survivors: 0,
    sparesUsed: 0,
    direct: 0,
  };

  constructor(seed: number) {
    this.#dice = makeDice(seed);
    this.#disk = new SimDisk(this.#dice);
    this.#disk.makeFolder('/');
    this.#disk.makeFolder(this.#paths.root);
    this.#disk.makeFolder(this.#paths.log);
    this.#segmentBytes = (8 + this.#dice(24)) * 1024;
  }

  /** Runs the whole history; throws at the first record that is wrong. */
  run(lives: number): Outcome {
    for (let end = 0; end < lives; end += 1) {
      this.#outcome.lives += 1;
      // Most ends are those of the writer alone; the power may also go while recovery runs.
      if (this.#dice(3) === 0) this.#disk.cutAt = this.#disk.calls + 1 + this.#dice(12);
      try {
        const recovered = this.#recover();
        this.#disk.cutAt = Number.POSITIVE_INFINITY;
        this.#check(recovered);
        this.#liveOnce(recovered);
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
      }
      this.#end();
    }
    this.#check(this.#recover());
    this.#outcome.records = this.#stored.length;
    this.#outcome.segments = this.#disk.list(this.#paths.log).length;
    return this.#outcome;
  }

  #recover(): Recovered {
    const recovered = recover(this.#paths, this.#disk, this.#known, LOG_ID);
    expectSame(recovered.report.damages, [], 'a crash is not damage');
    this.#outcome.tornBytes += recovered.report.tornBytes;
    this.#settleRings(recovered);
    return recovered;
  }

  /** What the queue actor does with the rings of its own life, and what a new life does: forget them. */
  #settleRings(recovered: Recovered): void {
    const { nextSeq } = recovered;
    if (nextSeq < this.#stored.length)
      throw new Error(`recovered up to ${nextSeq}, but ${this.#stored.length} records were acknowledged`);
    for (const batch of recovered.batches) {
      if (batch.count === 0 || batch.baseSeq < this.#stored.length) continue;
      const ring = this.#rings.find((one) => one.ringId === batch.ringId && one.released === batch.ticket);
      if (ring === undefined) throw new Error(`batch at seq ${batch.baseSeq} came through no ring`);
      expectSame(Math.floor(batch.epoch / 65_536), this.#life, 'life of a survivor');
      this.#stored.push(...ring.waiting.splice(0, batch.count));
      ring.released += batch.count;
      this.#outcome.survivors += batch.count;
    }
    expectSame(this.#stored.length, nextSeq, 'records after recovery');
    if (this.#dice(2) === 0) return;
    this.#life += 1;
    this.#starts = 0;
    this.#rings = [];
  }

  #liveOnce(recovered: Recovered): void {
    this.#starts += 1;
    const writer = new LogWriter({
      paths: this.#paths,
      disk: this.#disk,
      logId: LOG_ID,
      epoch: this.#life * 65_536 + this.#starts,
      segmentBytes: this.#segmentBytes,
      recovered,
      way: this.#dice(2) === 0 ? 'direct' : 'buffered',
      writeAheadBytes: [0, 4096, 64 * 1024][this.#dice(3)] ?? 0,
    });
    if (this.#dice(3) === 0) this.#disk.capacityBytes = (64 + this.#dice(256)) * 1024;
    if (this.#dice(4) === 0) this.#disk.syncsBeforeError = this.#dice(20);
    this.#disk.cutAt = this.#disk.calls + 1 + this.#dice(60);
    for (let groups = 1 + this.#dice(30); groups > 0 && writer.poison === null; groups -= 1) {
      if (this.#dice(5) === 0) this.#plantSpare();
      this.#group(writer);
    }
    this.#outcome.sparesUsed += writer.sparesUsed;
    if (writer.way === 'direct') this.#outcome.direct += 1;
  }

  #group(writer: LogWriter): void {
    const shares: { ring: RingModel; count: number }[] = [];
    for (let turns = 1 + this.#dice(3); turns > 0; turns -= 1) {
      const ring = this.#ring();
      if (shares.some((share) => share.ring === ring)) continue;
      this.#produce(ring);
      for (let from = 0; from < ring.waiting.length; ) {
        const to = this.#dice(2) === 0 ? ring.waiting.length : from + 1 + this.#dice(ring.waiting.length - from);
        writer.addBatch(ring.ringId, ring.released + from, (copy) => this.#fill(ring.waiting.slice(from, to), copy));
        from = to;
      }
      shares.push({ ring, count: ring.waiting.length });
    }
    this.#nowMs += this.#dice(20) - 8;
    try {
      writer.commitGroup(this.#nowMs);
    } catch (error) {
      if (isLtlError(error, 'E_DISK_FULL')) this.#refused(shares);
      else if (isLtlError(error, 'E_IO')) this.#outcome.failedSyncs += 1;
      else throw error;
      return;
    }
    for (const { ring, count } of shares) {
      this.#stored.push(...ring.waiting.splice(0, count));
      ring.released += count;
    }
    expectSame(writer.nextSeq, this.#stored.length, 'seqs after a group');
    const { segmentId, offset, nextSeq, timeMs } = writer;
    if (this.#dice(4) === 0) this.#known = { logId: LOG_ID, segmentId, offset, nextSeq, timeMs };
  }

  /** These callers were told that nothing of theirs is stored. */
  #refused(shares: readonly { ring: RingModel; count: number }[]): void {
    this.#outcome.diskFulls += 1;
    for (const { ring, count } of shares) {
      ring.waiting.splice(0, count);
      ring.released += count;
    }
    if (this.#dice(2) === 0) this.#disk.capacityBytes += (4 + this.#dice(64)) * 1024;
  }

  #ring(): RingModel {
    const ringId = 1 + this.#dice(3);
    const found = this.#rings.find((ring) => ring.ringId === ringId);
    if (found !== undefined) return found;
    const ring = { ringId, released: 0, waiting: [] };
    this.#rings.push(ring);
    return ring;
  }

  #produce(ring: RingModel): void {
    for (let count = this.#dice(12) + (ring.waiting.length === 0 ? 1 : 0); count > 0; count -= 1) {
      const filler = this.#dice(40) === 0 ? this.#dice(9000) : this.#dice(80);
      if (this.#dice(12) === 0) this.#shapes += 1;
      ring.waiting.push({ payload: `${this.#nextId}:${'x'.repeat(filler)}`, shapeId: this.#dice(this.#shapes + 1) });
      this.#nextId += 1;
    }
  }

  /** The frames of what waits, each new shape's definition before its first record. */
  #fill(waiting: RingModel['waiting'], copy: (from: Buffer, start: number, end: number) => void): Filled {
    const definitions: number[] = [];
    let bytes = 0;
    const add = (frame: Buffer): void => {
      copy(frame, 0, frame.length);
      bytes += frame.length;
    };
    for (const { payload, shapeId } of waiting) {
      if (shapeId > 0) {
        definitions.push(bytes);
        add(frameOf(2, Buffer.from(`shape ${shapeId}`), 0));
      }
      add(frameOf(shapeId > 0 ? 1 : 0, Buffer.from(payload), shapeId));
    }
    return { bytes, count: waiting.length, definitions };
  }

  /** A whole spare; behind its header there may be bytes of an earlier life. */
  #plantSpare(): void {
    const bytes = Buffer.alloc(SPARE_BYTES);
    const old = this.#disk.list(this.#paths.log).filter((name) => name.endsWith('.seg'));
    if (old.length > 1 && this.#dice(2) === 0) {
      const from = this.#disk.bytesOf(`${this.#paths.log}/${old[this.#dice(old.length - 1)] ?? ''}`);
      from.copy(bytes, LIMITS.segmentDataOffset, LIMITS.segmentDataOffset);
    }
    this.#disk.plant(`${this.#paths.log}/spare-${this.#dice(2 ** 30).toString(16)}.new`, bytes);
  }

  #end(): void {
    if (this.#dice(3) === 0) {
      this.#outcome.kills += 1;
      this.#disk = this.#disk.kill();
    } else {
      this.#outcome.powerCuts += 1;
      this.#disk = this.#disk.crash();
    }
    this.#disk.capacityBytes = Number.POSITIVE_INFINITY;
  }

  /** Reads the whole log and compares it with the model. */
  #check(recovered: Recovered): void {
    const shapes = new Set<string>();
    const { nextSeq, segmentId, offset } = recovered;
    const reader = new LogReader(
      this.#paths,
      () => ({ nextSeq, segmentId, offset }),
      (payload) => void shapes.add(payload.toString()),
      { disk: this.#disk },
    );
    let timeMs = 0;
    let at = 0;
    for (const [seq, { payload, shapeId }] of this.#stored.entries()) {
      const place = reader.segmentOf(seq);
      if (place !== at) {
        // Each segment must be readable alone.
        shapes.clear();
        at = place;
      }
      const frame = reader.frame(seq);
      expectSame(frame.bytes.toString('latin1', frame.start, frame.end), payload, `record ${seq}`);
      expectSame(frame.shapeId, shapeId, `shape of record ${seq}`);
      if (shapeId > 0 && !shapes.has(`shape ${shapeId}`)) throw new Error(`record ${seq} has an unknown shape`);
      if (frame.timeMs < timeMs) throw new Error(`time went back at record ${seq}`);
      timeMs = frame.timeMs;
    }
    if (timeMs > recovered.timeMs) throw new Error('recovery forgot the time');
  }
}

function frameOf(kind: number, payload: Buffer, shapeId: number): Buffer {
  const head = Buffer.alloc(kind === 1 ? 6 : 4);
  head.writeUInt32LE((payload.length | (kind << 29)) >>> 0, 0);
  if (kind === 1) head.writeUInt16LE(shapeId, 4);
  return Buffer.concat([head, payload]);
}

function expectSame(actual: unknown, wanted: unknown, what: string): void {
  if (JSON.stringify(actual) !== JSON.stringify(wanted))
    throw new Error(
      `${what}: ${JSON.stringify(actual)?.slice(0, 300)} instead of ${JSON.stringify(wanted)?.slice(0, 300)}`,
    );
}
