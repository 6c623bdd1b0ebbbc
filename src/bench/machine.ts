/** Facts about the machine and the versions, for every report of a bench. */
import fs from 'node:fs';
import os from 'node:os';
import { ownVersion, packageVersion } from './packages.js';

const MEMORY_TYPES: Readonly<Record<number, string>> = { 0x0102_1994: 'tmpfs', 0x8584_58f6: 'ramfs' };
const NAMES: Readonly<Record<number, string>> = {
  0xef53: 'ext2/3/4',
  0x9123683e: 'btrfs',
  0x58465342: 'xfs',
  0x794c7630: 'overlayfs',
  0x2fc12fc1: 'zfs',
  0x6969: 'nfs',
  ...MEMORY_TYPES,
};

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly fileSystem: string;
  /** The file system is memory: a sync costs nothing there, and nothing measured on it says what a disk would. */
  readonly inMemory: boolean;
  /** Load average of the minute before: much above 0, and other work took part in the figures. */
  readonly loadBefore: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** @param packages the peers whose versions belong to the report */
export function machineFacts(folder: string, packages: readonly string[]): Machine {
  const cpus = os.cpus();
  const { type } = fs.statfsSync(folder);
  return {
    date: new Date().toISOString(),
    cpu: cpus[0]?.model ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    fileSystem: NAMES[type] ?? `type 0x${type.toString(16)}`,
    inMemory: type in MEMORY_TYPES,
    loadBefore: os.loadavg()[0] ?? 0,
    versions: {
      ltl: ownVersion(),
      ...Object.fromEntries(packages.map((name) => [name, packageVersion(name) ?? 'absent'])),
    },
  };
}

/** The machine in one line, without the versions of libraries. */
export function machineLine({ cpu, cores, memoryGiB, system, node, fileSystem, loadBefore, date }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, ${fileSystem}, Node ${node}, load ${loadBefore.toFixed(1)}, ${date}`;
}

/** The machine and the versions in one line. */
export function machineText(machine: Machine): string {
  const libraries = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return `${machineLine(machine)}; ${libraries.join(', ')}`;
}

/** True for a folder in memory, where a sync costs nothing and nothing measured says what a disk would do. */
export function isInMemory(folder: string): boolean {
  return fs.statfsSync(folder).type in MEMORY_TYPES;
}
