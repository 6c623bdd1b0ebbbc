/**
 * The caller's end of the indexer: knows from its reports which indices there are and how far they are built, asks it for
 * candidates, and gives up on it in time. A query never depends on it.
 */
import { LIMITS } from '../words/limits.js';
import type { Condition } from './filter.js';
import type {
  CandidatesPage,
  CandidatesQuery,
  IndexerMessage,
  IndexerReply,
  IndexerReport,
  IndexSpec,
  IndexState,
} from './protocol.js';

/** How messages get to the indexer; rejects when it is down, ends meanwhile, or does not answer in time. */
export type AskIndexer = (build: (id: number) => IndexerMessage, timeoutMs: number) => Promise<IndexerReply>;

export class IndexClient {
  readonly #ask: AskIndexer;
  #states: readonly IndexState[] = [];
  /** True after an unanswered question, until the indexer is heard of again. */
  #silent = false;
  /** How often the catalog had to be built anew, and the last reason. */
  rebuilds = 0;
  lastRebuild: string | null = null;

  constructor(ask: AskIndexer) {
    this.#ask = ask;
  }

  /** The indices and how far they are built. */
  get states(): readonly IndexState[] {
    return this.#states;
  }
  /** True while the indexer owes an answer that is overdue. */
  get silent(): boolean {
    return this.#silent;
  }

  /** Takes a report of the indexer's; its replies go to whoever asked. */
  receive(report: IndexerReport): void {
    this.#silent = false;
    if (report.kind === 'progress') this.#states = report.indices;
    else if (report.kind === 'rebuilt') {
      this.rebuilds += 1;
      this.lastRebuild = report.why;
    }
  }

  /** Resolves when the indices are declared; they are built after that. */
  async declare(indices: readonly IndexSpec[]): Promise<void> {
    await this.#ask((id) => ({ kind: 'declare', id, indices }), LIMITS.startMsMax);
  }

  async drop(indices: readonly IndexSpec[]): Promise<void> {
    await this.#ask((id) => ({ kind: 'drop', id, indices }), LIMITS.startMsMax);
  }

  /** Resolves when all below `toSeq` is indexed: not while napping. */
  async catchUp(toSeq: number): Promise<void> {
    await this.#ask((id) => ({ kind: 'catchUp', id, toSeq }), Number.MAX_SAFE_INTEGER);
  }

  /** The same, at the indexer's own pace. */
  async settle(toSeq: number): Promise<void> {
    await this.#ask((id) => ({ kind: 'settle', id, toSeq }), Number.MAX_SAFE_INTEGER);
  }

  /** Resolves when the indexer has closed or opened its gate. */
  async gate(open: boolean): Promise<void> {
    await this.#ask((id) => ({ kind: 'gate', id, open }), LIMITS.startMsMax);
  }

  /** The seq up to which some index covers one of the conditions; 0 for none. */
  covered(conditions: readonly Condition[]): number {
    if (this.#silent) return 0;
    let covered = 0;
    for (const { kind, field, watermark } of this.#states)
      if (watermark > covered && conditions.some((one) => one.kind === kind && one.field === field))
        covered = watermark;
    return covered;
  }

  /** A page of candidates, or null when the caller had better read the log. */
  async candidates(query: CandidatesQuery): Promise<CandidatesPage | null> {
    try {
      const reply = await this.#ask((id) => ({ kind: 'candidates', id, query }), LIMITS.indexReplyMsMax);
      this.#silent = false;
      return reply.page ?? null;
    } catch {
      // Down, overdue or failed: the supervisor deals with it, and the log has the answer too.
      this.#silent = true;
      return null;
    }
  }
}
