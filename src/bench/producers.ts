/** Starts those who append: the thread that opened the store, or threads of their own, each with its way in. */
import { Worker } from 'node:worker_threads';
import type { Window } from '../measure/timeline.js';
import type { ProducerHandle } from '../ops/producers.js';
import { fromWireError, LtlError } from '../words/errors.js';
import type { FromProducer, Load, ProducerDone, ProducerJob } from './job.js';
import { Producer } from './produce.js';
import type { Store } from './stores/store.js';

/** Does its part from that time on; resolves when all of it is durable. */
export type Start = (startShared: number) => Promise<ProducerDone>;

/** As many as the load asks for, ready to start. A store without ways in for threads is driven from this one. */
export async function producersFor(
  store: Store,
  load: Load,
  counters: Float64Array<SharedArrayBuffer>,
  stopWord: Int32Array<SharedArrayBuffer>,
  onWindow: (window: Window) => void,
): Promise<Start[]> {
  if (load.producers === 0 || store.producer === undefined) {
    // What several threads would have had under way, one has.
    const inFlight = load.inFlight * Math.max(1, load.producers);
    const own = new Producer({
      target: store,
      load: { ...load, producers: 0, inFlight },
      index: 0,
      counters,
      isStopped: () => Atomics.load(stopWord, 0) !== 0,
      onWindow,
    });
    return [(startShared) => own.run(startShared)];
  }
  return Promise.all(
    Array.from({ length: load.producers }, async (_, index) => {
      const handle = store.producer?.() as ProducerHandle;
      return thread({ handle, load, index, counters: counters.buffer, stop: stopWord.buffer }, onWindow);
    }),
  );
}

/** Resolves when the thread is ready. */
function thread(work: ProducerJob, onWindow: (window: Window) => void): Promise<Start> {
  const worker = new Worker(new URL('./producer.worker.js', import.meta.url), { workerData: work });
  return new Promise((ready, fail) => {
    let finish: (done: ProducerDone) => void = () => undefined;
    worker.on('message', (message: FromProducer) => {
      switch (message.kind) {
        case 'ready':
          return ready((startShared) => {
            worker.postMessage(startShared);
            return new Promise((resolve, reject) => {
              finish = resolve;
              fail = reject;
            });
          });
        case 'window':
          return onWindow(message.window);
        case 'done':
          return finish(message.done);
        case 'failed':
          return fail(fromWireError(message.error));
      }
    });
    worker.on('error', (error) => fail(error));
    worker.on('exit', (code) => fail(new LtlError('E_ACTOR_FAILED', `a producer's thread ended with ${code}`)));
  });
}
