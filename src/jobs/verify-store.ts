/**
 * Verifies a whole store, its segments in parallel: a job for each on the instance's pool, behind the jobs of others that are
 * more urgent.
 */
import { readCheckpoint } from '../log/checkpoint.js';
import { baseSeqOf, listSegments, logIdOf, type StorePaths } from '../log/folder.js';
import { readKept } from '../log/kept.js';
import { mergeVerdicts, type SegmentTask, type SegmentVerdict, type VerifyReport } from '../log/verify.js';
import { assertOptions, assertSignal, shown } from '../words/arguments.js';
import { fromWireError, LtlError } from '../words/errors.js';
import type { JobOptions } from './pool.js';
import type { VerifyResult } from './verify.js';

/** Of 0 to 9: a verification can wait for what somebody waits for. */
const PRIORITY = 9;

export interface VerifyProgress {
  readonly segmentsDone: number;
  readonly segments: number;
  readonly bytes: number;
}

export interface VerifyOptions {
  /** Segments that are verified at once. */
  readonly threads: number;
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly signal?: AbortSignal;
  /** Where a live writer's durable log ends; what it is writing behind that is not looked at. */
  readonly tail?: { readonly segmentId: number; readonly offset: number; readonly nextSeq: number };
}

/** Throws E_ARGUMENT for what is not how a verification is asked for. */
export function assertVerifyOptions(options: Partial<VerifyOptions>): void {
  assertOptions('verify', options, ['threads', 'onProgress', 'signal']);
  assertSignal(options.signal);
  const { threads, onProgress } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1))
    throw new LtlError('E_ARGUMENT', `threads must be a whole number from 1, not ${shown(threads)}`);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw new LtlError('E_ARGUMENT', `onProgress must be a function, not ${shown(onProgress)}`);
}

/** Runs the job of that module on a pool's thread. */
export type RunJob = (module: URL, data: SegmentTask, options: JobOptions) => Promise<VerifyResult>;

const MODULE = new URL('./verify.js', import.meta.url);

/**
 * Reads and checks every byte of the log, by `run`, so many segments at once. Throws LtlError E_ABORTED, E_FORMAT for a newer
 * version, and what the pool refuses with.
 */
export async function verifyStore(paths: StorePaths, run: RunJob, options: VerifyOptions): Promise<VerifyReport> {
  const startedMs = performance.now();
  const { signal } = options;
  const tasks = tasksFor(paths, options);
  const verdicts = await runAll(tasks, options.threads, options, async (task) => {
    const { verdict, error } = await run(MODULE, task, {
      priority: PRIORITY,
      ...(signal === undefined ? {} : { signal }),
    });
    if (error !== undefined) throw fromWireError(error);
    return verdict;
  });
  const first = listSegments(paths)[0] ?? 0;
  // What retention dropped meanwhile is not missing; what is missing shows as a hole between its neighbours.
  const there = verdicts.filter((one) => one !== null && one.segmentId >= first) as SegmentVerdict[];
  const kept = readKept(paths, logIdOf(paths));
  return { ...mergeVerdicts(there, knownEnd(paths, options), kept), tookMs: performance.now() - startedMs };
}

function tasksFor(paths: StorePaths, { tail }: Pick<VerifyOptions, 'tail'>): SegmentTask[] {
  const ids = listSegments(paths).filter((id) => tail === undefined || id <= tail.segmentId);
  const known = readCheckpoint(paths)?.durable;
  return ids.map((segmentId, index) => {
    const isLast = index === ids.length - 1;
    const endOffset = segmentId === tail?.segmentId ? tail.offset : null;
    const durable = isLast ? (endOffset ?? (known?.segmentId === segmentId ? known.offset : 0)) : null;
    const next = ids[index + 1];
    const endSeq = isLast ? (tail?.nextSeq ?? null) : next === undefined ? null : baseSeqOf(paths, next);
    return { paths, segmentId, endOffset, durable, endSeq };
  });
}

/** The end that the log had at the least: the live tail, else what the checkpoint remembers. */
function knownEnd(paths: StorePaths, { tail }: Pick<VerifyOptions, 'tail'>): NonNullable<VerifyOptions['tail']> | null {
  return tail ?? readCheckpoint(paths)?.durable ?? null;
}

/** Runs the tasks, so many at a time, and gives the results in the tasks' order. */
async function runAll(
  tasks: readonly SegmentTask[],
  lanes: number,
  { onProgress, signal }: VerifyOptions,
  run: (task: SegmentTask) => Promise<SegmentVerdict | null>,
): Promise<(SegmentVerdict | null)[]> {
  const results: (SegmentVerdict | null)[] = [];
  let next = 0;
  let segmentsDone = 0;
  let bytes = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < tasks.length; index = next++) {
      if (signal?.aborted === true)
        throw new LtlError('E_ABORTED', 'the verification was aborted', { cause: signal.reason });
      const verdict = await run(tasks[index] as SegmentTask);
      results[index] = verdict;
      segmentsDone += 1;
      bytes += verdict?.bytes ?? 0;
      onProgress?.({ segmentsDone, segments: tasks.length, bytes });
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, tasks.length) }, lane));
  return results;
}
