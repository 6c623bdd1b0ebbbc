/**
 * The live tree of actors as plain data. What it shows of an actor comes from shared memory, so asking costs the actors
 * nothing, and a hung one can be looked at.
 */
import type { ExitReason } from '../supervisor/exit.js';
import type { ActorRecord } from './record.js';

export interface ActorNode {
  readonly kind: 'actor' | 'supervisor';
  readonly name: string;
  readonly id?: number;
  /** up, down (being restarted) or dead for an actor alone; its supervisor's word for it otherwise. */
  readonly state: string;
  /** `caller`, or the name of its worker. */
  readonly thread?: string;
  /** Messages in the mailbox, on the way to it, or being handled. */
  readonly mailboxDepth?: number;
  readonly restarts: number;
  /** Since the last call of actors(), or since its last start. */
  readonly messagesPerSecond?: number;
  /** Of one processor's time, since the last call of actors(): 0 to 1. */
  readonly busyShare?: number;
  /** Why it last died. */
  readonly lastExit: ExitReason | undefined;
  readonly children?: readonly ActorNode[];
}

export function describeActor(record: ActorRecord, restarts: number, nowMs: number): ActorNode {
  const { slot } = record;
  const elapsedMs = Math.max(1, nowMs - record.sampledMs);
  const { taken, busyMicros } = slot;
  const messages = (taken - record.sampledTaken) | 0;
  const busy = (busyMicros - record.sampledBusy) | 0;
  record.sample(nowMs);
  return {
    kind: 'actor',
    name: record.name,
    id: record.id,
    state: record.change,
    thread: record.thread?.child.name ?? 'caller',
    mailboxDepth: slot.depth,
    restarts,
    messagesPerSecond: Math.max(0, (messages * 1_000) / elapsedMs),
    busyShare: Math.min(1, Math.max(0, busy / 1_000 / elapsedMs)),
    lastExit: record.lastExit,
  };
}
