/**
 * The actor that every worker thread of users' actors runs on the host: a place, told by the conductor what to spawn. It
 * is an actor module like the queue's or the indexer's, on the same host and wire.
 */
import { realClock } from '../ports/clock.js';
import type { ExitReason } from '../supervisor/exit.js';
import { Slot } from '../wire/mailbox.js';
import type { FromPlace, ToPlace } from '../wire/place.js';
import { LtlError, toWireError } from '../words/errors.js';
import { Cell } from './cell.js';
import { handlerOf } from './handler.js';
import type { ActorContext, Behaviour } from './host.js';
import { Place } from './place.js';

export interface ThreadInput {
  readonly place: number;
  readonly inspecting: boolean;
}

export default {
  start(context: ActorContext<ThreadInput, ToPlace, FromPlace>): Behaviour<ToPlace> {
    const place = new Place(context.input.place, realClock, (message) => context.send(message));
    place.inspecting = context.input.inspecting;
    const nursery = new Nursery(place, (message) => context.send(message));
    return {
      receive: (message) => {
        if (message.tag === 'spawn') void nursery.spawn(message);
        else if (message.tag !== 'abandon' || !nursery.abandon(message.id, message.reason)) place.conducted(message);
      },
      stop: () => place.close(),
    };
  },
};

/** Loads actors and starts them; says ready or ended of each. A failure here is the actor's, not the thread's. */
class Nursery {
  readonly #place: Place;
  readonly #say: (message: FromPlace) => void;
  /** Actors whose modules are being loaded. */
  readonly #loading = new Set<number>();

  constructor(place: Place, say: (message: FromPlace) => void) {
    this.#place = place;
    this.#say = say;
  }

  async spawn({ id, name, module, input, slot }: Extract<ToPlace, { tag: 'spawn' }>): Promise<void> {
    this.#loading.add(id);
    try {
      const loaded = (await import(module)) as { default?: unknown };
      const make = await handlerOf(loaded.default);
      if (make === undefined) throw new LtlError('E_ARGUMENT', `${module} has no default export that is actor logic`);
      if (!this.#loading.delete(id)) return;
      const place = this.#place;
      const cell = new Cell(place, id, name, new Slot(slot.words, slot.base), place.revive(input), make);
      await place.begin(cell);
      if (!cell.ended) this.#say({ tag: 'ready', id });
    } catch (error) {
      this.#loading.delete(id);
      this.#say({ tag: 'ended', id, reason: { kind: 'error', error: toWireError(error) } });
    }
  }

  /** Gives up an actor that has no cell yet, however long its module takes; false when it is none of those. */
  abandon(id: number, reason: ExitReason): boolean {
    if (!this.#loading.delete(id)) return false;
    this.#say({ tag: 'ended', id, reason });
    return true;
  }
}
