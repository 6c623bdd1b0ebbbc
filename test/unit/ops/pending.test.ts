import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pending } from '../../../src/ops/pending.js';
import { LtlError } from '../../../src/words/errors.js';

/** What a producer does, and what it hears. */
type Act =
  | { readonly do: 'append'; readonly count: number }
  | { readonly do: 'ticket' }
  | { readonly do: 'batch'; readonly count: number }
  | { readonly do: 'publish' }
  | { readonly do: 'durable' | 'failed'; readonly share: number };

const acts = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ do: fc.constant('ticket' as const) }),
    fc.record({ do: fc.constant('batch' as const), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ do: fc.constant('publish' as const) }),
    fc.record({
      do: fc.constantFrom('durable' as const, 'failed' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  ),
  { maxLength: 40 },
);

/** Each record's promise, settled as the acknowledgement that covers its ticket says, in order of tickets. */
async function play(list: readonly Act[], slicesFrom: number): Promise<void> {
  const pending = new Pending(slicesFrom);
  const fates: (bigint | LtlError)[] = [];
  const heard: { readonly ticket: number; readonly what: unknown }[] = [];
  const waits: Promise<unknown>[] = [];
  let seq = 7;
  const listen = (ticket: number, promise: Promise<bigint>): void => {
    waits.push(
      promise.then(
        (what) => heard.push({ ticket, what }),
        (what: unknown) => heard.push({ ticket, what }),
      ),
    );
  };
  const settle = (count: number, fails: boolean): void => {
    const error = new LtlError('E_DISK_FULL', `at ${fates.length}`);
    for (let index = 0; index < count; index += 1) fates.push(fails ? error : BigInt(seq + index));
    if (fails) pending.failed(count, error);
    else {
      pending.durable(count, seq);
      seq += count;
    }
  };
  for (const act of list) {
    switch (act.do) {
      case 'append':
        for (let index = 0; index < act.count; index += 1) {
          pending.accepted += 1;
          listen(pending.accepted - 1, pending.promise());
        }
        break;
      case 'ticket':
        pending.accepted += 1;
        break;
      case 'batch': {
        pending.accepted += act.count;
        const last = pending.accepted - 1;
        listen(last, new Promise((resolve) => pending.keep(last, resolve)));
        break;
      }
      case 'publish':
        pending.cut();
        break;
      default: {
        const waiting = pending.accepted - pending.settled;
        const count = Math.ceil(waiting * act.share);
        if (count > 0) settle(count, act.do === 'failed');
      }
    }
    // Handlers run between the acts as they do between turns.
    if (act.do === 'publish') await Promise.resolve();
  }
  if (pending.accepted > pending.settled) settle(pending.accepted - pending.settled, false);
  await Promise.all(waits);
  expect(heard.length).toBe(waits.length);
  for (const { ticket, what } of heard) expect(what, `ticket ${ticket}`).toBe(fates[ticket]);
}

test.each([0, 3, 200, Infinity])(
  'with slices from %d promises on each record hears of its own acknowledgement, once',
  async (slicesFrom) => {
    await fc.assert(
      fc.asyncProperty(acts, (list) => play(list, slicesFrom)),
      { numRuns: 150 },
    );
  },
);

test('promises made one by one and in slices settle in the order of their records', async () => {
  const pending = new Pending(2);
  const heard: bigint[] = [];
  const append = (): void => {
    pending.accepted += 1;
    void pending.promise().then((seq) => heard.push(seq));
  };
  for (let count = 0; count < 300; count += 1) append();
  for (const count of [1, 1, 100, 50, 148]) pending.durable(count, pending.settled);
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual(Array.from({ length: 300 }, (_, index) => BigInt(index)));
});

test('a slice of which a part was refused rejects that part only', async () => {
  const pending = new Pending(0);
  const promises = Array.from({ length: 4 }, () => {
    pending.accepted += 1;
    return pending.promise();
  });
  const error = new LtlError('E_DISK_FULL', 'no space');
  pending.durable(1, 10);
  pending.failed(2, error);
  pending.durable(1, 11);
  const ends = await Promise.allSettled(promises);
  expect(ends).toEqual([
    { status: 'fulfilled', value: 10n },
    { status: 'rejected', reason: error },
    { status: 'rejected', reason: error },
    { status: 'fulfilled', value: 11n },
  ]);
});
