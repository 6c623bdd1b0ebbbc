/**
 * The libraries that a bench stands beside ltl. They are no dependencies: each is taken from where it is found, in a
 * checkout's bench/peers, in the folder where the command runs, or beside this package. One that is absent is named.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The root of this package; this file runs as dist/src/bench/packages.js. */
const root = join(import.meta.dirname, '../../..');
const PLACES = [join(root, 'bench/peers/package.json'), join(process.cwd(), 'package.json'), import.meta.filename];

interface Found {
  readonly require: NodeJS.Require;
  readonly version: string;
}

function find(name: string): Found | undefined {
  for (const place of PLACES) {
    const require = createRequire(place);
    for (const folder of require.resolve.paths(name) ?? []) {
      const manifest = join(folder, name, 'package.json');
      if (existsSync(manifest))
        return { require, version: (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version };
    }
  }
  return undefined;
}

/** The version that would be loaded, or undefined when the library is nowhere. */
export function packageVersion(name: string): string | undefined {
  return find(name)?.version;
}

/** The library's CommonJS exports. The caller states their type: nothing here depends on a peer's declarations. */
export function loadPackage(name: string): unknown {
  const require = find(name)?.require ?? createRequire(import.meta.url);
  return require(name) as unknown;
}

/** The version of ltl itself. */
export function ownVersion(): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}
