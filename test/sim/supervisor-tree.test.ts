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
import type { ExitReason } from '../../src/supervisor/exit.js';
import type { Restart, Strategy } from '../../src/supervisor/spec.js';
import {
  DRAWN,
  Family,
  GRACE_MS,
  indexOf,
  type Life,
  PERIOD_MS,
  type Plan,
  SHUTDOWN_MS,
  START_MS,
  type Tree,
  World,
} from './family.js';

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
    // It does one thing at a time: while it stops one for good, another's restart waits, and it waits for the answer of one
    // that has ended meanwhile as well.
    const status = supervisor?.status();
    if (status?.state !== 'up.running' || status.children.some(({ state }) => /^(leaving|cycling)/.test(state)))
      continue;
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

const RUNS = Number(process.env['LTL_RUNS'] ?? 1500);
/** The same storms each time, unless more of them are asked for: then others, and a failure prints its seed. */
const SEED = process.env['LTL_RUNS'] === undefined ? { seed: 20_261_130 } : {};

describe('a tree of supervisors in a storm', () => {
  it(
    'leaves no zombie at any height, keeps order, budgets and pauses, tells above what ended below, and ends',
    async () => {
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
        { numRuns: RUNS, ...SEED },
      );
      for (const [weather, times] of Object.entries(seen)) expect(times, weather).toBeGreaterThan(5);
    },
    60_000 + 10 * RUNS,
  );
});

function says(reason: ExitReason, words: string): boolean {
  return reason.kind === 'error' && reason.error.message.includes(words);
}
