/**
 * Runs any XState v5 actor logic (a machine, fromTransition, fromPromise, fromCallback, fromObservable) as an actor: a
 * message is an event, an ask is answered with the snapshot after it. An error of the logic is a failure of the actor, and
 * its final state the actor's end. The only file of the runtime that imports XState, and only when such logic is spawned.
 */
import { type AnyActorLogic, createActor } from 'xstate';
import type { Snapshot } from './actor.js';
import type { Handler, HandlerHost } from './handler.js';

interface AnySnapshot {
  readonly status: Snapshot['status'];
  readonly value?: unknown;
  readonly context?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
}

export function xstateHandler(logic: object, host: HandlerHost): Handler {
  const actor = createActor(logic as AnyActorLogic, { id: host.name, input: host.input });
  const read = (): AnySnapshot => actor.getSnapshot() as AnySnapshot;
  let over = false;
  actor.subscribe({
    error: (error) => {
      if (!over) host.fail(error);
    },
    complete: () => {
      if (!over) host.finish();
    },
  });
  return {
    start: () => {
      actor.start();
      // A machine whose first state throws is in error at once, and has told its observers so.
    },
    receive: (message) => actor.send(message as never),
    stop: () => {
      over = true;
      actor.stop();
    },
    snapshot: () => plain(read()),
    answer: () => plain(read()),
    label: () => {
      const { value, status } = read();
      if (value === undefined) return status;
      return typeof value === 'string' ? value : JSON.stringify(value);
    },
  };
}

/** The part of an XState snapshot that is data. */
function plain({ status, value, context, output }: AnySnapshot): Snapshot {
  return { status, state: { value, context, output } };
}
