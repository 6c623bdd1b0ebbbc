/**
 * Notices the death of worker threads. Node tells a thread of every worker that it starts; when one ends, however it ends,
 * the shared locks known to this thread are repaired. A worker started before the first shared lock was made has to be
 * named with `watch`. A thread that is blocked sees no worker's end, so the thread that starts workers must not block long.
 */
import type { Worker } from 'node:worker_threads';

/** What wants to know of a thread's death. */
export interface Mourner {
  threadDied(thread: number): void;
}

const mourners = new Set<WeakRef<Mourner>>();
const watched = new WeakSet<Worker>();
let listening = false;

/** Tells this mourner, as long as it lives, of the end of each worker that this thread starts from now on. */
export function mourn(mourner: Mourner): WeakRef<Mourner> {
  if (!listening) {
    listening = true;
    process.on('worker', watch);
  }
  const reference = new WeakRef(mourner);
  mourners.add(reference);
  return reference;
}

/** No longer. */
export function forget(reference: WeakRef<Mourner>): void {
  mourners.delete(reference);
}

/** Watches a worker that was started before. Watching twice is watching once. */
export function watch(worker: Worker): void {
  if (watched.has(worker)) return;
  watched.add(worker);
  const thread = worker.threadId;
  worker.once('exit', () => {
    for (const reference of mourners) {
      const mourner = reference.deref();
      if (mourner === undefined) mourners.delete(reference);
      else mourner.threadDied(thread);
    }
  });
}
