/** What becomes of errors that the system names. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LtlError, nameSystemError } from '../../src/words/errors.js';

it('a call that the system refused has our name for it, with its cause; nothing else is renamed', () => {
  const names = {
    EACCES: 'E_PERMISSION',
    EPERM: 'E_PERMISSION',
    EROFS: 'E_PERMISSION',
    ENOSPC: 'E_DISK_FULL',
    EIO: 'E_IO',
  };
  for (const [code, name] of Object.entries(names)) {
    const cause = Object.assign(new Error(`${code}: not yours`), { code });
    expect(nameSystemError(cause)).toMatchObject({ code: name, cause });
  }
  let missing: unknown;
  try {
    readFileSync('/nowhere/at/all');
  } catch (error) {
    missing = error;
  }
  for (const other of [missing, new LtlError('E_IO', 'a disk'), 'text', null])
    expect(nameSystemError(other)).toBe(other);
});
