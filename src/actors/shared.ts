/**
 * Several actors in one worker thread: how the runtime's own actors live where it may use one core only. Threads that take
 * turns on one core gain nothing from being several, and each costs memory, a start, and switches.
 *
 * The actors take turns on the thread's event loop. One that has a loop of its own shares it (`share` in place of `run`):
 * it never blocks in a wait, and lets the others have their turn after each of its steps. The first is started before the
 * thread is ready, the others beside it, in order; messages to one that is not ready wait for it, in order.
 *
 * They share one fate: whatever goes wrong in one of them ends the thread, and the supervisor starts all of them again.
 */
import { LtlError } from '../words/errors.js';
import type { ActorContext, ActorModule, Behaviour } from './host.js';

/** One of the actors: what it is called, where its module is (a URL), and what it is started with. */
export interface Part {
  readonly name: string;
  readonly module: string;
  readonly input: unknown;
}

interface SharedInput {
  readonly parts: readonly Part[];
}

/** A message to or from one of the actors. */
interface PartMessage {
  readonly part: string;
  readonly message: unknown;
}

type Context = ActorContext<SharedInput, PartMessage, PartMessage>;

/** One actor of the thread, with its messages in order. */
class SharedPart {
  readonly started: Promise<Behaviour<unknown>>;
  #stopping = false;
  #looping: Promise<void> | undefined;
  /** Settled when the last message so far is dealt with. A rejection nobody handles ends the thread, as it should. */
  #dealt: Promise<void>;

  constructor(part: Part, after: Promise<unknown>, context: Context) {
    this.started = after.then(() => this.#start(part, context));
    this.#dealt = this.started.then(() => undefined);
  }

  receive(message: unknown): void {
    this.#dealt = this.#dealt.then(async () => (await this.started).receive?.(message));
  }

  async stop(): Promise<void> {
    await this.#dealt;
    this.#stopping = true;
    await (await this.started).stop?.();
    await this.#looping;
  }

  async #start({ name, module, input }: Part, context: Context): Promise<Behaviour<unknown>> {
    const { default: actor } = (await import(module)) as { default: ActorModule<unknown, unknown, unknown> };
    const isStopping = (): boolean => this.#stopping;
    const behaviour = await actor.start({
      name,
      input,
      doorbell: context.doorbell,
      ownsThread: false,
      get stopping(): boolean {
        return isStopping();
      },
      send: (message, transfer) => context.send({ part: name, message }, transfer),
      // Its messages come by `receive`: the thread's event loop is never blocked.
      poll: () => undefined,
      beat: () => context.beat(),
    });
    if (behaviour.run !== undefined && behaviour.share === undefined)
      throw new LtlError('E_ARGUMENT', `${name} has a loop that cannot share its thread`);
    this.#looping = behaviour.share?.();
    return behaviour;
  }
}

const shared: ActorModule<SharedInput, PartMessage, PartMessage> = {
  async start(context) {
    const parts = new Map<string, SharedPart>();
    let before: Promise<unknown> = Promise.resolve();
    for (const part of context.input.parts) {
      const made = new SharedPart(part, before, context);
      parts.set(part.name, made);
      before = made.started;
    }
    await [...parts.values()][0]?.started;
    return {
      receive: ({ part, message }) => parts.get(part)?.receive(message),
      stop: async () => {
        for (const part of [...parts.values()].reverse()) await part.stop();
      },
    };
  },
};

export default shared;
