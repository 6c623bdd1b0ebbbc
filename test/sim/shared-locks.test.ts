/** The protocol of the shared locks under every interleaving of small cases, and under random ones of larger cases. */
import { describe, expect, it } from 'vitest';
import { kindWords, type SharedKind } from '../../src/sync/shared/kinds.js';
import {
  CELLS,
  KIND,
  type Memory,
  PERMITS,
  recordCell,
  SEATS,
  slotCell,
  TOKEN,
  threadCell,
  UPGRADER,
  upgradeCell,
  WORD,
} from '../../src/sync/shared/memory.js';
import { parkSync } from '../../src/sync/shared/parking.js';
import { REFUSED, TAKEN } from '../../src/sync/shared/protocol.js';
import { Recovery } from '../../src/sync/shared/recovery.js';
import { type Body, exploreAll, exploreSeeds, print, type Scenario } from './explorer.js';

/** Where the bodies tell how much of the lock they are using now. */
const inside = (seat: number): number => CELLS + seat;
/** The newest token that a body was given. */
const NEWEST = CELLS + SEATS;
const isRecord = (cell: number): boolean => cell >= recordCell(0) && cell <= recordCell(SEATS - 1) && cell % 16 === 1;

/** Cells that matter to nobody else as long as nobody dies and there is one holder. */
const isOwn = (cell: number): boolean => isRecord(cell) || cell === TOKEN || cell === NEWEST;

const REACHED: ReadonlySet<number> = new Set(Array.from({ length: 8 }, (_, place) => slotCell(place)));

/** Cells that only the repairer looks at or that nobody uses: seats, and slots beyond those that so few threads can reach. */
const isQuiet = (cell: number): boolean =>
  cell === NEWEST ||
  (cell >= threadCell(0) && cell <= threadCell(SEATS - 1) && cell % 16 === 0) ||
  (isRecord(cell) && cell > recordCell(3)) ||
  (cell >= slotCell(0) && cell < CELLS && !REACHED.has(cell));

interface Job {
  readonly weight?: number;
  readonly soft?: boolean;
  readonly rounds?: number;
  /** Gives up when it has to wait. */
  readonly impatient?: boolean;
  /** Wants its soft lease to become hard, and gives up when it has to wait if it is that impatient. */
  readonly upgrades?: 'patiently' | 'impatiently';
  /** How often it looks before it sleeps: never by default. */
  readonly looks?: number;
}

const UPGRADER_JOB: Job = { soft: true, upgrades: 'patiently' };
const HASTY_JOB: Job = { soft: true, upgrades: 'impatiently' };

type Make = (memory: Memory, seat: number) => Recovery;

const shipped =
  (kind: SharedKind): Make =>
  (memory, seat) => {
    const { engine, modes, alone } = kindWords(kind);
    return new Impatient(memory, engine, modes, alone, seat, kind);
  };

/** Looks at a record once: looking again before anything has changed would see the same. */
class Impatient extends Recovery {
  protected override readonly reads: number = 1;
}

/** What a thread does: take, be inside, give back. The same calls as `acquireSync` and `release` make. */
function worker(make: Make, kind: SharedKind, seat: number, job: Job): Body {
  const { modes } = kindWords(kind);
  const verbs = job.soft === true ? modes.soft : modes.hard;
  const { weight = 1, rounds = 1, impatient = false, looks = 0 } = job;
  return (memory) => {
    const protocol = make(memory, seat);
    for (let round = 0; round < rounds; round++) {
      const slot = protocol.take(verbs, verbs.acquire, weight);
      if (slot !== TAKEN) {
        if (impatient && protocol.abandon(slot)) continue;
        parkSync(memory, slot, Number.POSITIVE_INFINITY, 0, looks);
        if (!protocol.collect(slot, verbs, weight)) throw new Error('woken for nothing');
      }
      memory.store(inside(seat), job.soft === true ? 1 : kind === 'lock' ? 1000 : weight);
      if (kind === 'mutex') {
        const token = memory.tokenAlone();
        if (token <= memory.load(NEWEST)) throw new Error(`token ${token} was given before`);
        memory.put(NEWEST, token);
      }
      if (job.upgrades !== undefined && upgraded(protocol, memory, job)) {
        memory.store(inside(seat), 1000);
        memory.store(inside(seat), 0);
        protocol.give(modes.hard, 1);
        continue;
      }
      memory.store(inside(seat), 0);
      if (kind === 'mutex') memory.spendToken();
      protocol.give(verbs, weight);
    }
  };
}

/** The same calls as `upgradeSync` makes. */
function upgraded(protocol: Recovery, memory: Memory, { upgrades, looks = 0 }: Job): boolean {
  const slot = protocol.upgrade();
  if (slot === REFUSED) return false;
  if (slot === TAKEN) return true;
  if (upgrades === 'impatiently' && protocol.abandonUpgrade()) return false;
  parkSync(memory, slot, Number.POSITIVE_INFINITY, 0, looks);
  if (!protocol.collectUpgrade()) throw new Error('woken for nothing');
  return true;
}

/** The thread that notices the death of the first one. */
function repairer(make: Make, seat: number): Body {
  return (memory) => {
    const recovery = make(memory, seat);
    memory.store(inside(0), 0);
    recovery.bury(0);
    // The shipped repairer tries again after a while; here it waits until something has changed.
    while (!recovery.repair()) memory.wait(WORD, memory.load(WORD), 1);
  };
}

function scenario(
  kind: SharedKind,
  permits: number,
  jobs: readonly Job[],
  make = shipped(kind),
  mortal = false,
): Scenario {
  const { engine } = kindWords(kind);
  const free = engine.initial(permits);
  const bodies = jobs.map((job, seat) => worker(make, kind, seat, job));
  if (mortal) bodies.push(repairer(make, bodies.length));
  const most = kind === 'lock' ? 1000 : permits;
  return {
    bodies,
    cells: new Map([
      [KIND, 0],
      [PERMITS, permits],
      [WORD, free],
      ...bodies.map((_, seat) => [threadCell(seat), seat + 1] as const),
    ]),
    always: (read) => {
      const used = bodies.reduce((sum, _, seat) => sum + read(inside(seat)), 0);
      if (used > most) throw new Error(`${used} inside, ${most} allowed`);
    },
    finally: (read) => {
      const { state, available, readers, waiting } = engine.read(read(WORD));
      const expected = engine.read(free);
      if (JSON.stringify({ state, available, readers, waiting }) !== JSON.stringify(expected))
        throw new Error(`ends as ${JSON.stringify({ state, available, readers, waiting })}`);
      for (let cell = 0; cell < CELLS; cell++)
        if (cell >= CELLS - 256 && read(cell) !== 0) throw new Error(`slot ${cell} is left behind`);
      const upgrade = [UPGRADER, ...bodies.map((_, seat) => upgradeCell(seat))].find((cell) => read(cell) !== 0);
      if (upgrade !== undefined) throw new Error(`upgrade ${upgrade} is left behind`);
    },
    ...(mortal ? { mortal: 0, own: isQuiet } : { own: isOwn }),
  };
}

function expectNone({ failure }: ReturnType<typeof exploreAll>): void {
  expect(failure === undefined ? '' : `${failure.message}\n${print(failure.schedule)}`).toBe('');
}

const MOST = 1_000_000;
const PREEMPTIONS = Number(process.env['LTL_SIM_PREEMPTIONS'] ?? 1);

describe('every interleaving', () => {
  it.each<[string, SharedKind, number, Job[]]>([
    ['two threads take a mutex', 'mutex', 1, [{}, {}]],
    ['a waiter of a mutex gives up', 'mutex', 1, [{}, { impatient: true }]],
    ['two threads take two permits of three', 'semaphore', 3, [{ weight: 2 }, { weight: 2 }]],
    ['a heavy waiter gives up', 'semaphore', 2, [{ weight: 1 }, { weight: 2, impatient: true }]],
    ['a reader and a writer', 'lock', 1, [{ soft: true }, {}]],
    ['a writer that gives up beside a reader', 'lock', 1, [{ soft: true }, { impatient: true }]],
    ['two readers that both want to write', 'lock', 1, [UPGRADER_JOB, UPGRADER_JOB]],
    ['a reader and one that wants to write', 'lock', 1, [{ soft: true }, UPGRADER_JOB]],
    ['a writer and a reader that wants to write', 'lock', 1, [{}, UPGRADER_JOB]],
    ['a reader and one that gives up to write', 'lock', 1, [{ soft: true }, HASTY_JOB]],
    ['two threads that look before they sleep', 'mutex', 1, [{ looks: 1 }, { looks: 1 }]],
  ])('of %s keeps it whole', (_, kind, permits, jobs) => {
    const found = exploreAll(scenario(kind, permits, jobs), MOST);
    expectNone(found);
    expect(found.states).toBeGreaterThan(50);
    expect(found.ends).toBeGreaterThan(0);
  });

  it('of three threads with up to two preemptions keeps a mutex whole, though the next but one is woken early', () => {
    const jobs = [{}, {}, { looks: 1 }];
    const found = exploreAll({ ...scenario('mutex', 1, jobs), preemptions: 2 }, MOST);
    expectNone(found);
    expect(found.states).toBeGreaterThan(1000);
  });

  // With three threads, one of them the repairer, all would be too many: every schedule with up to so many preemptions.
  it.each<[SharedKind, number, Job[]]>([
    ['mutex', 1, [{}, {}]],
    ['semaphore', 2, [{ weight: 2 }, { weight: 1 }]],
    ['lock', 1, [UPGRADER_JOB, { soft: true }]],
    ['lock', 1, [{ soft: true }, UPGRADER_JOB]],
    ['lock', 1, [UPGRADER_JOB, UPGRADER_JOB]],
    ['lock', 1, [HASTY_JOB, UPGRADER_JOB]],
  ])('with a death at every operation gives back what a %s had given', (kind, permits, jobs) => {
    const found = exploreAll({ ...scenario(kind, permits, jobs, shipped(kind), true), preemptions: PREEMPTIONS }, MOST);
    expectNone(found);
    expect(found.ends).toBeGreaterThan(1);
  });
});

describe('random interleavings', () => {
  const seeds = Array.from({ length: Number(process.env['LTL_SIM_SEEDS'] ?? 150) }, (_, seed) => seed);

  it.each<[string, SharedKind, number, Job[]]>([
    [
      'four threads on a mutex',
      'mutex',
      1,
      [{ rounds: 2 }, { rounds: 2, looks: 1 }, { rounds: 2, impatient: true }, { rounds: 2 }],
    ],
    [
      'four threads on a semaphore',
      'semaphore',
      3,
      [
        { weight: 3, rounds: 2 },
        { weight: 1, rounds: 3 },
        { weight: 2, rounds: 3, impatient: true },
        { weight: 2, rounds: 2 },
      ],
    ],
    [
      'readers and writers',
      'lock',
      1,
      [{ soft: true, rounds: 3 }, { rounds: 2 }, { soft: true, rounds: 2, impatient: true }, { soft: true, rounds: 2 }],
    ],
  ])('of %s keep it whole', (_, kind, permits, jobs) => {
    expectNone(exploreSeeds(scenario(kind, permits, jobs), seeds));
  });

  it('of readers, writers and those that want to become writers keep it whole', () => {
    const jobs: Job[] = [
      { ...UPGRADER_JOB, rounds: 2 },
      { rounds: 2 },
      { soft: true, rounds: 3 },
      { ...HASTY_JOB, rounds: 2 },
    ];
    expectNone(exploreSeeds(scenario('lock', 1, jobs), seeds));
  });

  it.each<[SharedKind, number, Job[]]>([
    ['mutex', 1, [{ rounds: 3 }, { rounds: 2, looks: 1 }, { rounds: 2, impatient: true }]],
    [
      'semaphore',
      3,
      [
        { weight: 2, rounds: 3 },
        { weight: 2, rounds: 2 },
        { weight: 1, rounds: 2, impatient: true },
      ],
    ],
    [
      'lock',
      1,
      [
        { soft: true, rounds: 3 },
        { soft: true, rounds: 2 },
        { rounds: 2, impatient: true },
      ],
    ],
    ['lock', 1, [{ ...UPGRADER_JOB, rounds: 2 }, { ...HASTY_JOB, rounds: 2 }, { rounds: 2 }]],
    ['lock', 1, [{ soft: true, rounds: 3 }, { ...UPGRADER_JOB, rounds: 3 }, { rounds: 2 }]],
  ])('with a death leave a %s whole', (kind, permits, jobs) => {
    expectNone(exploreSeeds(scenario(kind, permits, jobs, shipped(kind), true), seeds));
  });
});

describe('a planted fault is found', () => {
  const { engine, modes, alone } = kindWords('mutex');

  it('a lost wake-up, by the shortest schedule', () => {
    class Forgetful extends Recovery {
      protected override published(): void {}
    }
    const make: Make = (memory, seat) => new Forgetful(memory, engine, modes, alone, seat, 'mutex');
    const { failure } = exploreAll(scenario('mutex', 1, [{}, {}], make), MOST);
    expect(failure?.message).toMatch(/^asleep for ever: thread \d$/);
    // The release falls between the exchange that parks and the store that makes the slot seen.
    const whats = failure?.schedule.map(({ what }) => what.split(' ')[0]) ?? [];
    expect(whats.length).toBeLessThan(20);
    expect(print(failure?.schedule ?? [])).toContain('thread 1: wait');
  });

  it('a double grant, by the shortest schedule and by seed', () => {
    const make: Make = (memory, seat) => {
      // An exchange of two operations is none.
      const torn = new Proxy(memory, {
        get: (target, name) => {
          if (name === 'exchange')
            return (cell: number, from: number, to: number): number => {
              const found = target.load(cell);
              if (found === from) target.store(cell, to);
              return found;
            };
          const value = Reflect.get(target, name) as unknown;
          // A step is made of exchanges, so it is torn too.
          return typeof value === 'function' && name !== 'step' ? value.bind(target) : value;
        },
      });
      return new Recovery(torn, engine, modes, alone, seat, 'mutex');
    };
    const { failure } = exploreAll(scenario('mutex', 1, [{}, {}], make), MOST);
    expect(failure?.message).toContain('2 inside, 1 allowed');
    expect(failure?.schedule.length).toBeLessThan(12);
    const bySeed = exploreSeeds(
      scenario('mutex', 1, [{ rounds: 3 }, { rounds: 3 }], make),
      Array.from({ length: 200 }, (_, seed) => seed),
      300,
    );
    expect(bySeed.failure?.message).toMatch(/^seed \d+: /);
    expect(bySeed.failure?.schedule.length).toBeLessThan(40);
  });

  it('a repair that forgets the sum', () => {
    class Careless extends Impatient {
      override bury(): boolean {
        this.memory.store(recordCell(0), 0);
        this.memory.store(threadCell(0), 0);
        return true;
      }
    }
    const make: Make = (memory, seat) => new Careless(memory, engine, modes, alone, seat, 'mutex');
    const { failure } = exploreAll(scenario('mutex', 1, [{}, {}], make, true), MOST);
    expect(failure?.message).toMatch(/asleep for ever|ends as/);
  });
});
