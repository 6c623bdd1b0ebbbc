import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ACK, createRing, RingConsumer, type RingHandle, RingProducer } from '../../../src/wire/ring.js';
import { LIMITS } from '../../../src/words/limits.js';

/** Where the ring's words stand, as its drawing says. */
const WORD = { head: 0, tail: 2, released: 3, ackHead: 4, ackTail: 8 };

/** A ring whose counters stand where a long life would have brought them. */
function agedRing(bytes: number, records: number, acks: number): RingHandle {
  const handle = createRing(1);
  const words = new Int32Array(handle.buffer, 0, 16);
  words[WORD.head] = bytes | 0;
  words[WORD.tail] = bytes | 0;
  words[WORD.released] = records | 0;
  words[WORD.ackHead] = acks | 0;
  words[WORD.ackTail] = acks | 0;
  return handle;
}

interface Frame {
  readonly id: number;
  readonly bytes: number;
  readonly kind: number;
}

class Model {
  readonly #handle: RingHandle;
  readonly #producer: RingProducer;
  #consumer: RingConsumer;
  /** Frames in the ring: those advanced over but not shown, and those shown and not given back. */
  #hidden: Frame[] = [];
  #shown: Frame[] = [];
  #taken: Frame[] = [];
  #acknowledged: [count: number, status: number, seq: number][] = [];
  #seq = 5_000_000_000;
  #nextId = 1;
  #released: number;
  refusals = 0;
  deaths = 0;

  constructor(handle: RingHandle, released: number) {
    this.#handle = handle;
    this.#producer = new RingProducer(handle);
    this.#consumer = new RingConsumer(handle);
    this.#released = released >>> 0;
  }

  produce(payloadBytes: number, kind: number): void {
    const bytes = (kind === 1 ? 6 : 4) + payloadBytes;
    const inRing = [...this.#hidden, ...this.#shown].reduce((sum, frame) => sum + frame.bytes, 0);
    if (!this.#producer.makeRoom(bytes)) {
      this.refusals += 1;
      // An empty ring has room for everything, wherever it stands: nobody waits for a commit that will not come.
      expect(inRing).toBeGreaterThan(0);
      return;
    }
    const { position, view } = this.#producer;
    expect(position + bytes).toBeLessThanOrEqual(this.#producer.limit);
    view.setUint32(position, (payloadBytes | (kind << 29)) >>> 0, true);
    view.setUint32(position + bytes - 4, this.#nextId, true);
    this.#producer.advance(bytes);
    this.#hidden.push({ id: this.#nextId, bytes, kind });
    this.#nextId += 1;
  }

  publish(): void {
    this.#producer.publish();
    this.#shown.push(...this.#hidden);
    this.#hidden = [];
  }

  take(bytesMax: number, countMax: number): void {
    if (!this.#consumer.ready) return;
    const found: Frame[] = [];
    const definitions: number[] = [];
    let bytes = 0;
    const taken = this.#consumer.take(bytesMax, countMax, (from, start, end) => {
      for (let at = start; at < end; ) {
        const word = from.readUInt32LE(at);
        const kind = (word >>> 29) & 3;
        const length = (kind === 1 ? 6 : 4) + (word & 0x1ff_ffff);
        if (kind === 2) definitions.push(bytes);
        found.push({ id: from.readUInt32LE(at + length - 4), bytes: length, kind });
        at += length;
        bytes += length;
      }
    });
    expect(found).toEqual(this.#shown.slice(this.#taken.length, this.#taken.length + found.length));
    expect(taken.bytes).toBe(bytes);
    expect(taken.count).toBe(found.filter((frame) => frame.kind !== 2).length);
    expect(taken.definitions).toEqual(definitions);
    if (found.length > 1) expect(bytes).toBeLessThanOrEqual(bytesMax);
    this.#taken.push(...found);
  }

  commit(status: number): void {
    const count = this.#taken.filter((frame) => frame.kind !== 2).length;
    expect(this.#consumer.released).toBe(this.#released);
    this.#consumer.commit(count, status, this.#seq);
    this.#shown.splice(0, this.#taken.length);
    this.#taken = [];
    if (count > 0) this.#acknowledged.push([count, status, this.#seq]);
    this.#seq += count;
    this.#released = (this.#released + count) >>> 0;
    expect(this.#consumer.released).toBe(this.#released);
  }

  /** The consumer dies, with some of its commit's stores done when `stores` is not null; another takes its place. */
  die(stores: number | null): void {
    this.deaths += 1;
    if (stores !== null) this.#dieInCommit(stores);
    this.#consumer = new RingConsumer(this.#handle);
    this.#taken = [];
  }

  takeAcks(): void {
    const seen: [number, number, number][] = [];
    this.#producer.takeAcks((count, status, seq) => seen.push([count, status, seq]));
    expect(seen).toEqual(this.#acknowledged);
    this.#acknowledged = [];
  }

  /** Everything that was published comes out at last. */
  drain(): void {
    this.publish();
    while (this.#shown.length > 0) {
      this.takeAcks();
      this.take(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      this.commit(ACK.durable);
    }
    this.takeAcks();
    expect(this.#consumer.ready).toBe(false);
    expect(this.#producer.drained).toBe(true);
  }

  #dieInCommit(stores: number): void {
    const real = Atomics.store.bind(Atomics);
    let left = stores;
    const spy = vi.spyOn(Atomics, 'store').mockImplementation(((array: Int32Array, index: number, value: number) => {
      if (left === 0) throw new Error('died');
      left -= 1;
      return real(array, index, value);
    }) as typeof Atomics.store);
    try {
      expect(() => this.#consumer.commit(this.#taken.length, ACK.durable, this.#seq)).toThrow('died');
    } finally {
      spy.mockRestore();
    }
  }
}

type Op =
  | { readonly kind: 'produce'; readonly bytes: number; readonly frame: number }
  | { readonly kind: 'publish' | 'takeAcks' }
  | { readonly kind: 'take'; readonly bytesMax: number; readonly countMax: number }
  | { readonly kind: 'commit'; readonly status: number }
  | { readonly kind: 'die'; readonly stores: number | null };

const MIB = 1024 * 1024;
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('produce' as const),
      bytes: fc.oneof(
        fc.integer({ min: 4, max: 200 }),
        fc.integer({ min: 4, max: 6 * MIB }),
        fc.integer({ min: LIMITS.recordBytesMax - 16, max: LIMITS.recordBytesMax }),
      ),
      frame: fc.constantFrom(0, 0, 1, 2),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('publish' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      bytesMax: fc.constantFrom(1, 100, MIB, 40 * MIB),
      countMax: fc.constantFrom(1, 3, 1e9),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('commit' as const), status: fc.constantFrom(...Object.values(ACK)) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('takeAcks' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), stores: fc.constantFrom(null, 0, 1, 2, 3) }) },
);

const counter = fc.oneof(fc.constant(0), fc.integer({ min: 2 ** 32 - 40 * MIB, max: 2 ** 32 - 1 }));

function step(model: Model, one: Op): void {
  switch (one.kind) {
    case 'produce':
      return model.produce(one.bytes, one.frame);
    case 'publish':
      return model.publish();
    case 'take':
      return model.take(one.bytesMax, one.countMax);
    case 'commit':
      return model.commit(one.status);
    case 'takeAcks':
      return model.takeAcks();
    case 'die':
      return model.die(one.stores);
  }
}

describe('ring', () => {
  afterEach(() => vi.restoreAllMocks());

  it('gives every frame to the queue once and in order, whoever dies when, over the ends of ring and counters', () => {
    let refusals = 0;
    let deaths = 0;
    fc.assert(
      fc.property(
        fc.array(op, { minLength: 20, maxLength: 200 }),
        fc.tuple(counter, counter, counter),
        (ops, [bytes, records, acks]) => {
          const model = new Model(agedRing(bytes, records, acks), records);
          for (const one of ops) step(model, one);
          model.drain();
          refusals += model.refusals;
          deaths += model.deaths;
        },
      ),
      { numRuns: 150 },
    );
    expect(refusals).toBeGreaterThan(0);
    expect(deaths).toBeGreaterThan(0);
  });

  it('takes nothing more while its table of acknowledgements is full', () => {
    const handle = agedRing(2 ** 32 - 100, 2 ** 32 - 100, 2 ** 32 - 100);
    const producer = new RingProducer(handle);
    const consumer = new RingConsumer(handle);
    const send = (): void => {
      producer.view.setUint32(producer.position, 0, true);
      producer.advance(4);
      producer.publish();
    };
    for (let group = 0; group < LIMITS.ackEntries; group += 1) {
      send();
      expect(consumer.ready).toBe(true);
      expect(consumer.take(1, 1, () => {}).count).toBe(1);
      consumer.commit(1, ACK.durable, group);
    }
    send();
    expect(consumer.ready).toBe(false);
    const seqs: number[] = [];
    producer.takeAcks((_count, _status, seq) => seqs.push(seq));
    expect(seqs).toEqual(Array.from({ length: LIMITS.ackEntries }, (_, seq) => seq));
    expect(consumer.ready).toBe(true);
  });

  it('leaves a frame larger than it may be for the next time, and takes one larger than asked for alone', () => {
    const handle = createRing(1);
    const producer = new RingProducer(handle);
    const consumer = new RingConsumer(handle);
    for (const payload of [100, 100, 1000]) {
      expect(producer.makeRoom(payload + 4)).toBe(true);
      producer.view.setUint32(producer.position, payload, true);
      producer.advance(payload + 4);
    }
    producer.publish();
    const take = (bytesMax: number, frameBytesMax?: number): number =>
      consumer.take(bytesMax, 100, () => {}, frameBytesMax).bytes;
    expect([take(50, 103), take(50, 104), take(500), take(500, 500), take(500)]).toEqual([0, 104, 104, 0, 1004]);
  });

  it('stays in its first part as long as the queue keeps up', () => {
    const handle = createRing(1);
    const producer = new RingProducer(handle);
    const consumer = new RingConsumer(handle);
    for (let group = 0; group < 200; group += 1) {
      for (let record = 0; record < 4; record += 1) {
        expect(producer.makeRoom(100_004)).toBe(true);
        producer.view.setUint32(producer.position, 100_000, true);
        producer.advance(100_004);
      }
      producer.publish();
      expect(producer.position).toBeLessThan(LIMITS.ringHotBytes + MIB);
      consumer.take(MIB, 100, () => {});
      consumer.commit(4, ACK.durable, group * 4);
    }
  });

  it('has room for the largest record whenever it is empty, wherever it stands', () => {
    const frameBytes = LIMITS.recordBytesMax + 6;
    for (let position = LIMITS.ringBytes / 2 - 20; position < LIMITS.ringBytes / 2 + 20; position += 1) {
      const producer = new RingProducer(agedRing(position, 0, 0));
      expect(producer.makeRoom(frameBytes), `at ${position}`).toBe(true);
      expect(producer.limit - producer.position).toBeGreaterThanOrEqual(frameBytes);
    }
  });

  it('is finished when it is closed and everything was taken', () => {
    const handle = createRing(1);
    const producer = new RingProducer(handle);
    const consumer = new RingConsumer(handle);
    producer.view.setUint32(producer.position, 0, true);
    producer.advance(4);
    producer.publish();
    producer.close();
    expect(consumer.finished).toBe(false);
    consumer.take(1, 1, () => {});
    expect(consumer.finished).toBe(true);
  });
});
