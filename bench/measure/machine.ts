/** Facts about the machine, for every report, and a folder for data on a real disk. */
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { peerNames, peerVersion, root } from '../peers.js';

const TMPFS_MAGIC = 0x0102_1994;
const RAMFS_MAGIC = 0x8584_58f6;
const NAMES: Readonly<Record<number, string>> = {
  0xef53: 'ext2/3/4',
  0x9123683e: 'btrfs',
  0x58465342: 'xfs',
  0x794c7630: 'overlayfs',
  [TMPFS_MAGIC]: 'tmpfs',
};

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly fileSystem: string;
  /** The load average of the minute before: much above 0, and other work took part in the figures. */
  readonly loadBefore: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** @param packages the peers whose versions belong to the report; all by default */
export function machineFacts(folder: string, packages: readonly string[] = peerNames()): Machine {
  const cpus = os.cpus();
  const type = fs.statfsSync(folder).type;
  return {
    date: new Date().toISOString(),
    cpu: cpus[0]?.model ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    fileSystem: NAMES[type] ?? `type 0x${type.toString(16)}`,
    loadBefore: os.loadavg()[0] ?? 0,
    versions: {
      ltl: (JSON.parse(fs.readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version,
      ...Object.fromEntries(packages.map((name) => [name, peerVersion(name) ?? 'absent'])),
    },
  };
}

/** The facts as two lines of text. */
export function machineText(machine: Machine): string {
  const { date, cpu, cores, memoryGiB, system, node, fileSystem, loadBefore, versions } = machine;
  const libraries = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, ${fileSystem}, Node ${node}, load ${loadBefore.toFixed(1)}, ${date}\n${libraries.join(', ')}\n`;
}

/**
 * Gives `use` an empty folder on a real disk and removes it afterwards, also on SIGINT and SIGTERM. Where the system's temporary folder
 * is memory, the checkout's own .tmp is taken: an fdatasync that costs nothing would measure nothing.
 */
export async function withScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const type = fs.statfsSync(os.tmpdir()).type;
  const inMemory = type === TMPFS_MAGIC || type === RAMFS_MAGIC;
  const parent = inMemory ? join(root, '.tmp') : os.tmpdir();
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
