/** What memory stays is told after garbage was collected everywhere: in this thread, and in threads that know nothing of it. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { collectGarbage } from '../../../src/bench/collect.js';

it('collects what has died in this thread and in those that it started', async () => {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const dead = new WeakRef(new Array(10_000).fill(7));
     parentPort.on('message', () => parentPort.postMessage(dead.deref() === undefined));
     parentPort.postMessage('ready');`,
    { eval: true },
  );
  await once(worker, 'message');
  const isDead = async (): Promise<unknown> => {
    worker.postMessage('look');
    return (await once(worker, 'message'))[0];
  };
  const own = new WeakRef({ dead: true });
  expect(await isDead()).toBe(false);
  // What was looked at lives until the end of its turn.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await collectGarbage()).toBe(1);
  expect(await isDead()).toBe(true);
  expect(own.deref()).toBeUndefined();
  await worker.terminate();
});

it('with no other threads it is done at once', async () => {
  const startMs = performance.now();
  expect(await collectGarbage()).toBe(0);
  expect(performance.now() - startMs).toBeLessThan(900);
});
