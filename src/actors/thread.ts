/**
 * The actor that every worker thread of users' actors runs on the host: a place, told by the conductor what to spawn. It
 * is an actor module like the queue's or the indexer's, on the same host and wire.
 */
import { realClock } from '../ports/clock.js';
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
    return {
      receive: (message) => {
        if (message.tag === 'spawn') void spawn(place, message, (said) => context.send(said));
        else place.conducted(message);
      },
      stop: () => place.close(),
    };
  },
};

/** Says ready or ended; a failure here is the actor's, not the thread's. */
async function spawn(
  place: Place,
  { id, name, module, input, slot }: Extract<ToPlace, { tag: 'spawn' }>,
  say: (message: FromPlace) => void,
): Promise<void> {
  try {
    const loaded = (await import(module)) as { default?: unknown };
    const make = await handlerOf(loaded.default);
    if (make === undefined) throw new LtlError('E_ARGUMENT', `${module} has no default export that is actor logic`);
    const cell = new Cell(place, id, name, new Slot(slot.words, slot.base), place.revive(input), make);
    await place.begin(cell);
    if (!cell.ended) say({ tag: 'ready', id });
  } catch (error) {
    say({ tag: 'ended', id, reason: { kind: 'error', error: toWireError(error) } });
  }
}
