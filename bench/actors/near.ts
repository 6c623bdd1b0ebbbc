/** Actors in one thread: ours, XState's, nact's. */
import { assign, createActor, createMachine, fromTransition } from 'xstate';
import type { ActorRef, ReceiveContext } from '../../src/actors/actor.js';
import type { ActorSystem } from '../../src/actors/system.js';
import { loadPeer, peerVersion } from '../peers.js';
import { mustBe, oneByOne, pipelined, type Sizes, type Subject } from './subject.js';

export interface Note {
  readonly type: 'add' | 'get';
}

export const ADD: Note = { type: 'add' };
const GET: Note = { type: 'get' };

/** The same logic for each: a count, and an answer to `get`. */
export function count(state: number, message: Note, context: ReceiveContext<number>): number {
  if (message.type === 'get') {
    context.reply(state);
    return state;
  }
  return state + 1;
}

export const transition = fromTransition((state: number, event: Note) => (event.type === 'add' ? state + 1 : state), 0);

export const machine = createMachine({
  types: {} as { events: Note; context: { count: number } },
  context: { count: 0 },
  on: { add: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
});

export interface Nact {
  start(): unknown;
  spawn(parent: unknown, logic: (state: number, message: NactNote) => number, name: string, options: object): unknown;
  dispatch(actor: unknown, message: NactNote): void;
  query(actor: unknown, message: (sender: unknown) => NactNote, timeoutMs: number): Promise<number>;
  stop(system: unknown): void;
}

interface NactNote extends Note {
  readonly sender?: unknown;
}

export async function nearPeers(system: ActorSystem, sizes: Sizes): Promise<Subject[]> {
  const { tells, asks, pipelined: many, inFlight } = sizes;
  const ref = await system.spawn(count, { input: 0, mailbox: { size: 1_000_000 } });
  let told = 0;
  const ours = async (): Promise<void> => {
    for (let n = 0; n < tells; n++) ref.send(ADD);
    mustBe(await ref.ask(GET, { timeoutMs: 60_000 }), (told += tells), 'ltl');
  };
  const subjects: Subject[] = [
    { task: 'tell, one thread', name: 'ltl', messages: tells, work: ours },
    { task: 'tell, one thread', name: 'XState fromTransition', messages: tells, work: xstateTells(tells, false) },
    { task: 'tell, one thread', name: 'XState machine', messages: tells, work: xstateTells(tells, true) },
    { task: 'ask, one thread', name: 'ltl', messages: asks, work: () => oneByOne(asks, () => ref.ask(GET)) },
    {
      task: 'ask pipelined, one thread',
      name: 'ltl',
      messages: many,
      work: () => pipelined(many, inFlight, () => ref.ask(GET)),
    },
    await fanOut(system, sizes),
    xstateFanOut(sizes),
  ];
  return peerVersion('nact') === undefined ? subjects : [...subjects, ...nactSubjects(sizes)];
}

function xstateTells(tells: number, useMachine: boolean): () => Promise<void> {
  let told = 0;
  if (useMachine) {
    const actor = createActor(machine).start();
    return async () => {
      for (let n = 0; n < tells; n++) actor.send({ type: 'add' });
      mustBe(actor.getSnapshot().context.count, (told += tells), 'XState');
    };
  }
  const actor = createActor(transition).start();
  return async () => {
    for (let n = 0; n < tells; n++) actor.send(ADD);
    mustBe(actor.getSnapshot().context, (told += tells), 'XState');
  };
}

/** One message to each of many actors, and each answers the collector. */
async function fanOut(system: ActorSystem, { actors }: Sizes): Promise<Subject> {
  let arrived = 0;
  const logic = (state: number): number => {
    arrived++;
    return state + 1;
  };
  const refs: ActorRef<Note>[] = [];
  for (let n = 0; n < actors; n++) refs.push(await system.spawn<number, Note>(logic, { input: 0 }));
  const last = refs.at(-1);
  const work = async (): Promise<void> => {
    arrived = 0;
    for (const each of refs) each.send(ADD);
    await last?.ask(ADD);
    mustBe(arrived, actors + 1, 'ltl fan-out');
  };
  const close = async (): Promise<void> => void (await Promise.all(refs.map((each) => each.stop())));
  return { task: `fan-out to ${actors} actors`, name: 'ltl', messages: actors, work, close };
}

function xstateFanOut({ actors }: Sizes): Subject {
  let arrived = 0;
  const logic = fromTransition((state: number, _event: Note) => {
    arrived++;
    return state + 1;
  }, 0);
  const all = Array.from({ length: actors }, () => createActor(logic).start());
  const work = async (): Promise<void> => {
    arrived = 0;
    for (const actor of all) actor.send(ADD);
    mustBe(arrived, actors, 'XState fan-out');
  };
  return { task: `fan-out to ${actors} actors`, name: 'XState fromTransition', messages: actors, work };
}

function nactSubjects({ tells, asks, pipelined: many, inFlight, actors }: Sizes): Subject[] {
  const nact = loadPeer('nact') as Nact;
  const system = nact.start();
  const logic = (state: number, message: NactNote): number => {
    if (message.type === 'add') return state + 1;
    nact.dispatch(message.sender, state as unknown as NactNote);
    return state;
  };
  const spawn = (name: string): unknown => nact.spawn(system, logic, name, { initialState: 0 });
  const actor = spawn('counter');
  const get = (): Promise<number> => nact.query(actor, (sender) => ({ type: 'get', sender }), 60_000);
  let told = 0;
  const tell = async (): Promise<void> => {
    for (let n = 0; n < tells; n++) nact.dispatch(actor, ADD);
    mustBe(await get(), (told += tells), 'nact');
  };
  const all = Array.from({ length: actors }, (_, n) => spawn(`fan-${n}`));
  const fan = async (): Promise<void> => {
    for (const each of all) nact.dispatch(each, ADD);
    await nact.query(all.at(-1), (sender) => ({ type: 'get', sender }), 60_000);
  };
  return [
    { task: 'tell, one thread', name: 'nact', messages: tells, work: tell },
    { task: 'ask, one thread', name: 'nact', messages: asks, work: () => oneByOne(asks, get) },
    { task: 'ask pipelined, one thread', name: 'nact', messages: many, work: () => pipelined(many, inFlight, get) },
    {
      task: `fan-out to ${actors} actors`,
      name: 'nact',
      messages: actors,
      work: fan,
      close: async () => nact.stop(system),
    },
  ];
}
