import { describe, expect, it } from 'vitest';
import { Simulation } from '../../../src/policy/simulation.js';
import { parsePolicy } from '../../../src/policy/spec.js';
import { fromGaps, outcome } from './runs.js';

const RENTAL = fromGaps([2, 5, 10, 12, 100, 7, 30]);

describe('exact results on cases worked out by hand', () => {
  it('ski rental with B = 10 costs 84 where the optimum is 54, whichever way it is written', async () => {
    for (const spec of ['break-even:10', 'timeout:10', 'timeout:10,10', 'envelope:1/0,0/10', 'ladder:10'])
      expect(await outcome(spec, RENTAL), spec).toMatchObject({
        cost: { total: 84 },
        optimum: 54,
        ratio: 84 / 54,
        worstRatio: 2,
        sleeps: 3,
        wakes: 3,
        delaySumMs: 0,
        spanMs: 166,
        records: 8,
      });
  });

  it('the parts of the cost sum to the total, wake-ups counted with the state they leave', async () => {
    const { cost } = await outcome('timeout:10,25', RENTAL);
    expect(cost).toEqual({ total: 54 + 75, byState: { awake: 54, asleep: 75 } });
  });

  it('an idle period that ends exactly at the timeout does not sleep', async () => {
    expect(await outcome('timeout:10', [0, 10])).toMatchObject({ sleeps: 0, cost: { total: 10 }, optimum: 10 });
    expect(await outcome('timeout:10', [0, 11])).toMatchObject({ sleeps: 1, cost: { total: 20 }, optimum: 10 });
  });

  it('a timeout of zero sleeps in every idle period that has a length', async () => {
    expect(await outcome('timeout:0,4', [0, 0, 0, 1, 1, 9])).toMatchObject({
      sleeps: 2,
      cost: { total: 8 },
      optimum: 5,
      worstRatio: null,
    });
  });

  it('time before the first and after the last record costs nothing', async () => {
    expect(await outcome('timeout:10', [5000])).toMatchObject({
      records: 1,
      spanMs: 5000,
      cost: { total: 0 },
      optimum: 0,
      ratio: null,
      sleeps: 0,
      wakes: 0,
      delayMeanMs: 0,
    });
    expect(await outcome('timeout:10', [5000, 5003])).toMatchObject({ cost: { total: 3 }, optimum: 3, ratio: 1 });
  });

  it('an envelope goes down where its lines cross and pays the deepest wake-up only', async () => {
    // Lines t, t/2 + 5, 20: they cross at 10 and at 30. Gaps 10, 11, 30, 31, 100 on the optimum: 10, 10.5, 20, 20, 20.
    const times = fromGaps([10, 11, 30, 31, 100]);
    expect(await outcome('envelope:1/0,0.5/5,0/20', times)).toMatchObject({
      cost: { total: 10 + (10 + 0.5 + 5) + (10 + 10 + 5) + (10 + 10 + 20) + (10 + 10 + 20) },
      optimum: 10 + 10.5 + 20 + 20 + 20,
      stateMs: { awake: 50, sleep1: 1 + 20 + 20 + 20, sleep2: 1 + 70 },
      reasons: { crossing: 6, arrival: 4 },
    });
  });

  it('a state that lies nowhere on the envelope is passed over', async () => {
    const { stateMs } = await outcome('envelope:1/0,0.9/50,0/60', fromGaps([1000]));
    expect(stateMs).toEqual({ awake: 60, sleep1: 0, sleep2: 940 });
  });

  it('every:10 wakes at the multiples of 10 at which something waits, a record on the boundary without delay', async () => {
    expect(await outcome('every:10', RENTAL)).toMatchObject({
      cost: { total: null },
      optimum: null,
      ratio: null,
      wakes: 7,
      sleeps: 7,
      delaySumMs: 24,
      delayP50Ms: 3,
      delayP99Ms: 8,
      backlogMax: 2,
      flushes: 7,
      flushesFull: 0,
    });
    expect(await outcome('every:10', [0, 10, 10, 20])).toMatchObject({ wakes: 3, delaySumMs: 0, backlogMax: 2 });
  });

  it('every:T takes T from the end of the work when work takes time', async () => {
    // Wakes at 10, serves 8 and 9 until 16, sleeps; 17 waits until 26.
    expect(await outcome('every:10', [8, 9, 17], { service: () => 3 })).toMatchObject({
      wakes: 2,
      delaySumMs: 2 + 4 + 9,
      busyMs: 9,
      catchUpMaxMs: 6,
    });
  });

  it('a record at the very end of a vacation is handled by that wake-up', async () => {
    expect(await outcome('vacation:const:10', [20, 20, 35])).toMatchObject({ wakes: 2, delaySumMs: 5 });
  });

  it('a wish to sleep while there is work waits until the work is done, and is not taken for a change of state', async () => {
    // Napping from 5 s to 60 s; the record of 4 s is served until 6 s, the one of 7 s finds it asleep.
    const readText = () => '00:00:05-00:01 nap';
    expect(await outcome('calendar:day+dwell:10000', [4000, 7000], { readText, service: () => 2000 })).toMatchObject({
      sleeps: 1,
      wakes: 1,
      delaySumMs: 53_000,
    });
  });

  it('count:3 wakes at each third record, also among records of one instant, and leaves an unfilled batch', async () => {
    expect(await outcome('count:3', RENTAL)).toMatchObject({
      wakes: 2,
      delaySumMs: 7 + 5 + 112 + 100,
      waitingAtEnd: 2,
      backlogMax: 3,
    });
    expect(await outcome('count:2', [4, 4, 4, 4, 4])).toMatchObject({
      sleeps: 3,
      wakes: 2,
      flushesFull: 2,
      waitingAtEnd: 1,
    });
  });

  it('count-or-time:3,10 flushes one full batch, four at the end of a window, the last of them after the trace', async () => {
    expect(await outcome('count-or-time:3,10', RENTAL)).toMatchObject({
      flushes: 5,
      flushesFull: 1,
      delaySumMs: 12 + 10 + 10 + 13 + 10,
      spanMs: 166,
    });
  });

  it('a record at the end of a window joins it, and fills it when it is the last that was missing', async () => {
    expect(await outcome('count-or-time:3,10', [0, 10])).toMatchObject({ flushes: 1, flushesFull: 0, delaySumMs: 10 });
    expect(await outcome('count-or-time:2,10', [0, 10])).toMatchObject({ flushes: 1, flushesFull: 1, delaySumMs: 10 });
    expect(await outcome('count-or-time:3,10', [0, 11])).toMatchObject({ flushes: 2, flushesFull: 0, delaySumMs: 20 });
    expect(await outcome('count-or-time:9,0', [3, 3, 3, 4])).toMatchObject({ flushes: 2, delaySumMs: 0 });
  });

  it('percentiles are by nearest rank', async () => {
    const times = Array.from({ length: 200 }, (_, index) => index + 1);
    expect(await outcome('count:200', times)).toMatchObject({ delayP50Ms: 99, delayP99Ms: 197, delayMaxMs: 199 });
    expect(await outcome('count:2', [0, 7])).toMatchObject({ delayP50Ms: 0, delayP99Ms: 7 });
  });

  it('a wake-up that takes time delays the records that come meanwhile', async () => {
    expect(await outcome('timeout:10+states:nap=0.5/4/6', [0, 100, 103, 200])).toMatchObject({
      delaySumMs: 6 + 3 + 6,
      catchUpMaxMs: 6,
      cost: { total: 20 + 0.5 * (90 + 84) + 8 },
      wakes: 2,
    });
  });

  it('a refusing state loses the records that find it, and the sleep ends with the first of them', async () => {
    const spec = 'ladder:10,50+states:nap=0.2/5,deep=0/20/7/refuse';
    expect(await outcome(spec, [0, 30, 100, 103, 104, 300])).toMatchObject({
      records: 6,
      refusals: 2,
      wakes: 3,
      delaySumMs: 4 + 3,
      // Idle periods of 30, 70, 3 (from the refused record to the next) and 193.
      optimum: 11 + 19 + 3 + 20,
      stateMs: { awake: 30, nap: 20 + 40 + 40, deep: 20 + 143 },
    });
  });

  it('the oracle costs the optimum exactly', async () => {
    for (const spec of ['oracle:10', 'oracle:1/0,0.5/5,0/20']) {
      const { cost, optimum, ratio } = await outcome(spec, RENTAL);
      expect(cost.total).toBe(optimum);
      expect(ratio).toBe(1);
    }
  });

  it('a least time asleep holds work back, a least time awake holds sleep back, a longest time asleep wakes to look', async () => {
    expect(await outcome('timeout:10+dwell:0,30', [0, 15, 100])).toMatchObject({ delaySumMs: 25, optimum: null });
    expect(await outcome('timeout:10+dwell:40', [0, 11, 30])).toMatchObject({ sleeps: 1, wakes: 1 });
    expect(await outcome('timeout:10+longest:50', [0, 200])).toMatchObject({ wakes: 4, optimum: 10, delaySumMs: 0 });
    expect(await outcome('count:9+longest:50', [10, 20, 70])).toMatchObject({ wakes: 2, delaySumMs: 40 + 30 + 30 });
  });

  it('a longest sleep is no timer for a system that somebody else woke, and that works longer than that', () => {
    const simulation = new Simulation(parsePolicy('count:9+longest:50'), { service: () => 200, transitionsMax: 9 });
    simulation.arrive(10, 1);
    simulation.wake(20, 'user');
    const { tally } = simulation.until(240);
    const changes = tally.transitions.map(({ atMs, to, reason }) => `${atMs} ${to} ${reason}`);
    expect(changes).toEqual(['0 1 start', '20 0 user', '220 1 drained']);
  });
});
