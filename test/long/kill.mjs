/**
 * Kills `ltl append --ack` at random moments, again and again, and looks whether every acknowledgement it printed is there.
 *
 *     npm run build && node test/long/kill.mjs [rounds] [seed] [--config KEY=VALUE]...
 *
 * Ends with status 0 when nothing acknowledged was lost in 50 rounds (the default), no record is there twice or out of order,
 * and the store verifies. Prints its seed; the same seed kills after the same delays.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const MAIN = path.join(import.meta.dirname, '../../dist/src/cli/main.js');
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { config: { type: 'string', multiple: true, default: [] } },
});
const rounds = Number(positionals[0] ?? 50);
const seed = Number(positionals[1] ?? Date.now() % 1_000_000);
const config = values.config.flatMap((pair) => ['--config', pair]);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ltl-kill-'));
const store = path.join(folder, 'store');
const random = mulberry(seed);

let stored = 0;
let acknowledgedInAll = 0;
let torn = 0;
console.log(`seed ${seed}, ${rounds} rounds in ${folder} ${config.join(' ')}`);
try {
  for (let round = 1; round <= rounds; round += 1) {
    const acknowledged = await killOne(random() ** 2 * 300);
    const before = stored;
    stored = check(acknowledged, before);
    acknowledgedInAll += acknowledged.length;
    const { tornBytes, scanMs } = JSON.parse(command(['status', '--json']).stdout).recovery;
    if (tornBytes > 0) torn += 1;
    const tail = tornBytes > 0 ? `a torn tail of ${tornBytes} bytes` : 'a whole tail';
    console.log(
      `round ${round}: ${acknowledged.length} acknowledged, ${stored - before} stored, ${tail}, scanned in ${scanMs.toFixed(1)} ms`,
    );
  }
  const verified = command(['verify']);
  if (verified.status !== 0) throw new Error(`verify ended with ${verified.status}: ${verified.stdout}`);
  console.log(
    `${acknowledgedInAll} acknowledgements in ${rounds} kills: all there; ${stored} records, ${torn} torn tails; the store verifies`,
  );
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}

/** Appends until killed so many ms after the first acknowledgement; gives the seqs that were printed whole. */
async function killOne(delayMs) {
  const child = spawn(process.execPath, [MAIN, 'append', '--ack', '--path', store, ...config], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => undefined);
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  const closed = once(child, 'close');
  const killing = once(child.stdout, 'data').then(() => pause(delayMs, 'dead'));
  for (let line = stored, state = ''; state !== 'dead'; line += 1000) {
    const text = Array.from(
      { length: 1000 },
      (_, index) => `line ${line + index} ${'x'.repeat((line + index) % 200)}\n`,
    );
    if (!child.stdin.write(text.join(''))) await Promise.race([once(child.stdin, 'drain'), killing]);
    state = await Promise.race([killing, pause(0, 'alive')]);
  }
  child.kill('SIGKILL');
  await closed;
  return Buffer.concat(chunks).toString().split('\n').slice(0, -1).map(Number);
}

/** Reads what is there; gives how many records. Throws at the first one that is not what it should be. */
function check(acknowledged, before) {
  const lines = command(['read', '--from', String(before)])
    .stdout.split('\n')
    .slice(0, -1);
  for (const [index, line] of lines.entries())
    if (!line.startsWith(`line ${before + index} `))
      throw new Error(`record ${before + index} is "${line.slice(0, 40)}"`);
  const last = acknowledged.at(-1) ?? -1;
  if (last >= before + lines.length)
    throw new Error(`${last} was acknowledged, but ${before + lines.length} records are there`);
  for (const [index, seq] of acknowledged.entries())
    if (seq !== before + index)
      throw new Error(`acknowledgement ${index} of this round is ${seq}, not ${before + index}`);
  return before + lines.length;
}

function command(words) {
  const ended = spawnSync(process.execPath, [MAIN, ...words, '--path', store], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (ended.error !== undefined) throw ended.error;
  return ended;
}

function mulberry(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
