import { expect, it } from 'vitest';
import { Appender } from '../../../src/ops/appender.js';
import { RecordEncoder } from '../../../src/record/encoder.js';
import { Board } from '../../../src/wire/board.js';
import { ACK, createRing, RingConsumer } from '../../../src/wire/ring.js';

/** A queue that is quicker than any thread: what it is shown is durable before the call that showed it returns. */
class QuickBoard extends Board {
  readonly #ring: RingConsumer;
  #seq = 0;
  /** The seq that each record got. */
  readonly given: number[] = [];

  constructor(ring: RingConsumer) {
    super();
    this.#ring = ring;
  }

  override wakeQueue(): void {
    if (!this.#ring.ready) return;
    const { count } = this.#ring.take(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, () => undefined);
    this.#ring.commit(count, ACK.durable, this.#seq);
    for (let index = 0; index < count; index += 1) this.given.push(this.#seq + index);
    // Somebody else's records come between.
    this.#seq += count + 1000;
  }
}

function quick(): { readonly appender: Appender; readonly board: QuickBoard } {
  const ring = createRing(1);
  const board = new QuickBoard(new RingConsumer(ring));
  const appender = new Appender({
    ring,
    board,
    encoder: new RecordEncoder({ allocateShapeId: () => 0 }),
    refusal: () => null,
    onSpill: () => undefined,
    onBusy: () => undefined,
    stallMsMax: 1000,
    pollUs: 0,
  });
  return { appender, board };
}

const TEXT = 'x'.repeat(90);

it.each([1, 100, 1000])(
  'every promise resolves, with its own seq, when %i records of a turn are acknowledged the moment they are shown',
  async (count) => {
    const { appender, board } = quick();
    const seqs = await Promise.all(Array.from({ length: count }, () => appender.append(TEXT, 0)));
    expect(seqs.map(Number)).toEqual(board.given);
    expect(seqs.length).toBe(count);
    expect(appender.pending).toBe(0);
  },
);

it.each([
  ['append', (appender: Appender) => appender.append(TEXT, 0)],
  ['appendBatch', (appender: Appender) => appender.appendBatch([TEXT], 0)],
  ['flush', (appender: Appender) => appender.flush()],
] as const)('a batch is shown whole or not at all when a getter in it calls %s', async (_, call) => {
  const { appender, board } = quick();
  const refusals: Promise<unknown>[] = [];
  const calling = {
    get text(): string {
      refusals.push(call(appender));
      return TEXT;
    },
  };
  const many = Array.from({ length: 300 }, () => ({ text: TEXT }));
  await expect(appender.appendBatch([...many, calling, ...many, Number.NaN], 0)).rejects.toThrow('E_UNENCODABLE');
  expect(board.given).toEqual([]);
  expect(await appender.appendBatch([...many, calling, ...many], 0)).toBe(0n);
  expect(board.given.length).toBe(601);
  const ends = await Promise.allSettled(refusals);
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['rejected']));
});
