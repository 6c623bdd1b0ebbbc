import { afterEach, expect, it, vi } from 'vitest';
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
  /** How many records it was shown at a time. */
  readonly shown: number[] = [];

  constructor(ring: RingConsumer) {
    super();
    this.#ring = ring;
  }

  override wakeQueue(): void {
    if (!this.#ring.ready) return;
    const { count } = this.#ring.take(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, () => undefined);
    this.#ring.commit(count, ACK.durable, this.#seq);
    this.shown.push(count);
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

afterEach(() => {
  vi.useRealTimers();
});

it('a turn that is shorter than a sync is shown whole, a longer one is not, whatever else was shown in it', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { appender, board } = quick();
  board.add('fsyncs', 1);
  board.add('syncMs', 0.9);
  const append = (count: number): Promise<bigint[]> =>
    Promise.all(Array.from({ length: count }, () => appender.append(TEXT, 0)));
  await append(1000);
  expect(board.shown).toEqual([1000]);
  const held = append(1000);
  const flushed = appender.flush();
  vi.advanceTimersByTime(1);
  await append(100);
  await Promise.all([held, flushed]);
  expect(board.shown.slice(0, 2)).toEqual([1000, 1000]);
  expect(board.shown.slice(2).length).toBe(2);
  expect(board.shown.reduce((sum, count) => sum + count)).toBe(2100);
  vi.advanceTimersByTime(100);
  await append(1000);
  expect(board.shown.at(-1)).toBe(1000);
  for (let turn = 0; turn < 20; turn += 1) {
    const long = append(10);
    vi.advanceTimersByTime(5);
    await long;
  }
  await append(1000);
  expect(board.shown.at(-1)).toBeLessThan(100);
});
