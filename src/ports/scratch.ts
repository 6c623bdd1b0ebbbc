/**
 * Folders for what is measured and thrown away. Each says whose it is, so that one whose process was killed before it
 * could tidy up is removed by the next that makes its like in the same place.
 */
import fs from 'node:fs';
import path from 'node:path';
import { isAlive, ownIdentity, type ProcessIdentity } from './identity.js';

const OWNER = 'owner.json';

export interface Scratch extends Disposable {
  readonly folder: string;
  /** Removes it with all that is in it. A second call does nothing. */
  readonly remove: () => void;
}

/**
 * Makes a new folder below `parent`, its name beginning with `prefix`, and removes those of that prefix whose process has
 * ended. Throws what the file system says when it cannot be made.
 */
export function makeScratch(parent: string, prefix: string): Scratch {
  removeForsaken(parent, prefix);
  const folder = fs.mkdtempSync(path.join(parent, prefix));
  fs.writeFileSync(path.join(folder, OWNER), JSON.stringify(ownIdentity()));
  const remove = (): void => fs.rmSync(folder, { recursive: true, force: true });
  return { folder, remove, [Symbol.dispose]: remove };
}

/** What cannot be removed, or does not say whose it is, stays: it is in nobody's way. */
function removeForsaken(parent: string, prefix: string): void {
  for (const name of fs.readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const folder = path.join(parent, name);
    const owner = readOwner(folder);
    if (owner === null || owner.host !== ownIdentity().host || isAlive(owner)) continue;
    try {
      fs.rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (!CANNOT.has((error as NodeJS.ErrnoException).code)) throw error;
    }
  }
}

const CANNOT: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'ENOTEMPTY']);

function readOwner(folder: string): ProcessIdentity | null {
  try {
    const owner = JSON.parse(fs.readFileSync(path.join(folder, OWNER), 'utf8')) as Partial<ProcessIdentity> | null;
    if (typeof owner?.pid !== 'number' || typeof owner.host !== 'string') return null;
    return { startTime: null, bootId: null, ...owner } as ProcessIdentity;
  } catch {
    // Not there, not whole, or not to be read by this user: not known to be forsaken.
    return null;
  }
}
