/**
 * How a thread waits for its slot: it looks for a short while, because a wake-up takes much longer than most waits, and
 * then sleeps. A pending `Atomics.waitAsync` does not keep a process alive, so a timer does while anybody of this thread waits.
 */
import { availableParallelism } from 'node:os';
import type { Memory } from './memory.js';
import { ASLEEP, EARLY, statusOf, WAITING } from './protocol.js';

/** Looks before sleeping: about as long as one wake-up takes. */
const LOOKS = 2000;
const CORES = availableParallelism();
const LONG_MS = 2 ** 31 - 1;

let parked = 0;
let alive: NodeJS.Timeout | undefined;

function keepAlive(change: 1 | -1): void {
  parked += change;
  if (parked > 0) alive ??= setInterval(() => {}, LONG_MS);
  else {
    clearInterval(alive);
    alive = undefined;
  }
}

/** Resolves when the slot is not waiting any more. */
export async function parkAsync(memory: Memory, slot: number): Promise<void> {
  keepAlive(1);
  try {
    for (;;) {
      const value = memory.load(slot);
      if (statusOf(value) !== WAITING) return;
      const asleep = value | ASLEEP;
      if (value === asleep || memory.swap(slot, value, asleep)) await memory.waitAsync(slot, asleep);
    }
  } finally {
    keepAlive(-1);
  }
}

/**
 * Returns when the slot is not waiting any more, or after the time; blocks this thread. With `ahead` others before it in the
 * queue it looks first only if they, the holder and itself could all be running: else it would take a core from one of them.
 */
export function parkSync(memory: Memory, slot: number, timeoutMs: number, ahead: number, most: number = LOOKS): void {
  const end = timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : performance.now() + timeoutMs;
  for (let looks = ahead < CORES - 1 ? most : 0; ; looks = most) {
    for (let look = 0; look < looks; look++) if (statusOf(memory.load(slot)) !== WAITING) return;
    const value = memory.load(slot);
    const leftMs = end === Number.POSITIVE_INFINITY ? end : end - performance.now();
    if (statusOf(value) !== WAITING || leftMs <= 0) return;
    // Said before sleeping, so that who grants need not wake those that are still looking.
    const asleep = value | ASLEEP | EARLY;
    if (!memory.swap(slot, value, asleep)) continue;
    memory.wait(slot, asleep, leftMs);
    // Woken early: it is the next one, and awake now.
    memory.swap(slot, asleep, value);
  }
}
