/**
 * What status() and stat() tell: plain data, made from the machines' states and the shared counters. Reading it wakes
 * nobody and asks no actor.
 */
import type { Escalation } from '../actors/system.js';
import type { RecoveryReport } from '../log/recover.js';
import { COUNTERS, type Counter, WAYS, WORD, WRITER } from '../wire/board.js';
import { type FlagName, flagsOf } from '../words/flags.js';
import type { PolicyStatus } from './policy-run.js';
import type { SleepStatus } from './sleeper.js';
import type { Writing } from './writing.js';

/** Plain data about one of the runtime's own actors. */
export interface ActorStatus {
  readonly id: string;
  readonly state: string;
  readonly restarts: number;
  /** What it last died of, as data; null when it never did. */
  readonly lastExit: unknown;
}

export interface Status {
  readonly path: string;
  readonly readOnly: boolean;
  readonly pid: number;
  /** State path of the phase machine. */
  readonly phase: string;
  readonly mode: string;
  readonly integrity: string;
  readonly sleep: SleepStatus;
  /** The policy that runs; null when none does. */
  readonly policy: PolicyStatus | null;
  readonly writer: {
    /** How bytes reach the disk. */
    readonly way: string;
    /** Why in that way. */
    readonly why: string;
    readonly state: string;
    /** This writer's life: one more with each open. */
    readonly life: number;
    readonly segmentId: number;
    readonly segmentBytes: number;
    /** Bytes of the segment in use. */
    readonly offset: number;
  } | null;
  /** Records durable: the seq that the next one gets. */
  readonly nextSeq: string;
  readonly firstSeq: string;
  /** What opening found; null for a reader. */
  readonly recovery: RecoveryReport | null;
  readonly actors: readonly ActorStatus[];
  /** The secondary indices and how far each is built; empty without an indexer. */
  readonly indices: readonly { readonly kind: string; readonly field: string; readonly watermark: number }[];
  /** `silent`: the indexer owes an answer that is overdue (it hangs, or is very busy), and queries scan meanwhile. */
  readonly indexer: 'off' | 'down' | 'silent' | 'up';
  /** What the supervisor did last. */
  readonly events: readonly unknown[];
  /** The last supervisors of your actors that gave up, oldest first. */
  readonly escalations: readonly Escalation[];
  /** Why the writer refuses for good; null when it does not. */
  readonly failure: { readonly code: string; readonly message: string; readonly details: unknown } | null;
  readonly flags: Readonly<Record<FlagName, boolean>>;
}

/** What the store itself tells. */
type StoreStatus = Omit<Status, 'escalations'>;

const WAY_TEXTS = {
  buffered: 'buffered write, then fdatasync, over room written ahead',
  growing: 'buffered write, then fdatasync, in a growing file',
  direct: 'direct, durable write of whole pages, in a segment written ahead',
} as const;

const NOT_DIRECT =
  'log.write is direct, but only a spare segment is written so: this one grew or was there before, or its file system cannot';
const WAY_REASONS = {
  buffered: {
    buffered:
      'log.write is buffered, and a spare segment or the writer itself made room: a sync waits for the data only',
    direct: 'log.write was direct when the segment was begun',
    growing:
      'log.write is buffered; no spare segment was there, and no room is made for large groups or on a full disk',
  },
  direct: { buffered: NOT_DIRECT, growing: NOT_DIRECT, direct: 'log.write is direct' },
} as const;

const WRITER_STATES = Object.fromEntries(Object.entries(WRITER).map(([name, value]) => [value, name]));

/** Status of an instance that writes. */
export function writerStatus(
  writing: Writing,
  policy: PolicyStatus | null,
  path: string,
  segmentBytes: number,
  firstSeq: number,
): StoreStatus {
  const { conductor, sleeper, board } = writing;
  const tail = board.tail();
  const way = WAYS[Atomics.load(board.words, WORD.way)] ?? 'growing';
  const { failure } = conductor;
  return {
    path,
    readOnly: false,
    pid: process.pid,
    phase: conductor.phase,
    mode: conductor.mode,
    integrity: conductor.integrity,
    sleep: sleeper.status(),
    policy,
    writer: {
      way: WAY_TEXTS[way],
      why: WAY_REASONS[writing.logWrite][way],
      state: WRITER_STATES[board.writerState] ?? 'unknown',
      life: conductor.life,
      segmentId: tail.segmentId,
      segmentBytes,
      offset: tail.offset,
    },
    nextSeq: String(tail.nextSeq),
    firstSeq: String(firstSeq),
    recovery: conductor.recovery,
    actors: (conductor.actors()?.children ?? []).map(({ id, state, restarts, lastExit }) => ({
      id,
      state,
      restarts,
      lastExit: lastExit ?? null,
    })),
    indices: writing.followers.index?.states ?? [],
    indexer: indexerState(writing),
    events: [...writing.events],
    failure: failure === null ? null : { code: failure.code, message: failure.message, details: failure.details },
    flags: flagsOf(Atomics.load(board.words, WORD.flags)),
  };
}

const AWAKE: SleepStatus = {
  depth: 'awake',
  reads: 'open',
  writes: 'open',
  sinceMs: null,
  wakeAtMs: null,
  why: 'an instance that only reads does not sleep',
  by: null,
};

/** Status of an instance that only reads. */
export function readerStatus(path: string, tail: { readonly firstSeq: number; readonly nextSeq: number }): StoreStatus {
  return {
    path,
    readOnly: true,
    pid: process.pid,
    phase: 'run',
    mode: 'normal',
    integrity: 'unknown',
    sleep: AWAKE,
    policy: null,
    writer: null,
    nextSeq: String(tail.nextSeq),
    firstSeq: String(tail.firstSeq),
    recovery: null,
    actors: [],
    indices: [],
    indexer: 'off',
    events: [],
    failure: null,
    flags: flagsOf(0),
  };
}

/** Counters and gauges of the writing side by name. */
export function counters(writing: Writing): Record<string, number> {
  const { board, sleeper } = writing;
  const counted = Object.fromEntries(COUNTERS.map((name) => [name, board.counter(name)])) as Record<Counter, number>;
  const { nextSeq } = board.tail();
  return {
    ...counted,
    backlog: indexBacklog(writing, nextSeq),
    unverified: Math.max(0, nextSeq - counted.verifiedSeq),
    queue: writing.pending,
    spilledBytes: writing.spilledBytes,
    naps: sleeper.naps,
    restarts: writing.conductor.actors()?.restarts ?? 0,
    damages: writing.followers.damages.length,
  };
}

/** Records that are durable and not in every declared index yet. */
/** Records that the index that is furthest behind has yet to see. */
export function indexBacklog(writing: Writing, nextSeq: number): number {
  const states = writing.followers.index?.states ?? [];
  return states.reduce((most, { watermark }) => Math.max(most, nextSeq - watermark), 0);
}

function indexerState({ followers: { indexer, index } }: Writing): Status['indexer'] {
  if (indexer === null || index === null) return 'off';
  if (!indexer.isUp) return 'down';
  return index.silent ? 'silent' : 'up';
}
