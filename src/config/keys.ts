/** The keys of the configuration: flat, with dots. Each has a type, a default, and what is taken for it. */
import os, { availableParallelism } from 'node:os';
import path from 'node:path';
import { LIMITS } from '../words/limits.js';

/** The keys of `open(config)`. */
export interface Config {
  /** Everything lies below this one folder. Default: the platform's data folder, `ltl` in it. */
  readonly 'force-all.path': string;
  /** 0: no index actor; queries scan. Default 1. */
  readonly 'can.index': 0 | 1;
  /**
   * How many cores the runtime may use, 1 to 1024. On one its own actors share one thread, from two on each has its own; more is
   * for the pool: the default of `threads`. Default: as many as this process may run on.
   */
  readonly cores: number;
  /** Threads of the job pool, which also verifies, and shared workers for your actors: at most so many each, 1 to 1024. Default: `cores`. */
  readonly threads: number;
  /** Size of a segment in bytes, 64 KiB to 1 GiB, a multiple of 4096. Recovery looks at one segment. Default 8 MiB. */
  readonly 'log.segment.bytes': number;
  /**
   * How segments that were written ahead are written: `buffered` (write, then fdatasync) or `direct` (past the page cache,
   * in whole pages: for groups of many records). Default buffered.
   */
  readonly 'log.write': 'buffered' | 'direct';
  /** How much one group (one write, one sync) takes at most, in bytes of frames, 16 KiB to 16 MiB. Default 512 KiB. */
  readonly 'queue.group.bytes': number;
  /** How far a ring that is not full is used before it begins again at its start, 64 KiB to 32 MiB: what the processor's cache should hold. Default 4 MiB. */
  readonly 'ring.hot.bytes': number;
  /**
   * How long a thread that waits for an acknowledgement looks for it in every turn of its event loop before it waits to be
   * woken, in microseconds, 0 to 10 000; only while acknowledgements come that quickly. Default 500; 0 on one core.
   */
  readonly 'append.poll.us': number;
  /**
   * How long the idle queue spins before it parks, in microseconds, 0 to 10 000: so long at most, and more than 40 only while
   * records come that quickly. Default 300.
   */
  readonly 'queue.spin.us': number;
  /** A blocked append takes the queue for dead after so many ms without a sign of life. Default 10 000. */
  readonly 'queue.stall.ms': number;
}

const PAGE_BYTES = 4096;

interface Key {
  /** What holds when nobody says; of the keys before it the values are known. */
  readonly fallback: (config: Partial<Config>) => string | number;
  readonly check: (value: unknown) => boolean;
  readonly wants: string;
}

const whole = (min: number, max: number): Pick<Key, 'check' | 'wants'> => ({
  check: (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  wants: `a whole number from ${min} to ${max}`,
});

/** Direct writing moves whole pages. */
const pages = (min: number, max: number): Pick<Key, 'check' | 'wants'> => ({
  check: (value) => whole(min, max).check(value) && (value as number) % PAGE_BYTES === 0,
  wants: `a multiple of ${PAGE_BYTES} from ${min} to ${max}`,
});

/** Every key, in the order in which they are resolved. */
export const KEYS: Readonly<Record<keyof Config, Key>> = {
  'force-all.path': {
    fallback: defaultPath,
    check: (value) => typeof value === 'string' && value !== '' && !value.includes('\0'),
    wants: 'a path',
  },
  'can.index': { fallback: () => 1, ...whole(0, 1) },
  cores: { fallback: () => Math.min(availableParallelism(), LIMITS.coresMax), ...whole(1, LIMITS.coresMax) },
  threads: { fallback: ({ cores = 1 }) => cores, ...whole(1, LIMITS.threadsMax) },
  'log.segment.bytes': { fallback: () => LIMITS.segmentBytes, ...pages(64 * 1024, 2 ** 30) },
  'log.write': {
    fallback: () => 'buffered',
    check: (value) => value === 'buffered' || value === 'direct',
    wants: 'buffered or direct',
  },
  'queue.group.bytes': { fallback: () => LIMITS.groupBytesMax, ...whole(16 * 1024, 16 * 1024 * 1024) },
  'ring.hot.bytes': { fallback: () => LIMITS.ringHotBytes, ...whole(64 * 1024, LIMITS.ringBytes) },
  'append.poll.us': { fallback: ({ cores }) => (cores === 1 ? 0 : 500), ...whole(0, 10_000) },
  'queue.spin.us': { fallback: () => 300, ...whole(0, 10_000) },
  'queue.stall.ms': { fallback: () => LIMITS.writerStallMsMax, ...whole(10, 3_600_000) },
};

/** Where data goes when nobody says: the platform's habit. */
function defaultPath(): string {
  if (process.platform === 'win32')
    return path.join(process.env['LOCALAPPDATA'] ?? path.join(os.homedir(), 'AppData', 'Local'), 'ltl');
  if (process.platform === 'darwin') return path.join(os.homedir(), 'Library', 'Application Support', 'ltl');
  if (process.env['XDG_DATA_HOME'] !== undefined && process.env['XDG_DATA_HOME'] !== '')
    return path.join(process.env['XDG_DATA_HOME'], 'ltl');
  return process.getuid?.() === 0 ? '/var/lib/ltl' : path.join(os.homedir(), '.local', 'share', 'ltl');
}
