/** What one run of a bench is told and what it answers, as plain data between processes and threads. */
import type { HistogramData } from '../measure/histogram.js';
import type { Window } from '../measure/timeline.js';
import type { ProducerHandle } from '../ops/producers.js';
import type { WireError } from '../words/errors.js';
import type { Form } from './drive.js';
import type { RecordPlan } from './records.js';
import type { Footprint, MessageShape } from './stores/store.js';

/** When records come: whenever the last is durable, or by a schedule of their own. */
export type Arrivals =
  | { readonly kind: 'closed' }
  | { readonly kind: 'constant'; readonly perSecond: number }
  | { readonly kind: 'poisson'; readonly perSecond: number; readonly seed: number }
  | { readonly kind: 'trace'; readonly file: string; readonly speed: number };

/** The load: the same for every store of a comparison. */
export interface Load {
  readonly records: RecordPlan;
  /** Each is parsed from a line of JSON first, by the thread that appends it. */
  readonly parses: boolean;
  /** Registered with a store that can use it; null: the store is told nothing. */
  readonly shape: MessageShape | null;
  readonly arrivals: Arrivals;
  readonly form: Form;
  readonly batch: number;
  /** Promises under way at a time for each producer; in an open loop, records. */
  readonly inFlight: number;
  /** Threads that append; 0: the thread that opened the store, as most programs do. */
  readonly producers: number;
  readonly warmUpMs: number;
  readonly forMs: number;
  /** Every arrival of a trace is replayed, whether or not that takes longer than it took. */
  readonly wholeTrace: boolean;
  readonly windowMs: number;
  /** Near arrivals are waited for by turning the event loop rather than by a timer. */
  readonly spins: boolean;
}

export interface RunJob {
  readonly store: string;
  readonly folder: string;
  /** Removed by the run itself when the process that started it is gone. */
  readonly removes: boolean;
  readonly load: Load;
}

/** What a process looked like at a time of the run. */
export interface Sample {
  readonly atMs: number;
  readonly rssBytes: number;
  /** Memory of its own, without mapped files: on Linux only. */
  readonly ownBytes: number | null;
  /** Live and dead objects of the main thread's heap. */
  readonly heapBytes: number;
  readonly cpuSeconds: number;
  /** Records handed over and not acknowledged. */
  readonly waiting: number;
  /** How far the sender was behind its schedule. */
  readonly lateMs: number;
}

/** Memory that was left at a time of a soak when all garbage was collected. */
export interface Kept {
  readonly atMs: number;
  readonly bytes: number;
}

/** A shorter run warms up rather than soaks. */
export const SOAK_MS_MIN = 60_000;

/** What is told while it runs. */
export interface RunProgress {
  readonly kind: 'progress';
  readonly step: 'warm-up' | 'run' | 'drain' | 'check';
  readonly share: number | null;
  readonly acknowledged: number;
  readonly perSecond: number;
  readonly waiting: number;
}

export interface RunResult extends Footprint {
  /** Measured time: less than asked for when it was stopped, or a trace ended. */
  readonly forMs: number;
  readonly interrupted: boolean;
  /** Set when the disk began to run out and the run was ended for it. */
  readonly diskLow: boolean;
  /** Acknowledged within the measured time, whenever they were handed over. */
  readonly acknowledged: number;
  readonly bytesGiven: number;
  /** Due within the measured time. */
  readonly offered: number;
  /** Due, and not acknowledged when the time was up. */
  readonly backlog: number;
  /** Of every record acknowledged since the measured time began, also after it was up. */
  readonly latency: HistogramData;
  readonly windows: readonly Window[];
  readonly samples: readonly Sample[];
  /** Of a soak, from a quarter of its time on; else none. */
  readonly kept: readonly Kept[];
  readonly cpuSeconds: number;
  /** Bytes that the process wrote from the start of the measured time until all was durable, null where the system does not tell; and what it was given in that time. */
  readonly bytesWritten: number | null;
  readonly measuredBytes: number;
  /** The whole run, warm-up included: acknowledged, found again when the store was opened anew, read and compared. */
  readonly total: number;
  readonly totalBytesGiven: number;
  readonly found: number;
  readonly compared: number;
  /** Every checksum of the store was computed again and held; null for a store that cannot. */
  readonly verified: boolean | null;
}

export type FromRun =
  | RunProgress
  | { readonly kind: 'result'; readonly result: RunResult }
  | { readonly kind: 'failed'; readonly error: WireError };

/** For one thread that appends. */
export interface ProducerJob {
  readonly handle: ProducerHandle;
  readonly load: Load;
  readonly index: number;
  /** One row of COUNTERS a producer, and the stop word. */
  readonly counters: SharedArrayBuffer;
  readonly stop: SharedArrayBuffer;
}

/** What one thread did, whole. */
export interface ProducerDone {
  readonly total: number;
  readonly totalBytes: number;
  /** Records acknowledged since the measured time began; those before it was up; their bytes. */
  readonly measured: number;
  readonly inTime: number;
  readonly measuredBytes: number;
  readonly inTimeBytes: number;
  readonly unsent: number;
}

export type FromProducer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'window'; readonly window: Window }
  | { readonly kind: 'done'; readonly done: ProducerDone }
  | { readonly kind: 'failed'; readonly error: WireError };
