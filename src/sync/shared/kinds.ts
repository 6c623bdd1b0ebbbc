/** The kinds across threads as their memory knows them: machine, verbs, and what the count means. */
import { Micro } from '../micro.js';
import type { Verbs } from '../waitable.js';
import type { Modes } from './protocol.js';
import { WordEngine } from './word.js';

export type SharedKind = 'mutex' | 'semaphore' | 'lock' | 'signalAuto' | 'signalManual';

/** In the order of their numbers in shared memory. */
export const SHARED_KINDS: readonly SharedKind[] = ['mutex', 'semaphore', 'lock', 'signalAuto', 'signalManual'];

export interface KindWords {
  readonly engine: WordEngine;
  readonly modes: Modes;
  readonly alone: boolean;
}

interface EventNames {
  readonly acquire: string;
  readonly try: string;
  readonly hand: string;
  readonly release: string | undefined;
  readonly exclusive: boolean;
}

const PLAIN: EventNames = { acquire: 'ACQUIRE', try: 'TRY', hand: 'HAND', release: 'RELEASE', exclusive: false };

function verbs(micro: Micro, names: EventNames): Verbs {
  const event = (name: string): number => micro.event(name as never);
  return {
    acquire: event(names.acquire),
    try: event(names.try),
    reserve: event('RESERVE'),
    hand: event(names.hand),
    leave: event('LEAVE'),
    release: names.release === undefined ? -1 : event(names.release),
    exclusive: names.exclusive,
  };
}

function words(kind: SharedKind): KindWords {
  const micro = new Micro(kind) as Micro;
  const engine = new WordEngine(micro, kind === 'lock' ? 'readers' : 'available', micro.event('LEAVE' as never));
  if (kind === 'lock') {
    const hard = { acquire: 'EXCLUDE', try: 'TRY_EXCLUDE', hand: 'HAND_EXCLUSIVE', release: 'RELEASE_EXCLUSIVE' };
    const soft = { acquire: 'SHARE', try: 'TRY_SHARE', hand: 'HAND_SHARED', release: 'RELEASE_SHARED' };
    const modes = {
      hard: verbs(micro, { ...hard, exclusive: true }),
      soft: verbs(micro, { ...soft, exclusive: false }),
    };
    return { engine, modes, alone: true };
  }
  const release = kind.startsWith('signal') ? undefined : 'RELEASE';
  const hard = verbs(micro, { ...PLAIN, release, exclusive: kind === 'mutex' });
  return { engine, modes: { hard, soft: hard }, alone: kind === 'mutex' };
}

const made = new Map<SharedKind, KindWords>();

/** Made once a thread. */
export function kindWords(kind: SharedKind): KindWords {
  const known = made.get(kind) ?? words(kind);
  made.set(kind, known);
  return known;
}
