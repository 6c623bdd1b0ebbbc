/**
 * The supervisor tree under a seeded storm, on a virtual clock: children that fail to start, start late, end by
 * themselves in every way, do not stop in time, and a stop of the whole tree at a random moment. The invariants are
 * checked from the children's own diary, which knows nothing of the supervisor:
 *
 *   1. no zombie: when the supervisor has ended, no child is up (but those reported hung)
 *   2. no twin: a child is never started while it is up or starting
 *   3. order of start: a child starts only when every sibling before it that has to be up is up
 *   4. order of stop: children are asked to stop one at a time, last first, within a group
 *   5. rest-for-one and one-for-all: when a child has been restarted, so has its group
 *   6. budget: never more restarts within the period than the intensity, and the one beyond it escalates
 *   7. it ends: stop() always resolves, within the sum of the deadlines
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/ports/clock.js';
import type { ExitReason } from '../../src/supervisor/exit.js';
import type { ChildHandle, ChildSpec, Restart, Strategy, SupervisorEvent } from '../../src/supervisor/spec.js';
import { Supervisor } from '../../src/supervisor/supervisor.js';

const SHUTDOWN_MS = 100;
const START_MS = 200;
const GRACE_MS = 2_000;

/** What one life of a child does: drawn at random, used up in order, then it lives well. */
interface Life {
  readonly startMs: number;
  readonly failsToStart: boolean;
  readonly livesMs: number | undefined;
  readonly end: ExitReason;
  readonly stopMs: number;
}

interface Plan {
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly children: readonly { readonly restart: Restart; readonly lives: readonly Life[] }[];
  readonly stopAfterMs: number;
}

const WELL: Life = { startMs: 1, failsToStart: false, livesMs: undefined, end: { kind: 'done' }, stopMs: 1 };

const end: fc.Arbitrary<ExitReason> = fc.constantFrom(
  { kind: 'done' },
  { kind: 'error', error: { code: 'E_ACTOR_FAILED', message: 'drawn', details: {} } },
  { kind: 'exit', exitCode: 3 },
  { kind: 'memory', message: 'drawn' },
);

const life: fc.Arbitrary<Life> = fc.record({
  startMs: fc.oneof(fc.nat({ max: 20 }), fc.constant(START_MS + 50)),
  failsToStart: fc.nat({ max: 4 }).map((one) => one === 0),
  livesMs: fc.option(fc.nat({ max: 500 }), { nil: undefined }),
  end,
  stopMs: fc.oneof(fc.nat({ max: SHUTDOWN_MS }), fc.constant(SHUTDOWN_MS + GRACE_MS + 500)),
});

const plan: fc.Arbitrary<Plan> = fc.record({
  strategy: fc.constantFrom<Strategy>('one-for-one', 'one-for-all', 'rest-for-one'),
  intensity: fc.nat({ max: 6 }),
  children: fc.array(
    fc.record({
      restart: fc.constantFrom<Restart>('permanent', 'transient', 'temporary'),
      lives: fc.array(life, { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  stopAfterMs: fc.nat({ max: 3_000 }),
});

interface Entry {
  readonly atMs: number;
  readonly index: number;
  readonly what: 'starting' | 'up' | 'asked' | 'down' | 'failed';
}

/** The children's own world: each keeps its diary, and checks on the spot what can be checked on the spot. */
class World {
  readonly clock = new VirtualClock();
  readonly diary: Entry[] = [];
  readonly faults: string[] = [];
  readonly starting = new Set<number>();
  readonly up = new Set<number>();
  /** Being stopped, within its time. */
  readonly asked = new Set<number>();
  /** Given up by the supervisor, and rightly: too late to start, or too slow to stop. */
  readonly strays = new Set<object>();
  /** Ended for good by the rules of its restart. */
  readonly retired = new Set<number>();
  readonly specs: readonly ChildSpec[];
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.specs = plan.children.map(({ restart, lives }, index) => {
      const left = [...lives];
      const start = (): Promise<ChildHandle> => this.#start(index, left.shift() ?? WELL);
      return { id: `c${index}`, restart, shutdownMs: SHUTDOWN_MS, startMs: START_MS, start };
    });
  }

  async #start(index: number, life: Life): Promise<ChildHandle> {
    this.#check(!this.starting.has(index) && !this.up.has(index), `twin: c${index} is started while it is up`);
    this.#check(this.starting.size === 0, `c${index} is started while another starts`);
    this.#check(this.asked.size === 0, `c${index} is started while another stops`);
    for (let before = 0; before < index; before++)
      this.#check(this.up.has(before) || this.retired.has(before), `c${index} is started while c${before} is not up`);
    this.#note(index, 'starting');
    this.starting.add(index);
    this.retired.delete(index);
    if (life.startMs > START_MS) return this.#startTooLate(index, life);
    await this.#sleep(life.startMs);
    this.starting.delete(index);
    if (!life.failsToStart) return this.#live(index, life);
    this.#note(index, 'failed');
    if (this.#restart(index) === 'temporary') this.retired.add(index);
    throw new Error(`c${index} fails to start`);
  }

  async #startTooLate(index: number, life: Life): Promise<ChildHandle> {
    const stray = {};
    this.strays.add(stray);
    await this.#sleep(START_MS - 1);
    this.starting.delete(index);
    this.#note(index, 'failed');
    if (this.#restart(index) === 'temporary') this.retired.add(index);
    await this.#sleep(life.startMs - START_MS);
    const stop = async (): Promise<void> => void this.strays.delete(stray);
    return { exited: new Promise(() => undefined), stop };
  }

  #live(index: number, life: Life): ChildHandle {
    this.up.add(index);
    this.#note(index, 'up');
    let settle: (reason: ExitReason) => void = () => undefined;
    const exited = new Promise<ExitReason>((resolve) => {
      settle = resolve;
    });
    let alive = true;
    const finish = (reason: ExitReason): void => {
      if (alive) this.#down(index, reason);
      alive = false;
      settle(reason);
    };
    if (life.livesMs !== undefined) this.clock.after(life.livesMs, () => finish(life.end));
    const stop = async (): Promise<void> => {
      for (let after = index + 1; after < this.specs.length; after++)
        this.#check(!this.up.has(after), `c${index} is asked to stop while c${after} is up`);
      this.#check(this.asked.size === 0, `c${index} is asked to stop while another stops`);
      if (!alive) return;
      this.#note(index, 'asked');
      this.asked.add(index);
      if (life.stopMs <= SHUTDOWN_MS) {
        await this.#sleep(life.stopMs);
        finish({ kind: 'stopped' });
        return;
      }
      // A hang: the supervisor may give it up after the deadline and the grace, not before.
      await this.#sleep(SHUTDOWN_MS + GRACE_MS - 1);
      if (alive) this.#down(index, { kind: 'hung' });
      alive = false;
      await new Promise(() => undefined);
    };
    return { exited, stop };
  }

  #down(index: number, reason: ExitReason): void {
    this.up.delete(index);
    const wasAsked = this.asked.delete(index);
    this.#note(index, 'down');
    const restart = this.#restart(index);
    if (restart === 'temporary' || (restart === 'transient' && !wasAsked && reason.kind === 'done'))
      this.retired.add(index);
  }

  #restart(index: number): Restart {
    return this.#plan.children[index]?.restart ?? 'temporary';
  }

  #check(holds: boolean, fault: string): void {
    if (!holds) this.faults.push(`${this.clock.nowMs()} ms: ${fault}`);
  }

  #note(index: number, what: Entry['what']): void {
    this.diary.push({ atMs: this.clock.nowMs(), index, what });
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(delayMs, resolve);
    });
  }
}

const PERIOD_MS = 1_000;

async function simulate(plan: Plan): Promise<{ world: World; events: SupervisorEvent[]; supervisor: Supervisor }> {
  const world = new World(plan);
  const events: SupervisorEvent[] = [];
  const { strategy, intensity } = plan;
  const supervisor = new Supervisor({
    strategy,
    intensity,
    periodMs: PERIOD_MS,
    backoff: { minMs: 5, maxMs: 80, factor: 2 },
    children: world.specs,
    clock: world.clock,
    onEvent: (event) => events.push(event),
  });
  const started = supervisor.start().then(
    () => 'up',
    () => 'not up',
  );
  await world.clock.advanceSettled(plan.stopAfterMs);
  checkQuiet(plan, world, supervisor);
  let over = false;
  void supervisor.stop().then(() => {
    over = true;
  });
  await world.clock.advanceSettled(START_MS + plan.children.length * (SHUTDOWN_MS + GRACE_MS) + 100);
  expect(over, 'stop() resolves within the sum of the deadlines').toBe(true);
  await started;
  return { world, events, supervisor };
}

/** What holds whenever the supervisor says that it runs. */
function checkQuiet(plan: Plan, world: World, supervisor: Supervisor): void {
  if (supervisor.status().state !== 'up.running') return;
  const lastStart = (index: number): number =>
    world.diary.findLastIndex((entry) => entry.index === index && entry.what === 'starting');
  plan.children.forEach(({ restart }, index) => {
    if (restart === 'permanent') expect(world.up, `c${index} is up`).toContain(index);
  });
  const up = [...world.up].sort((left, right) => left - right);
  if (plan.strategy !== 'one-for-one')
    for (const [at, index] of up.entries())
      for (const after of up.slice(at + 1))
        expect(lastStart(after), `c${after} was restarted with c${index}`).toBeGreaterThan(lastStart(index));
  if (plan.strategy === 'one-for-one') expect(world.diary.filter(({ what }) => what === 'asked')).toEqual([]);
}

function checkBudget({ intensity }: Plan, events: readonly SupervisorEvent[]): void {
  const restarts = events.filter(({ type }) => type === 'restarting').map(({ atMs }) => atMs);
  const within = (endMs: number): number => restarts.filter((atMs) => atMs <= endMs && endMs - atMs < PERIOD_MS).length;
  for (const atMs of restarts) expect(within(atMs)).toBeLessThanOrEqual(intensity);
  const escalated = events.find((event) => event.type === 'escalated');
  if (escalated?.reason.kind === 'error' && escalated.reason.error.code === 'E_RESTART_INTENSITY')
    expect(within(escalated.atMs)).toBe(intensity);
}

const RUNS = Number(process.env['LTL_RUNS'] ?? 2000);

describe('a supervisor in a storm', () => {
  it(
    'leaves no zombie and no twin, keeps its order and its budget, and always ends',
    async () => {
      const seen = { escalated: 0, restarted: 0, hung: 0, failed: 0, quiet: 0 };
      await fc.assert(
        fc.asyncProperty(plan, async (drawn) => {
          const { world, events, supervisor } = await simulate(drawn);
          expect(world.faults).toEqual([]);
          expect([...world.up, ...world.starting]).toEqual([]);
          expect(world.strays.size, 'late starters are stopped when they come').toBe(0);
          checkBudget(drawn, events);
          const { state, children } = supervisor.status();
          const escalated = events.some(({ type }) => type === 'escalated');
          expect(state).toBe(escalated ? 'failed' : 'stopped');
          for (const child of children) expect(['ended', 'failed']).toContain(child.state);
          seen.escalated += Number(escalated);
          seen.restarted += Number(events.some(({ type }) => type === 'restarting'));
          seen.hung += Number(children.some(({ lastExit }) => lastExit?.kind === 'hung'));
          seen.failed += Number(world.diary.some(({ what }) => what === 'failed'));
          seen.quiet += Number(!escalated);
        }),
        { numRuns: RUNS },
      );
      // The storm is one: each kind of weather was met.
      for (const [weather, times] of Object.entries(seen)) expect(times, weather).toBeGreaterThan(10);
    },
    60_000 + 10 * RUNS,
  );
});
