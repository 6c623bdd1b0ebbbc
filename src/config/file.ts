/**
 * The configuration file of a store: `config.json` in its folder, an object of keys. Written whole or not at all: a reader
 * finds the old one or the new one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { LtlError, nameSystemError } from '../words/errors.js';
import type { Config } from './keys.js';

/** What the file in that folder says, unchecked, and what it is called; nothing where there is none. Throws E_CONFIG, E_PERMISSION. */
export function readConfigFile(root: string): { values: Partial<Config>; name: string } {
  const name = path.join(root, 'config.json');
  let text: string;
  try {
    text = fs.readFileSync(name, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // ENOTDIR: the folder is a file, which whoever opens the store says better.
    if (code === 'ENOENT' || code === 'ENOTDIR') return { values: {}, name };
    if (code === 'EACCES' || code === 'EPERM') throw nameSystemError(error);
    throw new LtlError('E_CONFIG', `${name} cannot be read: ${message}`, { cause: error });
  }
  return { values: parse(text, name), name };
}

/** Sets keys in the file, and leaves the others as they are; undefined takes a key out. Returns the file's name. */
export function writeConfigFile(root: string, keys: Readonly<Record<string, string | number | undefined>>): string {
  const { values, name } = readConfigFile(root);
  const text = `${JSON.stringify({ ...values, ...keys }, null, 2)}\n`;
  const half = `${name}.half`;
  const fd = fs.openSync(half, 'w', 0o644);
  try {
    fs.writeFileSync(fd, text);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(half, name);
  return name;
}

function parse(text: string, name: string): Partial<Config> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LtlError('E_CONFIG', `${name} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new LtlError('E_CONFIG', `${name} must hold an object of keys`);
  return value;
}
