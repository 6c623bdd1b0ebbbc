/**
 * Every limit of the runtime in one place: unit in the name, reason beside it, relations checked when loaded.
 * At a limit there is a named policy: wait, refuse or spill.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  /** The largest payload of one record. The frame's length field holds 25 bits, so this is the largest round size. Refuse: E_TOO_LARGE. */
  recordBytesMax: 16 * MIB,
  /** A segment's size. Recovery reads the last segment whole, so this bounds recovery: 8 MiB read, checked and walked in under 10 ms. */
  segmentBytes: 8 * MIB,
  /** Where the first batch starts: one page, so that page-aligned writing is possible. */
  segmentDataOffset: 4 * KIB,
  /** How much one group (one write, one sync) takes. Beyond some hundred KiB a sync is bound by bandwidth, not by count, and the next group waits longer: measured quicker than 1 MiB and 256 KiB in bursts, batches, and at 1 KiB a record. Wait: the rest goes with the next group. */
  groupBytesMax: 512 * KIB,
  /**
   * The frames of one batch, header included, but for a single larger frame. A batch is checked as a whole, so this is what is
   * read and checked for one record that is not in memory, and what a flipped bit makes unreadable. Smaller ones would save a
   * get less than the calls cost, and take more than the 0.4 % that the headers take now.
   */
  batchBytesMax: 16 * KIB,
  /**
   * A growing segment is filled with zeros so far ahead by the writer itself, with the sync of a group that is not larger than
   * `writeAheadGroupBytes`: for small groups the size and blocks of the file cost more than the zeros, for large ones less.
   */
  writeAheadBytes: 512 * KIB,
  writeAheadGroupBytes: 64 * KIB,
  /** The ring between one producer and the queue actor. An empty one holds the largest record. At the limit: spill. */
  ringBytes: 32 * MIB,
  /** A frame may stand over the end of a ring by so much: else an empty ring that stands near its middle had room for the largest record neither before its end nor from its start. */
  ringOverrunBytes: 64,
  /** A ring that is not full goes back to its start from here on, so that it stays in the processor's cache. */
  ringHotBytes: 4 * MIB,
  /** Encoded records waiting in the producer's own memory when its ring is full. At the limit: append() blocks in slices until there is room. */
  spillBytesMax: 64 * MIB,
  spillChunkBytes: 1 * MIB,
  /** Acknowledgement entries that a producer has not read yet, one a group. At the limit the queue takes nothing more from that ring: wait. */
  ackEntries: 4096,
  /** One slice of synchronous backpressure: how long a blocked producer sleeps before it looks at the writer's heartbeat again. */
  backpressureSliceMs: 20,
  /** No heartbeat for so long while a producer is blocked: the writer is taken for dead. Refuse: E_WRITER_DEAD. */
  writerStallMsMax: 10_000,
  /** The same while the writer is inside a disk call: a stalled disk is not a dead writer. */
  diskStallMsMax: 60_000,
  /** JavaScript heap of a heart's actor; its buffers are outside of it. At the limit the actor dies and is restarted. */
  actorHeapMibMax: 256,
  /**
   * The heart's actors may be restarted so often in that time; beyond it something is wrong for good, and appends are refused.
   * The period is long beside the pauses before the restarts (10 ms, doubled each time), or a crash loop would never end.
   */
  heartRestartsMax: 8,
  heartRestartPeriodMs: 60_000,
  /** Rings one instance can have, the caller's own included. Refuse: E_LIMIT. */
  producersMax: 64,
  /** The longest input line of the command line: JSON text may be longer than the record made of it. Refuse: E_INPUT. */
  lineBytesMax: 64 * MIB,
  /** Blocks of input lines that the command line has handed over and not seen acknowledged. Wait. */
  inputBlocksMax: 8,
  /** Shape ids are 16 bits on disk; 0 means none. Beyond: plain maps. */
  shapeIdMax: 65_535,
  /** Spare segments written ahead. Two, so that one is ready while the other is being written. */
  spareSegments: 2,
  /**
   * Spares are made when nothing was appended for so long: while appends come, writing 8 MiB of zeros takes more from the disk
   * than overwriting them gives back. Direct writing, which needs them, does not wait.
   */
  spareQuietMs: 50,
  /** The auditor rests so long after a step, and at least so many times as long as the step took: a tenth of one core at most. */
  auditRestMs: 25,
  auditRestShare: 9,
  /** How much the auditor reads in one step. */
  auditStepBytes: 1 * MIB,
  /** Verified segments kept in memory for reads. */
  cacheBytesMax: 256 * MIB,
  /** How often one look for the writer's lock may find that another process was quicker. Refuse: E_LOCKED. */
  lockTriesMax: 64,
  /** How long a query runs before it lets the event loop turn: long enough to be worth it, short beside an acknowledgement. */
  querySliceMs: 10,
  /** Records decoded at once for an iterator; starts small so that a query for one record reads little. */
  queryBlockMin: 16,
  queryBlockMax: 256,
  /** How often a reader in another process looks for new records: at first, and after a while without any. */
  followPauseMsMin: 5,
  followPauseMsMax: 200,
  /** Records indexed in one transaction, four blocks of postings: some tens of milliseconds with several indices. */
  indexStepRecords: 8192,
  /** The indexer looks for new records at most so often while the log grows: what it does late costs nobody anything. */
  indexPauseMsMin: 100,
  /** While the log grows the indexer rests so many times as long as it worked, to leave the processors to those who append. */
  indexRestFactor: 2,
  /** How long the indexer waits after a full disk before it tries again. */
  indexRetryMs: 5000,
  /** A query that has waited so long for the indexer reads the log instead. */
  indexReplyMsMax: 2000,
  /** Candidates asked for at once: first, and at most. */
  candidatesMin: 256,
  candidatesMax: 16_384,
  /** Starts of the queue actor that one life of a writer tells apart: an epoch is life × this + start. */
  startsPerLife: 65_536,
  /** How long EXIT may take before what is left is given up, by name. */
  exitMsMax: 10_000,
  /** Cores and pool threads that a configuration may name: more than any machine has, and few enough to be meant. Refuse: E_CONFIG, E_ARGUMENT. */
  coresMax: 1024,
  threadsMax: 1024,
  /** A worker that has not said it is ready by then has failed to start. */
  startMsMax: 10_000,
} as const;

const relations: readonly (readonly [boolean, string])[] = [
  [LIMITS.recordBytesMax < 2 ** 25, 'a payload length fits the 25 bits of a frame word'],
  [
    2 * (LIMITS.recordBytesMax + 6) <= LIMITS.ringBytes + LIMITS.ringOverrunBytes,
    'the largest record fits an empty ring, before its end or from its start, wherever it stands',
  ],
  [
    LIMITS.ringHotBytes >= 2 * LIMITS.groupBytesMax,
    'the hot part of a ring holds the group being synced and the next one',
  ],
  [Number.isInteger(Math.log2(LIMITS.ringBytes)), 'a ring is a power of two'],
  [LIMITS.batchBytesMax <= LIMITS.groupBytesMax, 'a group has room for a batch'],
  [LIMITS.groupBytesMax < LIMITS.segmentBytes, 'a group of small records fits a segment'],
  [LIMITS.writerStallMsMax > 10 * LIMITS.backpressureSliceMs, 'a stall is many slices'],
];
for (const [holds, law] of relations) if (!holds) throw new Error(`limits: ${law}`);
