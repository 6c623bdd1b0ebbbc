/**
 * The word that a shared lock lives in, and one step of its machine on it. The state and all figures are in 32 bits, so a
 * step is a look-up in the same table as in one thread, one addition, and one compare-exchange:
 *
 *     31      22 21      14 13        4  3       2    0
 *     [  head  ][ waiting ][  count   ][frozen][ state ]      head is on top, so that it wraps by falling off
 *
 * count is `available` of a semaphore and `readers` of a lock. frozen is no state of the machine: while a thread repairs
 * the lock after a death, no step of anybody else can succeed.
 *
 * A value of the word can come again only after 1024 waiters have passed the head: a thread that reads the word, the slot
 * at its head, and then is stopped while exactly that happens could grant to the wrong weight. It is the ring's limit.
 */
import { type Figures, GUARDS } from '../../../machines/figures.js';
import { AVAILABLE_SHIFT, GRANT_HEAD, type Micro, READERS_SHIFT, WAITING_SHIFT } from '../micro.js';

const STATE_MASK = 7;
export const FROZEN = 8;
const COUNT_SHIFT = 4;
const WAITING_FIELD = 14;
const HEAD_FIELD = 22;
/** Most permits that fit. */
export const PERMITS_MAX = 1023;

export const headOf = (word: number): number => word >>> HEAD_FIELD;
export const waitingOf = (word: number): number => (word >> WAITING_FIELD) & 0xff;
export const countOf = (word: number): number => (word >> COUNT_SHIFT) & 0x3ff;

const grantsHead = (code: number): boolean => code >= 0 && (code & GRANT_HEAD) !== 0;

/** One machine's steps on words. */
export class WordEngine {
  readonly micro: Micro;
  private readonly codes: Int32Array;
  /** What a cell adds to the word for one unit of weight, and for each further unit. */
  private readonly delta: Int32Array;
  private readonly further: Int32Array;
  /** 1 in the states in which the head of the queue may be granted or taken out. */
  private readonly handing: Uint8Array;
  /** 1 where the answer of a guard matters, by the first cell of state and event. */
  private readonly guarded: Uint8Array;
  private readonly width: number;
  private readonly countIs: 'available' | 'readers';
  private readonly last: number;
  private readonly idle: number;
  private readonly blocked: number;
  private readonly lastReader: number;
  private readonly othersRead: number;

  /** Events that are not answered through the queue leave its head where it is; `leave` and every grant to the head move it. */
  constructor(micro: Micro, countIs: 'available' | 'readers', leave: number) {
    this.micro = micro;
    this.codes = micro.code;
    this.guarded = Uint8Array.from(micro.code, (_, cell) => (micro.guardsMatter(cell) ? 1 : 0));
    this.countIs = countIs;
    this.width = micro.width;
    this.last = micro.guard('last');
    this.idle = micro.guard('idle');
    this.blocked = micro.guard('blocked');
    this.lastReader = micro.guard('lastReader');
    this.othersRead = micro.guard('othersRead');
    this.handing = Uint8Array.from({ length: micro.code.length / this.width }, (_, state) =>
      micro.code.subarray(state * this.width, (state + 1) * this.width).some(grantsHead) ? 1 : 0,
    );
    this.further = micro.code.map((code) => (((code >> AVAILABLE_SHIFT) & 3) - 1) << COUNT_SHIFT);
    this.delta = micro.code.map((code, cell) => {
      const inRow = cell % this.width;
      const moves = (code & GRANT_HEAD) !== 0 || (inRow >= leave && inRow < leave + micro.valuations);
      const state = (code & 0xfff) / this.width - Math.floor(cell / this.width);
      const count = countIs === 'available' ? ((code >> AVAILABLE_SHIFT) & 3) - 1 : ((code >> READERS_SHIFT) & 7) - 2;
      const waiting = ((code >> WAITING_SHIFT) & 3) - 1;
      return state + (count << COUNT_SHIFT) + (waiting << WAITING_FIELD) + ((moves ? 1 : 0) << HEAD_FIELD);
    });
  }

  /** A word in the machine's initial state. */
  initial(available: number): number {
    return this.micro.initial / this.width + ((this.countIs === 'available' ? available : 0) << COUNT_SHIFT);
  }

  /** The cell for an event in this word. */
  cell(word: number, event: number, weight: number): number {
    const cell = (word & STATE_MASK) * this.width + event;
    return this.guarded[cell] === 0 ? cell : cell + this.valuation(word, weight);
  }

  /** What is to be done in that cell; -1 where the machine ignores the event. */
  code(cell: number): number {
    return this.codes[cell] as number;
  }

  /** Can anything happen to the head of the queue in this word without another event? */
  hands(word: number): boolean {
    return this.handing[word & STATE_MASK] !== 0;
  }

  /** The word after that cell's step. */
  next(word: number, cell: number, weight: number): number {
    return (word + (this.delta[cell] as number) + (weight - 1) * (this.further[cell] as number)) | 0;
  }

  /** The machine's state and figures in a word, for people and tests. */
  read(word: number): Figures & { readonly state: string } {
    const count = countOf(word);
    return {
      state: this.micro.stateOf((word & STATE_MASK) * this.width),
      available: this.countIs === 'available' ? count : 1,
      readers: this.countIs === 'readers' ? count : 0,
      waiting: waitingOf(word),
    };
  }

  private valuation(word: number, weight: number): number {
    let bits = 0;
    const figures = scratch;
    figures.waiting = waitingOf(word);
    if (GUARDS.last(figures, weight)) bits = this.last;
    if (this.countIs === 'available') {
      figures.available = countOf(word);
      return this.blocked !== 0 && GUARDS.blocked(figures, weight) ? bits | this.blocked : bits;
    }
    figures.readers = countOf(word);
    if (GUARDS.idle(figures, weight)) bits |= this.idle;
    if (GUARDS.lastReader(figures, weight)) bits |= this.lastReader;
    return GUARDS.othersRead(figures, weight) ? bits | this.othersRead : bits;
  }
}

/** Figures taken out of a word for the guards to look at; nobody keeps them. */
const scratch = { available: 0, readers: 0, waiting: 0 };
