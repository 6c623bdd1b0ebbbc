/**
 * What a live run is measured by: visibility delays, backlog, catch-up, sleeps and wake-ups, as a simulation predicts them.
 * Records are kept by turn, not one by one; beyond a number of turns that wait, later ones are counted with the turn before
 * them, so that memory stays and delays come out too long rather than too short.
 */
import { AWAKE } from '../policy/contract.js';
import { Delays } from '../policy/delays.js';
import { type RunFigures, visibilityOf } from '../policy/prediction.js';
import type { Transition } from '../policy/tally.js';

/** Turns that may wait for their records to become visible. */
const TURNS_MAX = 1 << 16;

interface Turn {
  readonly atMs: number;
  records: number;
  bytes: number;
}

/** Totals of the process and its writer, from which a run's own are counted. */
export interface Totals {
  readonly fsyncs: number;
  readonly cpuMs: number;
}

export class PolicyActual {
  readonly #from: Totals;
  readonly #totals: () => Totals;
  /** Those from `#first` on wait. */
  #turns: Turn[] = [];
  #first = 0;
  #waiting = 0;
  #waitingBytes = 0;
  records = 0;
  bytes = 0;
  refusals = 0;
  #sleeps = 0;
  #wakes = 0;
  #passes = 0;
  #backlogMax = 0;
  #backlogBytesMax = 0;
  #catchUpMaxMs = 0;
  #wokeMs = Number.NaN;
  readonly #visibility = new Delays(0);
  /** How late timers fired, and how long it took to fall asleep or wake, in ms. */
  timers = 0;
  lateMsMax = 0;
  tookMsMax = 0;
  readonly reasons: Map<string, number> = new Map();

  constructor(totals: () => Totals) {
    this.#totals = totals;
    this.#from = totals();
  }

  arrived(atMs: number, records: number, bytes: number): void {
    this.records += records;
    this.bytes += bytes;
    this.#waiting += records;
    this.#waitingBytes += bytes;
    if (this.#waiting > this.#backlogMax) this.#backlogMax = this.#waiting;
    if (this.#waitingBytes > this.#backlogBytesMax) this.#backlogBytesMax = this.#waitingBytes;
    const last = this.#turns.at(-1);
    if (last === undefined || this.#turns.length - this.#first < TURNS_MAX) this.#turns.push({ atMs, records, bytes });
    else {
      last.records += records;
      last.bytes += bytes;
    }
  }

  /** All but the last `left` records are visible. */
  visible(atMs: number, left: number): void {
    for (;;) {
      const turn = this.#turns[this.#first];
      if (turn === undefined || this.#waiting - turn.records < left) break;
      this.#visibility.addMany(atMs - turn.atMs, turn.records);
      this.#waiting -= turn.records;
      this.#waitingBytes -= turn.bytes;
      this.#first += 1;
    }
    if (this.#first * 2 < this.#turns.length) return;
    this.#turns = this.#turns.slice(this.#first);
    this.#first = 0;
  }

  drained(atMs: number): void {
    this.visible(atMs, 0);
    this.#passes += 1;
    if (atMs - this.#wokeMs > this.#catchUpMaxMs) this.#catchUpMaxMs = atMs - this.#wokeMs;
    this.#wokeMs = Number.NaN;
  }

  fired(lateMs: number): void {
    this.timers += 1;
    if (lateMs > this.lateMsMax) this.lateMsMax = lateMs;
  }

  changed({ atMs, from, to, reason }: Transition): void {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
    if (to === AWAKE) {
      this.#wakes += 1;
      this.#wokeMs = atMs;
    } else if (from === AWAKE) this.#sleeps += 1;
  }

  figures(): RunFigures {
    const { fsyncs, cpuMs } = this.#totals();
    return {
      records: this.records,
      ...visibilityOf(this.#visibility),
      backlogMax: this.#backlogMax,
      backlogBytesMax: this.#backlogBytesMax,
      catchUpMaxMs: this.#catchUpMaxMs,
      fsyncs: fsyncs - this.#from.fsyncs,
      sleeps: this.#sleeps,
      wakes: this.#wakes,
      passes: this.#passes,
      refusals: this.refusals,
      cpuMs: cpuMs - this.#from.cpuMs,
    };
  }
}
