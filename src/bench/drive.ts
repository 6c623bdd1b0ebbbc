/**
 * Drives a store with records, in closed loops or by a schedule, and tells a sink of every acknowledgement.
 *
 * A closed loop hands over the next record when the last is durable: a store that stalls is given less to do, so its
 * latencies show the stall once. In an open loop records come when they come: each latency counts from the time at which
 * the record was meant to be handed over, so every record that a stall has kept waiting shows it (no coordinated
 * omission). So much and no more is under way at a time; what is due beyond that waits in the schedule, which costs no memory.
 */
import type { RecordPool } from './records.js';
import type { Schedule } from './schedule.js';

/** How records are handed over: one promise each, one promise for a batch, or queued with one wait for many. */
export type Form = 'promise' | 'batch' | 'ticket';

/** What is driven: a store, or a producer in a thread of its own. */
export interface Target {
  append(record: unknown): Promise<unknown>;
  appendBatch(records: readonly unknown[]): Promise<unknown>;
  /** Queues without a promise; `settled` resolves when all that was queued is durable. Absent where a library lacks it. */
  post?(record: unknown): void;
  settled?(): Promise<unknown>;
}

/** Time, real or simulated. All in ms. */
export interface Clock {
  now(): number;
  /** Lets the event loop turn once. */
  turn(): Promise<void>;
  sleep(ms: number): Promise<void>;
}

export interface Sink {
  /** `count` records of so many bytes in all, meant for `fromMs`, are durable at `nowMs`. */
  acknowledged(nowMs: number, fromMs: number, bytes: number, count: number): void;
  /** Told now and then: records handed over and not acknowledged, and by how much the sender is behind its schedule. */
  waiting(records: number, lateMs: number): void;
}

export interface Drive {
  readonly target: Target;
  readonly pool: RecordPool;
  readonly form: Form;
  /** Records of one batch, in the forms that have batches. */
  readonly batch: number;
  /** Promises under way at a time; in an open loop, records. */
  readonly inFlight: number;
  readonly clock: Clock;
  readonly sink: Sink;
  readonly startMs: number;
  /** Nothing is handed over from then on. */
  readonly endMs: number;
  readonly isStopped: () => boolean;
}

/** What was handed over, and, in an open loop, what was due but never handed over because the time was up. */
export interface Driven {
  readonly sent: number;
  readonly unsent: number;
  /** When the last record was handed over, or the time was up. */
  readonly endedMs: number;
}

export const realClock: Clock = {
  now: () => performance.now(),
  turn: () => new Promise((resolve) => void setImmediate(resolve)),
  sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
};

/** Hands over `count` records at once; resolves when they are durable. */
function handOver({ target, form }: Drive, records: readonly unknown[]): Promise<unknown> {
  if (form === 'batch' || target.post === undefined) return target.appendBatch(records);
  for (const record of records) target.post(record);
  return target.settled?.() ?? Promise.resolve();
}

/** Loops that each await their append. Resolves when all of it is durable. */
export async function closedLoop(drive: Drive): Promise<Driven> {
  const { target, pool, clock, sink, endMs, isStopped, inFlight } = drive;
  const batch = drive.form === 'promise' ? 1 : drive.batch;
  let sent = 0;
  let nowMs = clock.now();
  const single = async (): Promise<void> => {
    while (nowMs < endMs && !isStopped()) {
      const fromMs = nowMs;
      const record = pool.next();
      const { bytes } = pool;
      sent += 1;
      await target.append(record);
      nowMs = clock.now();
      sink.acknowledged(nowMs, fromMs, bytes, 1);
    }
  };
  const batches = async (): Promise<void> => {
    while (nowMs < endMs && !isStopped()) {
      const fromMs = clock.now();
      const { records, bytes } = take(pool, batch);
      sent += batch;
      await handOver(drive, records);
      nowMs = clock.now();
      sink.acknowledged(nowMs, fromMs, bytes, batch);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, drive.form === 'promise' ? single : batches));
  return { sent, unsent: 0, endedMs: nowMs };
}

function take(pool: RecordPool, count: number): { records: unknown[]; bytes: number } {
  const records = new Array<unknown>(count);
  let bytes = 0;
  for (let index = 0; index < count; index += 1) {
    records[index] = pool.next();
    bytes += pool.bytes;
  }
  return { records, bytes };
}

/** So many records go out before the event loop turns, so that acknowledgements are seen while a backlog is worked off. */
const TURN_RECORDS = 1024;
/** So long after the end is handed over what was due before it: a short stall at the very end is no overload. */
const OVERTIME_MS = 1000;
/** A timer of the event loop comes up to so late; nearer arrivals are waited for by turning. */
const TIMER_MS = 2;

/** Hands records over when they are due. `spins`: waits for near arrivals by turning the event loop, exact but at the cost of a core. */
export async function openLoop(drive: Drive, schedule: Schedule, spins: boolean): Promise<Driven> {
  const { target, pool, clock, sink, startMs, endMs, inFlight, isStopped, form } = drive;
  let sent = 0;
  let waiting = 0;
  let failure: unknown;
  const isFailed = (): boolean => failure !== undefined;
  const fail = (error: unknown): void => {
    failure ??= error;
  };
  const sendOne = (fromMs: number): void => {
    const record = pool.next(schedule.bytes);
    const { bytes } = pool;
    waiting += 1;
    target.append(record).then(() => {
      waiting -= 1;
      sink.acknowledged(clock.now(), fromMs, bytes, 1);
    }, fail);
  };
  const sendDue = (dueMs: number): void => {
    for (let turn = 0; turn < TURN_RECORDS && waiting < inFlight; turn += 1) {
      if (schedule.load !== null || schedule.nextMs > dueMs) return;
      sendOne(startMs + schedule.nextMs);
      sent += 1;
      schedule.advance();
    }
  };
  const sendBatches = (dueMs: number): void => {
    while (waiting < inFlight) {
      const records: unknown[] = [];
      const fromsMs: number[] = [];
      const sizes: number[] = [];
      while (records.length < drive.batch && schedule.load === null && schedule.nextMs <= dueMs) {
        records.push(pool.next(schedule.bytes));
        fromsMs.push(startMs + schedule.nextMs);
        sizes.push(pool.bytes);
        schedule.advance();
      }
      if (records.length === 0) return;
      sent += records.length;
      waiting += records.length;
      handOver(drive, records).then(() => {
        waiting -= records.length;
        const nowMs = clock.now();
        for (const [index, fromMs] of fromsMs.entries()) sink.acknowledged(nowMs, fromMs, sizes[index] ?? 0, 1);
      }, fail);
      if (records.length < drive.batch) return;
    }
  };

  const forMs = endMs - startMs;
  while (!isStopped() && !isFailed()) {
    if (schedule.load !== null) await schedule.load();
    const atMs = clock.now() - startMs;
    if (schedule.nextMs >= forMs) break;
    // What is due after the end is not sent, however late this turn is; what was due before is, if it may be.
    if (form === 'promise') sendDue(Math.min(atMs, forMs));
    else sendBatches(Math.min(atMs, forMs));
    sink.waiting(waiting, Math.max(0, atMs - schedule.nextMs));
    if (atMs >= forMs && (waiting >= inFlight || atMs >= forMs + OVERTIME_MS)) break;
    const waitMs = Math.min(schedule.nextMs, forMs) - (clock.now() - startMs);
    if (waitMs > TIMER_MS) await clock.sleep(waitMs - (spins ? TIMER_MS : 0));
    else if (!spins && waitMs > 0) await clock.sleep(1);
    else await clock.turn();
  }
  const endedMs = clock.now();
  const unsent = isStopped() || isFailed() ? 0 : await countDue(schedule, forMs);
  while (waiting > 0 && !isFailed()) await clock.sleep(1);
  if (failure !== undefined) throw failure;
  return { sent, unsent, endedMs };
}

async function countDue(schedule: Schedule, forMs: number): Promise<number> {
  let count = 0;
  for (;;) {
    if (schedule.load !== null) await schedule.load();
    if (schedule.nextMs >= forMs) return count;
    schedule.advance();
    count += 1;
  }
}
