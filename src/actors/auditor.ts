/**
 * The auditor actor: looks after the log's integrity behind the queue's back. It keeps spare segments written ahead,
 * verifies what was written by reading it again, and keeps a checkpoint of how far it has got, from which the next life
 * goes on. It is lazy on purpose: woken by the queue's progress, it works in short steps with rests between, so that it
 * takes little from the appends; with nothing to do it sleeps without timers.
 *
 * In NAP its gate is closed: no auditing; spares are still made, because they make queueing to disk cheap.
 */
import { setTimeout as rest } from 'node:timers/promises';
import { Audit } from '../log/audit.js';
import { storePaths } from '../log/folder.js';
import { listSpares, makeSpare, removeHalfSpares } from '../log/spare.js';
import { lowerThreadPriority } from '../ports/priority.js';
import { Board, WORD } from '../wire/board.js';
import type { AuditorInput, AuditorMessage, AuditorReport } from '../wire/protocol.js';
import { LIMITS } from '../words/limits.js';
import { fail } from './fail.js';
import type { ActorContext, ActorModule } from './host.js';
import { Pokes } from './pokes.js';

class Auditor {
  readonly #context: ActorContext<AuditorInput, AuditorMessage, AuditorReport>;
  readonly #board: Board;
  readonly #audit: Audit;
  readonly #paths: ReturnType<typeof storePaths>;
  #spares: number = LIMITS.spareSegments;
  #gateOpen: boolean;
  #stopping = false;
  /** No spare could be made: it is not tried again before the log goes on in another segment. */
  #noRoomAt = -1;
  /** Spares may be made now: nothing was appended for a moment, or they are needed at once. */
  #mayMake: boolean;
  readonly #pokes = new Pokes();
  #waiters: { id: number; toSeq: number }[] = [];
  /** Who wants to know, and waits as long as it takes. */
  #patient: { readonly id: number; readonly toSeq: number }[] = [];

  constructor(context: ActorContext<AuditorInput, AuditorMessage, AuditorReport>) {
    const { root, board, gateOpen } = context.input;
    this.#context = context;
    this.#board = new Board(board);
    this.#paths = storePaths(root);
    this.#gateOpen = gateOpen;
    this.#mayMake = this.#alwaysMakes;
    this.#audit = new Audit(this.#paths);
    removeHalfSpares(this.#paths);
  }

  receive(message: AuditorMessage): void {
    switch (message.kind) {
      case 'gate':
        this.#gateOpen = message.open;
        this.#context.send({ kind: 'reply', id: message.id });
        break;
      case 'catchUp':
        this.#waiters.push({ id: message.id, toSeq: message.toSeq });
        break;
      case 'settle':
        this.#patient.push({ id: message.id, toSeq: message.toSeq });
        // Whoever has not verified it all yet is at work, or will be woken by the queue's progress.
        this.#answerPatient(false);
        return;
      case 'reserve':
        this.#spares = Math.max(LIMITS.spareSegments, Math.ceil(message.bytes / this.#context.input.segmentBytes));
        this.#noRoomAt = -1;
        this.#mayMake = true;
        this.#waiters.push({ id: message.id, toSeq: -1 });
        break;
      case 'fail':
        fail(message.how);
    }
    this.#pokes.poke();
  }

  stop(): void {
    this.#stopping = true;
    this.#pokes.poke();
    this.#audit.close(this.#board.tail());
  }

  /** Runs beside the event loop until stopped. */
  async follow(): Promise<void> {
    while (!this.#stopping) {
      const seen = Atomics.load(this.#board.words, WORD.progress);
      const pokes = this.#pokes.count;
      const startedMs = performance.now();
      const busy = (await this.#makeSpares()) || this.#verify();
      this.#context.beat();
      if (this.#stopping) return;
      this.#answer(busy);
      this.#answerPatient(!busy && this.#gateOpen);
      if (busy)
        await rest(
          this.#waiters.length > 0
            ? 0
            : Math.max(LIMITS.auditRestMs, (performance.now() - startedMs) * LIMITS.auditRestShare),
        );
      else await this.#idle(seen, pokes);
    }
  }

  get #alwaysMakes(): boolean {
    return this.#context.input.way === 'direct';
  }

  /** A spare is missing, and there was room for it when it was last tried. */
  get #lacksSpares(): boolean {
    return this.#noRoomAt !== this.#board.tail().segmentId && listSpares(this.#paths).length < this.#spares;
  }

  /** Makes a spare, if one is missing and now is the time; false when there was nothing to do. */
  async #makeSpares(): Promise<boolean> {
    if (!this.#mayMake) return false;
    if (!this.#lacksSpares) {
      this.#mayMake = this.#alwaysMakes;
      return false;
    }
    const { segmentId } = this.#board.tail();
    const progress = Atomics.load(this.#board.words, WORD.progress);
    if (!(await makeSpare(this.#paths, this.#context.input.segmentBytes, () => !this.#stopping)))
      this.#noRoomAt = segmentId;
    // Appends came meanwhile: the next one waits for another quiet moment, but not when somebody waits for it.
    const isCalm = Atomics.load(this.#board.words, WORD.progress) === progress;
    this.#mayMake = isCalm || this.#alwaysMakes || this.#waiters.some(({ toSeq }) => toSeq < 0);
    return true;
  }

  /** One step; false when there is nothing to verify. */
  #verify(): boolean {
    if (!this.#gateOpen) return false;
    const { damages, more } = this.#audit.step(this.#board.tail());
    this.#board.set('verifiedSeq', this.#audit.verifiedSeq);
    if (damages.length > 0) this.#context.send({ kind: 'damage', damages });
    return more;
  }

  #answer(busy: boolean): void {
    this.#waiters = this.#waiters.filter(({ id, toSeq }) => {
      if (toSeq < 0 ? busy : busy && this.#audit.verifiedSeq < toSeq) return true;
      this.#context.send({
        kind: 'reply',
        id,
        spares: listSpares(this.#paths).length,
        verifiedSeq: this.#audit.verifiedSeq,
      });
      return false;
    });
  }

  /** `all`: there is nothing left to verify. What was asked for had been durable before, so it is among what was looked at. */
  #answerPatient(all: boolean): void {
    const { verifiedSeq } = this.#audit;
    for (const { id, toSeq } of this.#patient)
      if (all || verifiedSeq >= toSeq) this.#context.send({ kind: 'reply', id, verifiedSeq });
    this.#patient = all ? [] : this.#patient.filter(({ toSeq }) => verifiedSeq < toSeq);
  }

  /** Sleeps until the queue makes progress or a message comes; where spares are missing, for a moment only. */
  async #idle(seen: number, pokes: number): Promise<void> {
    this.#audit.checkpoint(this.#board.tail());
    const { words } = this.#board;
    const wait = this.#lacksSpares
      ? Atomics.waitAsync(words, WORD.progress, seen, LIMITS.spareQuietMs)
      : Atomics.waitAsync(words, WORD.progress, seen);
    if (!wait.async) {
      await rest(LIMITS.auditRestMs);
      return;
    }
    const ended = await Promise.race([wait.value, this.#pokes.after(pokes)]);
    if (ended === 'timed-out') this.#mayMake = true;
    // The next group is likely to come at once: better one pass over several than a wake-up for each.
    else if (this.#waiters.length === 0 && !this.#stopping) await rest(LIMITS.auditRestMs);
  }
}

const auditor: ActorModule<AuditorInput, AuditorMessage, AuditorReport> = {
  start(context) {
    if (context.ownsThread) lowerThreadPriority();
    const actor = new Auditor(context);
    void actor.follow();
    return { receive: (message) => actor.receive(message), stop: () => actor.stop() };
  },
};

export default auditor;
