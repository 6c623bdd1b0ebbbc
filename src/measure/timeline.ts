/**
 * What happened when: completions in windows of one width, each with how many, how many bytes, and how late. A recorder
 * lives in the thread that measures and hands each window on when it is over; a timeline merges windows of several threads.
 */
import { Histogram, type HistogramData } from './histogram.js';

/** One window of one thread, as plain data. */
export interface Window {
  /** Windows count from 0 at the start of the run. */
  readonly index: number;
  readonly count: number;
  readonly bytes: number;
  readonly latency: HistogramData;
}

/** One window of the whole run. */
export interface WindowFigures {
  readonly atMs: number;
  readonly count: number;
  readonly perSecond: number;
  readonly bytes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Records completions of one thread, in order of time. */
export class WindowRecorder {
  readonly #windowMs: number;
  readonly #onWindow: (window: Window) => void;
  readonly #latency = new Histogram();
  #index = 0;
  #endMs: number;
  #bytes = 0;

  /** @param startMs when window 0 began, by the clock that `record` is called with */
  constructor(startMs: number, windowMs: number, onWindow: (window: Window) => void) {
    this.#windowMs = windowMs;
    this.#onWindow = onWindow;
    this.#endMs = startMs + windowMs;
  }

  /** `count` operations of so many bytes in all were done at `nowMs`, each after `latencyMs`. */
  record(nowMs: number, latencyMs: number, bytes: number, count = 1): void {
    if (nowMs >= this.#endMs) this.roll(nowMs);
    this.#latency.record(latencyMs * 1e6, count);
    this.#bytes += bytes;
  }

  /** Hands on what there is, and goes on in the window that `nowMs` lies in. */
  roll(nowMs: number): void {
    const { count } = this.#latency;
    if (count > 0) {
      this.#onWindow({ index: this.#index, count, bytes: this.#bytes, latency: this.#latency.toData() });
      this.#latency.clear();
      this.#bytes = 0;
    }
    const passed = Math.max(0, Math.floor((nowMs - this.#endMs) / this.#windowMs) + 1);
    this.#index += passed;
    this.#endMs += passed * this.#windowMs;
  }
}

/** Windows of all threads together. */
export class Timeline {
  readonly windowMs: number;
  /** As they came, one list a window: a histogram made whole takes fifty times the memory of one that is handed over. */
  readonly #windows: Window[][] = [];
  readonly #total = new Histogram();
  #bytes = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  add(window: Window): void {
    while (this.#windows.length <= window.index) this.#windows.push([]);
    this.#windows[window.index]?.push(window);
    this.#total.merge(window.latency);
    this.#bytes += window.bytes;
  }

  /** All latencies of the run. */
  get latency(): Histogram {
    return this.#total;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** Every window in order; one in which nothing was done is there with a count of 0. */
  figures(): WindowFigures[] {
    const latency = new Histogram();
    return this.#windows.map((parts, index) => {
      latency.clear();
      for (const part of parts) latency.merge(part.latency);
      return {
        atMs: index * this.windowMs,
        count: latency.count,
        perSecond: (1000 * latency.count) / this.windowMs,
        bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
        p50Ms: latency.percentileNs(0.5) / 1e6,
        p99Ms: latency.percentileNs(0.99) / 1e6,
        maxMs: latency.maxNs / 1e6,
      };
    });
  }
}
