/** What becomes of errors that the system names. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LtlError, namePermission } from '../../src/words/errors.js';

it('a call refused for want of permission is E_PERMISSION with its cause; nothing else is renamed', () => {
  for (const code of ['EACCES', 'EPERM', 'EROFS']) {
    const cause = Object.assign(new Error(`${code}: not yours`), { code });
    expect(namePermission(cause)).toMatchObject({ code: 'E_PERMISSION', cause });
  }
  let missing: unknown;
  try {
    readFileSync('/nowhere/at/all');
  } catch (error) {
    missing = error;
  }
  for (const other of [missing, new LtlError('E_IO', 'a disk'), 'text', null])
    expect(namePermission(other)).toBe(other);
});
