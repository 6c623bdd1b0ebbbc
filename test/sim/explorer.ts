/**
 * A scheduler for code on shared memory. Each simulated thread is an ordinary function that touches the world through a
 * `Memory` only, so what it does next depends on nothing but the answers it got so far. To move a thread by one operation it is
 * run again from its start with the answers it had, up to the first new operation. So every interleaving of the very code
 * that ships can be tried: all of them, breadth first, for small cases (the first failure found is a shortest one), or
 * random ones by seed for larger cases, whose failing schedules are shortened.
 */
import { type Memory, TOKEN, WORD } from '../../src/sync/shared/memory.js';

export type Body = (memory: Memory) => void;

export interface Scenario {
  readonly bodies: readonly Body[];
  /** Cells and their values before anybody runs. */
  readonly cells: ReadonlyMap<number, number>;
  /** Throws when a state is wrong; called after every operation. */
  readonly always: (read: (cell: number) => number) => void;
  /** Throws when the end is wrong; called when all threads are done. */
  readonly finally: (read: (cell: number) => number) => void;
  /** Operations on these cells are no reason to switch: nobody else looks at them in this scenario. */
  readonly own?: (cell: number) => boolean;
  /** A thread that may die before any of its operations; the last body starts when it has. */
  readonly mortal?: number;
  /** How often a thread that could go on may be interrupted, in all; without a bound by default. Deaths are free. */
  readonly preemptions?: number;
}

type Status = 'ready' | 'done' | 'dead' | 'unborn' | { readonly waitsFor: number };

interface State {
  readonly cells: ReadonlyMap<number, number>;
  /** What each thread was answered so far. */
  readonly answers: readonly (readonly (number | boolean | undefined)[])[];
  readonly status: readonly Status[];
}

/** One move: a thread's next operation, or its death. */
export interface Move {
  readonly thread: number;
  readonly what: string;
}

export interface Failure {
  readonly message: string;
  readonly schedule: readonly Move[];
}

export interface Exploration {
  readonly states: number;
  readonly ends: number;
  readonly failure: Failure | undefined;
}

const DEATH = 'dies';
/** What a thread waits for that looks again from time to time. */
const ANYTHING = -1;

/** All interleavings. Throws when there are more than `most` states. */
export function exploreAll(scenario: Scenario, most: number): Exploration {
  const start = initial(scenario);
  const bound = scenario.preemptions ?? Number.POSITIVE_INFINITY;
  const seen = new Set([keyOf(start)]);
  const queue: Visit[] = [{ state: start, last: undefined, left: bound }];
  let ends = 0;
  for (let index = 0; index < queue.length; index++) {
    const { state, last, left } = queue[index] as Visit;
    const choices = choicesOf(scenario, state);
    const stuck = choices.filter(({ dies }) => !dies).length === 0;
    const wrong = stuck ? endFailure(scenario, state) : undefined;
    if (stuck) ends += 1;
    if (wrong !== undefined) return { states: seen.size, ends, failure: { message: wrong, schedule: unwind(last) } };
    for (const choice of choices) {
      const goesOn = last === undefined || choice.dies || choice.thread === last.move.thread;
      const stays = goesOn || state.status[last.move.thread] !== 'ready' ? left : left - 1;
      if (stays < 0) continue;
      const { next, what, wrong } = advance(scenario, state, choice);
      const link: Link = { move: { thread: choice.thread, what }, before: last };
      if (wrong !== undefined) return { states: seen.size, ends, failure: { message: wrong, schedule: unwind(link) } };
      const key = bound === Number.POSITIVE_INFINITY ? keyOf(next) : `${keyOf(next)}|${choice.thread}|${stays}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (seen.size > most) throw new Error(`more than ${most} states`);
      queue.push({ state: next, last: link, left: stays });
    }
  }
  return { states: seen.size, ends, failure: undefined };
}

/** One random interleaving a seed; a failing one is shortened. */
export function exploreSeeds(scenario: Scenario, seeds: Iterable<number>, movesMost = 5000): Exploration {
  let states = 0;
  let ends = 0;
  for (const seed of seeds) {
    const random = generator(seed);
    const run = play(scenario, (count) => Math.floor(random() * count), movesMost);
    states += run.schedule.length;
    ends += 1;
    if (run.message !== undefined) {
      const { message, schedule } = shorten(scenario, { message: run.message, schedule: run.schedule }, movesMost);
      return { states, ends, failure: { message: `seed ${seed}: ${message}`, schedule } };
    }
  }
  return { states, ends, failure: undefined };
}

/** A schedule for people: one line a stretch of one thread. */
export function print(schedule: readonly Move[]): string {
  return schedule.map(({ thread, what }) => `  thread ${thread}: ${what}`).join('\n');
}

interface Visit {
  readonly state: State;
  readonly last: Link | undefined;
  /** Preemptions that are left. */
  readonly left: number;
}

interface Link {
  readonly move: Move;
  readonly before: Link | undefined;
}

interface Choice {
  readonly thread: number;
  readonly dies: boolean;
}

function unwind(link: Link | undefined): Move[] {
  const moves: Move[] = [];
  for (let each = link; each !== undefined; each = each.before) moves.push(each.move);
  return moves.reverse();
}

function initial(scenario: Scenario): State {
  const last = scenario.bodies.length - 1;
  return {
    cells: scenario.cells,
    answers: scenario.bodies.map(() => []),
    status: scenario.bodies.map((_, thread) => (scenario.mortal !== undefined && thread === last ? 'unborn' : 'ready')),
  };
}

function choicesOf({ mortal }: Scenario, { status }: State): Choice[] {
  const choices: Choice[] = [];
  // When nobody else can move, time passes.
  const idle = !status.includes('ready');
  for (const [thread, each] of status.entries()) {
    if (each === 'ready') choices.push({ thread, dies: false });
    if (idle && typeof each === 'object' && each.waitsFor === ANYTHING) choices.push({ thread, dies: false });
    if (thread === mortal && (each === 'ready' || typeof each === 'object')) choices.push({ thread, dies: true });
  }
  return choices;
}

/** Thrown out of a body at its first operation that has no answer yet. */
class Suspended extends Error {}

function advance(
  scenario: Scenario,
  state: State,
  { thread, dies }: Choice,
): { next: State; what: string; wrong: string | undefined } {
  const status = [...state.status];
  if (dies) {
    status[thread] = 'dead';
    status[status.length - 1] = 'ready';
    return { next: { ...state, status }, what: DEATH, wrong: undefined };
  }
  status[thread] = 'ready';
  const run = new Run(state, thread, scenario.own ?? (() => false), status);
  let wrong: string | undefined;
  try {
    scenario.bodies[thread]?.(run);
    status[thread] = 'done';
  } catch (error) {
    if (!(error instanceof Suspended)) wrong = `thread ${thread} threw: ${String(error)}`;
  }
  const next = { cells: run.cells, answers: state.answers.with(thread, run.answers), status };
  try {
    scenario.always((cell) => run.cells.get(cell) ?? 0);
  } catch (error) {
    // A wrong state says more than what a thread made of it.
    wrong = String(error);
  }
  return { next, what: run.what, wrong };
}

/** One thread's run from its start through its known answers to one more operation. */
class Run implements Memory {
  cells: Map<number, number>;
  readonly answers: (number | boolean | undefined)[];
  what = '';
  readonly #thread: number;
  readonly #own: (cell: number) => boolean;
  readonly #status: Status[];
  readonly #known: number;
  #position = 0;
  #moved = false;

  constructor(state: State, thread: number, own: (cell: number) => boolean, status: Status[]) {
    this.cells = new Map(state.cells);
    this.answers = [...(state.answers[thread] ?? [])];
    this.#known = this.answers.length;
    this.#thread = thread;
    this.#own = own;
    this.#status = status;
  }

  load(cell: number): number {
    return this.#operation(`load ${cell}`, cell, () => this.cells.get(cell) ?? 0) as number;
  }

  store(cell: number, value: number): void {
    this.#operation(`store ${cell} ${value}`, cell, () => this.#write(cell, value));
  }

  put(cell: number, value: number): void {
    this.#operation(`put ${cell} ${value}`, cell, () => this.#write(cell, value));
  }

  swap(cell: number, from: number, to: number): boolean {
    return this.#operation(`swap ${cell} ${from}->${to}`, cell, () => {
      if ((this.cells.get(cell) ?? 0) !== from) return false;
      this.#write(cell, to);
      return true;
    }) as boolean;
  }

  exchange(cell: number, from: number, to: number): number {
    return this.#operation(`swap ${cell} ${from}->${to}`, cell, () => {
      const found = this.cells.get(cell) ?? 0;
      if (found === from) this.#write(cell, to);
      return found;
    }) as number;
  }

  notify(cell: number): void {
    this.#operation(`notify ${cell}`, cell, () => {
      for (const [thread, status] of this.#status.entries())
        if (typeof status === 'object' && status.waitsFor === cell) this.#status[thread] = 'ready';
      return undefined;
    });
  }

  wait(cell: number, value: number, timeoutMs: number): void {
    this.#operation(`wait ${cell} ${value}`, cell, () => {
      if ((this.cells.get(cell) ?? 0) !== value) return undefined;
      // A wait with a time looks again when anything has changed; looking before that would see nothing new.
      this.#status[this.#thread] = { waitsFor: timeoutMs === Number.POSITIVE_INFINITY ? cell : ANYTHING };
      return undefined;
    });
  }

  waitAsync(): never {
    throw new Error('simulated threads block');
  }

  /** What only this thread writes: no reason to switch. */
  peek(cell: number): number {
    return this.#operation(`peek ${cell}`, cell, () => this.cells.get(cell) ?? 0, true) as number;
  }

  /** Its three operations one by one: anything may happen between them. */
  step(record: number, mark: number, from: number, to: number, share: number): number {
    const held = this.peek(record);
    this.put(record, held | mark);
    const found = this.exchange(WORD, from, to);
    this.put(record, found === from ? held + share : held);
    return found;
  }

  token(): never {
    throw new Error('simulated threads take the tokens of one holder');
  }

  tokenAlone(): number {
    return this.load(TOKEN) + 1;
  }

  spendToken(): number {
    const token = this.tokenAlone();
    this.put(TOKEN, token);
    return token;
  }

  #write(cell: number, value: number): undefined {
    if (value === 0) this.cells.delete(cell);
    else this.cells.set(cell, value);
    for (const [thread, status] of this.#status.entries())
      if (typeof status === 'object' && status.waitsFor === ANYTHING) this.#status[thread] = 'ready';
    return undefined;
  }

  #operation(
    what: string,
    cell: number,
    act: () => number | boolean | undefined,
    free: boolean = this.#own(cell),
  ): number | boolean | undefined {
    const position = this.#position;
    this.#position += 1;
    if (position < this.#known) return this.answers[position];
    if (this.#moved && !free) throw new Suspended();
    if (!free) {
      this.#moved = true;
      this.what = what;
    }
    const answer = act();
    this.answers.push(answer);
    if (typeof this.#status[this.#thread] === 'object') throw new Suspended();
    return answer;
  }
}

function endFailure(scenario: Scenario, state: State): string | undefined {
  const stuck = [...state.status.entries()].filter(([, status]) => typeof status === 'object');
  if (stuck.length > 0) return `asleep for ever: ${stuck.map(([thread]) => `thread ${thread}`).join(', ')}`;
  try {
    scenario.finally((cell) => state.cells.get(cell) ?? 0);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Plays one schedule; `choose` picks among so many moves. */
function play(
  scenario: Scenario,
  choose: (count: number, choices: readonly Choice[]) => number,
  most: number,
): { schedule: Move[]; message: string | undefined } {
  let state = initial(scenario);
  const schedule: Move[] = [];
  while (schedule.length < most) {
    const choices = choicesOf(scenario, state);
    if (choices.every(({ dies }) => dies)) return { schedule, message: endFailure(scenario, state) };
    const choice = choices[choose(choices.length, choices)] as Choice;
    const { next, what, wrong } = advance(scenario, state, choice);
    schedule.push({ thread: choice.thread, what });
    if (wrong !== undefined) return { schedule, message: wrong };
    state = next;
  }
  return { schedule, message: `no end after ${most} moves` };
}

/** Leaves out stretches of the schedule as long as what is left, played on without switching, still fails. */
function shorten(scenario: Scenario, failure: Failure, most: number): Failure {
  let best = failure;
  for (let size = Math.ceil(best.schedule.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < best.schedule.length; from += size) {
      const tried = best.schedule.toSpliced(from, size);
      const { schedule, message } = play(scenario, follow(tried), most);
      if (message !== undefined && schedule.length < best.schedule.length) {
        best = { message, schedule };
        from -= size;
      }
    }
  }
  return best;
}

/** Follows a schedule's threads as far as they can move, then keeps to the thread it is at. */
function follow(schedule: readonly Move[]): (count: number, choices: readonly Choice[]) => number {
  let position = 0;
  let current = 0;
  return (_, choices) => {
    for (; position < schedule.length; ) {
      const { thread, what } = schedule[position] as Move;
      position += 1;
      const found = choices.findIndex((choice) => choice.thread === thread && choice.dies === (what === DEATH));
      if (found >= 0) {
        current = thread;
        return found;
      }
    }
    const same = choices.findIndex(({ thread, dies }) => thread === current && !dies);
    const living = choices.findIndex(({ dies }) => !dies);
    return same >= 0 ? same : living;
  };
}

function keyOf({ cells, answers, status }: State): string {
  const memory = [...cells].toSorted(([a], [b]) => a - b).join(';');
  return `${memory}|${answers.map((each) => each.join()).join('|')}|${JSON.stringify(status)}`;
}

/** mulberry32: a small generator with a seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
