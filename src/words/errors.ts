/**
 * Every error this runtime throws on purpose. A code has one name, one number, one sysexits status and one hint,
 * and never changes its meaning. Numbers 1000–1999 are errors, in families of a hundred; see docs/ARCHITECTURE.md.
 */

interface ErrorWord {
  /** Stable number, unique among errors; 1000–1999. */
  readonly number: number;
  /** sysexits(3) status with which the command line ends when this error ends it. */
  readonly exit: number;
  /** What the caller can do. */
  readonly hint: string;
}

/** The registry: one row a code. Families: 10 lifecycle, 11 log, 12 record, 13 query, 14 lock, 15 sleep, 16 config, 17 actor, 18 policy, 19 command line. */
export const ERRORS = {
  E_CLOSED: { number: 1001, exit: 70, hint: 'Open the instance first; after close() nothing is accepted.' },
  E_LOCKED: {
    number: 1002,
    exit: 75,
    hint: 'Another live process writes this folder. Wait for it, or open it with readOnly: true.',
  },
  E_READ_ONLY: {
    number: 1003,
    exit: 77,
    hint: 'This instance was opened with readOnly: true; open a writer to change anything.',
  },
  E_NO_STORE: {
    number: 1004,
    exit: 66,
    hint: 'There is no store in that folder. Check the path, or open a writer first to create one.',
  },
  E_FATAL: {
    number: 1005,
    exit: 70,
    hint: 'The writer is in its fatal state and refuses appends. Close, look at status().failure, repair, open again.',
  },
  E_WRITER_DEAD: {
    number: 1006,
    exit: 70,
    hint: 'The queue actor died while you were waiting for room. The record was not acknowledged.',
  },
  E_TIMEOUT: {
    number: 1007,
    exit: 75,
    hint: 'The operation did not finish in its time. Try again or allow more time.',
  },
  E_ABORTED: { number: 1008, exit: 75, hint: 'Your AbortSignal ended the wait.' },
  E_ARGUMENT: { number: 1009, exit: 64, hint: 'An argument has the wrong type or range; the message names it.' },
  E_PERMISSION: {
    number: 1010,
    exit: 77,
    hint: 'The process may not use that path. Check owner and mode of the folder.',
  },
  E_CANNOT_CREATE: {
    number: 1011,
    exit: 73,
    hint: 'It cannot be made there. Check that the folders of its path exist, may be written, and are no files.',
  },
  E_NO_FOLDER: { number: 1012, exit: 66, hint: 'Make the folder first, or name another one with --path.' },

  E_DISK_FULL: {
    number: 1101,
    exit: 74,
    hint: 'No space left. Nothing acknowledged is lost; free space and append again.',
  },
  E_IO: {
    number: 1102,
    exit: 74,
    hint: 'The disk failed. After a failed write or sync the writer is poisoned and the named seqs are in doubt: close, check the disk, open again.',
  },
  E_DAMAGED: {
    number: 1103,
    exit: 65,
    hint: 'Stored bytes fail their checksum. Run `ltl verify` for the place; restore that segment from a copy.',
  },
  E_FORMAT: { number: 1104, exit: 65, hint: 'The file is not a segment of this log, or of a newer format version.' },
  E_GONE: { number: 1105, exit: 66, hint: 'That record was dropped by retain().' },
  E_NOT_FOUND: { number: 1106, exit: 66, hint: 'There is no record with that seq yet.' },

  E_UNENCODABLE: {
    number: 1201,
    exit: 65,
    hint: 'Use null, boolean, finite number, bigint within 64 bits, string, Date, Uint8Array, array or plain object.',
  },
  E_TOO_LARGE: {
    number: 1202,
    exit: 65,
    hint: 'A record may hold 16 MiB when encoded. Split it, or store the bulk elsewhere.',
  },
  E_MISFIT: {
    number: 1203,
    exit: 65,
    hint: 'The value does not have the registered message’s fields and types; the message names the first misfit.',
  },
  E_SHAPE: {
    number: 1204,
    exit: 64,
    hint: 'A shape is { field: type } with types any, null, boolean, number, bigint, string, date, bytes, array, object; a trailing ? allows null.',
  },
  E_LIMIT: { number: 1205, exit: 70, hint: 'A stated limit was reached; the message names it.' },

  E_FILTER: {
    number: 1301,
    exit: 64,
    hint: 'A filter has prop_match: [field], val_match: { field: value }, int_match: { field: [low, high] }.',
  },

  E_LOCK_NOT_HELD: { number: 1401, exit: 70, hint: 'Release only what you hold, once.' },
  E_LOCK_REENTRANT: {
    number: 1402,
    exit: 70,
    hint: 'This owner holds the lock already and the kind is not re-entrant.',
  },
  E_LOCK_UPGRADE: {
    number: 1403,
    exit: 70,
    hint: 'Another shared holder is upgrading already: two upgraders would wait for each other for ever. Release first.',
  },
  E_LOCK_AMBIGUOUS: { number: 1404, exit: 64, hint: 'Several leases match that key; release the lease itself.' },
  E_DEADLOCK: {
    number: 1405,
    exit: 70,
    hint: 'The message names the cycle of locks and owners. Take locks in one order, or acquireAll() them.',
  },
  E_FENCED: { number: 1406, exit: 70, hint: 'A newer lease has been granted since; this token is stale.' },
  E_HOLDER_DIED: { number: 1407, exit: 70, hint: 'The thread that held or waited died; its permits came back.' },
  E_GATED: { number: 1408, exit: 75, hint: 'The runtime is locked by key 1; this form cannot wait. Use append().' },

  E_SLEEPING_DEEP: { number: 1501, exit: 75, hint: 'The runtime sleeps deeply; awake() it first.' },
  E_SLEEPING_READS: { number: 1502, exit: 75, hint: 'Reads sleep; awake() them first.' },
  E_SLEEPING_WRITES: { number: 1503, exit: 75, hint: 'Writes sleep; awake() them first.' },

  E_CONFIG: { number: 1601, exit: 78, hint: 'See the keys in the documentation; the message names the nearest one.' },

  E_ACTOR_FAILED: { number: 1701, exit: 70, hint: 'The actor ended before it answered; see status().actors.' },
  E_RESTART_INTENSITY: {
    number: 1702,
    exit: 70,
    hint: 'The child failed more often than its restart budget allows; the supervisor gave up.',
  },
  E_UNCLONEABLE: { number: 1703, exit: 70, hint: 'A message to another thread must be structured-cloneable.' },
  E_MAILBOX_FULL: { number: 1704, exit: 75, hint: 'The mailbox is at its size and its overflow policy is refuse.' },
  E_JOB_FAILED: {
    number: 1706,
    exit: 70,
    hint: 'The job threw, or its thread ended; the message and the cause say how.',
  },
  E_ACTOR_HUNG: {
    number: 1705,
    exit: 70,
    hint: 'The actor did not answer in its time. A thread with a native store is never terminated: it is left alone.',
  },

  E_POLICY: { number: 1801, exit: 64, hint: 'See `ltl policy help` for the grammar of policies.' },
  E_TRACE: {
    number: 1802,
    exit: 65,
    hint: 'A trace is `t_ms,bytes` per line with a header, sorted by t_ms; the message names the line.',
  },
  E_UNSTABLE: {
    number: 1803,
    exit: 64,
    hint: 'Work arrives faster than it can be served (rho >= 1); the queue would grow for ever.',
  },
  E_DIFFERS: {
    number: 1804,
    exit: 65,
    hint: 'The policy, its seed or the simulator is not the one of the run, or a thread was later than --tolerance allows.',
  },

  E_USAGE: { number: 1901, exit: 64, hint: 'See `ltl help`.' },
  E_INPUT: {
    number: 1902,
    exit: 65,
    hint: 'The input line is malformed; the lines before it are stored and acknowledged, nothing after it is.',
  },
  E_OUTPUT: { number: 1904, exit: 74, hint: 'What stdout leads to failed: a full disk, perhaps.' },
  E_NO_INPUT: { number: 1903, exit: 66, hint: 'The input file cannot be read.' },
} as const satisfies Record<string, ErrorWord>;

/** The stable name of an error. */
export type ErrorCode = keyof typeof ERRORS;

/** Every error thrown on purpose: `code` is stable, `hint` says what the caller can do, `cause` is what happened below. */
export class LtlError extends Error {
  readonly code: ErrorCode;
  readonly number: number;
  readonly hint: string;
  /** Plain data about the case: a path, seqs in doubt, the holder of a lock. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(`${code}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LtlError';
    this.code = code;
    this.number = ERRORS[code].number;
    this.hint = ERRORS[code].hint;
    this.details = options.details ?? {};
  }
}

/** True for an LtlError, with that code when one is given. */
export function isLtlError(error: unknown, code?: ErrorCode): error is LtlError {
  return error instanceof LtlError && (code === undefined || error.code === code);
}

/** What the system calls it, and what it is here. */
const SYSTEM_CODES: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'E_PERMISSION',
  EPERM: 'E_PERMISSION',
  EROFS: 'E_PERMISSION',
  ENOSPC: 'E_DISK_FULL',
  EDQUOT: 'E_DISK_FULL',
  EFBIG: 'E_DISK_FULL',
  ENOTDIR: 'E_CANNOT_CREATE',
  ENAMETOOLONG: 'E_CANNOT_CREATE',
  ELOOP: 'E_CANNOT_CREATE',
  EIO: 'E_IO',
  EISDIR: 'E_IO',
  EMFILE: 'E_IO',
  ENFILE: 'E_IO',
};

/** A system call that failed for a reason that has nothing to do with the program, by one of our names; every other error as it is. */
export function nameSystemError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof LtlError) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  const name = Object.hasOwn(SYSTEM_CODES, code) ? SYSTEM_CODES[code] : undefined;
  return name === undefined ? error : new LtlError(name, error.message, { cause: error });
}

/** The form in which an error crosses threads; `fromWireError` makes it whole again. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Any thrown thing as plain data; an unknown error becomes `fallback`. */
export function toWireError(error: unknown, fallback: ErrorCode = 'E_ACTOR_FAILED'): WireError {
  if (error instanceof LtlError)
    return { code: error.code, message: error.message.slice(error.code.length + 2), details: error.details };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: fallback, message, details: {} };
}

/** The LtlError that `toWireError` flattened. */
export function fromWireError(wire: WireError): LtlError {
  return new LtlError(wire.code, wire.message, { details: { ...wire.details } });
}
