import { Worker } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { Board, type Tail } from '../../../src/wire/board.js';

const tailOf = (number: number): Tail => ({
  nextSeq: number * 2 ** 20 + number,
  segmentId: number,
  offset: number,
  timeMs: number * 2 ** 20 + number,
});

describe('board', () => {
  it('gives back the tail that was published last, numbers beyond 32 bits and all', () => {
    const board = new Board();
    const far = { nextSeq: 2 ** 53 - 1, segmentId: 2 ** 31 - 1, offset: 2 ** 32 - 1, timeMs: 2 ** 52 + 1 };
    board.publishTail(tailOf(1));
    board.publishTail(far);
    expect(new Board(board.buffer).tail()).toEqual(far);
  });

  it('a writer that dies half-way through publishing leaves the tail before in force', () => {
    const board = new Board();
    board.publishTail(tailOf(1));
    const real = Atomics.store.bind(Atomics);
    for (let stores = 0; stores < 6; stores += 1) {
      let left = stores;
      const spy = vi.spyOn(Atomics, 'store').mockImplementation(((array: Int32Array, index: number, value: number) => {
        if (left === 0) throw new Error('died');
        left -= 1;
        return real(array, index, value);
      }) as typeof Atomics.store);
      expect(() => board.publishTail(tailOf(2))).toThrow('died');
      spy.mockRestore();
      expect(board.tail()).toEqual(tailOf(1));
    }
  });

  it('never gives a tail made of two, however often it is overtaken while it is read', () => {
    const board = new Board();
    let next = 1;
    board.publishTail(tailOf(next));
    const real = Atomics.load.bind(Atomics);
    let loads = 0;
    // Two publications in the middle of a reading bring the same slot back into force with other numbers.
    const spy = vi.spyOn(Atomics, 'load').mockImplementation(((array: Int32Array, index: number) => {
      loads += 1;
      if (loads === 3) {
        spy.mockRestore();
        for (let times = 0; times < 2; times += 1) {
          next += 1;
          board.publishTail(tailOf(next));
        }
      }
      return real(array, index);
    }) as typeof Atomics.load);
    expect(board.tail()).toEqual(tailOf(3));
  });

  it('is consistent between threads', async () => {
    const board = new Board();
    const worker = new Worker(
      `const { workerData } = require('node:worker_threads');
       (async () => {
         const { Board } = await import(workerData.url);
         const board = new Board(workerData.buffer);
         for (let n = 1; n <= 200000; n += 1)
           board.publishTail({ nextSeq: n * 2 ** 20 + n, segmentId: n, offset: n, timeMs: n * 2 ** 20 + n });
       })();`,
      {
        eval: true,
        workerData: { url: new URL('../../../dist/src/wire/board.js', import.meta.url).href, buffer: board.buffer },
      },
    );
    let last = 0;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    while (last < 200_000) {
      for (let times = 0; times < 1000; times += 1) {
        const tail = board.tail();
        if (tail.segmentId > 0) expect(tail).toEqual(tailOf(tail.segmentId));
        expect(tail.segmentId).toBeGreaterThanOrEqual(last);
        last = tail.segmentId;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ended;
  });
});
