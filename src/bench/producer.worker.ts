/** A thread that appends: attaches to the store of the thread that started it, waits for the start, and does its part. */
import { parentPort, workerData } from 'node:worker_threads';
import { attach } from '../ops/producers.js';
import { toWireError } from '../words/errors.js';
import type { Target } from './drive.js';
import type { FromProducer, ProducerJob } from './job.js';
import { Producer } from './produce.js';

const { handle, load, index, counters, stop } = workerData as ProducerJob;
const tell = (message: FromProducer): void => parentPort?.postMessage(message);
const stopWord = new Int32Array(stop);

const appender = attach(handle);
let ticket = 0;
const target: Target = {
  append: (record) => appender.append(record),
  appendBatch: (records) => appender.appendBatch(records),
  post: (record) => {
    ticket = appender.enqueue(record);
  },
  settled: () => appender.durable(ticket),
};

async function main(startShared: number): Promise<void> {
  try {
    const producer = new Producer({
      target,
      load,
      index,
      counters: new Float64Array(counters),
      isStopped: () => Atomics.load(stopWord, 0) !== 0,
      onWindow: (window) => tell({ kind: 'window', window }),
    });
    const done = await producer.run(startShared);
    await appender.close();
    tell({ kind: 'done', done });
  } catch (error) {
    tell({ kind: 'failed', error: toWireError(error) });
  }
}

parentPort?.once('message', (startShared: number) => void main(startShared));
tell({ kind: 'ready' });
