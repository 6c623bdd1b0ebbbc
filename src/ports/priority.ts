/** The scheduler's view of a thread, where the system lets a thread have a priority of its own: Linux only. */
import os from 'node:os';

/** Half-way down: it still gets its share of a busy processor, and gives way at once to a thread that has records to write. */
const BACKGROUND = 10;

/** Puts the calling thread, for good, behind those that others wait for. Elsewhere the call would mean the whole process. */
export function lowerThreadPriority(): void {
  // 0 is the calling thread to this system call. Lowering needs no privilege.
  if (process.platform === 'linux') os.setPriority(0, BACKGROUND);
}
