/**
 * The runtime's own actors (queue, indexer, auditor) as nodes of the live tree, beside users' actors: by the supervisor's
 * word, the shared board and the counters of their threads' event loops. Asking wakes nobody.
 */
import type { ActorNode } from '../actors/tree.js';
import type { ChildStatus } from '../supervisor/spec.js';
import { indexBacklog } from './status.js';
import type { Writing } from './writing.js';

/** What one look at an actor's event loop is compared with. */
interface Sample {
  readonly activeMs: number;
  readonly idleMs: number;
}

/** Looks at them; shares are since the look before. Nothing before the start and after the close. */
export function heartTree(writing: Writing): () => readonly ActorNode[] {
  const samples = new Map<string, Sample>();
  return () => {
    const { conductor } = writing;
    const status = conductor.actors();
    if (status === null || conductor.phase === 'closed') return [];
    const children = status.children.map((child) => describe(writing, child, samples));
    const { state, restarts, failure } = status;
    return [{ kind: 'supervisor', name: 'heart', state, restarts, lastExit: failure, children }];
  };
}

function describe(writing: Writing, child: ChildStatus, samples: Map<string, Sample>): ActorNode {
  const { id, state, restarts, lastExit } = child;
  const { queue } = writing.conductor;
  const { indexer, auditor } = writing.followers;
  const link = [queue, indexer, auditor].find((each) => each?.id === id);
  const thread = link?.thread;
  const now = link?.loopTimes();
  const before = samples.get(id);
  if (now === undefined) samples.delete(id);
  else samples.set(id, now);
  return {
    kind: 'actor',
    name: id,
    state,
    ...(thread === undefined ? {} : { thread }),
    mailboxDepth: waiting(writing, id),
    restarts,
    ...(now === undefined ? {} : { busyShare: share(now, before) }),
    lastExit,
  };
}

/** Records that wait for it. */
function waiting(writing: Writing, id: string): number {
  const { board, pending } = writing;
  const { nextSeq } = board.tail();
  if (id === 'queue') return pending;
  return id === 'indexer' ? indexBacklog(writing, nextSeq) : Math.max(0, nextSeq - board.counter('verifiedSeq'));
}

/** Of the time since the look before; of all the time when that was in another life. */
function share(now: Sample, before: Sample = { activeMs: 0, idleMs: 0 }): number {
  const since = now.activeMs >= before.activeMs && now.idleMs >= before.idleMs ? before : { activeMs: 0, idleMs: 0 };
  const activeMs = now.activeMs - since.activeMs;
  const allMs = activeMs + now.idleMs - since.idleMs;
  return allMs > 0 ? activeMs / allMs : 0;
}
