/**
 * What memory stays: collects the garbage of every thread of this process, then looks. Left alone, V8 lets some tens of MiB of
 * what has died lie in each thread for minutes, which looks like a leak until it is gone.
 *
 * The threads are reached through the inspector, since the runtime's own are nobody else's to talk to. One that does not
 * answer within a second is left alone: the queue's, which waits for its doorbell and makes next to no garbage.
 */
import { type NodeWorker, Session } from 'node:inspector';
import { setTimeout as pause } from 'node:timers/promises';

const ANSWER_MS_MAX = 1000;
const COLLECT = JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' });

/** Collects in this thread and in those it started; how many of the latter said that it was done. */
export async function collectGarbage(): Promise<number> {
  const session = new Session();
  session.connect();
  const workers: string[] = [];
  let answers = 0;
  let tell: () => void = () => undefined;
  session.on('NodeWorker.attachedToWorker', ({ params }: { params: NodeWorker.AttachedToWorkerEventDataType }) => {
    workers.push(params.sessionId);
  });
  session.on('NodeWorker.receivedMessageFromWorker', () => {
    answers += 1;
    if (answers === workers.length) tell();
  });
  try {
    const all = new Promise<void>((resolve) => {
      tell = resolve;
    });
    await new Promise<void>((resolve) =>
      session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, () => resolve()),
    );
    for (const sessionId of workers) session.post('NodeWorker.sendMessageToWorker', { sessionId, message: COLLECT });
    await new Promise<void>((resolve) => session.post('HeapProfiler.collectGarbage', () => resolve()));
    if (workers.length > 0) await Promise.race([all, pause(ANSWER_MS_MAX)]);
    await new Promise<void>((resolve) => session.post('NodeWorker.disable', () => resolve()));
    return answers;
  } finally {
    session.disconnect();
  }
}
