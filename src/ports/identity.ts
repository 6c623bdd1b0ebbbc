/**
 * Who a process is, so that another process, now or after a reboot, can tell whether it still lives. A pid alone is not
 * enough: pids are used again. Where the system has no /proc the start time and the boot id are null and not compared.
 */
import fs from 'node:fs';
import os from 'node:os';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process. */
  readonly startTime: number | null;
  readonly bootId: string | null;
  readonly host: string;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTime: startTimeOf(process.pid), bootId: readBootId(), host: os.hostname() };
}

/** False only when the process has certainly ended: none of its threads can write any more. */
export function isAlive(one: ProcessIdentity): boolean {
  const bootId = readBootId();
  if (one.bootId !== null && bootId !== null && one.bootId !== bootId) return false;
  const stat = readProcStat(one.pid);
  if (stat === null) return hasPid(one.pid);
  if (one.startTime !== null && one.startTime !== stat.startTime) return false;
  // A killed process is a zombie as soon as its first thread has ended; another one may still be inside a write.
  return !(stat.state === 'Z' || stat.state === 'X') || threadCount(one.pid) > 1;
}

function startTimeOf(pid: number): number | null {
  return readProcStat(pid)?.startTime ?? null;
}

/** State and start time from /proc/PID/stat; the name in parentheses before them may hold spaces and parentheses itself. */
function readProcStat(pid: number): { state: string; startTime: number } | null {
  const text = readIfThere(`/proc/${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startTime: Number(fields[19]) };
}

function threadCount(pid: number): number {
  try {
    return fs.readdirSync(`/proc/${pid}/task`).length;
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

export function readBootId(): string | null {
  return readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? null;
}

function readIfThere(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** ESRCH is what reading /proc says of a process that ends meanwhile. */
function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ESRCH';
}

function hasPid(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
