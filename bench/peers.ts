/**
 * The other libraries that a bench compares with. They have a package.json and a node_modules of their own, are
 * installed by the first bench that needs them and never by the project's `npm install`. A peer that cannot be installed
 * is named in the report and left out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The checkout's root; this file runs as dist/bench/peers.js. */
export const root: string = join(import.meta.dirname, '../..');
const home = join(root, 'bench/peers');
const requirePeer = createRequire(join(home, 'package.json'));

/** The names in bench/peers/package.json. */
export function peerNames(): string[] {
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return Object.keys(manifest.dependencies);
}

/** The installed version of a peer, or undefined when it is absent. */
export function peerVersion(name: string): string | undefined {
  const file = join(home, 'node_modules', name, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined;
}

/** The peer's CommonJS exports. The caller states their type: a bench depends on no peer's declarations. */
export function loadPeer(name: string): unknown {
  return requirePeer(name) as unknown;
}

/** The peer's exports, for those that are ES modules. The caller states their type. */
export async function importPeer(name: string): Promise<unknown> {
  return import(pathToFileURL(esmEntry(name)).href);
}

/** Where a package's `import` leads: by its exports, module or main field. */
function esmEntry(name: string): string {
  const folder = join(home, 'node_modules', name);
  const { exports, module, main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports?: unknown;
    module?: string;
    main?: string;
  };
  const target = importTarget(exports) ?? module ?? main ?? 'index.js';
  return join(folder, target);
}

/** The first file that the conditions `import`, `node` and `default` lead to. */
function importTarget(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  const fields = exports as Record<string, unknown>;
  for (const condition of ['.', 'import', 'node', 'default']) {
    const found = importTarget(fields[condition]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Installs the peers that are missing. Progress and failure go to stderr; a failure leaves them absent and is not an
 * error of the bench. Returns the names that are absent afterwards.
 */
export function installPeers(names: readonly string[] = peerNames()): string[] {
  const absent = (): string[] => names.filter((name) => peerVersion(name) === undefined);
  if (absent().length === 0) return [];
  process.stderr.write(
    `bench: installing ${absent().join(', ')} into bench/peers (once; a native one may compile for a minute or two)\n`,
  );
  const result = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: home,
    stdio: ['ignore', process.stderr, process.stderr],
    shell: process.platform === 'win32',
  });
  const missing = absent();
  if (result.status !== 0 || missing.length > 0)
    process.stderr.write(
      `bench: npm install in bench/peers ended with ${result.status}; absent: ${missing.join(', ')}\n`,
    );
  return missing;
}
