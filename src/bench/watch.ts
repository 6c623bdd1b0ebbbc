/** What a run looks like while it runs: samples of memory, CPU and backlog for the report, progress for whoever waits. */
import { collectGarbage } from './collect.js';
import { type Kept, type RunJob, type RunProgress, type Sample, SOAK_MS_MIN } from './job.js';
import { COUNTERS, sharedMs } from './produce.js';
import { bytesWritten, cpuSeconds, diskIsLow, memory } from './sample.js';

const PROGRESS_MS = 200;
/** When a soak looks at what memory stays, in shares of its time: seldom, since a collection stops a thread for some 10 ms. */
const KEPT_AT = [0.25, 0.5, 0.75, 0.99];

/** Looks at the process once a window, and tells the parent how far it is. */
export class Watch {
  readonly #job: RunJob;
  readonly #tell: (message: RunProgress) => void;
  readonly #stop: () => void;
  readonly #counters: Float64Array;
  readonly #startShared: number;
  readonly #timers: NodeJS.Timeout[] = [];
  #cpuBefore = cpuSeconds();
  #writtenBefore = bytesWritten();
  #told = { acknowledged: 0, atMs: 0 };
  readonly samples: Sample[] = [];
  readonly kept: Kept[] = [];
  cpuSeconds = 0;
  bytesWritten: number | null = null;
  diskLow = false;

  constructor(
    job: RunJob,
    counters: Float64Array,
    startShared: number,
    tell: (message: RunProgress) => void,
    stop: () => void,
  ) {
    this.#job = job;
    this.#tell = tell;
    this.#stop = stop;
    this.#counters = counters;
    this.#startShared = startShared;
    const { warmUpMs, windowMs, forMs } = job.load;
    const untilMs = (ms: number): number => Math.max(0, startShared + ms - sharedMs());
    this.#timers.push(
      setInterval(() => this.#progress(), PROGRESS_MS),
      setTimeout(() => {
        this.#cpuBefore = cpuSeconds();
        this.#writtenBefore = bytesWritten();
        this.#sample();
        this.#timers.push(setInterval(() => this.#sample(), Math.max(100, windowMs)));
      }, untilMs(warmUpMs)),
      ...(forMs < SOAK_MS_MIN ? [] : KEPT_AT).map((share) =>
        setTimeout(() => void this.#keep(), untilMs(warmUpMs + share * forMs)),
      ),
      // The load is over then; what is still under way belongs to it, and its CPU with it.
      setTimeout(() => this.#sample(), untilMs(warmUpMs + forMs)),
    );
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.cpuSeconds = cpuSeconds() - this.#cpuBefore;
    const written = bytesWritten();
    if (written !== null && this.#writtenBefore !== null) this.bytesWritten = written - this.#writtenBefore;
  }

  tell(step: RunProgress['step'], share: number | null): void {
    let acknowledged = 0;
    let waiting = 0;
    for (let at = 0; at < this.#counters.length; at += COUNTERS) {
      acknowledged += this.#counters[at] ?? 0;
      waiting += this.#counters[at + 1] ?? 0;
    }
    const atMs = sharedMs() - this.#startShared;
    const perSecond = (1000 * (acknowledged - this.#told.acknowledged)) / Math.max(1, atMs - this.#told.atMs);
    this.#told = { acknowledged, atMs };
    this.#tell({ kind: 'progress', step, share, acknowledged, perSecond, waiting });
  }

  #progress(): void {
    const { warmUpMs, forMs } = this.#job.load;
    const atMs = sharedMs() - this.#startShared - warmUpMs;
    this.tell(atMs < 0 ? 'warm-up' : 'run', atMs < 0 ? null : Math.min(1, atMs / forMs));
  }

  async #keep(): Promise<void> {
    await collectGarbage();
    const { ownBytes, rssBytes } = memory();
    this.kept.push({ atMs: this.#atMs(), bytes: ownBytes ?? rssBytes });
  }

  #atMs(): number {
    return sharedMs() - this.#startShared - this.#job.load.warmUpMs;
  }

  #sample(): void {
    let waiting = 0;
    let lateMs = 0;
    for (let at = 0; at < this.#counters.length; at += COUNTERS) {
      waiting += this.#counters[at + 1] ?? 0;
      lateMs = Math.max(lateMs, this.#counters[at + 2] ?? 0);
    }
    const atMs = this.#atMs();
    this.samples.push({ atMs, ...memory(), cpuSeconds: cpuSeconds() - this.#cpuBefore, waiting, lateMs });
    if (diskIsLow(this.#job.folder)) {
      this.diskLow = true;
      this.#stop();
    }
  }
}
