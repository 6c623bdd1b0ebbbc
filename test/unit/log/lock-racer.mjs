// A process that takes and releases the writer's lock of a folder on demand; answers each command with one line of JSON.
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { acquireWriterLock } from '../../../dist/src/log/writer-lock.js';

let lock = null;
const nap = new Int32Array(new SharedArrayBuffer(4));

function acquire(folder) {
  try {
    lock = acquireWriterLock(folder);
    return { life: lock.life };
  } catch (error) {
    if (error.code !== 'E_LOCKED') throw error;
    return { refusedBy: error.details.pid ?? null };
  }
}

/** Takes and releases the lock again and again; whoever finds another one inside has broken exclusion. */
function contend(folder, times) {
  const inside = path.join(folder, 'inside');
  const lives = [];
  while (lives.length < times) {
    const answer = acquire(folder);
    if (answer.life === undefined) {
      Atomics.wait(nap, 0, 0, 1);
      continue;
    }
    fs.closeSync(fs.openSync(inside, 'wx'));
    lives.push(answer.life);
    fs.unlinkSync(inside);
    lock.release();
  }
  return { lives };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, folder, times } = JSON.parse(line);
  let answer = {};
  if (command === 'acquire') answer = acquire(folder);
  if (command === 'release') lock?.release();
  if (command === 'contend') answer = contend(folder, times);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
