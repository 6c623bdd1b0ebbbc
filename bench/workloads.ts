/** What `bench append` measures: the workloads, their sizes, and the ratio to the best peer that each is to reach. */
import type { Drive, Form } from './measure/drive.js';
import type { Likeness } from './measure/records.js';

export interface Workload {
  readonly name: string;
  readonly about: string;
  readonly drive: Drive;
  readonly mapBytes: number;
  readonly likeness: Likeness;
  readonly registered: boolean;
  /**
   * As many as take the quickest store two to three seconds where they were chosen; others are stopped by the clock. In its first
   * half second a store with four threads is half as quick as later: V8 is still busy with their code.
   */
  readonly records: number;
  /** Ratio to the best durable peer of the same run; absent where none was promised. */
  readonly target?: number;
  /** Bytes on disk a record, without spare room and index, that ours may take. */
  readonly bytesTarget?: number;
}

/** Bytes of one record as a plain MessagePack map. */
const SMALL = 98;
const LARGE = 1024;
/** Batches under way at a time, for every store. */
const BATCHES = 16;
const BATCH_SIZE = 1000;

function loops(inFlight: number): Drive {
  return { form: 'loop', inFlight, batchSize: 1 };
}

function burst(size: number): Drive {
  return { form: 'burst', inFlight: size, batchSize: 1 };
}

function batches(form: Form): Drive {
  return { form, inFlight: BATCHES, batchSize: BATCH_SIZE };
}

const plain = { mapBytes: SMALL, likeness: 'alike', registered: false } as const;
const large = { ...plain, mapBytes: LARGE } as const;

export const WORKLOADS: readonly Workload[] = [
  { name: '1', about: '1 in flight', drive: loops(1), ...plain, records: 16_000, target: 1 },
  { name: '64', about: '64 in flight', drive: loops(64), ...plain, records: 600_000, target: 1.4 },
  { name: '1024', about: '1024 in flight', drive: loops(1024), ...plain, records: 2_400_000, target: 1.8 },
  {
    name: 'burst',
    about: 'bursts of 200 000, a promise each',
    drive: burst(200_000),
    ...plain,
    records: 1_600_000,
    target: 1.1,
  },
  {
    name: 'batch-unlike',
    about: 'batches of 1000, no two objects alike',
    drive: batches('batch'),
    ...plain,
    likeness: 'unlike',
    records: 1_600_000,
    target: 1.5,
    bytesTarget: 112,
  },
  {
    name: 'batch-any',
    about: 'batches of 1000, objects of no registered shape',
    drive: batches('batch'),
    ...plain,
    records: 5_000_000,
    target: 1.5,
  },
  {
    name: 'batch-shape',
    about: 'batches of 1000, registered shape',
    drive: batches('batch'),
    ...plain,
    registered: true,
    records: 6_000_000,
    target: 4,
    bytesTarget: 90,
  },
  { name: '1k-1', about: '1 KiB, 1 in flight', drive: loops(1), ...large, records: 10_000 },
  { name: '1k-64', about: '1 KiB, 64 in flight', drive: loops(64), ...large, records: 240_000 },
  { name: '1k-1024', about: '1 KiB, 1024 in flight', drive: loops(1024), ...large, records: 800_000, target: 2.5 },
  {
    name: '1k-burst',
    about: '1 KiB, bursts of 50 000, a promise each',
    drive: burst(50_000),
    ...large,
    records: 500_000,
  },
  {
    name: '1k-batch-unlike',
    about: '1 KiB, batches of 1000, no two objects alike',
    drive: batches('batch'),
    ...large,
    likeness: 'unlike',
    records: 500_000,
  },
  {
    name: '1k-batch-shape',
    about: '1 KiB, batches of 1000, registered shape',
    drive: batches('batch'),
    ...large,
    registered: true,
    records: 800_000,
  },
];

/** The same at a size that a test can afford; the figures mean nothing then. */
export function tiny(workload: Workload): Workload {
  const inFlight = Math.min(workload.drive.inFlight, 500);
  return {
    ...workload,
    drive: { ...workload.drive, inFlight },
    records: workload.drive.form === 'batch' ? 4_000 : 1_000,
  };
}
