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

it.each([1, 100, 1000])(
  'every promise resolves, with its own seq, when %i records of a turn are acknowledged the moment they are shown',
  async (count) => {
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
    const text = 'x'.repeat(90);
    const seqs = await Promise.all(Array.from({ length: count }, () => appender.append(text, 0)));
    expect(seqs.map(Number)).toEqual(board.given);
    expect(seqs.length).toBe(count);
    expect(appender.pending).toBe(0);
  },
);
