/** Opening the store that a command names by --path and --config. */
import { type Config, open } from '../ltl.js';
import { LtlError } from '../words/errors.js';

import type { Arguments } from './command.js';

export type Store = Awaited<ReturnType<typeof open>>;

/**
 * Opens a writer, which naps and wakes by SIGUSR2 and takes SIGHUP for reopening logs; SIGINT and SIGTERM are StopRequest's.
 * Throws what open() throws: E_LOCKED, E_PERMISSION, E_CONFIG …
 */
export function openWriter(values: Arguments['values']): Promise<Store> {
  return open(configOf(values), { osSignals: ['SIGUSR2', 'SIGHUP'] });
}

/** Opens a reader, beside a writer or without one. Throws E_NO_STORE. */
export function openReader(values: Arguments['values']): Promise<Store> {
  return open(configOf(values), { readOnly: true });
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
