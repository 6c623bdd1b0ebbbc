/** Between two threads: our actors, a raw port, a raw port with arrays of 100, comlink, Piscina. */
import { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { ActorSystem } from '../../src/actors/system.js';
import type { Work } from '../echo.worker.js';
import { loadPeer, peerVersion } from '../peers.js';
import { oneByOne, pipelined, type Sizes, type Subject } from './subject.js';

const PAYLOAD = 'a hundred bytes or so, as a message has them';
const ASK: Work = { type: 'ask', id: 0, user: 'someone', payload: PAYLOAD };
const ECHO = new URL('../echo.worker.js', import.meta.url);
const PORT = new URL('../port.worker.js', import.meta.url);
const ARRAY = 100;

export async function farPeers(system: ActorSystem, sizes: Sizes): Promise<Subject[]> {
  const { tells } = sizes;
  const ref = await system.spawn<Work, Work>(ECHO, { input: 0, mailbox: { size: 1_000_000 } });
  const ours = async (): Promise<void> => {
    for (let n = 1; n < tells; n++) ref.send(tellOf(n));
    await ref.ask(ASK, { timeoutMs: 60_000 });
  };
  const raw = rawPort();
  const rawTells = async (): Promise<void> => {
    for (let n = 1; n < tells; n++) raw.worker.postMessage(tellOf(n));
    await raw.ask();
  };
  const arrayTells = async (): Promise<void> => {
    for (let n = ARRAY; n < tells; n += ARRAY)
      raw.worker.postMessage(Array.from({ length: ARRAY }, (_, k) => tellOf(n + k)));
    await raw.ask();
  };
  const close = async (): Promise<void> => void (await raw.worker.terminate());
  return [
    { task: 'tell, other thread', name: 'ltl', messages: tells, work: ours },
    { task: 'tell, other thread', name: 'raw port', messages: tells, work: rawTells },
    { task: 'tell, other thread', name: 'raw port, arrays of 100', messages: tells, work: arrayTells, close },
    ...asking('ltl', sizes, () => ref.ask(ASK)),
    ...asking('raw port', sizes, raw.ask),
    ...comlink(sizes),
    ...piscina(sizes),
  ];
}

/** A message of its own each time: one that is sent twice in a batch would be cloned once. */
function tellOf(id: number): Work {
  return { type: 'tell', id, user: 'someone', payload: PAYLOAD };
}

function asking(name: string, { asks, pipelined: many, inFlight }: Sizes, ask: () => Promise<unknown>): Subject[] {
  return [
    { task: 'ask, other thread', name, messages: asks, work: () => oneByOne(asks, ask) },
    { task: 'ask pipelined, other thread', name, messages: many, work: () => pipelined(many, inFlight, ask) },
  ];
}

/** The least that a round trip over a port takes: answers come in the order of the asks. */
function rawPort(): { worker: Worker; ask: () => Promise<unknown> } {
  const worker = new Worker(PORT, { workerData: 'raw' });
  const waiting: ((answer: unknown) => void)[] = [];
  let head = 0;
  worker.on('message', (answer) => {
    waiting[head++]?.(answer);
    if (head === waiting.length) waiting.length = head = 0;
  });
  const ask = (): Promise<unknown> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      worker.postMessage(ASK);
    });
  return { worker, ask };
}

interface Comlink {
  wrap(endpoint: unknown): { echo(message: Work): Promise<Work> };
}

function comlink(sizes: Sizes): Subject[] {
  if (peerVersion('comlink') === undefined) return [];
  const peer = loadPeer('comlink') as Comlink;
  const adapt = loadPeer('comlink/dist/umd/node-adapter.js') as (worker: Worker) => unknown;
  const worker = new Worker(PORT, { workerData: 'comlink' });
  const api = peer.wrap(adapt(worker));
  const [one, many] = asking('comlink', sizes, () => api.echo(ASK)) as [Subject, Subject];
  return [one, { ...many, close: async () => void (await worker.terminate()) }];
}

function piscina(sizes: Sizes): Subject[] {
  const pool = new Piscina({ filename: ECHO.href, name: 'task', minThreads: 1, maxThreads: 1 });
  const [one, many] = asking('Piscina', sizes, () => pool.run(ASK)) as [Subject, Subject];
  return [one, { ...many, close: () => pool.destroy() }];
}
