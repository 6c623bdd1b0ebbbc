/** Facts about the machine, for every report, and a folder for data on a real disk. */
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { machineFacts as facts, isInMemory, type Machine, machineLine } from '../../src/bench/machine.js';
import { peerNames, root } from '../peers.js';

export type { Machine };

/** @param packages the peers whose versions belong to the report; all by default */
export function machineFacts(folder: string, packages: readonly string[] = peerNames()): Machine {
  return facts(folder, packages);
}

/** The facts as two lines of text. */
export function machineText(machine: Machine): string {
  const libraries = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return `${machineLine(machine)}\n${libraries.join(', ')}\n`;
}

/**
 * Gives `use` an empty folder on a real disk and removes it afterwards, also on SIGINT and SIGTERM. Where the system's temporary folder
 * is memory, the checkout's own .tmp is taken: an fdatasync that costs nothing would measure nothing.
 */
export async function withScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const parent = isInMemory(os.tmpdir()) ? join(root, '.tmp') : os.tmpdir();
  fs.mkdirSync(parent, { recursive: true });
  const folder = fs.mkdtempSync(join(parent, 'ltl-bench-'));
  const remove = (): void => fs.rmSync(folder, { recursive: true, force: true });
  const leave = (signal: NodeJS.Signals): void => {
    remove();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('SIGINT', leave).once('SIGTERM', leave);
  try {
    return await use(folder);
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave);
    remove();
  }
}
