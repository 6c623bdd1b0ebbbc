/**
 * The children of a simulated supervisor, which know nothing of it: what each does is drawn beforehand, and each checks on
 * the spot what can be checked on the spot. A child may be a supervisor with a family of its own.
 */
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

export const SHUTDOWN_MS = 100;
export const START_MS = 200;
export const GRACE_MS = 2_000;
export const PERIOD_MS = 1_000;
export const BACKOFF = { minMs: 5, maxMs: 80, factor: 2 };
/** What one child may take of a stop: its own, its grace, and a start that is waited for first. */
export const SLOWEST_MS = SHUTDOWN_MS + GRACE_MS + START_MS + 10;

export interface Life {
  readonly startMs: number;
  readonly failsToStart: boolean;
  readonly livesMs: number | undefined;
  readonly end: ExitReason;
  readonly stopMs: number;
  readonly stop: 'stops' | 'rejects' | 'dies';
}

export interface Plan {
  readonly restart: Restart;
  readonly budget: RestartBudget | undefined;
  /** Of a leaf; used up in order, then it lives well. */
  readonly lives: readonly Life[];
  /** Of a supervisor below. */
  readonly below: Tree | undefined;
}

export interface Tree {
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly children: readonly Plan[];
}

export const WELL: Life = {
  startMs: 1,
  failsToStart: false,
  livesMs: undefined,
  end: { kind: 'done' },
  stopMs: 1,
  stop: 'stops',
};
export const DRAWN: ExitReason = { kind: 'error', error: { code: 'E_ACTOR_FAILED', message: 'drawn', details: {} } };

/** What one child is doing, by its own word. */
export type Doing = 'down' | 'starting' | 'up' | 'asked';

/** One supervisor's children through all its lives, and the present life itself. */
export class Family {
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
    // A pause that an earlier life announced ended with it.
    this.notBeforeMs.fill(0);
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
    let ended = false;
    let settle: (reason: ExitReason) => void = () => undefined;
    const exited = new Promise<ExitReason>((resolve) => {
      settle = (reason) => {
        ended = true;
        resolve(reason);
      };
    });
    if (drawn.livesMs !== undefined) clock.after(drawn.livesMs, () => settle(drawn.end));
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

export class World {
  readonly clock = new VirtualClock();
  readonly faults: string[] = [];
  /** Given up, and rightly, because they came too late; each is to be stopped when it comes. */
  readonly strays = new Set<object>();
  readonly check = (holds: boolean, fault: string): void => {
    if (!holds) this.faults.push(`${this.clock.nowMs()} ms: ${fault}`);
  };
}

export function indexOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('/') + 1));
}
