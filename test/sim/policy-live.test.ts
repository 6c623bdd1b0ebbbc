/**
 * Policies live on a virtual clock: the driver, the run and its record against the simulator, over random arrivals, works of
 * random length, sleeps that are carried out late, things that stand in the way, and users who wake the instance.
 * LTL_SIM_SEEDS and LTL_SIM_FROM choose how many histories and from which seed.
 */
import { describe, expect, it } from 'vitest';
import type { GovernedInstance } from '../../src/ops/policy-driver.js';
import { PolicyRun, type RecordSink } from '../../src/ops/policy-run.js';
import type { Policy } from '../../src/policy/contract.js';
import { definePolicy } from '../../src/policy/define.js';
import { KINDS } from '../../src/policy/kinds.js';
import { parseRecord } from '../../src/policy/record.js';
import { replay } from '../../src/policy/replay.js';
import { Simulation } from '../../src/policy/simulation.js';
import { parsePolicy } from '../../src/policy/spec.js';
import { VirtualClock } from '../../src/ports/clock.js';
import { LtlError } from '../../src/words/errors.js';
import { makeDice } from './dice.js';

type Dice = ReturnType<typeof makeDice>;

const SEEDS = Number(process.env['LTL_SIM_SEEDS'] ?? 6);
const FROM = Number(process.env['LTL_SIM_FROM'] ?? 1);

/** One of each kind that can run live, some with limits, deep states that refuse, or several depths. */
const SPECS = [
  'always-awake:50',
  'timeout:40,100',
  'timeout:0,100',
  'break-even:60',
  'envelope:1/0,0.4/30,0/90',
  'envelope+states:nap=0.2/20/1,deep=0/200/5/refuse',
  'ladder:30,120',
  'menu:60',
  'histogram:60,10,0.1,0.9',
  'randomised:80',
  'learned:60,0.4',
  'every:70',
  'count:5',
  'count-or-time:7,90',
  'vacation:exp:50',
  'timeout:20,60+dwell:30,40',
  'count:9+longest:150',
  'calendar:sleep at night',
];
const CALENDAR = 'start 21:59\n22:00-06:00 nap\n';

function policyOf(spec: string, seed: number): Policy {
  return parsePolicy(spec.startsWith('calendar') ? 'calendar:file' : spec, { seed, readText: () => CALENDAR });
}

class Lines implements RecordSink {
  readonly path = 'memory';
  readonly failure = null;
  text = '';
  add(line: object): void {
    this.text += `${JSON.stringify(line)}\n`;
  }
  close(): void {
    this.text += '';
  }
}

/** An instance that needs its time for everything, and does what it is told in the end. */
class FakeInstance implements GovernedInstance {
  depth = 'awake';
  sleeps = 0;
  blocked = false;
  readonly #clock: VirtualClock;
  readonly #workMs: () => number;

  constructor(clock: VirtualClock, workMs: () => number) {
    this.#clock = clock;
    this.#workMs = workMs;
  }

  async sleep(refuses: boolean): Promise<void> {
    expect(this.blocked).toBe(false);
    this.depth = refuses ? 'deep' : 'nap';
    this.sleeps++;
    await this.#after(this.#workMs() / 10);
  }
  async awake(): Promise<void> {
    this.depth = 'awake';
    await this.#after(this.#workMs() / 10);
  }
  blockers(): string[] {
    return this.blocked ? ['something'] : [];
  }
  async settled(onPart: (left: number) => void): Promise<void> {
    const workMs = this.#workMs();
    await this.#after(workMs / 2);
    onPart(1);
    await this.#after(workMs - workMs / 2);
  }
  #after(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }
}

interface History {
  readonly lines: Lines;
  readonly run: PolicyRun;
  readonly instance: FakeInstance;
  readonly clock: VirtualClock;
  readonly arrivals: { readonly atMs: number; readonly records: number; readonly bytes: number }[];
}

interface HistoryOptions {
  readonly startMs?: number;
  readonly workMs?: (dice: Dice) => number;
  readonly meddling?: boolean;
  readonly shadows?: readonly Policy[];
}

/** Random bursts and silences, told to a run of the policy. */
async function live(policy: Policy, seed: number, options: HistoryOptions = {}): Promise<History> {
  const dice = makeDice(seed);
  const clock = new VirtualClock(options.startMs ?? 0);
  const { workMs = (one: Dice) => one(30) + 0.5, meddling = true } = options;
  const instance = new FakeInstance(clock, () => workMs(dice));
  const lines = new Lines();
  const run = new PolicyRun(policy, instance, {
    shadows: options.shadows ?? [],
    calibration: null,
    recorder: lines,
    seed,
    totals: () => ({ fsyncs: 0, cpuMs: 0 }),
    clock,
    work: () => [],
  });
  const arrivals: History['arrivals'] = [];
  const startMs = clock.nowMs();
  for (let step = 0; step < 60; step++) {
    const gap = [0, 0.001, 1, 7.25, 40, 40, 60, 333.333][dice(8)] ?? 0;
    await clock.advanceSettled(gap + (dice(3) === 0 ? dice(1000) / 1000 : 0));
    const choice = meddling ? dice(12) : 0;
    if (choice === 10) {
      instance.depth = 'awake';
      run.woken('awake() was called');
    } else if (choice === 11) instance.blocked = !instance.blocked;
    else {
      const records = 1 + dice(4);
      arrivals.push({ atMs: clock.nowMs() - startMs, records, bytes: 10 * records });
      run.arrived(records, 10 * records);
    }
  }
  instance.blocked = false;
  await clock.advanceSettled(500);
  return { lines, run, instance, clock, arrivals };
}

describe('a live policy on a virtual clock', () => {
  it('has a spec here for every kind that can run', () => {
    const names = KINDS.map(({ name }) => name).filter((name) => name !== 'oracle');
    for (const name of names)
      expect(
        SPECS.some((spec) => spec.split(/[:+]/)[0] === name),
        name,
      ).toBe(true);
  });

  it.each(SPECS)('%s: its record replays to the identical log, whatever happened', async (spec) => {
    for (let seed = FROM; seed < FROM + SEEDS; seed++) {
      for (const startMs of [0, 1_763_800_000_000.123]) {
        const policy = policyOf(spec, seed);
        const { lines, run } = await live(policy, seed, { startMs });
        run.end();
        const { difference } = replay(parseRecord(lines.text, 'memory'), policyOf(spec, seed), 1000);
        expect(difference, `seed ${seed}`).toBe(null);
      }
    }
  });

  it('the instance does in the end as the policy says, and a blocked sleep is made up for', async () => {
    for (const spec of SPECS) {
      for (let seed = FROM; seed < FROM + SEEDS; seed++) {
        const policy = policyOf(spec, seed);
        const { run, instance } = await live(policy, seed);
        const { state } = run.status();
        const wanted = policy.states.find(({ name }) => name === state);
        const depth = state === policy.states[0]?.name ? 'awake' : wanted?.refuses === true ? 'deep' : 'nap';
        expect(instance.depth, `${spec}, seed ${seed}`).toBe(depth);
      }
    }
  });

  it.each(['timeout:40,100', 'break-even:60', 'ladder:30,120', 'menu:60', 'count:5', 'always-awake:50'])(
    '%s: where work takes a known time, the simulator foretells the log without the record',
    async (spec) => {
      const workMs = 12.5;
      for (let seed = FROM; seed < FROM + SEEDS; seed++) {
        const policy = policyOf(spec, seed);
        const { lines, arrivals } = await live(policy, seed, { workMs: () => workMs, meddling: false });
        const states = policy.states.map((state) => ({ ...state, wakeMs: workMs }));
        const simulation = new Simulation({ ...policy, states }, { pickUpMs: workMs, transitionsMax: 1e6 });
        for (const { atMs, records, bytes } of arrivals) simulation.arrive(atMs, bytes, records);
        const { tally } = simulation.until(1e9);
        const logged = parseRecord(lines.text, 'memory').events.flatMap((event) =>
          event.event === 'change' ? [`${event.from} ${event.to} ${event.reason} ${event.t_ms.toFixed(3)}`] : [],
        );
        const foretold = tally.transitions.map(
          ({ from, to, reason, atMs }) =>
            `${policy.states[from]?.name} ${policy.states[to]?.name} ${reason} ${atMs.toFixed(3)}`,
        );
        expect(logged, `seed ${seed}`).toEqual(foretold.slice(0, logged.length));
        expect(foretold.length - logged.length).toBeLessThanOrEqual(1);
      }
    },
  );

  it('shadows see the live arrivals: what they report is what a simulation of them gives', async () => {
    const rivals = ['break-even:60', 'count:5', 'oracle:60'];
    const shadows = rivals.map((spec) => parsePolicy(spec));
    const { run, arrivals } = await live(parsePolicy('timeout:40,100'), 7, { shadows, meddling: false });
    const report = run.end();
    expect(report.shadows.map(({ policy }) => policy)).toEqual(rivals);
    for (const [index, spec] of rivals.entries()) {
      const simulation = new Simulation(parsePolicy(spec));
      for (const { atMs, records, bytes } of arrivals) simulation.arrive(atMs, bytes, records);
      const { tally } = simulation.until(report.forMs);
      expect(report.shadows[index]?.outcome).toMatchObject({ wakes: tally.wakes, sleeps: tally.sleeps });
      expect(report.shadows[index]?.outcome?.wakes).toBeGreaterThan(0);
    }
  });

  it('while asleep no timer is pending but the policy’s own', async () => {
    const { clock, run, instance } = await live(parsePolicy('count:1000'), 3, { meddling: false });
    expect(instance.depth).toBe('nap');
    expect(clock.nextDueMs()).toBe(undefined);
    expect(run.status()).toMatchObject({ state: 'asleep', nextTimerMs: null });
  });

  it('a policy that throws, or arms a timer in the past, is ended by name and leaves the instance awake', async () => {
    const clock = new VirtualClock();
    const instance = new FakeInstance(clock, () => 1);
    for (const [timer, message] of [
      [
        () => {
          throw new Error('no idea');
        },
        /own failed: no idea/,
      ],
      [() => ({ state: 1, timerMs: -1, reason: 'x', memory: 0 }), /arms its timer in the past/],
      [() => ({ state: 7, timerMs: Infinity, reason: 'x', memory: 0 }), /has no state 7/],
    ] as const) {
      const own = definePolicy<number>({
        spec: 'own',
        memory: 0,
        decide: ({ kind, atMs }, memory) =>
          kind === 'timer' && memory === 1
            ? timer()
            : { state: kind === 'drained' ? 1 : 0, timerMs: atMs + 10, reason: kind, memory: 1 },
      });
      const options = {
        shadows: [],
        calibration: null,
        recorder: null,
        seed: 1,
        totals: () => ({ fsyncs: 0, cpuMs: 0 }),
      };
      const run = new PolicyRun(own, instance, { ...options, clock, work: () => [] });
      run.arrived(1, 1);
      await clock.advanceSettled(100);
      expect(run.status().failure).toMatchObject({ code: 'E_POLICY', message: expect.stringMatching(message) });
      expect(instance.depth).toBe('awake');
      run.arrived(1, 1);
      expect(run.end().failure).not.toBe(null);
    }
    expect(instance.sleeps).toBeGreaterThan(0);
  });

  it('a clairvoyant policy is refused', async () => {
    const clock = new VirtualClock();
    await expect(live(parsePolicy('oracle:5'), 1)).rejects.toThrow(LtlError);
    expect(clock.nextDueMs()).toBe(undefined);
  });
});
