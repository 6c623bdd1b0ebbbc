import { describe, expect, it } from 'vitest';
import { AWAKE, type Decision, NEVER, type Policy, type PolicyEvent } from '../../../src/policy/contract.js';
import { definePolicy } from '../../../src/policy/define.js';
import { generateArrivals, generateServices } from '../../../src/policy/generate.js';
import { Governor, type GovernorSnapshot } from '../../../src/policy/governor.js';
import { parseArrivals, parseService } from '../../../src/policy/laws.js';
import { simulate } from '../../../src/policy/simulate.js';
import { parsePolicy } from '../../../src/policy/spec.js';
import { block, outcome } from './runs.js';

const CALENDAR = 'start 23:59:50\n00:00-00:01 nap\n00:01-00:01:30 deep\n23:00-23:59:55 nap\n';

/** Every policy there is, some with several states, wake-up times and limits. */
const SPECS = [
  'always-awake:40',
  'timeout:30,50',
  'break-even:40',
  'envelope:1/0,0.5/10,0/60',
  'ladder:20,90+states:nap=0.3/10/2,deep=0/60/15/refuse',
  'menu:40',
  'menu:1/0,0.5/10,0/60',
  'histogram:40,5,0.1,0.9',
  'randomised:40',
  'learned:40,0.3',
  'oracle:40',
  'every:35',
  'count:7',
  'count-or-time:7,50',
  'vacation:exp:30',
  'vacation:const:30',
  'calendar:day',
  'timeout:10+dwell:30,45',
  'count:7+longest:60',
  'break-even:40+longest:100+dwell:5',
];

const parse = (spec: string, seed = 1): Policy => parsePolicy(spec, { seed, readText: () => CALENDAR });
const RECORDS = 500;
const arrivals = (seed = 4) => generateArrivals(parseArrivals('on-off:0.2,100,150'), RECORDS, seed);
const service = () => generateServices(parseService('exp:2'), 4);

function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}

/** The same policy, asked twice each time, with a memory that was frozen, written as JSON and read back. */
function suspicious(policy: Policy): Policy {
  const through = (decision: Decision<unknown>): Decision<unknown> => ({
    ...decision,
    memory: freeze(JSON.parse(JSON.stringify(decision.memory ?? null))),
  });
  return {
    ...policy,
    start: (atMs) => through(policy.start(atMs)),
    decide: (event, memory) => {
      const first = policy.decide(freeze(event), memory);
      const again = policy.decide(event, memory);
      if (JSON.stringify(again) !== JSON.stringify(first)) throw new Error(`${policy.spec} decided in two ways`);
      return through(first);
    },
  };
}

describe('what every policy keeps to', () => {
  it('is pure, deterministic, and carries a memory that survives JSON', async () => {
    for (const spec of SPECS) {
      const plain = await simulate([parse(spec)], arrivals(), { service: service() });
      const checked = await simulate([suspicious(parse(spec))], arrivals(), { service: service() });
      expect(checked, spec).toEqual(plain);
    }
  });

  it('decides as one whole: a state of its own, a timer that is not in the past, a reason', async () => {
    for (const spec of SPECS) {
      const policy = parse(spec);
      const faults: unknown[] = [];
      const watched: Policy = {
        ...policy,
        decide: (event, memory) => {
          const decision = policy.decide(event, memory);
          const whole = policy.states[decision.state] !== undefined && decision.timerMs >= event.atMs;
          if (!whole || !/^[a-z-]+$/.test(decision.reason)) faults.push({ spec, event, decision });
          return decision;
        },
      };
      const [result] = await simulate([watched], arrivals(), { service: service() });
      expect(faults).toEqual([]);
      expect(result?.records, spec).toBe(RECORDS);
    }
  });

  it('accounts for every record, every change of state and all the time', async () => {
    for (const spec of SPECS) {
      const [result] = await simulate([parse(spec)], arrivals(), { service: service() });
      if (result === undefined) throw new Error(spec);
      const changes = Object.values(result.reasons).reduce((sum, count) => sum + count, 0);
      expect(result.wakes, spec).toBeGreaterThanOrEqual(result.sleeps - 1);
      expect(changes, spec).toBeGreaterThanOrEqual(result.sleeps + result.wakes);
      expect(Object.values(result.cost.byState).reduce((sum, part) => sum + part, 0)).toBeCloseTo(
        result.cost.total ?? 0,
        6,
      );
      if (result.ratio !== null) expect(result.ratio, spec).toBeGreaterThanOrEqual(1 - 1e-12);
      expect(result.refusals === 0 || spec.includes('refuse') || spec.startsWith('calendar'), spec).toBe(true);
    }
  });

  it('a policy that would fire its timer for ever, in the past or into no state is stopped', async () => {
    const broken = (decision: Partial<Decision<null>>): Policy =>
      definePolicy({
        spec: 'broken',
        memory: null,
        decide: ({ atMs }) => ({ state: AWAKE, timerMs: atMs, reason: 'x', memory: null, ...decision }),
      });
    const run = (policy: Policy) => simulate([policy], arrivals());
    await expect(run(broken({}))).rejects.toThrow(/E_POLICY: broken fires its timer at .* for ever/);
    await expect(run(broken({ timerMs: -1 }))).rejects.toThrow(/E_POLICY: broken arms its timer in the past/);
    await expect(run(broken({ state: 9 }))).rejects.toThrow(/E_POLICY: broken has no state 9/);
  });
});

describe('one instant', () => {
  it('has its departures first, then its arrivals, then the timer', async () => {
    const told: string[] = [];
    const policy = definePolicy({
      spec: 'listener',
      memory: null,
      decide: ({ kind, atMs, waiting }) => {
        told.push(`${atMs} ${kind} ${waiting}`);
        return { state: AWAKE, timerMs: kind === 'timer' || atMs > 10 ? NEVER : 10, reason: 'x', memory: null };
      },
    });
    await simulate([policy], [block([5, 10, 10])], { service: () => 5 });
    expect(told).toEqual(['5 arrival 1', '10 drained 0', '10 arrival 1', '10 arrival 2', '10 timer 2', '20 drained 0']);
    told.length = 0;
    await simulate([policy], [block([5, 6])], { service: () => 2.5 });
    expect(told).toEqual(['5 arrival 1', '6 arrival 2', '10 drained 0']);
  });
});

describe('a governor', () => {
  it('fed with what a simulation told it decides the same again, also from a snapshot in the middle', async () => {
    for (const spec of SPECS) {
      const told: { event: PolicyEvent; decision: Decision<unknown> }[] = [];
      const policy = parse(spec);
      const recorded: Policy = {
        ...policy,
        decide: (event, memory) => {
          const decision = policy.decide(event, memory);
          told.push({ event, decision });
          return decision;
        },
      };
      await simulate([recorded], arrivals(), { service: service() });
      let governor = new Governor(parse(spec), 0);
      for (const [index, { event, decision }] of told.entries()) {
        if (index === Math.floor(told.length / 2)) {
          const snapshot = JSON.parse(JSON.stringify(governor.snapshot())) as GovernorSnapshot;
          governor = new Governor(parse(spec), 0);
          governor.restore(snapshot);
        }
        if (event.kind === 'timer') expect(event.atMs).toBe(governor.wanted.timerMs);
        const { kind, atMs, waiting, state, nextArrivalMs } = event;
        const again = governor.tell(kind, atMs, waiting, state, nextArrivalMs);
        if (JSON.stringify(again) !== JSON.stringify(decision)) throw new Error(`${spec} decided otherwise at ${atMs}`);
      }
      expect(told.length, spec).toBeGreaterThan(RECORDS);
    }
  });

  it('refuses the snapshot of another policy', () => {
    const snapshot = new Governor(parse('timeout:5'), 0).snapshot();
    expect(() => new Governor(parse('timeout:6'), 0).restore(snapshot)).toThrow(/E_POLICY: a snapshot of timeout:5/);
  });
});

describe('policies that learn', () => {
  it('menu goes straight to sleep once idle periods are regular, and guards when they are not', async () => {
    const regular = Array.from({ length: 40 }, (_, index) => 1000 * index);
    const { stateMs, reasons } = await outcome('menu:100', regular);
    expect(reasons).toMatchObject({ prediction: 31, crossing: 8 });
    expect(stateMs).toEqual({ awake: 800, asleep: 38_200 });
  });

  it('histogram wakes ahead of the arrivals that it has learned to expect', async () => {
    const regular = Array.from({ length: 60 }, (_, index) => 1010 * index);
    const { reasons, stateMs } = await outcome('histogram:100,50', regular);
    expect(reasons).toMatchObject({ 'pre-wake': 39, prediction: 39 });
    expect(stateMs).toMatchObject({ awake: 20 * 100 + 39 * 10 });
  });

  it('an idle period without length teaches nothing', async () => {
    const bursts = Array.from({ length: 120 }, (_, index) => 1000 * Math.floor(index / 3));
    expect((await outcome('menu:100', bursts)).reasons).toMatchObject({ prediction: 31 });
  });

  it('a calendar naps and refuses by the time of day, and lets work wait until the window ends', async () => {
    const readText = () => CALENDAR;
    // The trace begins at 23:59:50: napping until 5 s, awake until 10 s, napping until 70 s, refusing until 100 s.
    const times = [1000, 6000, 20_000, 69_999, 70_001, 99_999, 100_001];
    expect(await outcome('calendar:day', times, { readText })).toMatchObject({
      refusals: 2,
      delaySumMs: 4000 + 80_000 + 30_001,
      wakes: 2,
      optimum: null,
    });
  });

  it('a calendar that cannot be understood is refused by its line', () => {
    const refused = (text: string) => expect(() => parsePolicy('calendar:x', { readText: () => text }));
    refused('08:00-09:00 nap\n08:30-10:00 deep').toThrow(/line 2: overlaps/);
    refused('08:00-09:00 snooze').toThrow(/line 1: no state is named 'snooze'; one of awake, nap, deep/);
    refused('8-9 nap').toThrow(/line 1: '8-9 nap' is no window/);
    refused('start noon\n').toThrow(/'noon' is no time of day/);
    refused('# nothing\n').toThrow(/holds no window/);
  });
});
