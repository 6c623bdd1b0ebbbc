/**
 * The flags: booleans that every thread can read without a message, one bit each in one shared word. Each is derived from
 * the states of the machines, here and nowhere else.
 */

/** Flag names; a flag's bit is its index. The order is part of the shared word's meaning. */
export const FLAG_NAMES = [
  'open',
  'write',
  'ready',
  'fatal',
  'error',
  'sleeping',
  'integrity',
  'blocking',
  'setup',
  'slowdown',
  'new',
  'waiting',
  'pending',
] as const;

export type FlagName = (typeof FLAG_NAMES)[number];

/** What the flags are derived from. */
export interface FlagSources {
  /** State paths of the phase, sleep, integrity and mode machines. */
  readonly phase: string;
  readonly sleep: string;
  readonly integrity: string;
  readonly mode: string;
  /** The writer refuses for good, or for want of space. */
  readonly poisoned: boolean;
  readonly diskFull: boolean;
  /** This run made the store. */
  readonly isNew: boolean;
  /** Records wait in the caller's memory because the ring is full. */
  readonly spilling: boolean;
  /** Records are accepted and not acknowledged. */
  readonly unacknowledged: boolean;
}

const RULES: Readonly<Record<FlagName, (from: FlagSources) => boolean>> = {
  open: ({ phase }) => phase !== 'closed' && phase !== 'failed',
  write: (from) =>
    from.phase === 'run' && !from.poisoned && from.sleep.includes('writes.open') && !from.sleep.includes('depth.deep'),
  ready: ({ phase }) => phase === 'run',
  fatal: ({ phase, poisoned }) => phase === 'failed' || poisoned,
  error: ({ diskFull, poisoned, integrity }) => diskFull || poisoned || integrity === 'damaged',
  sleeping: ({ sleep }) => sleep !== 'depth.awake+reads.open+writes.open',
  integrity: ({ integrity }) => integrity === 'checking',
  blocking: ({ mode }) => mode === 'block',
  setup: ({ phase }) => phase === 'run' || phase.startsWith('exit'),
  slowdown: ({ mode }) => mode === 'slowdown',
  new: ({ isNew }) => isNew,
  waiting: ({ spilling }) => spilling,
  pending: ({ unacknowledged }) => unacknowledged,
};

/** The shared word: one bit a flag. */
export function flagBits(from: FlagSources): number {
  return FLAG_NAMES.reduce((bits, name, index) => (RULES[name](from) ? bits | (1 << index) : bits), 0);
}

/** The bit of the one flag that changes at every turn. */
export const PENDING_BIT: number = 1 << FLAG_NAMES.indexOf('pending');

/** The flags of a shared word by name. */
export function flagsOf(bits: number): Record<FlagName, boolean> {
  return Object.fromEntries(FLAG_NAMES.map((name, index) => [name, (bits & (1 << index)) !== 0])) as Record<
    FlagName,
    boolean
  >;
}
