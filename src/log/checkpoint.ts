/**
 * How far the log was verified, and how far it was durable then, kept in a small file beside it: the auditor goes on from
 * the one, and recovery knows by the other that what is missing before it is damage and no torn tail. It is a hint: a
 * missing or damaged one costs time, never data.
 */
import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { nameSystemError } from '../words/errors.js';
import { logIdOf, type StorePaths } from './folder.js';
import type { KnownDurable } from './recover.js';

export interface Checkpoint {
  readonly segmentId: number;
  /** Verified up to this offset of that segment. */
  readonly offset: number;
  /** All records below are verified (or known to be damaged). */
  readonly seq: number;
  readonly durable: KnownDurable;
}

/** The checkpoint, or null when there is none that can be trusted. */
export function readCheckpoint(paths: StorePaths): Checkpoint | null {
  let lines: string[];
  try {
    lines = fs.readFileSync(paths.checkpoint, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw nameSystemError(error);
  }
  const [text = '', sum] = lines;
  return String(crc32(text)) === sum ? (JSON.parse(text) as Checkpoint) : null;
}

/** How far the log is known to have been durable. */
export const knownDurable = (paths: StorePaths): KnownDurable | null => readCheckpoint(paths)?.durable ?? null;

/** Replaces the checkpoint as a whole. A checkpoint ahead of the log would do harm, so it is written after what it speaks of was synced. */
export function writeCheckpoint(paths: StorePaths, checkpoint: Checkpoint): void {
  const text = JSON.stringify(checkpoint);
  const scratch = `${paths.checkpoint}.new`;
  fs.writeFileSync(scratch, `${text}\n${crc32(text)}\n`);
  fs.renameSync(scratch, paths.checkpoint);
}

/**
 * At the end of a writer's life: the log is durable up to there, even if the auditor had no time to say so. Without it a
 * damaged last group of a store that was closed in order would pass for a torn tail.
 */
export function noteDurable(paths: StorePaths, tail: Omit<KnownDurable, 'logId'>): void {
  const logId = logIdOf(paths);
  if (logId === null || tail.nextSeq === 0) return;
  const saved = readCheckpoint(paths);
  const isKnown = saved?.durable.segmentId === tail.segmentId && saved.durable.offset === tail.offset;
  if (!isKnown) writeCheckpoint(paths, { ...(saved ?? NOTHING_VERIFIED), durable: { logId, ...tail } });
}

const NOTHING_VERIFIED = { segmentId: 0, offset: 0, seq: 0 };
