/**
 * Configuration: where each key's value comes from. The caller's object (for the command line: its options) goes before the
 * environment (`LTL_` and the key in capitals, dots and dashes as underscores), the environment before the file `config.json`
 * in the store's folder, and that before the defaults. An unknown key or a bad value is an error that names the nearest key.
 */
import path from 'node:path';
import { shown } from '../words/arguments.js';
import { LtlError } from '../words/errors.js';
import { nearest } from '../words/nearest.js';
import { readConfigFile } from './file.js';
import { type Config, KEYS } from './keys.js';

/** The whole configuration. Throws E_CONFIG; E_PERMISSION for a file that must not be read. */
export function resolveConfig(given: Partial<Config> = {}, environment: NodeJS.ProcessEnv = process.env): Config {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new LtlError('E_CONFIG', 'the configuration must be an object of keys');
  checkKeys(given);
  const around = readEnvironment(environment);
  const root = path.resolve(
    given['force-all.path'] ?? around['force-all.path'] ?? (KEYS['force-all.path'].fallback({}) as string),
  );
  const { values, name } = readConfigFile(root);
  checkKeys(values, `${name}: `);
  if (values['force-all.path'] !== undefined)
    throw new LtlError('E_CONFIG', `${name}: force-all.path says where the file is; it cannot stand in it`);
  const config: Record<string, string | number> = {};
  for (const [key, { fallback }] of Object.entries(KEYS) as [keyof Config, (typeof KEYS)[keyof Config]][])
    config[key] = given[key] ?? around[key] ?? values[key] ?? fallback(config as Partial<Config>);
  return { ...(config as unknown as Config), 'force-all.path': root };
}

/** What every key is when nobody says anything but these. */
export function defaultConfig(given: Partial<Config> = {}): Config {
  const config: Record<string, string | number> = {};
  for (const [key, { fallback }] of Object.entries(KEYS))
    config[key] = given[key as keyof Config] ?? fallback(config as Partial<Config>);
  return config as unknown as Config;
}

function checkKeys(given: Partial<Config>, where = ''): void {
  for (const [key, value] of Object.entries(given)) {
    const known = Object.hasOwn(KEYS, key) ? KEYS[key as keyof Config] : undefined;
    if (known === undefined) throw unknownKey(key, where);
    if (!known.check(value))
      throw new LtlError('E_CONFIG', `${where}${key} must be ${known.wants}, not ${shown(value)}`);
  }
}

/** `queue.spin.us` is LTL_QUEUE_SPIN_US. Other variables that begin so are other people's. */
function readEnvironment(environment: NodeJS.ProcessEnv): Partial<Config> {
  const values: Record<string, string | number> = {};
  for (const [key, { check, wants }] of Object.entries(KEYS)) {
    const name = `LTL_${key.toUpperCase().replaceAll(/[.-]/g, '_')}`;
    const text = environment[name];
    if (text === undefined || text === '') continue;
    const value = /^\d+$/.test(text) ? Number(text) : text;
    if (!check(value)) throw new LtlError('E_CONFIG', `${name} must be ${wants}, not ${text}`);
    values[key] = value;
  }
  return values as Partial<Config>;
}

function unknownKey(key: string, where: string): LtlError {
  const near = nearest(key, Object.keys(KEYS));
  return new LtlError(
    'E_CONFIG',
    `${where}there is no key ${key}${near === null ? `; the keys are ${Object.keys(KEYS).join(', ')}` : `; did you mean ${near}?`}`,
  );
}
