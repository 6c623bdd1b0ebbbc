/**
 * Cuts the power under `ltl append --ack`, again and again: an ext4 file system in a file is shut down without a flush of
 * its journal (as if the machine had stopped), the process is killed, the file system is mounted again, and every
 * acknowledgement that was printed before must be there, in order, once, and verify.
 *
 *     npm run build && sudo node test/long/powercut.mjs [rounds] [seed] [--control] [--config key=value]
 *
 * Needs root, Linux, mkfs.ext4 and python3 (for the ioctl). With --control every fdatasync does nothing (strace says that
 * it succeeded): then acknowledgements must be lost, or this test could not fail.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { open } from '../../dist/src/ltl.js';

const MAIN = path.join(import.meta.dirname, '../../dist/src/cli/main.js');
const words = process.argv.slice(2);
const isControl = words.includes('--control');
const config = words.includes('--config') ? ['--config', words[words.indexOf('--config') + 1]] : [];
const [rounds = 20, seed = Date.now() % 1_000_000] = words.filter((word) => /^\d+$/.test(word)).map(Number);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-powercut-'));
const image = path.join(folder, 'image');
const mount = path.join(folder, 'mount');
const store = path.join(mount, 'store');
const SHUTDOWN = `import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))`;

let state = seed;
const random = () => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return state / 2 ** 32;
};
const lineOf = (n) => `${n} ${'x'.repeat((n * 7919) % 300)}`;

function run(command, ...words) {
  const { status, stdout, stderr, error } = spawnSync(command, words, { encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

/** Appends from line `first` on until the power goes; returns how many lines were acknowledged. */
async function appendUntilCut(first, afterMs) {
  const append = [process.execPath, MAIN, 'append', '-', '--ack', '--path', store, ...config];
  const control = [
    'strace',
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    'trace=fdatasync,fsync',
    '-e',
    'inject=fdatasync,fsync:retval=0',
  ];
  const [command, ...args] = isControl ? [...control, ...append] : append;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  const ended = once(child, 'exit');
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  child.stdin.on('error', () => undefined);
  let next = first;
  const feed = () => {
    while (child.stdin.write(`${lineOf(next++)}\n`));
    child.stdin.once('drain', feed);
  };
  feed();
  while (printed === '' && child.exitCode === null) await pause(5);
  await pause(afterMs);
  const acknowledged = printed;
  run('python3', '-c', SHUTDOWN, mount);
  process.kill(-Number(child.pid), 'SIGKILL');
  await ended;
  return acknowledged.slice(0, acknowledged.lastIndexOf('\n') + 1).split('\n').length - 1;
}

function readBack() {
  const lines = run(process.execPath, MAIN, 'read', '--json', '--path', store).trim().split('\n');
  if (lines[0] === '') lines.pop();
  for (const [seq, line] of lines.entries()) {
    const record = JSON.parse(line);
    if (record.seq !== String(seq) || record.data !== lineOf(seq)) throw new Error(`record ${seq} is ${line}`);
  }
  return lines.length;
}

fs.mkdirSync(mount);
fs.writeFileSync(image, '');
fs.truncateSync(image, 2 ** 30);
run('mkfs.ext4', '-q', '-F', image);
run('mount', '-o', 'loop', image, mount);
console.log(`seed ${seed}, ${rounds} rounds in ${folder}${isControl ? ', without syncs' : ''}`);
let stored = 0;
let lost = 0;
try {
  for (let round = 1; round <= rounds; round += 1) {
    const acknowledged = await appendUntilCut(stored, random() ** 2 * 1500);
    run('umount', mount);
    run('mount', '-o', 'loop', image, mount);
    const found = fs.existsSync(path.join(store, 'log')) ? readBack() : 0;
    lost += Math.max(0, stored + acknowledged - found);
    console.log(`round ${round}: ${acknowledged} acknowledged, ${found - stored} of this round found`);
    if (lost > 0) break;
    stored = found;
  }
  // What lost records need not even be a store.
  if (lost === 0) {
    const reader = await open({ 'force-all.path': store }, { readOnly: true });
    const { clean, damages } = await reader.verify();
    await reader.close();
    if (!clean) throw new Error(`the store is damaged: ${JSON.stringify(damages)}`);
  }
} finally {
  run('umount', mount);
  fs.rmSync(folder, { recursive: true, force: true });
}
console.log(lost === 0 ? `nothing acknowledged was lost; ${stored} records` : `${lost} acknowledged records were lost`);
process.exitCode = lost > 0 === isControl ? 0 : 1;
