/**
 * Trees of supervisors under a seeded storm, on a virtual clock: supervisors below supervisors, budgets of single
 * children, children stopped for good in the middle of it, and failures at every step: of a start, too late a start, in
 * life, in a stop, in the very moment of a stop, and a stop of the whole at a random moment. What holds is checked by the
 * children themselves, which know nothing of their supervisors:
 *
 *   1. no zombie: when a supervisor has ended, at any height, nothing below it is up or starting, at that very moment
 *   2. no twin: what is up, starting or being stopped is not started
 *   3. order of start: only when every sibling before it that has to be up is up; one at a time
 *   4. order of stop: only when no sibling after it is up (but for one that is stopped for good); one at a time
 *   5. budgets: restarts within a period never exceed the supervisor's intensity, nor the child's own; and a supervisor
 *      that gives up for them has used one of them up to the last
 *   6. pauses: no restart comes before its announced pause is over
 *   7. a child stopped for good is never started again
 *   8. an end below is seen above: a supervisor that gives up is an exit of that child in its own supervisor's events
 *   9. it comes back: where all is quiet, whatever is permanent is up
 *  10. it ends: stop() resolves within the sum of the deadlines
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/ports/clock.js';
import type { ExitReason } from '../../src/supervisor/exit.js';
import type {
  ChildHandle,
  ChildSpec,
  Restart,
  RestartBudget,
  Strategy,
  SupervisorEvent,
} from '../../src/supervisor/spec.js';
import { Supervisor } from '../../src/supervisor/supervisor.js';

const SHUTDOWN_MS = 100;
const START_MS = 200;
const GRACE_MS = 2_000;
const PERIOD_MS = 1_000;
const BACKOFF = { minMs: 5, maxMs: 80, factor: 2 };
/** What one child may take of a stop: its own, its grace, and a start that is waited for first. */
const SLOWEST_MS = SHUTDOWN_MS + GRACE_MS + START_MS + 10;

interface Life {
  readonly startMs: number;
  readonly failsToStart: boolean;
  readonly livesMs: number | undefined;
  readonly end: ExitReason;
  readonly stopMs: number;
  readonly stop: 'stops' | 'rejects' | 'dies';
}

interface Plan {
  readonly restart: Restart;
  readonly budget: RestartBudget | undefined;
  /** Of a leaf; used up in order, then it lives well. */
  readonly lives: readonly Life[];
  /** Of a supervisor below. */
  readonly below: Tree | undefined;
}

interface Tree {
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly children: readonly Plan[];
}

const WELL: Life = {
  startMs: 1,
  failsToStart: false,
  livesMs: undefined,
  end: { kind: 'done' },
  stopMs: 1,
  stop: 'stops',
};
const DRAWN: ExitReason = { kind: 'error', error: { code: 'E_ACTOR_FAILED', message: 'drawn', details: {} } };

const life: fc.Arbitrary<Life> = fc.record({
  startMs: fc.oneof({ weight: 5, arbitrary: fc.nat({ max: 20 }) }, fc.constant(START_MS + 50)),
  failsToStart: fc.nat({ max: 5 }).map((one) => one === 0),
  livesMs: fc.option(fc.nat({ max: 400 }), { nil: undefined }),
  end: fc.constantFrom<ExitReason>({ kind: 'done' }, DRAWN, { kind: 'exit', exitCode: 3 }),
  stopMs: fc.oneof({ weight: 5, arbitrary: fc.nat({ max: SHUTDOWN_MS }) }, fc.constant(SHUTDOWN_MS + GRACE_MS + 500)),
  stop: fc.constantFrom('stops', 'stops', 'rejects', 'dies'),
});

const restart = fc.constantFrom<Restart>('permanent', 'permanent', 'transient', 'temporary');
const budget = fc.option(fc.record({ intensity: fc.nat({ max: 3 }), periodMs: fc.constant(PERIOD_MS) }), {
  nil: undefined,
});
const leaf: fc.Arbitrary<Plan> = fc.record({
  restart,
  budget,
  lives: fc.array(life, { maxLength: 4 }),
  below: fc.constant(undefined),
});

function tree(depth: number): fc.Arbitrary<Tree> {
  const below = fc.record({ restart, budget, lives: fc.constant([]), below: fc.constant(undefined) });
  const node: fc.Arbitrary<Plan> =
    depth === 0 ? leaf : fc.tuple(below, tree(depth - 1)).map(([plan, drawn]) => ({ ...plan, below: drawn }));
  return fc.record({
    strategy: fc.constantFrom<Strategy>('one-for-one', 'one-for-all', 'rest-for-one'),
    intensity: fc.nat({ max: 5 }),
    children: fc.array(fc.oneof({ weight: 3, arbitrary: leaf }, node), { minLength: 1, maxLength: 3 }),
  });
}

/** What one child is doing, by its own word. */
type Doing = 'down' | 'starting' | 'up' | 'asked';

/** One supervisor's children through all its lives, and the present life itself. */
class Family {
  readonly doing: Doing[];
  /** Ended for good by the rules of its restart. */
  readonly retired = new Set<number>();
  readonly dismissed = new Set<number>();
  readonly notBeforeMs: number[];
  readonly belows: (Family | undefined)[];
  /** Events of each life of this supervisor. */
  readonly lives: SupervisorEvent[][] = [];
  readonly errorEnds: { readonly index: number; readonly atMs: number }[] = [];
  supervisor: Supervisor | undefined;
  readonly tree: Tree;
  readonly #world: World;
  readonly #left: Life[][];
  readonly #path: string;

  constructor(drawn: Tree, world: World, path = '') {
    this.tree = drawn;
    this.#path = path;
    this.#world = world;
    this.doing = drawn.children.map(() => 'down');
    this.notBeforeMs = drawn.children.map(() => 0);
    this.#left = drawn.children.map(({ lives }) => [...lives]);
    this.belows = drawn.children.map(({ below }, index) =>
      below === undefined ? undefined : new Family(below, world, this.idOf(index)),
    );
  }

  /** Unique in the whole tree. */
  idOf(index: number): string {
    return `${this.#path}/${index}`;
  }

  /** A new life of this supervisor. */
  make(): Supervisor {
    const events: SupervisorEvent[] = [];
    this.lives.push(events);
    const { strategy, intensity } = this.tree;
    this.supervisor = new Supervisor({
      strategy,
      intensity,
      periodMs: PERIOD_MS,
      backoff: BACKOFF,
      clock: this.#world.clock,
      // Whoever makes a supervisor anew leaves out what was stopped for good.
      children: this.tree.children
        .map((plan, index) => this.#spec(plan, index))
        .filter((_, index) => !this.dismissed.has(index)),
      onEvent: (event) => {
        events.push(event);
        if (event.type === 'restarting') this.notBeforeMs[indexOf(event.id)] = event.atMs + event.delayMs;
      },
    });
    return this.supervisor;
  }

  get stopMs(): number {
    return this.belows.reduce((sum, below) => sum + (below === undefined ? SLOWEST_MS : below.stopMs + SLOWEST_MS), 0);
  }

  dismiss(index: number): void {
    const { supervisor } = this;
    if (supervisor === undefined || !supervisor.status().state.startsWith('up')) return;
    this.dismissed.add(index);
    this.retired.add(index);
    supervisor.dismiss(this.idOf(index));
  }

  /** Nothing of it is up or on its way, at any depth. */
  get isDown(): boolean {
    return this.doing.every((doing) => doing === 'down') && this.belows.every((below) => below?.isDown !== false);
  }

  all(): Family[] {
    return [this, ...this.belows.flatMap((below) => below?.all() ?? [])];
  }

  #spec(plan: Plan, index: number): ChildSpec {
    const below = this.belows[index];
    return {
      id: this.idOf(index),
      restart: plan.restart,
      shutdownMs: below === undefined ? SHUTDOWN_MS : below.stopMs,
      ...(below === undefined ? { startMs: START_MS } : {}),
      ...(plan.budget === undefined ? {} : { budget: plan.budget }),
      start: () => this.#start(index, plan),
    };
  }

  async #start(index: number, plan: Plan): Promise<ChildHandle> {
    const check = this.#world.check;
    check(this.doing[index] === 'down', `twin: ${index} is started while it is ${this.doing[index]}`);
    for (const other of ['starting', 'asked'] as const)
      check(!this.doing.includes(other), `${index} is started while another is ${other}`);
    for (let before = 0; before < index; before++)
      check(this.doing[before] === 'up' || this.retired.has(before), `${index} is started before ${before} is up`);
    check(this.#world.clock.nowMs() >= (this.notBeforeMs[index] ?? 0), `${index} is started before its pause is over`);
    check(!this.dismissed.has(index), `${index} is started after it was stopped for good`);
    this.retired.delete(index);
    this.doing[index] = 'starting';
    const below = this.belows[index];
    try {
      const handle = below === undefined ? await this.#startLeaf(index) : await this.#startBelow(below);
      // Given up long since: another life of it may be under way.
      if (this.#world.strays.has(handle)) return handle;
      if (this.doing[index] === 'starting') this.doing[index] = 'up';
      return this.#watched(index, plan, handle);
    } catch (error) {
      this.doing[index] = 'down';
      if (plan.restart === 'temporary') this.retired.add(index);
      throw error;
    }
  }

  /** The handle, with what it does written down before its supervisor hears of it. */
  #watched(index: number, plan: Plan, handle: ChildHandle): ChildHandle {
    const check = this.#world.check;
    const below = this.belows[index];
    const exited = handle.exited.then((reason) => {
      if (this.doing[index] === 'down') return reason;
      const wasAsked = this.doing[index] === 'asked';
      this.doing[index] = 'down';
      check(below?.isDown !== false, `zombie: ${index} has ended, and something below it has not`);
      if (below !== undefined && reason.kind === 'error')
        this.errorEnds.push({ index, atMs: this.#world.clock.nowMs() });
      if (plan.restart === 'temporary' || (plan.restart === 'transient' && !wasAsked && reason.kind === 'done'))
        this.retired.add(index);
      return reason;
    });
    const stop = async (deadlineMs: number): Promise<void> => {
      if (this.doing[index] !== 'up') return handle.stop(deadlineMs);
      // One that is stopped for good goes alone.
      for (let after = index + 1; after < this.doing.length && !this.dismissed.has(index); after++)
        check(this.doing[after] === 'down', `${index} is asked to stop while ${after} is ${this.doing[after]}`);
      check(!this.doing.includes('asked'), `${index} is asked to stop while another stops`);
      this.doing[index] = 'asked';
      await handle.stop(deadlineMs);
    };
    return { exited, stop };
  }

  async #startBelow(below: Family): Promise<ChildHandle> {
    const supervisor = below.make();
    await supervisor.start();
    return supervisor;
  }

  async #startLeaf(index: number): Promise<ChildHandle> {
    const { clock, strays } = this.#world;
    const sleep = (delayMs: number): Promise<void> =>
      new Promise((resolve) => {
        clock.after(delayMs, resolve);
      });
    const drawn = this.#left[index]?.shift() ?? WELL;
    if (drawn.startMs > START_MS) {
      const late = { exited: new Promise<ExitReason>(() => undefined), stop: async () => void strays.delete(late) };
      strays.add(late);
      await sleep(START_MS - 1);
      this.doing[index] = 'down';
      if (this.tree.children[index]?.restart === 'temporary') this.retired.add(index);
      await sleep(drawn.startMs - START_MS + 1);
      return late;
    }
    await sleep(drawn.startMs);
    if (drawn.failsToStart) throw new Error('drawn: fails to start');
    let settle: (reason: ExitReason) => void = () => undefined;
    const exited = new Promise<ExitReason>((resolve) => {
      settle = resolve;
    });
    if (drawn.livesMs !== undefined) clock.after(drawn.livesMs, () => settle(drawn.end));
    let ended = false;
    void exited.then(() => {
      ended = true;
    });
    const stop = async (): Promise<void> => {
      if (ended) return;
      if (drawn.stop === 'dies') return settle(DRAWN);
      if (drawn.stopMs > SHUTDOWN_MS) {
        // A hang: it may be given up after the deadline and the grace, not before.
        await sleep(SHUTDOWN_MS + GRACE_MS - 1);
        this.doing[index] = 'down';
        if (this.tree.children[index]?.restart === 'temporary') this.retired.add(index);
        await new Promise(() => undefined);
      }
      await sleep(drawn.stopMs);
      settle({ kind: 'stopped' });
      if (drawn.stop === 'rejects') throw new Error('drawn: its stop rejects');
    };
    return { exited, stop };
  }
}

class World {
  readonly clock = new VirtualClock();
  readonly faults: string[] = [];
  /** Given up, and rightly, because they came too late; each is to be stopped when it comes. */
  readonly strays = new Set<object>();
  readonly check = (holds: boolean, fault: string): void => {
    if (!holds) this.faults.push(`${this.clock.nowMs()} ms: ${fault}`);
  };
}

interface Storm {
  readonly tree: Tree;
  readonly stopAfterMs: number;
  /** When, which supervisor and which child is stopped for good, by numbers that are wrapped to what there is. */
  readonly dismissals: readonly { readonly atMs: number; readonly family: number; readonly child: number }[];
}

const storm: fc.Arbitrary<Storm> = fc.record({
  tree: tree(2),
  stopAfterMs: fc.nat({ max: 3_000 }),
  dismissals: fc.array(fc.record({ atMs: fc.nat({ max: 2_000 }), family: fc.nat(), child: fc.nat() }), {
    maxLength: 2,
  }),
});

async function simulate({ tree: drawn, stopAfterMs, dismissals }: Storm): Promise<{ world: World; top: Family }> {
  const world = new World();
  const top = new Family(drawn, world);
  const supervisor = top.make();
  const started = supervisor.start().catch(() => undefined);
  for (const { atMs, family, child } of dismissals)
    world.clock.after(atMs, () => {
      const families = top.all();
      const chosen = families[family % families.length];
      chosen?.dismiss(child % chosen.tree.children.length);
    });
  await world.clock.advanceSettled(stopAfterMs);
  checkQuiet(top);
  let over = false;
  void supervisor.stop().then(() => {
    over = true;
  });
  await world.clock.advanceSettled(top.stopMs + 100);
  expect(over, 'stop() resolves within the sum of the deadlines').toBe(true);
  // What came too late is still to come, and to be stopped.
  await world.clock.advanceSettled(START_MS);
  await started;
  return { world, top };
}

/** Where a supervisor says that it runs, what is permanent is up. */
function checkQuiet(top: Family): void {
  for (const family of top.all()) {
    const { supervisor, tree: drawn, doing, dismissed } = family;
    // It does one thing at a time: while it stops one for good, another's restart waits.
    if (supervisor?.status().state !== 'up.running' || doing.includes('asked')) continue;
    for (const [index, plan] of drawn.children.entries())
      if (plan.restart === 'permanent' && !dismissed.has(index)) expect(doing[index], `${index} is up`).toBe('up');
  }
}

function checkBudgets(family: Family): void {
  const { intensity, children } = family.tree;
  const { lives } = family;
  for (const events of lives) {
    const times = (of?: string): number[] =>
      events.flatMap((event) =>
        event.type === 'restarting' && (of === undefined || event.id === of) ? [event.atMs] : [],
      );
    const within = (all: readonly number[], endMs: number): number =>
      all.filter((atMs) => atMs <= endMs && endMs - atMs < PERIOD_MS).length;
    for (const atMs of times()) expect(within(times(), atMs)).toBeLessThanOrEqual(intensity);
    for (const [index, { budget: own }] of children.entries())
      if (own !== undefined)
        for (const atMs of times(family.idOf(index)))
          expect(within(times(family.idOf(index)), atMs), `${index}'s own budget`).toBeLessThanOrEqual(own.intensity);
    const escalated = events.find((event) => event.type === 'escalated');
    if (escalated?.reason.kind !== 'error' || escalated.reason.error.code !== 'E_RESTART_INTENSITY') continue;
    // One that died of its own budget below carries the same code, and did not start.
    if (escalated.reason.error.details['id'] !== escalated.id) continue;
    const { budget: own } = children[indexOf(escalated.id)] as Plan;
    const used = within(times(), escalated.atMs) === intensity;
    expect(used || within(times(escalated.id), escalated.atMs) === own?.intensity, 'a budget is used up').toBe(true);
  }
}

function checkSeenAbove(family: Family): void {
  const { errorEnds } = family;
  const events = family.lives.flat();
  for (const { index, atMs } of errorEnds) {
    const seen = events.some(
      (event) =>
        (event.type === 'exited' || event.type === 'stopped') && event.id === family.idOf(index) && event.atMs >= atMs,
    );
    expect(seen, `the end of the supervisor ${index} below is seen above`).toBe(true);
  }
}

describe('a tree of supervisors in a storm', () => {
  it('leaves no zombie at any height, keeps order, budgets and pauses, tells above what ended below, and ends', async () => {
    const seen = { nested: 0, escalatedBelow: 0, restartedBelow: 0, ownBudget: 0, dismissed: 0, stoppedInStart: 0 };
    await fc.assert(
      fc.asyncProperty(storm, async (drawn) => {
        const { world, top } = await simulate(drawn);
        expect(world.faults).toEqual([]);
        expect(top.isDown).toBe(true);
        expect(world.strays.size, 'late starters are stopped when they come').toBe(0);
        const families = top.all();
        for (const family of families) {
          checkBudgets(family);
          checkSeenAbove(family);
        }
        const below = families.slice(1);
        seen.nested += Number(below.length > 0);
        seen.escalatedBelow += Number(families.some(({ errorEnds }) => errorEnds.length > 0));
        seen.restartedBelow += Number(below.some(({ lives }) => lives.length > 1));
        seen.ownBudget += Number(
          families.some(({ lives }) => lives.flat().some((e) => e.type === 'escalated' && says(e.reason, 'its own'))),
        );
        seen.dismissed += Number(families.some(({ dismissed }) => dismissed.size > 0));
        seen.stoppedInStart += Number(drawn.stopAfterMs < 20);
      }),
      { numRuns: Number(process.env['LTL_RUNS'] ?? 1500) },
    );
    for (const [weather, times] of Object.entries(seen)) expect(times, weather).toBeGreaterThan(5);
  });
});

function indexOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('/') + 1));
}

function says(reason: ExitReason, words: string): boolean {
  return reason.kind === 'error' && reason.error.message.includes(words);
}
