/** The mailbox's queue does what an array does. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Queue } from '../../../src/actors/mailbox-queue.js';

const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant('push' as const) },
  { weight: 4, arbitrary: fc.constant('shift' as const) },
  { weight: 1, arbitrary: fc.nat({ max: 20 }) },
  { weight: 1, arbitrary: fc.constant('burst' as const) },
);

describe('a queue', () => {
  it('gives back what was pushed in its order, whatever is taken out of the middle', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const [queue, model] = [new Queue<number>(), [] as number[]];
        let last = 0;
        for (const each of steps) {
          if (each === 'shift') expect(queue.shift()).toBe(model.shift());
          else if (typeof each === 'number') {
            const at = model.findIndex((item) => item % 20 === each);
            expect(queue.remove((item) => item % 20 === each)).toBe(at < 0 ? undefined : model.splice(at, 1)[0]);
          } else
            for (let item = 0; item < (each === 'burst' ? 1_500 : 1); item++) {
              queue.push(++last);
              model.push(last);
            }
          expect(queue.size).toBe(model.length);
        }
        while (model.length > 0) expect(queue.shift()).toBe(model.shift());
        expect(queue.shift()).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });
});
