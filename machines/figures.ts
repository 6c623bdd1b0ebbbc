/**
 * The integers behind the lock machines, as small maps: what a guard asks of them and what an integer op does to them. The
 * machines only name these; XState runs them as `assign`, the table's engines as additions, a word in shared memory as one
 * addition to the whole word. Nothing here imports XState, so the engines can use it too.
 */

/** The integers of one lock; a machine uses those it needs. */
export interface Figures {
  /** Permits that nobody holds: semaphore. */
  readonly available: number;
  /** Holders in soft (shared) mode: lock. */
  readonly readers: number;
  /** Waiters in the queue. */
  readonly waiting: number;
}

export type Figure = keyof Figures;

/** What a request brings along: its weight, 1 unless it is a weighted one. For HAND it is the weight of the queue's head. */
export type LockGuard = 'blocked' | 'last' | 'idle' | 'lastReader' | 'othersRead';

/** Guards, asked before the step. */
export const GUARDS: { readonly [G in LockGuard]: (figures: Figures, weight: number) => boolean } = {
  /** The permits do not suffice for this request. */
  blocked: (figures, weight) => weight > figures.available,
  /** It is the only waiter. */
  last: (figures) => figures.waiting === 1,
  /** Nobody waits in the queue. */
  idle: (figures) => figures.waiting === 0,
  /** It is the only reader. */
  lastReader: (figures) => figures.readers === 1,
  /** Besides the upgrader and the one that leaves, somebody reads. */
  othersRead: (figures) => figures.readers > 2,
};

/** An integer op: which figure changes, by how much, and whether that counts once or once per unit of weight. */
export interface IntegerOp {
  readonly figure: Figure;
  readonly by: 1 | -1;
  readonly weighted: boolean;
}

export type LockOp = 'take' | 'put' | 'join' | 'quit' | 'park' | 'unpark';

export const OPS: { readonly [O in LockOp]: IntegerOp } = {
  take: { figure: 'available', by: -1, weighted: true },
  put: { figure: 'available', by: 1, weighted: true },
  join: { figure: 'readers', by: 1, weighted: false },
  quit: { figure: 'readers', by: -1, weighted: false },
  park: { figure: 'waiting', by: 1, weighted: false },
  unpark: { figure: 'waiting', by: -1, weighted: false },
};

/** What the engine does after the ops, in this order when several are named: never two of the first four at once. */
export type LockEffect =
  /** The caller has it now. */
  | 'grant'
  /** The caller waits: its waiter goes to the tail of the queue (the op of that name counted it). */
  | 'refuse'
  /** The head of the queue has it now and leaves the queue. */
  | 'grantHead'
  /** The upgrader has it now. */
  | 'grantUpgrade'
  /** The caller waits for the other readers to leave. */
  | 'parkUpgrade'
  /** Somebody upgrades already. */
  | 'refuseUpgrade'
  /** Offer the lock to the head of the queue: send HAND. */
  | 'hand';
