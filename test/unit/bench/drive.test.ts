/** When records are meant to come, and what a stall of the store does to the latencies, with a clock that is not real. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Clock, closedLoop, type Drive, openLoop, type Sink, type Target } from '../../../src/bench/drive.js';
import { RecordPool } from '../../../src/bench/records.js';
import { ConstantSchedule, PoissonSchedule, type Schedule, TraceSchedule } from '../../../src/bench/schedule.js';
import { Histogram } from '../../../src/measure/histogram.js';

/** Time that passes only when somebody waits; each turn of the event loop takes 10 µs. */
class FakeClock implements Clock {
  ms = 0;
  now = (): number => this.ms;
  turn = (): Promise<void> => this.sleep(0.01);
  sleep = async (ms: number): Promise<void> => {
    this.ms += ms;
    for (const wake of this.waking) wake();
    // Promises resolved by now get their turn, as in an event loop.
    await new Promise((resolve) => void setImmediate(resolve));
  };
  readonly waking: (() => void)[] = [];
}

/** Makes a record durable after `serviceMs`, unless it is stalled: then when the stall is over. */
function storeWithStall(clock: FakeClock, serviceMs: number, fromMs: number, toMs: number): Target {
  const queue: { readonly atMs: number; readonly resolve: () => void }[] = [];
  clock.waking.push(() => {
    while ((queue[0]?.atMs ?? Infinity) <= clock.ms) queue.shift()?.resolve();
  });
  const append = (): Promise<void> => {
    const doneMs = clock.ms + serviceMs;
    const atMs = doneMs >= fromMs && doneMs < toMs ? toMs : doneMs;
    return new Promise((resolve) => void queue.push({ atMs, resolve }));
  };
  return { append, appendBatch: append };
}

interface Run {
  readonly latency: Histogram;
  readonly drive: Drive;
}

function driveOf(clock: FakeClock, target: Target, endMs: number, more: Partial<Drive> = {}): Run {
  const latency = new Histogram();
  const sink: Sink = {
    acknowledged: (nowMs, fromMs, _bytes, count) => latency.record((nowMs - fromMs) * 1e6, count),
    waiting: () => undefined,
  };
  const drive: Drive = {
    target,
    pool: new RecordPool({ kind: 'line', bytes: 98 }),
    form: 'promise',
    batch: 10,
    inFlight: 100_000,
    clock,
    sink,
    startMs: 0,
    endMs,
    isStopped: () => false,
    ...more,
  };
  return { latency, drive };
}

function times(schedule: Schedule, untilMs: number): number[] {
  const found: number[] = [];
  for (; schedule.nextMs < untilMs; schedule.advance()) found.push(schedule.nextMs);
  return found;
}

describe('a schedule', () => {
  it('of even arrivals is the same whoever shares it: no drift, none lost, none twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 7 }), (perSecond, producers) => {
        const untilMs = 500_000 / perSecond;
        const whole = times(new ConstantSchedule(perSecond), untilMs);
        const shares = Array.from({ length: producers }, (_, index) =>
          times(new ConstantSchedule(perSecond, index, producers), untilMs),
        );
        expect(shares.flat().toSorted((a, b) => a - b)).toEqual(whole);
        for (const [index, at] of whole.entries()) expect(at).toBeCloseTo((1000 * index) / perSecond, 6);
      }),
    );
  });

  it('of Poisson arrivals repeats with its seed, keeps its rate, and is shared by independent streams', () => {
    const all = (seed: number, producers: number): number[] =>
      Array.from({ length: producers }, (_, index) =>
        times(new PoissonSchedule(5000, seed, index, producers), 20_000),
      ).flat();
    expect(all(7, 1)).toEqual(all(7, 1));
    expect(all(8, 1)).not.toEqual(all(7, 1));
    // 100 000 arrivals are expected: 1 % is more than three standard deviations.
    for (const producers of [1, 3]) expect(Math.abs(all(7, producers).length / 100_000 - 1)).toBeLessThan(0.01);
  });

  it('of a trace keeps times and sizes, from its first arrival on, faster by its speed, over blocks of any length', async () => {
    const arrival = fc.record({ gap: fc.nat(50), bytes: fc.nat(5000) });
    const blocks = fc.array(fc.array(arrival, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(blocks, fc.integer({ min: 1, max: 4 }), async (given, producers) => {
        let ms = 1000;
        const made = given.map((block) => ({
          atMs: Float64Array.from(block, ({ gap }) => (ms += gap)),
          bytes: Float64Array.from(block, ({ bytes }) => bytes),
          count: block.length,
        }));
        async function* source() {
          yield* made;
        }
        const found: string[] = [];
        for (let index = 0; index < producers; index += 1) {
          const schedule = new TraceSchedule(source(), 2, index, producers);
          for (;;) {
            while (schedule.load !== null) await schedule.load();
            if (schedule.nextMs === Infinity) break;
            found.push(`${schedule.nextMs} ${schedule.bytes}`);
            schedule.advance();
          }
        }
        const first = made[0]?.atMs[0] ?? 0;
        const wanted = made.flatMap(({ atMs, bytes }) =>
          [...atMs].map((at, index) => `${(at - first) / 2} ${bytes[index] ?? 0}`),
        );
        expect(found.toSorted()).toEqual(wanted.toSorted());
      }),
    );
  });
});

describe('an open loop', () => {
  it('shows a stall in every record that it kept waiting; a closed loop shows it once', async () => {
    // 1000 records a second for 10 s, and nothing becomes durable from 4 s to 5 s: a tenth of the records waits.
    const clock = new FakeClock();
    const open = driveOf(clock, storeWithStall(clock, 0.5, 4000, 5000), 10_000);
    const driven = await openLoop(open.drive, new ConstantSchedule(1000), false);
    expect(driven).toMatchObject({ sent: 10_000, unsent: 0 });
    expect(open.latency.percentileNs(0.85) / 1e6).toBeLessThan(5);
    expect(open.latency.percentileNs(0.95) / 1e6).toBeGreaterThan(400);
    expect(open.latency.percentileNs(0.99) / 1e6).toBeGreaterThan(800);

    const closedClock = new FakeClock();
    const closed = driveOf(closedClock, storeWithStall(closedClock, 0.5, 4000, 5000), 10_000, { inFlight: 1 });
    const loop = closedLoop(closed.drive);
    let isOver = false;
    void loop.then(() => (isOver = true));
    while (!isOver) await closedClock.sleep(0.5);
    expect(closed.latency.percentileNs(0.99) / 1e6).toBeLessThan(5);
    expect(closed.latency.maxNs / 1e6).toBeGreaterThan(900);
  });

  it('counts the wait in the schedule too: a sender that may not hand over more is late, and says so', async () => {
    const clock = new FakeClock();
    const run = driveOf(clock, storeWithStall(clock, 0.5, 400, 500), 1000, { inFlight: 5 });
    let lateMs = 0;
    const sink: Sink = { ...run.drive.sink, waiting: (_, late) => (lateMs = Math.max(lateMs, late)) };
    await openLoop({ ...run.drive, sink }, new ConstantSchedule(1000), false);
    expect(lateMs).toBeGreaterThan(80);
    expect(run.latency.percentileNs(0.99) / 1e6).toBeGreaterThan(50);
  });

  it('that is offered more than can be done ends in time, and counts what it never handed over', async () => {
    const clock = new FakeClock();
    const run = driveOf(clock, storeWithStall(clock, 10, 0, 0), 200, { inFlight: 3 });
    const { sent, unsent } = await openLoop(run.drive, new ConstantSchedule(10_000), false);
    expect(sent + unsent).toBe(2000);
    expect(unsent).toBeGreaterThan(1500);
    expect(clock.ms).toBeLessThan(230);
    expect(run.latency.count).toBe(sent);
  });

  it('ends with the failure of an append', async () => {
    const clock = new FakeClock();
    const append = (): Promise<never> => Promise.reject(new Error('disk'));
    const { drive } = driveOf(clock, { append, appendBatch: append }, 1000);
    for (const form of ['promise', 'batch'] as const)
      await expect(openLoop({ ...drive, form }, new ConstantSchedule(1000), false)).rejects.toThrow('disk');
  });

  it('in batches keeps the intended time of each record', async () => {
    const clock = new FakeClock();
    const run = driveOf(clock, storeWithStall(clock, 0.5, 100, 200), 400, { form: 'batch' });
    const { sent } = await openLoop(run.drive, new ConstantSchedule(1000), true);
    expect([sent, run.latency.count]).toEqual([400, 400]);
    expect(run.latency.percentileNs(0.9) / 1e6).toBeGreaterThan(50);
    expect(run.latency.percentileNs(0.5) / 1e6).toBeLessThan(5);
  });
});
