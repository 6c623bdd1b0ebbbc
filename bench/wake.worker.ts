/** The other thread of the wake-up measurement: waits on a word, answers on the next, until told to stop. */
import { workerData } from 'node:worker_threads';
import { STOP, WAKE_WORDS } from './micro.js';

const words = new Int32Array(workerData as SharedArrayBuffer);

for (let seen = 0; ; ) {
  Atomics.wait(words, WAKE_WORDS.ask, seen);
  seen = Atomics.load(words, WAKE_WORDS.ask);
  if (seen === STOP) break;
  Atomics.store(words, WAKE_WORDS.answer, seen);
  Atomics.notify(words, WAKE_WORDS.answer);
}
