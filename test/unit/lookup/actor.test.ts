/** The indexer in a thread of its own. A thread needs the built files; the rest of the tests of this room do not. */
import { afterEach, describe, expect, it } from 'vitest';
import { IndexClient } from '../../../src/lookup/index-client.js';
import type { IndexerInput, IndexerMessage, IndexerReport, IndexSpec } from '../../../src/lookup/protocol.js';
import type { RangeOptions } from '../../../src/lookup/queries.js';
import { symDATA } from '../../../src/words/symbols.js';
import { TestStore } from './store.js';

const built = (file: string): URL => new URL(`../../../dist/src/${file}`, import.meta.url);
const { Link } = (await import(built('supervisor/link.js').href)) as typeof import('../../../src/supervisor/link.js');

const SPECS: IndexSpec[] = [
  { kind: 'val', field: 'level' },
  { kind: 'int', field: 't' },
];
const question: RangeOptions = { val_match: { level: 42 } };

interface Child {
  stop(deadlineMs: number): Promise<void>;
  readonly exited: Promise<unknown>;
}

class Actor {
  readonly store: TestStore = new TestStore({ segmentBytes: 65_536 });
  readonly reports: IndexerReport[] = [];
  readonly client: IndexClient;
  readonly #link: InstanceType<typeof Link<IndexerMessage, IndexerReport>>;
  child: Child | null = null;
  gateOpen = true;

  constructor() {
    this.#link = new Link<IndexerMessage, IndexerReport>({
      id: 'indexer',
      module: built('actors/indexer.js'),
      input: (): IndexerInput => ({
        root: this.store.paths.root,
        board: this.store.board.buffer,
        logId: this.store.logId,
        indices: [],
        gateOpen: this.gateOpen,
      }),
      restart: 'permanent',
      shutdownMs: 10_000,
      startMs: 20_000,
      nativeStore: true,
      onMessage: (report) => {
        this.reports.push(report);
        this.client.receive(report);
      },
    });
    this.client = new IndexClient((build, timeoutMs) => this.#link.ask(build, timeoutMs));
  }

  async start(): Promise<void> {
    this.child = await this.#link.spec.start();
  }

  post(message: IndexerMessage): void {
    this.#link.post(message);
  }

  append(groups: number): void {
    for (let group = 0; group < groups; group += 1)
      this.store.append(
        Array.from({ length: 500 }, (_, index) => ({ t: this.store.nextSeq + index, level: index % 100 })),
      );
  }

  async answer(): Promise<number> {
    let count = 0;
    for await (const _record of this.store.queries(() => {}, this.client).range(symDATA, question)) count += 1;
    return count;
  }
}

const actors: Actor[] = [];
afterEach(async () => {
  for (const actor of actors.splice(0)) {
    await actor.child?.stop(10_000);
    actor.store.close();
  }
});

async function start(): Promise<Actor> {
  const actor = new Actor();
  actors.push(actor);
  await actor.start();
  return actor;
}

describe('the indexer actor', () => {
  it('follows the log and answers, and says how far it is', async () => {
    const actor = await start();
    await actor.client.declare(SPECS);
    actor.append(40);
    await actor.client.catchUp(20_000);
    expect(actor.client.states).toEqual(SPECS.map((spec) => ({ ...spec, watermark: 20_000 })));
    expect(await actor.answer()).toBe(200);
    actor.append(1);
    expect(await actor.answer()).toBe(205);
    while (actor.client.covered([{ kind: 'int', field: 't', low: 0, high: 1 }]) < 20_500)
      await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('indexes nothing in NAP, and what piled up afterwards', async () => {
    const actor = await start();
    await actor.client.declare(SPECS);
    await actor.client.gate(false);
    actor.append(10);
    let caughtUp = false;
    const catchUp = actor.client.catchUp(5000).then(() => (caughtUp = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(caughtUp).toBe(false);
    expect(actor.client.states[0]?.watermark).toBe(0);
    expect(await actor.answer()).toBe(50);
    await actor.client.gate(true);
    await catchUp;
    expect(actor.client.states[0]?.watermark).toBe(5000);
  });

  it.each(['throw', 'exit'] as const)('goes on from its watermark after it failed (%s)', async (how) => {
    const actor = await start();
    await actor.client.declare(SPECS);
    actor.append(10);
    await actor.client.catchUp(5000);
    actor.post({ kind: 'fail', how });
    await actor.child?.exited;
    expect(await actor.answer()).toBe(50);
    expect(actor.client.silent).toBe(true);
    actor.append(10);
    await actor.start();
    await actor.client.catchUp(10_000);
    expect(actor.client.silent).toBe(false);
    expect(actor.client.rebuilds).toBe(0);
    expect(await actor.answer()).toBe(100);
    expect(actor.client.states.map(({ watermark }) => watermark)).toEqual([10_000, 10_000]);
  });
});
