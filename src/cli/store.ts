/** Opening the store that a command names by --path and --config. */
import { type Config, type OpenOptions, open } from '../ltl.js';
import { LtlError } from '../words/errors.js';

import type { Arguments } from './command.js';

export type Store = Awaited<ReturnType<typeof open>>;

/** What a command that runs for long takes: SIGUSR2 naps and wakes, SIGHUP is for reopening logs; the rest is StopRequest's. */
export const LONG_RUNNING = { osSignals: ['SIGUSR2', 'SIGHUP'] } as const satisfies OpenOptions;

/**
 * Opens a writer, which runs for long.
 * Throws what open() throws: E_LOCKED, E_PERMISSION, E_CONFIG …
 */
export function openWriter(values: Arguments['values']): Promise<Store> {
  return open(configOf(values), LONG_RUNNING);
}

/** Opens a reader, beside a writer or without one. Throws E_NO_STORE. */
export function openReader(values: Arguments['values']): Promise<Store> {
  return open(configOf(values), { readOnly: true });
}

/**
 * The same for one that follows the log: SIGUSR2, which may be meant for a whole group of processes, does not end it; nor does SIGHUP,
 * unless it writes to a terminal, which is gone then.
 */
export function openFollower(values: Arguments['values'], terminal: boolean): Promise<Store> {
  return open(configOf(values), { readOnly: true, ...(terminal ? { osSignals: ['SIGUSR2'] } : LONG_RUNNING) });
}

function configOf({ path, config }: Arguments['values']): Partial<Config> {
  const keys: Record<string, string | number> = {};
  if (typeof config === 'string') {
    for (const pair of config.split(',')) {
      const at = pair.indexOf('=');
      if (at < 1) throw new LtlError('E_USAGE', `--config wants KEY=VALUE,…; ${JSON.stringify(pair)} has no value`);
      const value = pair.slice(at + 1).trim();
      keys[pair.slice(0, at).trim()] = /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
    }
  }
  if (typeof path === 'string') keys['force-all.path'] = path;
  // What it holds is checked by open(), which names the key that is wrong.
  return keys as Partial<Config>;
}
