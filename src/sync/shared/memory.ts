/**
 * The shared memory of one lock, and the only operations on it. The code above runs on this port, so that a scheduler can
 * put its own memory below and explore interleavings.
 *
 *     cells, 32 bits each                                        a row is a cache line
 *     [ WORD DIED TOKEN TOKEN TICKET(64) | ............... ]     the machine (word.ts); did a holder die; fencing tokens
 *     [ KIND PERMITS FREEZER UPGRADER | .................. ]     what it is; who repairs; who upgrades, seats plus 1
 *     [ THREAD RECORD UPGRADE ............................ ]     seat 0: thread id + 1, negative when dead; what it holds;
 *                                                                its wait for an upgrade, as a slot
 *     [ ...                                                ]     seats 1 to SEATS - 1
 *     [ SLOT 0 | SLOT 16 | ...                             ]     the ring of waiters: slot (head + i) is the i-th in the queue;
 *     [ SLOT 1 | SLOT 17 | ...                             ]     neighbours are in different lines, for two threads look at them
 *
 *     RECORD  [ mark: in the middle of a step ][ holds hard ][ permits or soft leases held ]
 *     SLOT    [ early ][ asleep ][ weight ][ soft ][ seat ][ 0 empty, 1 waiting, 2 granted, 3 abandoned ]
 */

/** Threads that can use one lock at a time. */
export const SEATS = 32;
/** Waiters of one lock at a time, all threads together, less one. */
export const RING = 256;

const LINE = 16;
export const WORD = 0;
export const KIND = LINE;
export const PERMITS = LINE + 1;
/** Seat of the thread that repairs, plus 1. */
export const FREEZER = LINE + 2;
/** Seat of the thread that wants its soft lease to become hard, plus 1. */
export const UPGRADER = LINE + 3;
/** 1 from the death of a holder until the next grant has been told. */
export const DIED = 1;
/** How many leases of a mutex are over: written by its holder, in the line that it needs to give it back. See `#late`. */
export const TOKEN = 2;
/** A counter for kinds that have several holders at once; 64-bit index. */
const TICKET = 2;
const HALF = 2 ** 30;
const SEAT_ZERO = 2 * LINE;
const SLOT_ZERO = SEAT_ZERO + SEATS * LINE;
export const CELLS = SLOT_ZERO + RING;

export const threadCell = (seat: number): number => SEAT_ZERO + seat * LINE;
export const recordCell = (seat: number): number => SEAT_ZERO + seat * LINE + 1;
export const upgradeCell = (seat: number): number => SEAT_ZERO + seat * LINE + 2;
export const slotCell = (position: number): number => SLOT_ZERO + (position & 15) * LINE + ((position >> 4) & 15);

/** What the lock code may do to shared memory. */
export interface Memory {
  load(cell: number): number;
  store(cell: number, value: number): void;
  /** A plain store: seen by whoever sees a later atomic operation of this thread. */
  put(cell: number, value: number): void;
  /** A plain look at what only this thread writes, or what an atomic operation before it has ordered. */
  peek(cell: number): number;
  /**
   * The step that everything here is made of, in one call because it is made twice for each lease: puts the mark to this
   * thread's record, exchanges the word, and puts the record without the mark, plus `share` if it exchanged. Answers what was found.
   */
  step(record: number, mark: number, from: number, to: number, share: number): number;
  /** Compare-exchange; answers what was found, which is `from` when it exchanged. */
  exchange(cell: number, from: number, to: number): number;
  /** The same; true when it exchanged. */
  swap(cell: number, from: number, to: number): boolean;
  notify(cell: number): void;
  /** Blocks this thread while the cell has this value, until notified; Infinity waits for ever. */
  wait(cell: number, value: number, timeoutMs: number): void;
  /** Resolves when the cell has another value or was notified; undefined when it has another value already. */
  waitAsync(cell: number, value: number): Promise<unknown> | undefined;
  /** The next token, where there may be other holders. */
  token(): number;
  /** The token of the one holder, which the caller is. */
  tokenAlone(): number;
  /** The same, for the last time: the next holder's is another one. */
  spendToken(): number;
}

/** Real shared memory. */
export class SharedMemory implements Memory {
  readonly buffer: SharedArrayBuffer;
  private readonly cells: Int32Array;
  private readonly longs: BigInt64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(CELLS * 4)) {
    this.buffer = buffer;
    this.cells = new Int32Array(buffer);
    this.longs = new BigInt64Array(buffer);
  }

  load(cell: number): number {
    return Atomics.load(this.cells, cell);
  }

  store(cell: number, value: number): void {
    Atomics.store(this.cells, cell, value);
  }

  put(cell: number, value: number): void {
    this.cells[cell] = value;
  }

  step(record: number, mark: number, from: number, to: number, share: number): number {
    const { cells } = this;
    const held = cells[record] as number;
    cells[record] = held | mark;
    const found = Atomics.compareExchange(cells, WORD, from, to);
    cells[record] = found === from ? held + share : held;
    return found;
  }

  peek(cell: number): number {
    return this.cells[cell] as number;
  }

  exchange(cell: number, from: number, to: number): number {
    return Atomics.compareExchange(this.cells, cell, from, to);
  }

  swap(cell: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.cells, cell, from, to) === from;
  }

  notify(cell: number): void {
    Atomics.notify(this.cells, cell);
  }

  wait(cell: number, value: number, timeoutMs: number): void {
    Atomics.wait(this.cells, cell, value, timeoutMs);
  }

  waitAsync(cell: number, value: number): Promise<unknown> | undefined {
    const waiting = Atomics.waitAsync(this.cells, cell, value);
    return waiting.async ? waiting.value : undefined;
  }

  token(): number {
    return Number(Atomics.add(this.longs, TICKET, 1n)) + 1;
  }

  // Nobody else is in here: the lock itself orders these plain accesses before the next holder's.

  tokenAlone(): number {
    const token = (this.cells[TOKEN] as number) + 1;
    return token < HALF ? token : this.#late(false);
  }

  spendToken(): number {
    const token = (this.cells[TOKEN] as number) + 1;
    if (token >= HALF) return this.#late(true);
    this.cells[TOKEN] = token;
    return token;
  }

  /**
   * The token where one cell is not enough: it then holds HALF and the low half of the count, the next one the high half.
   * That is written first: a thread that dies in between leaves out tokens, and never gives one again.
   */
  #late(spend: boolean): number {
    const { cells } = this;
    const counted = cells[TOKEN] as number;
    const carries = counted === HALF - 1 || counted === 2 * HALF - 1;
    const high = (cells[TOKEN + 1] as number) + (carries ? 1 : 0);
    const low = carries ? 0 : counted - HALF + 1;
    if (spend) {
      cells[TOKEN + 1] = high;
      cells[TOKEN] = HALF + low;
    }
    return high * HALF + low;
  }
}
