/** Interpreter, table engine and shared word of the lock machines agree: states, figures, ordered effects. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnyMachineSnapshot, type AnyStateMachine, assign, createActor } from 'xstate';
import { getAdjacencyMap, getShortestPaths } from 'xstate/graph';
import { type Figures, OPS } from '../../../machines/figures.js';
import { applied } from '../../../machines/xstate-figures.js';
import { Micro } from '../../../src/sync/micro.js';
import { kindWords } from '../../../src/sync/shared/kinds.js';
import { headOf, type WordEngine } from '../../../src/sync/shared/word.js';
import { Mutex, ReadWriteLock, Semaphore, Signal } from '../../../src/sync/sync.js';
import type { Waitable } from '../../../src/sync/waitable.js';
import { MACHINES } from '../../../src/tables/registry.js';
import { stateName } from '../../../src/tables/tabulate.js';

interface Event {
  readonly type: string;
  readonly weight: number;
}

interface Answer extends Figures {
  readonly state: string;
  readonly effects: readonly string[];
}

const PERMITS = 3;
const KINDS = {
  mutex: { make: () => new Mutex(), available: 1 },
  semaphore: { make: () => new Semaphore(PERMITS), available: PERMITS },
  lock: { make: () => new ReadWriteLock(), available: 1 },
  signalAuto: { make: () => new Signal(), available: 1 },
  signalManual: { make: () => new Signal({ resets: 'manual' }), available: 1 },
} as const;
type Kind = keyof typeof KINDS;

const weightsOf = (kind: Kind): readonly number[] => (kind === 'semaphore' ? [1, 2, 3] : [1]);

function eventsOf(kind: Kind): Event[] {
  return MACHINES[kind].events
    .filter((type: string) => !type.startsWith('xstate.'))
    .flatMap((type: string) => weightsOf(kind).map((weight) => ({ type, weight })));
}

/** XState's interpreter with the machine's own guards and ops; it also tells which actions ran. */
class Interpreter {
  readonly #actor;
  #ran: string[] = [];

  constructor(kind: Kind) {
    const machine: AnyStateMachine = MACHINES[kind];
    const actions = Object.keys(machine.implementations.actions).map((name) => {
      const note = (): void => {
        this.#ran.push(name);
      };
      if (!(name in OPS)) return [name, note] as const;
      const op = OPS[name as keyof typeof OPS];
      const run = assign(({ context, event }) => {
        note();
        return applied(op, context as Figures, (event as { weight?: number }).weight ?? 1);
      });
      return [name, run] as const;
    });
    this.#actor = createActor(machine.provide({ actions: Object.fromEntries(actions) }), {
      input: { available: KINDS[kind].available },
    });
    this.#actor.start();
  }

  get snapshot(): AnyMachineSnapshot {
    return this.#actor.getSnapshot() as AnyMachineSnapshot;
  }

  can(event: Event): boolean {
    return (this.snapshot.machine.getTransitionData(this.snapshot, event) as readonly unknown[]).length > 0;
  }

  send(event: Event): Answer {
    this.#ran = [];
    this.#actor.send(event);
    const { available, readers, waiting } = this.snapshot.context as Figures;
    return { state: stateName(this.snapshot), available, readers, waiting, effects: this.#ran };
  }
}

/** The engine that runs in `ltl/sync`, stepped by hand. */
class Engine {
  readonly #lock: Waitable;
  readonly #micro: Micro;

  constructor(kind: Kind) {
    this.#lock = KINDS[kind].make();
    this.#micro = new Micro(kind) as Micro;
  }

  send(event: Event): Answer {
    const lock = this.#lock;
    const code = lock.step(this.#micro.event(event.type as never), event.weight);
    const { state, available, readers, waiting } = lock;
    return { state, available, readers, waiting, effects: this.#micro.namesOf(code) };
  }
}

/** The same in a word of shared memory. */
class WordForm {
  readonly #engine: WordEngine;
  #word: number;

  constructor(kind: Kind) {
    this.#engine = kindWords(kind).engine;
    this.#word = this.#engine.initial(KINDS[kind].available);
  }

  send(event: Event): Answer {
    const engine = this.#engine;
    const cell = engine.cell(this.#word, engine.micro.event(event.type as never), event.weight);
    const head = headOf(this.#word);
    const code = engine.code(cell);
    this.#word = engine.next(this.#word, cell, event.weight);
    const effects = engine.micro.namesOf(code);
    // The head moves exactly when somebody leaves the queue.
    const moves = event.type === 'LEAVE' || effects.includes('grantHead') ? 1 : 0;
    expect(headOf(this.#word)).toBe((head + moves) % 1024);
    return { ...engine.read(this.#word), effects };
  }
}

/** Sends to all three what the interpreter can take, and compares. Answers how many steps there were. */
function walk(kind: Kind, events: readonly Event[]): number {
  const interpreter = new Interpreter(kind);
  const engine = new Engine(kind);
  const word = new WordForm(kind);
  let steps = 0;
  for (const event of events) {
    const { context } = interpreter.snapshot as { context: Figures };
    if (!interpreter.can(event) || !possible(context, event)) continue;
    const from = stateName(interpreter.snapshot);
    const answer = sorted(interpreter.send(event));
    expect(engine.send(event), `engine: ${from} ${event.type} ${event.weight}`).toEqual(answer);
    expect(word.send(event), `word: ${from} ${event.type} ${event.weight}`).toEqual(answer);
    steps += 1;
  }
  return steps;
}

/** Ops run in any order give the same figures, so the engine keeps only which effects there are, in their order. */
function sorted(answer: Answer): Answer {
  return { ...answer, effects: answer.effects.filter((name) => !(name in OPS) || name === 'park') };
}

/** What can happen at all: nobody gives back more than was taken, and the queue has a head before it is handed to. */
function possible({ available, waiting }: Figures, { type, weight }: Event): boolean {
  if (type === 'RELEASE') return available + weight <= PERMITS;
  return waiting > 0 || !(type === 'LEAVE' || type.startsWith('HAND'));
}

describe.each(Object.keys(KINDS) as Kind[])('the engine of %s', (kind) => {
  const bounded = {
    events: eventsOf(kind),
    input: { available: KINDS[kind].available },
    limit: 20_000,
    // Queues grow without bound; three waiters and three readers show every guard both ways.
    stopWhen: (snapshot: unknown): boolean => {
      const { waiting, readers, available } = (snapshot as { context: Figures }).context;
      return waiting > 3 || readers > 3 || available > PERMITS || Math.min(waiting, readers, available) < 0;
    },
    serializeState: (snapshot: unknown): string => {
      const { context } = snapshot as { context: Figures };
      return `${stateName(snapshot as AnyMachineSnapshot)} ${JSON.stringify(context)}`;
    },
  };

  it('agrees with the interpreter on every edge of the adjacency map, reached by shortest paths', () => {
    const machine: AnyStateMachine = MACHINES[kind];
    const map = getAdjacencyMap(machine, bounded) as unknown as Record<
      string,
      { transitions: Record<string, unknown> }
    >;
    const paths = getShortestPaths(machine, bounded);
    let edges = 0;
    for (const path of paths) {
      const route = path.steps.slice(1).map(({ event }) => event as Event);
      const from = map[bounded.serializeState(path.state)];
      for (const { event } of Object.values((from?.transitions ?? {}) as Record<string, { event: Event }>)) {
        walk(kind, [...route, event]);
        edges += 1;
      }
    }
    expect(paths.length).toBeGreaterThan(3);
    expect(edges).toBeGreaterThan(paths.length);
  });

  it('agrees with the interpreter on random sequences', () => {
    let steps = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...eventsOf(kind)), { minLength: 60, maxLength: 80 }), (events) => {
        steps += walk(kind, events);
      }),
      { numRuns: 80 },
    );
    expect(steps).toBeGreaterThan(500);
  });
});
