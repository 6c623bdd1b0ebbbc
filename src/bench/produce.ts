/**
 * One thread's part of a run: its share of the arrivals, its pool of records, its windows, and its counters, which other
 * threads read while it runs. The same code runs in the thread that opened the store and in a producer's.
 */
import { type Window, WindowRecorder } from '../measure/timeline.js';
import { readTraceFile } from '../policy/traceFile.js';
import { closedLoop, openLoop, realClock, type Sink, type Target } from './drive.js';
import type { Load, ProducerDone } from './job.js';
import { RecordPool } from './records.js';
import { ConstantSchedule, PoissonSchedule, type Schedule, TraceSchedule } from './schedule.js';

/** A row of counters: acknowledged since the start, waiting, and ms behind the schedule. One writer a row. */
export const COUNTERS = 3;

export interface Part {
  readonly target: Target;
  readonly load: Load;
  readonly index: number;
  readonly counters: Float64Array;
  readonly isStopped: () => boolean;
  readonly onWindow: (window: Window) => void;
}

/** Time that all threads of a process agree on, in ms. */
export const sharedMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export class Producer {
  readonly #part: Part;
  readonly #pool: RecordPool;
  readonly #schedule: Schedule | null;

  /** Throws what the records cannot be. */
  constructor(part: Part) {
    this.#part = part;
    this.#pool = new RecordPool(part.load.records, part.load.parses);
    this.#schedule = scheduleOf(part.load, part.index);
  }

  /** Appends from `startShared` on, for warm-up and measured time. Resolves when all of it is durable. */
  async run(startShared: number): Promise<ProducerDone> {
    const { target, load, counters, index, isStopped, onWindow } = this.#part;
    const startMs = performance.now() + (startShared - sharedMs());
    const measuredMs = startMs + load.warmUpMs;
    // A whole trace ends with its last arrival, however late that is handed over.
    const endMs = load.wholeTrace ? Number.POSITIVE_INFINITY : measuredMs + load.forMs;
    const recorder = new WindowRecorder(measuredMs, load.windowMs, onWindow);
    const at = index * COUNTERS;
    let total = 0;
    let totalBytes = 0;
    let measured = 0;
    let measuredBytes = 0;
    let inTime = 0;
    let inTimeBytes = 0;
    const sink: Sink = {
      acknowledged: (nowMs, fromMs, bytes, count) => {
        total += count;
        totalBytes += bytes;
        counters[at] = total;
        if (nowMs < measuredMs) return;
        measured += count;
        measuredBytes += bytes;
        if (nowMs <= endMs) {
          inTime += count;
          inTimeBytes += bytes;
        }
        recorder.record(nowMs, nowMs - fromMs, bytes, count);
      },
      waiting: (records, lateMs) => {
        counters[at + 1] = records;
        counters[at + 2] = lateMs;
      },
    };
    const drive = {
      target,
      pool: this.#pool,
      form: load.form,
      batch: load.batch,
      inFlight: load.inFlight,
      clock: realClock,
      sink,
      startMs,
      endMs,
      isStopped,
    };
    if (startMs > performance.now()) await realClock.sleep(startMs - performance.now());
    const schedule = this.#schedule;
    const { unsent } = schedule === null ? await closedLoop(drive) : await openLoop(drive, schedule, load.spins);
    recorder.roll(performance.now());
    return { total, totalBytes, measured, measuredBytes, inTime, inTimeBytes, unsent };
  }
}

function scheduleOf({ arrivals, producers }: Load, index: number): Schedule | null {
  const threads = Math.max(1, producers);
  switch (arrivals.kind) {
    case 'closed':
      return null;
    case 'constant':
      return new ConstantSchedule(arrivals.perSecond, index, threads);
    case 'poisson':
      return new PoissonSchedule(arrivals.perSecond, arrivals.seed, index, threads);
    case 'trace':
      return new TraceSchedule(readTraceFile(arrivals.file), arrivals.speed, index, threads);
  }
}
