/**
 * An actor that was spawned by itself. It gets a supervisor when it first fails, so that until then it costs no memory.
 */
import type { Clock } from '../ports/clock.js';
import type { ExitReason } from '../supervisor/exit.js';
import type { ChildHandle, ChildSpec, SupervisorEvent } from '../supervisor/spec.js';
import { staysDown } from '../supervisor/supervisor.js';
import { toWireError } from '../words/errors.js';
import type { Lives } from './lives.js';
import type { ActorRecord } from './record.js';
import type { Supervision } from './supervision.js';

export interface AloneWorld {
  readonly clock: Clock;
  readonly lives: Lives;
  emit(event: SupervisorEvent & { readonly supervisor: string }): void;
  /** A supervisor for that child alone, not started. */
  supervise(spec: ChildSpec, record: ActorRecord): Supervision;
}

/** Starts it; resolves when it is ready, rejects with its start's error. */
export async function startAlone(world: AloneWorld, record: ActorRecord, spec: ChildSpec): Promise<void> {
  const { clock, lives } = world;
  let handle: ChildHandle;
  let asked = false;
  const starting = spec.start();
  // Until it is up, to stop it is to give its start up.
  record.stop = async () => {
    asked = true;
    lives.abandon(record, closedAtStart(record.name));
    await starting.then(
      (late) => late.stop(spec.shutdownMs),
      () => undefined,
    );
  };
  try {
    handle = await starting;
  } catch (error) {
    lives.dead(record, { kind: 'error', error: toWireError(error) });
    throw error;
  }
  world.emit({ type: 'started', id: spec.id, atMs: clock.nowMs(), restarts: 0, supervisor: '' });
  record.stop = () => {
    asked = true;
    return handle.stop(spec.shutdownMs);
  };
  void handle.exited.then((reason) => {
    if (!asked && !staysDown(spec, reason)) {
      void superviseFromNow(world, record, spec, handle);
      return;
    }
    world.emit({ type: 'exited', id: spec.id, atMs: clock.nowMs(), reason, final: true, supervisor: '' });
    lives.dead(record, reason);
  });
}

/** The life that has just ended is the first one that the new supervisor sees. */
async function superviseFromNow(
  world: AloneWorld,
  record: ActorRecord,
  spec: ChildSpec,
  ended: ChildHandle,
): Promise<void> {
  let first = true;
  // Seen to end when the supervisor is up, because what fails to start before that is not tried again.
  const handle: ChildHandle = {
    exited: ended.exited.then(async (reason) => {
      await begun;
      return reason;
    }),
    stop: (deadlineMs) => ended.stop(deadlineMs),
  };
  const start = async (): Promise<ChildHandle> => {
    if (!first) return spec.start();
    first = false;
    return handle;
  };
  const supervision = world.supervise({ ...spec, start }, record);
  record.stop = () => supervision.stop();
  // It may be stopped before the actor is up again; its events and the actor's watchers tell.
  const begun = supervision.start().catch(() => undefined);
  await begun;
}

function closedAtStart(name: string): ExitReason {
  const message = `${name} was stopped before it was ready`;
  return { kind: 'error', error: { code: 'E_CLOSED', message, details: {} } };
}
