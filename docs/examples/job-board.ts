/**
 * A job board with leases, as an actor whose every step is a record of the log: accept, lease, complete, expire. The state
 * is whatever the records say, so a restart (of the actor or of the whole process) reads them back and goes on.
 */
import type { ActorRef, Ltl, ReceiveLogic } from 'ltl';

interface Accepted {
  readonly step: 'accept';
  readonly job: number;
  readonly work: string;
}
interface Leased {
  readonly step: 'lease';
  readonly job: number;
  readonly worker: string;
  readonly untilMs: number;
}
interface Ended {
  readonly step: 'complete' | 'expire';
  readonly job: number;
}
type Step = Accepted | Leased | Ended;

interface Job {
  readonly work: string;
  readonly lease?: { readonly worker: string; readonly untilMs: number };
}

type Order =
  | { readonly do: 'accept'; readonly work: string }
  | { readonly do: 'lease'; readonly worker: string; readonly forMs: number }
  | { readonly do: 'complete'; readonly job: number; readonly worker: string }
  | { readonly do: 'expire'; readonly nowMs: number };

type Answer = { readonly job: number; readonly work: string } | undefined;

class Board {
  readonly jobs = new Map<number, Job>();
  #last = 0;

  next(): number {
    return this.#last + 1;
  }

  /** The only place where the state changes: for a new step and for one that is read back. */
  apply(step: Step): void {
    const { job } = step;
    const known = this.jobs.get(job);
    this.#last = Math.max(this.#last, job);
    if (step.step === 'accept') this.jobs.set(job, { work: step.work });
    else if (step.step === 'complete') this.jobs.delete(job);
    else if (step.step === 'expire' && known !== undefined) this.jobs.set(job, { work: known.work });
    else if (step.step === 'lease' && known !== undefined)
      this.jobs.set(job, { work: known.work, lease: { worker: step.worker, untilMs: step.untilMs } });
  }
}

/** The board as an actor of this thread; `ltl` is where its steps are kept. */
export function jobBoard(ltl: Ltl): Promise<ActorRef<Order, Answer>> {
  const logic: ReceiveLogic<Board, Order, Answer> = {
    async start() {
      const board = new Board();
      for await (const { data } of ltl.range(ltl.symDATA, { prop_match: ['step'] })) board.apply(data as Step);
      return board;
    },
    async receive(board, order, context) {
      const take = async (step: Step): Promise<void> => {
        await ltl.append(step); // On disk first: an answer is a promise kept.
        board.apply(step);
      };
      if (order.do === 'accept') {
        const job = board.next();
        await take({ step: 'accept', job, work: order.work });
        context.reply({ job, work: order.work });
      } else if (order.do === 'lease') {
        const free = [...board.jobs].find(([, job]) => job.lease === undefined);
        if (free === undefined) return;
        const [job, { work }] = free;
        await take({ step: 'lease', job, worker: order.worker, untilMs: Date.now() + order.forMs });
        context.reply({ job, work });
      } else if (order.do === 'complete') {
        const known = board.jobs.get(order.job);
        if (known?.lease?.worker !== order.worker) return; // Its lease expired: somebody else has it, or will.
        await take({ step: 'complete', job: order.job });
        context.reply({ job: order.job, work: known.work });
      } else
        for (const [job, { lease }] of board.jobs)
          if (lease !== undefined && lease.untilMs <= order.nowMs) await take({ step: 'expire', job });
    },
  };
  return ltl.spawn(logic, { name: 'job board', restart: 'permanent' });
}
