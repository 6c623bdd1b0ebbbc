/** What a simulation counts: delays, backlog, sleeps and wake-ups with their reasons, and the number in the system over time. */
import { AWAKE, type Decision } from './contract.js';
import { Delays } from './delays.js';

/** A change of state as the policy decided it; state 0 is awake. */
export interface Transition {
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

export class Tally {
  records = 0;
  bytes = 0;
  refusals = 0;
  sleeps = 0;
  wakes = 0;
  wakesFull = 0;
  backlogMax = 0;
  backlogBytesMax = 0;
  busyMs = 0;
  catchUpMsMax = 0;
  waitingAtEnd = 0;
  /** When counting began. */
  sinceMs = 0;
  firstMs = 0;
  lastMs = 0;
  endMs = 0;
  /** Time from arrival to departure, summed. */
  sojournMsSum = 0;
  departures = 0;
  /** Times that the system ran out of work, or found none when it woke. */
  drains = 0;
  /** Times that work which had come was taken up. */
  passes = 0;
  /** Each record's time from its arrival until the end of the pass that it was handled in, as a histogram; null where nobody asked for it. */
  readonly visibility: Delays | null;
  /** When those arrived that have departed since the last pass ended. */
  #departed: number[] = [];
  /** Times at which the system ran empty after work: cycles lie between them. */
  emptyFirstMs: number = Number.NaN;
  emptyLastMs: number = Number.NaN;
  cycles = 0;
  /** Integral of the number in the system over time, up to the last change. */
  populationMs = 0;
  readonly delays: Delays = new Delays();
  /** Changes of state by reason. */
  readonly reasons: Map<string, number> = new Map();
  readonly transitions: Transition[] = [];
  readonly #transitionsMax: number;
  #populationToMs = 0;
  #sleptMs = 0;

  constructor(transitionsMax: number, keepsVisibility = false) {
    this.#transitionsMax = transitionsMax;
    this.visibility = keepsVisibility ? new Delays(0) : null;
  }

  arrived(atMs: number, bytes: number, count: number): void {
    if (this.records === 0) this.firstMs = atMs;
    this.records += count;
    this.lastMs = atMs;
    this.bytes += bytes;
  }

  waiting(count: number, bytes: number): void {
    if (count > this.backlogMax) this.backlogMax = count;
    if (bytes > this.backlogBytesMax) this.backlogBytesMax = bytes;
  }

  /** The number in the system is about to change from `before`. */
  population(atMs: number, before: number): void {
    this.populationMs += before * (atMs - this.#populationToMs);
    this.#populationToMs = atMs;
  }

  /** A record's service begins. */
  served(delayMs: number, serviceMs: number): void {
    this.delays.add(delayMs);
    this.busyMs += serviceMs;
  }

  departed(atMs: number, arrivedMs: number): void {
    this.sojournMsSum += atMs - arrivedMs;
    this.departures++;
    if (this.visibility !== null) this.#departed.push(arrivedMs);
  }

  /** The system has nothing left to do, or found nothing when it woke. */
  drained(atMs: number): void {
    this.drains++;
    this.passEnded(atMs);
  }

  /** All that was taken up together is done. */
  passEnded(atMs: number): void {
    if (this.visibility === null) return;
    for (const arrivedMs of this.#departed) this.visibility.add(atMs - arrivedMs);
    this.#departed = [];
  }

  /** The system ran empty after work, which a wake-up at `wokeMs` had begun (NaN: it was awake). */
  emptied(atMs: number, wokeMs: number): void {
    if (Number.isNaN(this.emptyFirstMs)) this.emptyFirstMs = atMs;
    else this.cycles++;
    this.emptyLastMs = atMs;
    if (atMs - wokeMs > this.catchUpMsMax) this.catchUpMsMax = atMs - wokeMs;
  }

  slept(atMs: number, from: number, decision: Decision<unknown>): void {
    if (from === AWAKE) {
      this.sleeps++;
      this.#sleptMs = atMs;
    }
    this.#changed(atMs, from, decision.state, decision.reason);
  }

  woke(atMs: number, from: number, reason: string): void {
    this.wakes++;
    if (reason === 'full') this.wakesFull++;
    this.#changed(atMs, from, AWAKE, reason);
  }

  /** The end. A sleep that begins as the last work ends is after the last record and does not count. */
  close(endMs: number, asleep: boolean, waiting: number): void {
    this.endMs = endMs;
    this.waitingAtEnd = waiting;
    if (asleep && waiting === 0 && this.#sleptMs >= this.lastMs) this.sleeps--;
  }

  /** A tally of the time from now on, in the middle of a run. */
  restarted(nowMs: number): Tally {
    const next = new Tally(this.#transitionsMax, this.visibility !== null);
    next.sinceMs = nowMs;
    next.#populationToMs = nowMs;
    next.#sleptMs = this.#sleptMs;
    return next;
  }

  #changed(atMs: number, from: number, to: number, reason: string): void {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
    if (this.transitions.length < this.#transitionsMax) this.transitions.push({ atMs, from, to, reason });
  }
}
