/** The other side of a measured wake-up: gives the ball back as soon as it has it, waiting parked (mode 0) or spinning (mode 1). */
import { workerData } from 'node:worker_threads';

const words = workerData as Int32Array;
Atomics.store(words, 2, 1);
Atomics.notify(words, 2);
// Word 0 is the ball: odd, it is here; -1 ends it. Word 1 says how to wait.
for (;;) {
  const ball = Atomics.load(words, 0);
  if (ball < 0) break;
  if (ball % 2 === 1) {
    Atomics.store(words, 0, ball + 1);
    Atomics.notify(words, 0);
  } else if (Atomics.load(words, 1) === 0) Atomics.wait(words, 0, ball, 1000);
}
