/** Reports in files: whether one can be written is found out before minutes are spent on what would go in it. */
import fs from 'node:fs';
import path from 'node:path';
import { LtlError } from '../words/errors.js';
import { writeText } from './policy/io.js';

/** That file, or null for none. Changes nothing. Throws E_CANNOT_CREATE that names the option and what stands in the way. */
export function writable(option: string, file: string | null): string | null {
  if (file === null) return null;
  const cannot = (why: string, cause?: unknown): LtlError =>
    new LtlError('E_CANNOT_CREATE', `${option} ${file}: ${why}`, { cause });
  const folder = path.dirname(path.resolve(file));
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) throw cannot(`${file} is a folder`);
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw cannot(`there is no folder ${folder}`);
  try {
    fs.accessSync(stat === undefined ? folder : file, fs.constants.W_OK);
    return file;
  } catch (cause) {
    throw cannot((cause as Error).message, cause);
  }
}

/** A report and where it goes; null for nowhere. */
export type Written = readonly [file: string | null, text: () => string];

/**
 * Writes the reports, then prints. What was measured is printed even when a file cannot be written (the disk may have become
 * full meanwhile), and written even when nobody reads what is printed; the first failure is thrown after both.
 */
export async function writeThenPrint(reports: readonly Written[], print: () => Promise<void>): Promise<void> {
  let failure: unknown = null;
  for (const [file, text] of reports) {
    if (file === null) continue;
    try {
      writeText(file, text());
    } catch (error) {
      failure ??= error;
    }
  }
  await print();
  if (failure !== null) throw failure;
}
